//! What the routes that take or give files read from a request.

use axum::{
    body::Body,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, request::Parts},
};
use futures::{StreamExt, TryStreamExt};
use posthaste_core::{Error, ErrorCode, Result, ports::ByteStream};
use posthaste_engine::{Actor, App, session};

use super::{ApiState, Refusal, RequestId, address, toll};
use crate::graphql::context::credential;

/// Who sends a request, and the application within their workspace. Known before the body is read, so that
/// strangers cannot fill the disk.
pub struct Sender(pub App, pub Actor);

impl FromRequestParts<ApiState> for Sender {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Refusal> {
        let Ok(id) = RequestId::from_request_parts(parts, state).await;
        match actor(&state.app, &parts.headers).await {
            Ok(actor) => {
                id.1.belongs_to(&actor);
                Ok(Self(state.app.within(actor.workspace), actor))
            }
            Err(error) => Err(Refusal::new(&state.app, &id, error)),
        }
    }
}

async fn actor(app: &App, headers: &HeaderMap) -> Result<Actor> {
    let credential = credential(headers)?.ok_or_else(|| {
        Error::new(
            ErrorCode::Unauthenticated,
            ErrorCode::Unauthenticated.title(),
        )
    })?;
    match session::authenticate(app, credential.expose()).await {
        Ok(actor) => Ok(actor),
        Err(error) => Err(toll::guessed(app, address::of(headers), error).await),
    }
}

/// A header as text.
pub fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// A request's body, piece by piece.
pub fn body(body: Body) -> ByteStream {
    body.into_data_stream().map_err(cut).boxed()
}

/// The client went away, or its body is not what its headers say.
pub fn cut(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let message = "The request ended before its body was complete. What arrived of a resumable upload is kept.";
    Error::new(ErrorCode::BadRequest, message).caused_by(cause)
}

/// Problem documents carry one error: the first in the order of the fields.
pub fn first(violations: Vec<Error>) -> Error {
    violations
        .into_iter()
        .next()
        .unwrap_or_else(|| Error::internal("refused without a reason"))
}
