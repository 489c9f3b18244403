use async_graphql::{Context, ID, Object, Result, SimpleObject};
use posthaste_core::{Error, Result as CoreResult, ids::WebhookEndpointId, secret::Secret};
use posthaste_engine::{
    Actor, App,
    webhook::{self as engine, Trial},
};
use posthaste_store::webhook::Endpoint;

use super::{
    WebhookDelivery, WebhookEndpoint,
    input::{
        WebhookDeliveryRedeliverInput, WebhookEndpointCreateInput, WebhookEndpointDeleteInput,
        WebhookEndpointPauseInput, WebhookEndpointReplayInput, WebhookEndpointResumeInput,
        WebhookEndpointRotateSecretInput, WebhookEndpointTestInput, WebhookEndpointUpdateInput,
    },
};
use crate::graphql::{
    context::both,
    event,
    idempotency::once,
    page,
    payload::{MutationError, Warning, payload, split, split_all},
    scalars,
};

/// An endpoint, and its secret for this once.
#[derive(SimpleObject)]
pub struct WebhookEndpointSecretPayload {
    /// The endpoint as it is now.
    webhook_endpoint: Option<WebhookEndpoint>,
    /// The secret (`whsec_…`) that verifies signatures. It cannot be read again.
    secret: Option<String>,
    /// Why nothing was changed; empty when it worked.
    errors: Vec<MutationError>,
    /// What a person should know although it worked.
    warnings: Vec<Warning>,
}

impl WebhookEndpointSecretPayload {
    fn of(app: &App, outcome: CoreResult<(Endpoint, Secret), Vec<Error>>) -> CoreResult<Self> {
        let (made, errors) = split_all(app, outcome)?;
        let (row, secret) = made.unzip();
        Ok(Self {
            webhook_endpoint: row.map(WebhookEndpoint),
            secret: secret.map(|secret| secret.expose().to_owned()),
            errors,
            warnings: Vec::new(),
        })
    }
}

payload! {
    /// What came of changing a webhook endpoint.
    WebhookEndpointPayload {
        /// The endpoint as it is now.
        webhook_endpoint: WebhookEndpoint
    }
}

payload! {
    /// What came of removing a webhook endpoint.
    WebhookEndpointDeletePayload {
        /// The id of what was removed.
        deleted_id: ID
    }
}

payload! {
    /// What came of sending a delivery again.
    WebhookDeliveryPayload {
        /// The delivery as it is now.
        webhook_delivery: WebhookDelivery
    }
}

/// What came of trying an endpoint out.
#[derive(SimpleObject)]
pub struct WebhookEndpointTestPayload {
    /// What was sent, or would be, to the byte.
    payload: Option<String>,
    /// The delivery with its one try and the endpoint's answer; null for a dry run.
    webhook_delivery: Option<WebhookDelivery>,
    /// Why nothing was sent; empty when it was, whatever the endpoint answered.
    errors: Vec<MutationError>,
    /// What a person should know although it worked.
    warnings: Vec<Warning>,
}

impl WebhookEndpointTestPayload {
    fn of(app: &App, outcome: CoreResult<Trial>) -> CoreResult<Self> {
        let (trial, errors) = split(app, outcome)?;
        let (payload, delivery) = trial.map(|trial| (trial.payload, trial.delivery)).unzip();
        Ok(Self {
            payload,
            webhook_delivery: delivery.flatten().map(WebhookDelivery),
            errors,
            warnings: Vec::new(),
        })
    }
}

/// Changes of webhooks; all take the permission `MANAGE_WEBHOOKS`.
#[derive(Default)]
pub struct WebhookMutation;

#[Object]
impl WebhookMutation {
    /// Adds an endpoint for what happens from now on. Its secret is shown this once.
    async fn webhook_endpoint_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint.")] input: WebhookEndpointCreateInput,
    ) -> Result<WebhookEndpointSecretPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = match input.read() {
            (new, None) => engine::create(app, actor, new, once(ctx).as_ref()).await,
            (new, Some(wrong)) => {
                let others = engine::violations(app, actor, new).await;
                Err([wrong].into_iter().chain(others).collect())
            }
        };
        Ok(WebhookEndpointSecretPayload::of(app, outcome)?)
    }

    /// Changes an endpoint. Whoever does becomes its author: the payload document has this one's rights.
    async fn webhook_endpoint_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: WebhookEndpointUpdateInput,
    ) -> Result<WebhookEndpointPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = match input.read() {
            Ok((id, version, change)) => engine::update(app, actor, id, version, change).await,
            Err(error) => Err(vec![error]),
        };
        let (row, errors) = split_all(app, outcome)?;
        Ok(WebhookEndpointPayload {
            webhook_endpoint: row.map(WebhookEndpoint),
            errors,
            warnings: Vec::new(),
        })
    }

    /// Removes an endpoint with the log of its deliveries.
    async fn webhook_endpoint_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint to remove.")] input: WebhookEndpointDeleteInput,
    ) -> Result<WebhookEndpointDeletePayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            Ok(engine::delete(app, actor, id).await?.into())
        };
        Ok(WebhookEndpointDeletePayload::of(app, outcome.await)?)
    }

    /// Replaces the secret and shows the new one this once. For 24 hours both sign, so that receivers
    /// can change over.
    async fn webhook_endpoint_rotate_secret(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint.")] input: WebhookEndpointRotateSecretInput,
    ) -> Result<WebhookEndpointSecretPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            engine::rotate_secret(app, actor, id, once(ctx).as_ref()).await
        };
        let outcome = outcome.await.map_err(|error| vec![error]);
        Ok(WebhookEndpointSecretPayload::of(app, outcome)?)
    }

    /// Sends a signed delivery of type `test` now and answers with the result; it is not repeated. A
    /// dry run only shows what the newest event would be sent as.
    #[graphql(complexity = "50 + child_complexity")]
    async fn webhook_endpoint_test(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How to try it out.")] input: WebhookEndpointTestInput,
    ) -> Result<WebhookEndpointTestPayload> {
        let (app, actor) = both(ctx)?;
        let kind = input.event_type.map(|kind| kind.0);
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            engine::test(app, actor, id, kind, input.dry_run).await
        };
        Ok(WebhookEndpointTestPayload::of(app, outcome.await)?)
    }

    /// Holds the events of an endpoint back; they wait in the log until it is resumed.
    async fn webhook_endpoint_pause(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint.")] input: WebhookEndpointPauseInput,
    ) -> Result<WebhookEndpointPayload> {
        act(ctx, &input.id, engine::pause).await
    }

    /// Lets an endpoint go on with all that waits, and takes it over as author.
    async fn webhook_endpoint_resume(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint.")] input: WebhookEndpointResumeInput,
    ) -> Result<WebhookEndpointPayload> {
        act(ctx, &input.id, engine::resume).await
    }

    /// Sends earlier events again, as new deliveries with new ids.
    async fn webhook_endpoint_replay(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to send again.")] input: WebhookEndpointReplayInput,
    ) -> Result<WebhookEndpointPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            let after = match &input.after {
                Some(after) => page::key(event::LIST, after, "after")?,
                None => 0,
            };
            engine::replay(app, actor, id, after)
                .await
                .map(WebhookEndpoint)
        };
        Ok(WebhookEndpointPayload::of(app, outcome.await)?)
    }

    /// Sends a delivery again under its own id: a receiver that has it drops it. At once, with all
    /// retries anew.
    async fn webhook_delivery_redeliver(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The delivery.")] input: WebhookDeliveryRedeliverInput,
    ) -> Result<WebhookDeliveryPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            engine::redeliver(app, actor, id).await.map(WebhookDelivery)
        };
        Ok(WebhookDeliveryPayload::of(app, outcome.await)?)
    }
}

async fn act<'a>(
    ctx: &Context<'a>,
    id: &ID,
    action: impl AsyncFn(&'a App, &'a Actor, WebhookEndpointId) -> CoreResult<Endpoint>,
) -> Result<WebhookEndpointPayload> {
    let (app, actor) = both(ctx)?;
    let outcome = async {
        let id = scalars::id(id, &["id"])?;
        action(app, actor, id).await.map(WebhookEndpoint)
    };
    Ok(WebhookEndpointPayload::of(app, outcome.await)?)
}
