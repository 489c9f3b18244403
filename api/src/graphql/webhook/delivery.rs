use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject, dataloader::Loader as Load};
use chrono::{DateTime, Utc};
use posthaste_core::{
    Error,
    event::EventType,
    ids::{WebhookDeliveryId, WebhookEndpointId},
};
use posthaste_engine::webhook as engine;
use posthaste_store::webhook::{Attempt, Delivery, delivery::State};

use super::WebhookEndpoint;
use crate::graphql::{
    context::{both, loader},
    event,
    loader::{LoadError, Loader},
    page,
    scalars::Named,
};

impl Load<WebhookDeliveryId> for Loader {
    type Value = Delivery;
    type Error = LoadError;

    async fn load(
        &self,
        ids: &[WebhookDeliveryId],
    ) -> Result<HashMap<WebhookDeliveryId, Self::Value>, LoadError> {
        let rows = engine::deliveries_by_ids(&self.app, &self.actor, ids).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }
}

/// The key of a delivery's tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct AttemptsOf(WebhookDeliveryId);

impl Load<AttemptsOf> for Loader {
    type Value = Vec<Attempt>;
    type Error = LoadError;

    async fn load(
        &self,
        keys: &[AttemptsOf],
    ) -> Result<HashMap<AttemptsOf, Self::Value>, LoadError> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let mut found = HashMap::<_, Vec<_>>::new();
        for row in engine::attempts(&self.app, &self.actor, &ids).await? {
            found
                .entry(AttemptsOf(row.delivery_id))
                .or_default()
                .push(row);
        }
        Ok(found)
    }
}

/// How a webhook delivery stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "State")]
pub enum WebhookDeliveryState {
    /// Not tried yet.
    Pending,
    /// Tried without success; it is tried again.
    Retrying,
    /// The endpoint answered with 2xx.
    Succeeded,
    /// All tries failed; it can be sent again with `webhookDeliveryRedeliver`.
    Failed,
}

/// Something the viewer may do with a webhook delivery now.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookDeliveryAction {
    /// `webhookDeliveryRedeliver`.
    Redeliver,
}

/// A try at a webhook delivery.
#[derive(SimpleObject)]
pub struct WebhookAttempt {
    /// Its number, from 1.
    number: i64,
    /// When it began.
    started_at: DateTime<Utc>,
    /// How long it took in milliseconds; null when its worker was lost.
    duration_ms: Option<i32>,
    /// The HTTP status of the answer.
    http_status: Option<i32>,
    /// The beginning of the answer, at most 2 KB.
    answer: Option<String>,
    /// Why it was no success; null for a success.
    error: Option<String>,
}

impl From<Attempt> for WebhookAttempt {
    fn from(row: Attempt) -> Self {
        Self {
            number: row.n,
            started_at: row.started_at,
            duration_ms: row.duration_ms,
            http_status: row.http_status,
            answer: row.answer,
            error: row.error,
        }
    }
}

/// One event on its way to one webhook endpoint. Kept for 30 days after it ended.
#[derive(Clone, Debug)]
pub struct WebhookDelivery(pub Delivery);

impl WebhookDelivery {
    async fn endpoint_row(&self, ctx: &Context<'_>) -> Result<posthaste_store::webhook::Endpoint> {
        let row = loader(ctx)?.load_one(self.0.endpoint_id).await?;
        Ok(row.ok_or_else(|| Error::not_found("webhook endpoint"))?)
    }
}

/// One event on its way to one webhook endpoint. Kept for 30 days after it ended.
#[Object]
impl WebhookDelivery {
    /// The id (`whd_…`); the receiver sees it as `webhook-id`, the same with every try.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The endpoint.
    async fn endpoint(&self, ctx: &Context<'_>) -> Result<WebhookEndpoint> {
        Ok(WebhookEndpoint(self.endpoint_row(ctx).await?))
    }

    /// The endpoint's id.
    async fn endpoint_id(&self) -> ID {
        let id: WebhookEndpointId = self.0.endpoint_id;
        id.into()
    }

    /// Its number at the endpoint, from 1 and without gaps.
    async fn sequence(&self) -> i64 {
        self.0.sequence
    }

    /// The type of the event; null for a test.
    async fn event_type(&self) -> Option<Named<EventType>> {
        EventType::from_name(&self.0.kind).map(Named)
    }

    /// Whether it only tries the endpoint out.
    async fn is_test(&self) -> bool {
        self.0.is_test()
    }

    /// The event's place in the log.
    async fn event_cursor(&self) -> Option<String> {
        self.0.event_seq.map(|seq| page::cursor(event::LIST, &seq))
    }

    /// How it stands.
    async fn state(&self) -> WebhookDeliveryState {
        self.0.state.into()
    }

    /// The tries of which something is known, oldest first.
    async fn attempts(&self, ctx: &Context<'_>) -> Result<Vec<WebhookAttempt>> {
        let rows = loader(ctx)?.load_one(AttemptsOf(self.0.id)).await?;
        let rows = rows.unwrap_or_default();
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// When it is tried next, unless its endpoint is paused; while it is being tried, when that try is
    /// taken for lost.
    async fn next_attempt_at(&self) -> Option<DateTime<Utc>> {
        self.0.due_at
    }

    /// What is sent, to the byte; null before the first try.
    async fn payload(&self) -> Option<&str> {
        self.0.payload.as_deref()
    }

    /// When the event became a delivery.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it succeeded or failed.
    async fn finished_at(&self) -> Option<DateTime<Utc>> {
        self.0.finished_at
    }

    /// What the viewer may do with it now.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Result<Vec<WebhookDeliveryAction>> {
        let (app, actor) = both(ctx)?;
        let endpoint = self.endpoint_row(ctx).await?;
        let may = engine::may_redeliver(app, actor, &endpoint, &self.0);
        Ok(may
            .then_some(WebhookDeliveryAction::Redeliver)
            .into_iter()
            .collect())
    }
}
