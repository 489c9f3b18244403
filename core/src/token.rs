//! How long access to a network lasts.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{connector::TokenSet, secret::Secret};

/// How long before access ends a person is asked to give the consent again.
pub const ASK_AHEAD: TimeDelta = TimeDelta::days(14);

/// Whether the access token can be exchanged for a new one without a person.
pub fn renews(tokens: &TokenSet) -> bool {
    !tokens.refresh.as_ref().is_none_or(Secret::is_empty)
}

/// When access ends for good unless a person gives the consent again: with the refresh token where there
/// is one, else with the access token. `None` when it does not end, or the network does not say.
pub fn reauthorize_by(tokens: &TokenSet) -> Option<DateTime<Utc>> {
    if renews(tokens) {
        tokens.refresh_expires_at
    } else {
        tokens.expires_at
    }
}

/// When access ends for what is due at `due`, if it ends before. `end` is [`reauthorize_by`]; a refresh
/// before it may move it, and then nothing can be said yet.
pub fn ends_before(
    due: DateTime<Utc>,
    end: Option<DateTime<Utc>>,
    refresh: Option<DateTime<Utc>>,
) -> Option<DateTime<Utc>> {
    let end = end.filter(|end| *end <= due)?;
    refresh.is_none_or(|at| at >= end).then_some(end)
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

    #[test]
    fn access_ends_before_what_is_due_later_unless_a_refresh_comes_first() {
        let at = |day: u32| {
            format!("2027-03-{day:02}T08:00:00Z")
                .parse::<DateTime<Utc>>()
                .unwrap()
        };
        let end = Some(at(10));
        assert_eq!(ends_before(at(9), end, None), None);
        assert_eq!(ends_before(at(10), end, None), end);
        assert_eq!(ends_before(at(11), end, Some(at(7))), None);
        assert_eq!(ends_before(at(11), end, Some(at(10))), end);
        assert_eq!(ends_before(at(11), None, None), None);
    }
}
