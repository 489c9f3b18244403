use std::sync::Arc;

use async_graphql::{
    Context, CustomDirective, Directive, ServerResult, Value, extensions::ResolveFut,
};
use posthaste_core::{Error, Result};
use posthaste_engine::idempotency::{self as engine, Reserved};

use super::{Held, fingerprint, life, place, retry};
use crate::graphql::context::both;

/// Makes one field of a mutation safe to repeat, by a key of its own.
struct Idempotent {
    key: String,
}

/// Makes this field of a mutation safe to repeat: the same field under the same key is done once and
/// answered with the first answer for 24 hours (72 when it publishes), as with the header
/// Idempotency-Key for a whole request.
#[Directive(location = "Field")]
pub(crate) fn idempotent(
    #[graphql(desc = "A key of your choice, 1 to 255 visible ASCII characters.")] key: String,
) -> impl CustomDirective {
    Idempotent { key }
}

#[async_trait::async_trait]
impl CustomDirective for Idempotent {
    async fn resolve_field(
        &self,
        ctx: &Context<'_>,
        resolve: ResolveFut<'_>,
    ) -> ServerResult<Option<Value>> {
        let told = |error: Error| {
            let error = async_graphql::Error::from(error).into_server_error(ctx.item.pos);
            ctx.set_error_path(error)
        };
        let held = held(ctx).map_err(told)?;
        let (app, actor) = both(ctx).map_err(told)?;
        let field = ctx.field();
        let fingerprint = fingerprint::of_field(&field)?;
        let arguments = field.arguments()?;
        let input = arguments.iter().find(|(name, _)| name == "input");
        let life = life::of_field(field.name(), input.map(|(_, value)| value));
        let reserved = engine::reserve(app, actor, &self.key, fingerprint, life).await;
        let place = place(ctx);
        let reservation = match reserved.map_err(told)? {
            Reserved::Replay(text) => {
                held.replayed(&place);
                let value = serde_json::from_slice(&text);
                return value
                    .map(Some)
                    .map_err(|error| told(Error::internal(error)));
            }
            Reserved::Run(reservation) => reservation,
        };
        held.hold(&place, reservation.clone());
        let outcome = tokio::select! {
            outcome = resolve => outcome,
            never = engine::keep(app, &reservation) => match never {},
        };
        let kept = match &outcome {
            Ok(Some(payload)) if retry::is_retryable(payload) => {
                engine::release(app, &reservation).await
            }
            Ok(value) => match serde_json::to_vec(value) {
                Ok(text) => engine::answer(app, &reservation, &text).await,
                Err(error) => Err(Error::internal(error)),
            },
            Err(_) => engine::release(app, &reservation).await,
        };
        if let Err(error) = kept {
            tracing::error!(cause = ?error.cause, "an answer could not be kept under its key");
        }
        outcome
    }
}

/// The request's keys; where the directive may stand was checked before (`idempotency::check`).
fn held<'a>(ctx: &Context<'a>) -> Result<&'a Held> {
    ctx.data::<Arc<Held>>()
        .map(|held| &**held)
        .map_err(|error| Error::internal(error.message))
}
