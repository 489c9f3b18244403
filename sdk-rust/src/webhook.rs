//! Webhooks that Posthaste sends: is this one genuine?
//!
//! ```
//! use posthaste_sdk::webhook::Webhook;
//!
//! let webhook = Webhook::new("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap();
//! // In a test; a real request brings its own headers.
//! let body = br#"{"type":"target.published","timestamp":"2026-11-23T09:00:00Z","data":{}}"#;
//! let headers = webhook.sign("msg_1", body);
//!
//! let message = webhook.verify(body, &headers).unwrap();
//! assert_eq!(message.kind, "target.published");
//! ```

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP,
    WebhookError as Suspicion,
};

/// How far the time of sending may be from the present when nothing is said.
const TOLERANCE: Duration = Duration::from_mins(5);

/// Verifies what is signed with a secret, or with one of several while they are being rotated.
pub struct Webhook {
    keys: Vec<standardwebhooks::Webhook>,
    tolerance: Duration,
}

/// A genuine message.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Message {
    /// The message's id. It stays the same when a message is sent again: remember it, and nothing is
    /// done twice.
    #[serde(skip)]
    pub id: String,
    /// What happened, such as `target.published`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happened.
    pub timestamp: DateTime<Utc>,
    /// The number of the delivery at its endpoint, from 1 without gaps, in the order of the events;
    /// none from `posthaste webhooks listen`.
    #[serde(default)]
    pub sequence: Option<u64>,
    /// What the endpoint's document asked for.
    #[serde(default)]
    pub data: Value,
}

/// Why a message is not to be trusted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The secret is not one of Posthaste's.
    #[error("the secret is not 'whsec_' and base64")]
    Secret,
    /// A header is missing, no signature is right, or the time of sending is too far from the present.
    #[error("not genuine: {0}")]
    NotGenuine(#[source] Suspicion),
    /// The signature is right, but the body is not a message.
    #[error("genuine, but not a message: {0}")]
    Body(#[source] serde_json::Error),
}

impl Webhook {
    /// With the endpoint's secret, `whsec_…`.
    pub fn new(secret: &str) -> Result<Self, WebhookError> {
        Self::any([secret])
    }

    /// With several secrets, of which one must fit: while one takes the other's place. The first one
    /// signs.
    pub fn any<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Result<Self, WebhookError> {
        let keys = secrets.into_iter().map(|secret| key(secret.as_ref()));
        let keys: Vec<_> = keys.collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(WebhookError::Secret);
        }
        Ok(Self {
            keys,
            tolerance: TOLERANCE,
        })
    }

    /// How far the time of sending may be from the present; five minutes when nothing is said.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Checks signature and age of a request, and reads its body. Give the body as it came, byte for
    /// byte.
    pub fn verify(&self, body: &[u8], headers: &HeaderMap) -> Result<Message, WebhookError> {
        self.verify_at(body, headers, now())
    }

    /// As [`verify`](Self::verify), at a time in seconds since 1970.
    pub fn verify_at(
        &self,
        body: &[u8],
        headers: &HeaderMap,
        now: i64,
    ) -> Result<Message, WebhookError> {
        let id = self
            .check(body, headers, now)
            .map_err(WebhookError::NotGenuine)?;
        let mut message: Message = serde_json::from_slice(body).map_err(WebhookError::Body)?;
        message.id = id;
        Ok(message)
    }

    /// The message's id, if one of the signatures is right and the time is near.
    fn check(&self, body: &[u8], headers: &HeaderMap, now: i64) -> Result<String, Suspicion> {
        let header = |name: &'static str| {
            let value = headers.get(name).ok_or(Suspicion::MissingHeader(name))?;
            value.to_str().map_err(|_| Suspicion::InvalidHeader(name))
        };
        let id = header(HEADER_WEBHOOK_ID)?;
        let sent = header(HEADER_WEBHOOK_TIMESTAMP)?;
        let sent: i64 = sent.parse().map_err(|_| Suspicion::InvalidTimestamp)?;
        if sent.abs_diff(now) > self.tolerance.as_secs() {
            return Err(if sent < now {
                Suspicion::TimestampTooOldError
            } else {
                Suspicion::FutureTimestampError
            });
        }
        let offered = header(HEADER_WEBHOOK_SIGNATURE)?;
        for key in &self.keys {
            let expected = key.sign(id, sent, body)?;
            if offered.split(' ').any(|one| same(one, &expected)) {
                return Ok(id.to_owned());
            }
        }
        Err(Suspicion::InvalidSignature)
    }

    /// The headers of a message signed now: for tests of a receiver.
    pub fn sign(&self, id: &str, body: &[u8]) -> HeaderMap {
        self.sign_at(id, now(), body)
    }

    /// The headers of a message signed at a time, in seconds since 1970.
    pub fn sign_at(&self, id: &str, seconds: i64, body: &[u8]) -> HeaderMap {
        let key = self.keys.first();
        let signature = key.and_then(|key| key.sign(id, seconds, body).ok());
        let values = [
            (HEADER_WEBHOOK_ID, id.to_owned()),
            (HEADER_WEBHOOK_TIMESTAMP, seconds.to_string()),
            (HEADER_WEBHOOK_SIGNATURE, signature.unwrap_or_default()),
        ];
        let headers = values.into_iter().filter_map(|(name, value)| {
            let value = HeaderValue::try_from(value).ok()?;
            Some((HeaderName::from_static(name), value))
        });
        headers.collect()
    }
}

fn key(secret: &str) -> Result<standardwebhooks::Webhook, WebhookError> {
    // Without bytes everybody could sign.
    let bytes = secret.strip_prefix("whsec_").unwrap_or(secret);
    if bytes.is_empty() {
        return Err(WebhookError::Secret);
    }
    standardwebhooks::Webhook::new(secret).map_err(|_| WebhookError::Secret)
}

/// Compares in a time that does not tell where they differ.
fn same(one: &str, other: &str) -> bool {
    let differences = one
        .bytes()
        .zip(other.bytes())
        .fold(0, |all, (a, b)| all | (a ^ b));
    one.len() == other.len() && differences == 0
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs() as i64)
}

/// The secret stays out of logs.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhook(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const BODY: &[u8] =
        br#"{"type":"post.created","timestamp":"2026-11-23T09:00:00Z","data":{"post":{"id":"post_1"}}}"#;

    #[test]
    fn a_genuine_message_is_read() {
        let webhook = Webhook::new(SECRET).unwrap();
        let message = webhook.verify(BODY, &webhook.sign("msg_7", BODY)).unwrap();
        assert_eq!(message.id, "msg_7");
        assert_eq!(message.kind, "post.created");
        assert_eq!(message.data["post"]["id"], "post_1");
    }

    #[test]
    fn the_second_secret_of_a_rotation_is_found() {
        let (old, new) = (
            Webhook::new(SECRET).unwrap(),
            Webhook::new("whsec_bmV3IHNlY3JldA==").unwrap(),
        );
        let mut headers = old.sign("msg_7", BODY);
        let both = format!(
            "{} {}",
            new.sign("msg_7", BODY)[HEADER_WEBHOOK_SIGNATURE]
                .to_str()
                .unwrap(),
            headers[HEADER_WEBHOOK_SIGNATURE].to_str().unwrap()
        );
        headers.insert(HEADER_WEBHOOK_SIGNATURE, both.parse().unwrap());
        assert!(old.verify(BODY, &headers).is_ok());
        assert!(new.verify(BODY, &headers).is_ok());
    }

    #[test]
    fn one_of_two_secrets_is_enough() {
        let new = Webhook::new("whsec_bmV3IHNlY3JldA==").unwrap();
        let both = Webhook::any([SECRET, "whsec_bmV3IHNlY3JldA=="]).unwrap();
        assert!(both.verify(BODY, &new.sign("msg_7", BODY)).is_ok());
        let signed = both.sign("msg_7", BODY);
        assert!(Webhook::new(SECRET).unwrap().verify(BODY, &signed).is_ok());
        assert!(new.verify(BODY, &signed).is_err());
    }

    #[test]
    fn the_time_may_be_a_little_away() {
        let webhook = Webhook::new(SECRET).unwrap();
        let sent = 1_799_049_600;
        let headers = webhook.sign_at("msg_7", sent, BODY);
        let at = |webhook: &Webhook, now| webhook.verify_at(BODY, &headers, now).is_ok();
        assert!(at(&webhook, sent + 300) && at(&webhook, sent - 300));
        assert!(!at(&webhook, sent + 301) && !at(&webhook, sent - 301));
        let strict = webhook.tolerance(Duration::from_secs(2));
        assert!(at(&strict, sent + 2) && !at(&strict, sent + 3));
    }

    #[test]
    fn a_signature_of_the_specification_is_ours() {
        // The example of the Standard Webhooks libraries.
        let webhook = Webhook::new(SECRET).unwrap();
        let body = br#"{"email":"test@example.com","username":"test_user"}"#;
        let headers = webhook.sign_at("msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1_649_367_553, body);
        assert_eq!(
            headers[HEADER_WEBHOOK_SIGNATURE],
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="
        );
    }

    #[test]
    fn anything_else_is_refused() {
        let webhook = Webhook::new(SECRET).unwrap();
        let genuine = webhook.sign("msg_7", BODY);
        let changed = BODY.to_ascii_uppercase();
        assert!(matches!(
            webhook.verify(&changed, &genuine),
            Err(WebhookError::NotGenuine(_))
        ));
        let old = webhook.sign_at("msg_7", 1_600_000_000, BODY);
        assert!(matches!(
            webhook.verify(BODY, &old),
            Err(WebhookError::NotGenuine(_))
        ));
        assert!(matches!(
            webhook.verify(BODY, &HeaderMap::new()),
            Err(WebhookError::NotGenuine(_))
        ));
        let foreign = Webhook::new("whsec_bmV3IHNlY3JldA==")
            .unwrap()
            .sign("msg_7", BODY);
        assert!(matches!(
            webhook.verify(BODY, &foreign),
            Err(WebhookError::NotGenuine(_))
        ));
        let text = b"hello";
        assert!(matches!(
            webhook.verify(text, &webhook.sign("a", text)),
            Err(WebhookError::Body(_))
        ));
        for secret in ["whsec_§", "whsec_", ""] {
            assert!(matches!(Webhook::new(secret), Err(WebhookError::Secret)));
        }
        let none: [&str; 0] = [];
        assert!(matches!(Webhook::any(none), Err(WebhookError::Secret)));
    }
}
