use async_graphql::{Context, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};
use posthaste_core::event::EventType;
use posthaste_engine::webhook as engine;
use posthaste_store::webhook::delivery::Filter;

use super::{WebhookDelivery, WebhookEndpoint, delivery::WebhookDeliveryState};
use crate::graphql::{
    context::both,
    page::{self, Args, List},
    scalars::{self, Named},
};

/// The lists' names in their cursors.
const ENDPOINTS: &str = "webhooks";
const DELIVERIES: &str = "deliveries";

/// What a list of webhook deliveries is narrowed by; all conditions hold together.
#[derive(Default, InputObject)]
pub struct WebhookDeliveryFilter {
    /// Only of these endpoints.
    endpoint_ids: Option<Vec<ID>>,
    /// Only these states.
    states: Option<Vec<WebhookDeliveryState>>,
    /// Only of events of these types; tests are left out then.
    event_types: Option<Vec<Named<EventType>>>,
    /// Made at this instant or later.
    created_from: Option<DateTime<Utc>>,
    /// Made before this instant.
    created_to: Option<DateTime<Utc>>,
}

impl WebhookDeliveryFilter {
    fn read(self) -> posthaste_core::Result<Filter> {
        let endpoints = self
            .endpoint_ids
            .map(|ids| scalars::ids(&ids, "endpointIds"))
            .transpose();
        Ok(Filter {
            endpoints: endpoints.map_err(|error| error.within(["filter"]))?,
            states: self
                .states
                .map(|list| list.into_iter().map(Into::into).collect()),
            kinds: self
                .event_types
                .map(|list| list.into_iter().map(|kind| kind.0).collect()),
            from: self.created_from,
            to: self.created_to,
        })
    }
}

/// Reads of webhooks.
#[derive(Default)]
pub struct WebhookQuery;

#[Object]
impl WebhookQuery {
    /// The webhook endpoint with an id.
    async fn webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id (`whk_…`).")] id: ID,
    ) -> Result<WebhookEndpoint> {
        let (app, actor) = both(ctx)?;
        Ok(WebhookEndpoint(
            engine::get(app, actor, scalars::id(&id, &["id"])?).await?,
        ))
    }

    /// The webhook endpoints, in the order in which they were added.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn webhook_endpoints(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start, 1 to 100; 25 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<List<WebhookEndpoint>> {
        let (app, actor) = both(ctx)?;
        let request = Args {
            first,
            after,
            last,
            before,
        }
        .request(ENDPOINTS)?;
        let found = engine::list(app, actor, &request).await?;
        let total = if page::wants_total(ctx) {
            Some(engine::count(app, actor).await?)
        } else {
            None
        };
        Ok(page::list(
            ENDPOINTS,
            found,
            total,
            |row| (row.created_at, row.id.uuid()),
            WebhookEndpoint,
        ))
    }

    /// The webhook delivery with an id.
    async fn webhook_delivery(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id (`whd_…`).")] id: ID,
    ) -> Result<WebhookDelivery> {
        let (app, actor) = both(ctx)?;
        Ok(WebhookDelivery(
            engine::delivery(app, actor, scalars::id(&id, &["id"])?).await?,
        ))
    }

    /// The log of webhook deliveries, newest first.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn webhook_deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to narrow the list by.")] filter: Option<WebhookDeliveryFilter>,
        #[graphql(desc = "How many from the start, 1 to 100; 25 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<List<WebhookDelivery>> {
        let (app, actor) = both(ctx)?;
        let filter = filter.unwrap_or_default().read()?;
        let request = Args {
            first,
            after,
            last,
            before,
        }
        .request(DELIVERIES)?;
        let found = engine::deliveries(app, actor, &filter, &request).await?;
        let total = if page::wants_total(ctx) {
            Some(engine::delivery_count(app, actor, &filter).await?)
        } else {
            None
        };
        Ok(page::list(
            DELIVERIES,
            found,
            total,
            |row| (Some(row.created_at), row.id.uuid()),
            WebhookDelivery,
        ))
    }
}
