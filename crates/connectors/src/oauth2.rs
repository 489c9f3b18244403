//! OAuth 2.0 (RFC 6749, RFC 7636) as far as networks share it.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use posthaste_core::{
    Network,
    connector::{AppCredentials, Ctx, Failure, FailureClass, TokenSet},
    ports::Response,
};
use sha2::{Digest, Sha256};

use crate::wire;

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

/// The form that asks for fresh tokens; without a refresh token the account is connected again.
pub fn refresh_form(
    network: Network,
    tokens: &TokenSet,
) -> Result<[(&'static str, &str); 2], Failure> {
    match &tokens.refresh {
        Some(refresh) => Ok([
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.expose()),
        ]),
        None => Err(Failure::new(
            FailureClass::Reauthorize,
            format!("{network} gave no refresh token; connect the account again."),
        )),
    }
}

/// The tokens of an answer; what it leaves out stays as in `before`.
pub fn tokens(
    ctx: &Ctx,
    network: Network,
    response: &Response,
    before: Option<&TokenSet>,
) -> Result<TokenSet, Failure> {
    wire::tokens(&response.json(), before, ctx.clock.now()).ok_or_else(|| Failure {
        status: Some(response.status),
        ..Failure::new(
            FailureClass::Retry,
            format!("{network} answered without an access token."),
        )
    })
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
