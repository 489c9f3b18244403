use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use posthaste_core::{
    Error, ErrorCode, Result,
    ids::{ConnectionId, MediaId, PostId, TargetId},
};
use posthaste_store::event::Event;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{Actor, App};

/// Largest payload in bytes.
const LARGEST: usize = 256 * 1024;

/// Makes what is sent: executes a payload document for one event. The API implements it with its
/// schema.
#[async_trait]
pub trait Payloads: Send + Sync {
    /// Checks a document; `WEBHOOK_DOCUMENT_INVALID` with the place otherwise.
    async fn check(&self, app: &App, actor: &Actor, document: &str) -> Result<()>;

    /// Executes a document (the default one without) for an event, with what `actor` may read.
    async fn render(
        &self,
        app: &App,
        actor: &Actor,
        document: Option<&str>,
        event: &Event,
    ) -> Result<Value>;
}

/// Takes every document and tells what the log itself knows; for tests, and for programs that only
/// write.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainPayloads;

#[async_trait]
impl Payloads for PlainPayloads {
    async fn check(&self, _app: &App, _actor: &Actor, _document: &str) -> Result<()> {
        Ok(())
    }

    async fn render(
        &self,
        _app: &App,
        _actor: &Actor,
        _document: Option<&str>,
        event: &Event,
    ) -> Result<Value> {
        Ok(json!({
            "id": event.id,
            "postId": event.post_id.map(PostId::from),
            "targetId": event.target_id.map(TargetId::from),
            "connectionId": event.connection_id.map(ConnectionId::from),
            "mediaId": event.media_id.map(MediaId::from),
            "data": event.data.0,
        }))
    }
}

/// What is sent, in the form that Standard Webhooks recommends.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: String,
    sequence: i64,
    data: Value,
}

/// The body of a delivery as it is signed and sent.
pub(super) fn body(kind: &str, at: DateTime<Utc>, sequence: i64, data: Value) -> Result<String> {
    let body = Body {
        kind,
        timestamp: at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        sequence,
        data,
    };
    let text = serde_json::to_string(&body).map_err(Error::internal)?;
    if text.len() > LARGEST {
        let message = format!(
            "The payload has {} bytes; {LARGEST} are the most.",
            text.len()
        );
        return Err(Error::new(ErrorCode::PayloadTooLarge, message));
    }
    Ok(text)
}
