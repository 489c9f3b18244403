//! OAuth 2.0 (RFC 6749, RFC 7636) as far as networks share it.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use posthaste_core::connector::AppCredentials;
use sha2::{Digest, Sha256};

/// `Authorization` of a confidential app (RFC 6749, 2.3.1).
pub fn basic(app: &AppCredentials) -> String {
    let pair = format!("{}:{}", app.id, app.secret.expose());
    format!("Basic {}", BASE64_STANDARD.encode(pair))
}

/// The S256 code challenge of a verifier (RFC 7636, 4.2).
pub fn challenge(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// An address with query parameters, for the browser.
pub fn page(address: &str, parameters: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    format!("{address}?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        // RFC 7636, appendix B.
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
