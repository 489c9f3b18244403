use posthaste_core::{Result, ids::OauthAppId, secret::Secret};
use posthaste_store::oauth::{self as rows, OauthApp};
use subtle::ConstantTimeEq;

use super::refusal::{Failure, Reason, Refusal};
use crate::{App, session::keyed_hash};

/// What an app says of itself.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// Its id.
    pub id: String,
    /// Its secret, if it has one.
    pub secret: Option<Secret>,
}

/// The app that asks. One that can keep a secret shows it, any other shows none.
pub async fn client(app: &App, shown: &Credentials) -> Result<OauthApp, Failure> {
    let unknown = || {
        let description = "The app is unknown, or did not show the right secret.";
        Refusal::new(Reason::InvalidClient, description)
    };
    let id: OauthAppId = shown.id.parse().map_err(|_| unknown())?;
    let mut conn = app.everywhere().db.get().await?;
    let (row, _) = rows::named_app(&mut conn, id).await?.ok_or_else(unknown)?;
    let is_right = match (&row.secret_hash, &shown.secret) {
        (None, None) => true,
        (Some(hash), Some(secret)) => {
            let given = keyed_hash(&app.secret, secret.expose())?;
            bool::from(given.ct_eq(hash))
        }
        _ => false,
    };
    if is_right {
        Ok(row)
    } else {
        Err(unknown().into())
    }
}
