//! Small things every network needs on the wire: transport failures, streams, texts, tokens.

use std::{ops::Range, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt;
use posthaste_core::{
    Network,
    connector::{Failure, FailureClass, MediaSource, Outcome, TokenSet},
    ports::{Part, PartBody, TransportError},
    preflight::plain,
    secret::Secret,
};
use serde_json::Value;

/// The slowest upload we wait for, in bytes per second.
const SLOWEST_UPLOAD: u64 = 128 * 1024;

/// No answer to a call that may be repeated.
pub fn no_answer(network: Network, error: &TransportError) -> Failure {
    let message = match error {
        TransportError::NotSent(why) => format!("{network} could not be reached: {why}."),
        TransportError::NoAnswer(why) => format!("{network} did not answer: {why}."),
    };
    Failure::new(FailureClass::Retry, message)
}

/// No answer to the one visible call: only what surely was not sent may be repeated.
pub fn unanswered(network: Network, error: &TransportError) -> Outcome {
    match error {
        TransportError::NotSent(_) => Outcome::Failed(no_answer(network, error)),
        TransportError::NoAnswer(why) => Outcome::Unknown {
            reason: format!("{network} did not answer: {why}."),
        },
    }
}

/// A text that is `secrets` free: a network may quote the token it did not like.
pub fn redact(text: &str, secrets: &[&Secret]) -> String {
    secrets
        .iter()
        .filter(|secret| !secret.is_empty())
        .fold(text.to_owned(), |text, secret| {
            text.replace(secret.expose(), "…")
        })
}

/// A range of a file as a streamed body.
pub fn stream(source: &MediaSource, range: Range<u64>) -> PartBody {
    let source = source.clone();
    PartBody::Stream {
        len: range.end - range.start,
        open: Arc::new(move || {
            let (source, range) = (source.clone(), range.clone());
            async move { source.read(range).await }.boxed()
        }),
    }
}

/// A short field of a multipart form.
pub fn field(name: &str, value: impl Into<String>) -> Part {
    Part {
        name: name.to_owned(),
        file_name: None,
        content_type: None,
        body: PartBody::Bytes(value.into().into()),
    }
}

/// How long an upload of `bytes` may take: the usual 30 s and the time a slow line needs.
pub fn upload_time(bytes: u64) -> Duration {
    Duration::from_secs(30 + bytes / SLOWEST_UPLOAD)
}

/// Whether two texts are the same to a reader: networks trim, normalise and change line ends.
pub fn same_text(one: &str, other: &str) -> bool {
    plain(one) == plain(other)
}

/// The tokens of an OAuth answer (RFC 6749, section 5.1). `before` supplies a refresh token and
/// scopes that the answer leaves out; `None` when there is no access token.
pub fn tokens(answer: &Value, before: Option<&TokenSet>, now: DateTime<Utc>) -> Option<TokenSet> {
    let text = |name: &str| answer[name].as_str().filter(|text| !text.is_empty());
    let end = |name: &str| {
        let seconds = answer[name].as_i64().filter(|seconds| *seconds > 0)?;
        now.checked_add_signed(TimeDelta::try_seconds(seconds)?)
    };
    let scopes = text("scope").map(|scopes| {
        let separators = |c: char| c == ',' || c.is_whitespace();
        let names = scopes.split(separators).filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    });
    let new_refresh = text("refresh_token").map(Secret::new);
    let refresh_expires_at = end("refresh_token_expires_in").or_else(|| {
        let old = before.filter(|_| new_refresh.is_none())?;
        old.refresh_expires_at
    });
    Some(TokenSet {
        access: Secret::new(text("access_token")?),
        refresh: new_refresh.or_else(|| before?.refresh.clone()),
        expires_at: end("expires_in"),
        refresh_expires_at,
        scopes: scopes
            .or_else(|| Some(before?.scopes.clone()))
            .unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_without_refresh_token_keeps_the_old_one() {
        let now = DateTime::UNIX_EPOCH;
        let first = json!({"access_token": "a", "refresh_token": "r", "expires_in": 60,
            "refresh_token_expires_in": 600, "scope": "one,two three"});
        let first = tokens(&first, None, now).unwrap();
        assert_eq!(first.scopes, ["one", "two", "three"]);
        let second = json!({"access_token": "b", "refresh_token": ""});
        let second = tokens(&second, Some(&first), now).unwrap();
        assert_eq!(second.refresh, Some(Secret::new("r")));
        assert_eq!(second.refresh_expires_at, first.refresh_expires_at);
        assert_eq!(second.scopes, first.scopes);
        assert_eq!(
            tokens(&json!({"access_token": ""}), Some(&first), now),
            None
        );
    }

    #[test]
    fn texts_differ_only_by_what_a_reader_sees() {
        assert!(same_text("Cafe\u{301} \r\n now ", "Café\nnow"));
        assert!(!same_text("Café now", "Café now!"));
    }

    #[test]
    fn only_what_was_not_sent_may_be_repeated() {
        let refused = TransportError::NotSent("connection refused".to_owned());
        let cut = TransportError::NoAnswer("reset".to_owned());
        assert!(matches!(
            unanswered(Network::X, &refused),
            Outcome::Failed(Failure {
                class: FailureClass::Retry,
                ..
            })
        ));
        assert!(matches!(
            unanswered(Network::X, &cut),
            Outcome::Unknown { .. }
        ));
    }
}
