//! Where a sign-in may end: at a page of this server, a page of an origin that the operator has listed, or a program on the person's
//! own machine. It must not become a way to send people elsewhere.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use posthaste_core::{Error, ErrorCode, Result};
use url::Url;

use crate::{App, connection::is_loopback};

/// Longest address.
const LONGEST: usize = 2048;

/// Where a sign-in ends, and who gets the code there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    pub(super) address: String,
    pub(super) challenge: Option<Vec<u8>>,
}

impl Destination {
    /// Judges an address, and the SHA-256 (in base 64 for addresses) of a word that only the program knows which gets the code.
    /// Elsewhere than at this server's own pages, whose browser says who it is, there must be one.
    pub fn new(app: &App, return_to: &str, challenge: Option<&str>) -> Result<Self> {
        let own = Url::parse(&app.public_url).map_err(Error::internal)?;
        let url = match Url::parse(return_to) {
            Ok(url) => Some(url),
            Err(_) if return_to.starts_with('/') => own.join(return_to).ok(),
            Err(_) => None,
        };
        let url = url.filter(is_plain).ok_or_else(elsewhere)?;
        let origin = url.origin();
        let is_own = origin == own.origin();
        let listed = app.providers.origins();
        let is_listed = listed.contains(&origin.ascii_serialization());
        if !(is_own || is_listed || is_loopback(&url)) || return_to.len() > LONGEST {
            return Err(elsewhere());
        }
        let challenge = challenge.map(read).transpose()?;
        if !is_own && challenge.is_none() {
            let message = "A program, or a page of another site, gives a challenge: the SHA-256 of a word that it keeps, in base 64.";
            return Err(Error::new(ErrorCode::InvalidInput, message).at(["challenge"]));
        }
        Ok(Self {
            address: url.into(),
            challenge,
        })
    }
}

fn is_plain(url: &Url) -> bool {
    url.fragment().is_none() && url.username().is_empty() && url.password().is_none()
}

fn elsewhere() -> Error {
    let message = "returnTo is a path such as /sign-in, an address on this server, at an origin of server.cors_origins, or on 127.0.0.1.";
    Error::new(ErrorCode::InvalidInput, message).at(["returnTo"])
}

fn read(challenge: &str) -> Result<Vec<u8>> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(challenge).ok();
    bytes.filter(|bytes| bytes.len() == 32).ok_or_else(|| {
        let message =
            "A challenge is a SHA-256 in base 64 for addresses, without padding: 43 characters.";
        Error::new(ErrorCode::InvalidInput, message).at(["challenge"])
    })
}

/// An address with one more parameter.
pub(super) fn with(address: &str, name: &str, value: &str) -> Result<String> {
    let mut url = Url::parse(address).map_err(Error::internal)?;
    url.query_pairs_mut().append_pair(name, value);
    Ok(url.into())
}
