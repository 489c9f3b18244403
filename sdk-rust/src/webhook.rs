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
    time::{SystemTime, UNIX_EPOCH},
};

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP};

/// Verifies what is signed with one secret.
pub struct Webhook(standardwebhooks::Webhook);

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
    /// A header is missing, the signature is wrong, or the message is older than five minutes.
    #[error("not genuine: {0}")]
    NotGenuine(#[source] standardwebhooks::WebhookError),
    /// The signature is right, but the body is not a message.
    #[error("genuine, but not a message: {0}")]
    Body(#[source] serde_json::Error),
}

impl Webhook {
    /// With the endpoint's secret, `whsec_…`.
    pub fn new(secret: &str) -> Result<Self, WebhookError> {
        standardwebhooks::Webhook::new(secret)
            .map(Self)
            .map_err(|_| WebhookError::Secret)
    }

    /// Checks signature and age of a request, and reads its body. Give the body as it came, byte for
    /// byte.
    pub fn verify(&self, body: &[u8], headers: &HeaderMap) -> Result<Message, WebhookError> {
        self.0
            .verify(body, headers)
            .map_err(WebhookError::NotGenuine)?;
        let mut message: Message = serde_json::from_slice(body).map_err(WebhookError::Body)?;
        let id = headers
            .get(HEADER_WEBHOOK_ID)
            .and_then(|id| id.to_str().ok());
        message.id = id.map(str::to_owned).unwrap_or_default();
        Ok(message)
    }

    /// The headers of a message signed now: for tests of a receiver.
    pub fn sign(&self, id: &str, body: &[u8]) -> HeaderMap {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let seconds = now.map_or(0, |now| now.as_secs() as i64);
        self.sign_at(id, seconds, body)
    }

    /// The headers of a message signed at a time, in seconds since 1970.
    pub fn sign_at(&self, id: &str, seconds: i64, body: &[u8]) -> HeaderMap {
        let signature = self.0.sign(id, seconds, body).unwrap_or_default();
        let values = [
            (HEADER_WEBHOOK_ID, id.to_owned()),
            (HEADER_WEBHOOK_TIMESTAMP, seconds.to_string()),
            (HEADER_WEBHOOK_SIGNATURE, signature),
        ];
        values
            .into_iter()
            .filter_map(|(name, value)| {
                let name = reqwest::header::HeaderName::from_static(name);
                Some((name, HeaderValue::try_from(value).ok()?))
            })
            .collect()
    }
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
        assert!(matches!(Webhook::new("whsec_§"), Err(WebhookError::Secret)));
    }
}
