//! How long access to a network lasts.

use chrono::{DateTime, Utc};

use crate::{connector::TokenSet, secret::Secret};

/// When access ends for good unless a person gives the consent again: with the refresh token where there
/// is one, else with the access token. `None` when it does not end, or the network does not say.
pub fn reauthorize_by(tokens: &TokenSet) -> Option<DateTime<Utc>> {
    if tokens.refresh.as_ref().is_none_or(Secret::is_empty) {
        tokens.expires_at
    } else {
        tokens.refresh_expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_token_carries_access_beyond_the_access_token() {
        let end = |text: &str| Some(text.parse::<DateTime<Utc>>().unwrap());
        let tokens = |refresh: Option<&str>, refresh_expires_at| TokenSet {
            access: Secret::new("access"),
            refresh: refresh.map(Secret::new),
            expires_at: end("2027-03-05T08:00:00Z"),
            refresh_expires_at,
            scopes: Vec::new(),
        };
        let refresh_end = end("2027-05-04T08:00:00Z");
        let of = |refresh, at| reauthorize_by(&tokens(refresh, at));
        assert_eq!(of(None, None), end("2027-03-05T08:00:00Z"));
        assert_eq!(of(Some(""), refresh_end), end("2027-03-05T08:00:00Z"));
        assert_eq!(of(Some("refresh"), refresh_end), refresh_end);
        assert_eq!(of(Some("refresh"), None), None);
    }
}
