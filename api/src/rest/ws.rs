//! GraphQL over WebSocket: the graphql-transport-ws protocol.

mod message;
mod session;

use std::time::Duration;

use axum::{
    extract::WebSocketUpgrade,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use posthaste_core::{Error, ErrorCode, secret::Secret};
use posthaste_engine::App;
use tokio::time::sleep;

use super::{ApiState, MAX_BODY, Refusal, RequestId, address, graphql::is_browser};
use crate::graphql::context::bearer;

use session::Client;

/// The protocol's name in the handshake.
const PROTOCOL: &str = "graphql-transport-ws";

/// How often a long-lived connection's credential is looked at again.
const RECHECK: Duration = Duration::from_secs(15);

/// Takes a WebSocket over. A credential may come in the header or in `connection_init`.
pub fn serve(
    state: ApiState,
    id: RequestId,
    upgrade: WebSocketUpgrade,
    headers: &HeaderMap,
) -> Response {
    let offered = headers
        .get(header::SEC_WEBSOCKET_PROTOCOL)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !offered
        .split(',')
        .any(|protocol| protocol.trim() == PROTOCOL)
    {
        let error = Error::new(
            ErrorCode::BadRequest,
            format!("The WebSocket must offer the protocol {PROTOCOL}."),
        );
        return Refusal::new(&state.app, &id, error).into_response();
    }
    let client = match headers
        .get(header::AUTHORIZATION)
        .map(|value| bearer(value.to_str().unwrap_or_default()))
    {
        Some(Err(error)) => return Refusal::new(&state.app, &id, error).into_response(),
        credential => Client {
            credential: credential.and_then(Result::ok),
            is_browser: is_browser(headers),
            address: address::of(headers),
        },
    };
    upgrade
        .protocols([PROTOCOL])
        .max_message_size(MAX_BODY)
        .on_upgrade(move |socket| session::run(state, id, client, socket))
}

/// Ends when a credential is no longer valid; never without one. A database that is away for a
/// moment does not count.
pub async fn until_revoked(app: App, credential: Option<Secret>) {
    let Some(credential) = credential else {
        return std::future::pending().await;
    };
    loop {
        sleep(RECHECK).await;
        let known = posthaste_engine::session::authenticate(&app, credential.expose()).await;
        if known.is_err_and(|error| error.code == ErrorCode::Unauthenticated) {
            return;
        }
    }
}
