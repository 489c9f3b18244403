use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use posthaste_core::{Error, Result, hex, ids::MediaId, media::MediaFormat};
use sha2::Sha256;

use crate::App;

/// How long a network may fetch what it was told about.
const LIFETIME: TimeDelta = TimeDelta::days(2);

/// The parts of a signed media address: `/media/{id}/{recipe}/{expires}-{signature}.{ending}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The media.
    pub media: MediaId,
    /// The copy.
    pub recipe: String,
    /// Expiry in Unix seconds, signature, and a file ending.
    pub seal: String,
}

/// Where the bytes of an upload go, part by part (tus 1.0.0).
pub fn upload_url(app: &App, media: MediaId) -> String {
    format!("{}/media/{media}", app.public_url)
}

/// A public address of a copy that works for two days and cannot be guessed.
pub fn signed_url(app: &App, media: MediaId, recipe: &str, format: MediaFormat) -> String {
    let expires = (app.now() + LIFETIME).timestamp();
    let signature = sign(app, media, recipe, expires);
    format!(
        "{}/media/{media}/{recipe}/{expires}-{signature}.{}",
        app.public_url,
        format.extension()
    )
}

/// Checks an address; `NOT_FOUND` when it was not made by us or is over.
pub fn verify(app: &App, address: &Address) -> Result<()> {
    let unknown = || Error::not_found("media");
    let seal = address.seal.split('.').next().unwrap_or_default();
    let (expires, signature) = seal.split_once('-').ok_or_else(unknown)?;
    let expires: i64 = expires.parse().map_err(|_| unknown())?;
    let genuine = sign(app, address.media, &address.recipe, expires);
    let same = subtle::ConstantTimeEq::ct_eq(genuine.as_bytes(), signature.as_bytes());
    let over = DateTime::<Utc>::from_timestamp(expires, 0).is_none_or(|end| end < app.now());
    if bool::from(same) && !over {
        Ok(())
    } else {
        Err(unknown())
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn sign(app: &App, media: MediaId, recipe: &str, expires: i64) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(app.secret.expose().as_bytes()).expect("any length");
    mac.update(format!("media\0{media}\0{recipe}\0{expires}").as_bytes());
    hex::encode(&mac.finalize().into_bytes()[..16])
}
