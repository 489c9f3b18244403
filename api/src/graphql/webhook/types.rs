use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, Object, Result, dataloader::Loader as Load};
use chrono::{DateTime, Utc};
use posthaste_core::{event::EventType, ids::WebhookEndpointId};
use posthaste_engine::webhook::{self as engine, Action};
use posthaste_store::webhook::{
    Endpoint,
    endpoint::{Reason, Status},
};

use super::DEFAULT_DOCUMENT;
use crate::graphql::{
    access::Provenance,
    context::{actor, app},
    event,
    loader::{LoadError, Loader},
    page,
    scalars::Named,
};

impl Load<WebhookEndpointId> for Loader {
    type Value = Endpoint;
    type Error = LoadError;

    async fn load(
        &self,
        ids: &[WebhookEndpointId],
    ) -> Result<HashMap<WebhookEndpointId, Self::Value>, LoadError> {
        let rows = engine::by_ids(&self.app, &self.actor, ids).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }
}

/// How a webhook endpoint stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "Status")]
pub enum WebhookEndpointStatus {
    /// Events are sent.
    Enabled,
    /// Events wait in the log until it is resumed.
    Paused,
    /// Nothing is sent until a person resumes it; events wait in the log.
    Disabled,
}

/// Why a webhook endpoint is not enabled.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "Reason")]
pub enum WebhookEndpointStatusReason {
    /// A person paused it.
    Person,
    /// Every try failed for a day. It is probed every hour and goes on by itself once one comes through.
    Failures,
    /// It answered 410 Gone.
    Gone,
    /// Whoever wrote its payload document may no longer read the workspace.
    Author,
}

/// Something the viewer may do with a webhook endpoint now.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "Action")]
pub enum WebhookEndpointAction {
    /// `webhookEndpointUpdate`.
    Update,
    /// `webhookEndpointRotateSecret`.
    RotateSecret,
    /// `webhookEndpointTest`.
    Test,
    /// `webhookEndpointPause`.
    Pause,
    /// `webhookEndpointResume`.
    Resume,
    /// `webhookEndpointReplay`.
    Replay,
    /// `webhookEndpointDelete`.
    Delete,
}

/// An address that events are sent to, signed as Standard Webhooks says. Its secret is shown once.
#[derive(Clone, Debug)]
pub struct WebhookEndpoint(pub Endpoint);

/// An address that events are sent to, signed as Standard Webhooks says. Its secret is shown once.
#[Object]
impl WebhookEndpoint {
    /// The id (`whk_…`).
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Where events are sent.
    async fn url(&self) -> &str {
        &self.0.url
    }

    /// What it is for.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// Only events of these types are sent; all when empty.
    async fn event_types(&self) -> Vec<Named<EventType>> {
        let kinds = self.0.event_types.iter();
        kinds
            .filter_map(|name| EventType::from_name(name).map(Named))
            .collect()
    }

    /// The payload document: a subscription on `events`. What it selects becomes `data` of what is sent.
    async fn document(&self) -> &str {
        self.0.document.as_deref().unwrap_or(DEFAULT_DOCUMENT)
    }

    /// How it stands.
    async fn status(&self) -> WebhookEndpointStatus {
        self.0.status.into()
    }

    /// Why it is not enabled.
    async fn status_reason(&self) -> Option<WebhookEndpointStatusReason> {
        self.0.reason().map(Into::into)
    }

    /// Failed tries since the last success.
    async fn failures(&self) -> i32 {
        self.0.failures
    }

    /// When the first of them failed.
    async fn failing_since(&self) -> Option<DateTime<Utc>> {
        self.0.failing_since
    }

    /// When it is probed next, while it is paused because of failures.
    async fn next_probe_at(&self) -> Option<DateTime<Utc>> {
        let probed = self.0.reason() == Some(Reason::Failures);
        self.0.next_due_at.filter(|_| probed)
    }

    /// Until when nothing is sent because the receiver asked for it with `Retry-After`.
    async fn held_until(&self, ctx: &Context<'_>) -> Result<Option<DateTime<Utc>>> {
        let now = app(ctx)?.now();
        Ok(self.0.held_until.filter(|until| *until > now))
    }

    /// Until when the secret before the last rotation signs too.
    async fn previous_secret_expires_at(&self) -> Option<DateTime<Utc>> {
        self.0.previous_until
    }

    /// Events up to this cursor have become deliveries.
    async fn cursor(&self) -> String {
        page::cursor(event::LIST, &self.0.cursor)
    }

    /// The number of its newest delivery; each delivery carries its own, without gaps.
    async fn sequence(&self) -> i64 {
        self.0.sequence
    }

    /// Whose rights the payload document has: whoever created, changed or resumed it last.
    async fn author(&self) -> Provenance {
        Provenance::from(&self.0.author.0)
    }

    /// Grows with each change; `webhookEndpointUpdate` takes the one that was read.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// When it was added.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When a person changed it last.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }

    /// What the viewer may do with it now.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Result<Vec<WebhookEndpointAction>> {
        let actions = engine::allowed_actions(actor(ctx)?, &self.0);
        Ok(actions.into_iter().map(Into::into).collect())
    }
}
