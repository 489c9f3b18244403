//! GraphQL over WebSocket: the graphql-transport-ws protocol.

mod message;
mod session;

use axum::{
    extract::WebSocketUpgrade,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use posthaste_core::{Error, ErrorCode};

use super::{ApiState, MAX_BODY, Refusal, RequestId, address, graphql::is_browser};
use crate::graphql::context::credential;

use session::Client;

/// The protocol's name in the handshake.
const PROTOCOL: &str = "graphql-transport-ws";

/// What a connection sets aside for reading, and for writing, in bytes. The library's 128 KiB each
/// would be most of what a quiet subscription costs.
const BUFFER: usize = 4 * 1024;

/// Takes a WebSocket over. A credential may come in the headers or in `connection_init`.
pub fn serve(
    state: ApiState,
    id: RequestId,
    upgrade: WebSocketUpgrade,
    headers: &HeaderMap,
) -> Response {
    if let Err(error) = state.origins.admit(headers) {
        return Refusal::new(&state.app, &id, error).into_response();
    }
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
    let client = match credential(headers) {
        Err(error) => return Refusal::new(&state.app, &id, error).into_response(),
        Ok(credential) => Client {
            credential,
            is_browser: is_browser(headers),
            program: address::client(headers),
        },
    };
    upgrade
        .protocols([PROTOCOL])
        .max_message_size(MAX_BODY)
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .on_upgrade(move |socket| {
            let sockets = state.health.sockets.clone();
            sockets.track_future(session::run(state, id, client, socket))
        })
}
