//! What operators and their tools ask, and a router of it for a listener of its own.

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
    routing::get,
};
use posthaste_core::{Error, ErrorCode};
use posthaste_engine::telemetry::CONTENT_TYPE;
use subtle::ConstantTimeEq;

use super::{Refusal, RequestId, health, health::Probes};
use crate::graphql::context::bearer;

/// Health and metrics alone, for an address that only operators reach. Metrics need the token only where
/// one is set.
pub fn router(probes: Probes) -> Router {
    Router::new()
        .route("/livez", get(health::livez))
        .route("/startupz", get(health::startupz))
        .route("/readyz", get(health::readyz))
        .route("/readyz/publishing", get(health::publishing))
        .route("/healthz", get(health::healthz))
        .route("/version", get(health::version))
        .route("/metrics", get(metrics))
        .with_state(probes)
}

/// The metrics where the API is: only with a token, and as if they were not there when none is set.
pub async fn public_metrics(
    state: State<Probes>,
    headers: HeaderMap,
    id: RequestId,
) -> Result<Response, Refusal> {
    if state.health.token.is_none() {
        let message = "Metrics are not answered here: set metrics.token, or metrics.listen for an address of their own.";
        let error = Error::new(ErrorCode::NotFound, message);
        return Err(Refusal::new(&state.app, &id, error));
    }
    metrics(state, headers, id).await
}

async fn metrics(
    State(probes): State<Probes>,
    headers: HeaderMap,
    id: RequestId,
) -> Result<Response, Refusal> {
    let text = async {
        check(&probes, &headers)?;
        probes.app.telemetry.text(&probes.app).await
    };
    match text.await {
        Ok(text) => Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response()),
        Err(error) => Err(Refusal::new(&probes.app, &id, error)),
    }
}

fn check(probes: &Probes, headers: &HeaderMap) -> posthaste_core::Result<()> {
    let Some(token) = &probes.health.token else {
        return Ok(());
    };
    let sent = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| bearer(value).ok());
    let right = sent.is_some_and(|sent| {
        let (sent, token) = (sent.expose().as_bytes(), token.expose().as_bytes());
        sent.ct_eq(token).into()
    });
    if right {
        return Ok(());
    }
    let message = "Metrics need `Authorization: Bearer` with the token of metrics.token.";
    Err(Error::new(ErrorCode::Unauthenticated, message))
}
