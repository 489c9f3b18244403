//! What happened to a target.

use async_graphql::{ID, Json, Object};
use chrono::{DateTime, Utc};
use posthaste_core::Provenance as By;
use posthaste_store::timeline as rows;
use serde_json::Value;

use super::{
    enums::{AttemptKind, TargetState},
    types::TargetError,
};
use crate::graphql::{access::Provenance, page};

/// The timeline's name in its cursors.
pub(super) const LIST: &str = "timeline";

/// One step of a target's timeline.
pub struct TimelineStep(pub rows::Step);

/// One step of a target's timeline.
#[Object]
impl TimelineStep {
    /// Its place in the timeline: hand it to `timeline(after:)` or `targetTimeline(after:)` to go on from here.
    async fn cursor(&self) -> String {
        page::cursor(LIST, &self.0.id)
    }

    /// Who did it; null for what the publisher does.
    async fn author(&self) -> Option<Provenance> {
        let by = self.0.detail.0.get("author")?.clone();
        let by: By = serde_json::from_value(by).ok()?;
        Some(Provenance::from(&by))
    }

    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }

    /// The try it belongs to, from 1; 0 before the first.
    async fn attempt(&self) -> i32 {
        self.0.attempt
    }

    /// A word for programs, such as CLAIMED or PUBLISHED; new ones may come.
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// What happened, for a person.
    async fn message(&self) -> &str {
        &self.0.message
    }

    /// More, depending on the kind.
    async fn detail(&self) -> Json<Value> {
        Json(self.0.detail.0.clone())
    }
}

/// One try at a target, or one reading back.
pub struct Attempt(pub rows::Attempt);

/// One try at a target, or one reading back of what became of it.
#[Object]
impl Attempt {
    /// The id (`att_…`).
    async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The number of the try, from 1; a reading back carries the number of the try it settles.
    async fn n(&self) -> i32 {
        self.0.n
    }

    /// What it was for.
    async fn kind(&self) -> AttemptKind {
        if self.0.kind == "READ_BACK" {
            AttemptKind::ReadBack
        } else {
            AttemptKind::Publish
        }
    }

    /// When it began.
    async fn started_at(&self) -> DateTime<Utc> {
        self.0.started_at
    }

    /// When the intent to make the one visible call was written down.
    async fn intent_at(&self) -> Option<DateTime<Utc>> {
        self.0.intent_at
    }

    /// When it ended.
    async fn finished_at(&self) -> Option<DateTime<Utc>> {
        self.0.finished_at
    }

    /// The state the target went to.
    async fn outcome(&self) -> Option<TargetState> {
        let state: posthaste_core::target::State = self.0.outcome.as_deref()?.parse().ok()?;
        Some(state.into())
    }

    /// What went wrong.
    async fn error(&self) -> Option<TargetError> {
        TargetError::stored(
            self.0.error_code.as_deref(),
            self.0.error_message.as_deref(),
        )
    }

    /// The HTTP status of the network's answer.
    async fn http_status(&self) -> Option<i32> {
        self.0.http_status
    }

    /// The network's own error code.
    async fn remote_code(&self) -> Option<&str> {
        self.0.remote_code.as_deref()
    }

    /// The network's id of the request, for its support.
    async fn remote_request_id(&self) -> Option<&str> {
        self.0.remote_request_id.as_deref()
    }
}
