//! Media over HTTP: uploads in parts (tus) or in one request, and the public addresses of files.
//!
//! Bodies are streamed to the disk piece by piece, so these routes have no limit on the body; the
//! use cases stop at 2 GiB.

mod plain;
mod public;
mod range;
mod tus;

use axum::{
    body::Body,
    extract::{Query, rejection::QueryRejection},
    http::{HeaderMap, header},
    response::Response,
};
use posthaste_core::{Error, ErrorCode, Result};
use posthaste_engine::{Actor, App};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    ApiState, Problem, Refusal, RequestId,
    request::{self, Sender},
    tus::{TUS_RESUMABLE, Version},
};
use plain::{About, Uploaded};

/// The routes of media.
pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(create, tus::abilities))
        .routes(routes!(tus::offset, tus::append, tus::terminate))
        .routes(routes!(public::read))
}

/// Uploads a file, or begins a resumable upload.
///
/// Three ways: the file as the body (`curl --data-binary @cat.jpg -H 'Content-Type: image/jpeg'`), a
/// form with one file (`curl -F file=@cat.jpg`), both answered when the file was looked at; or tus
/// 1.0.0 with the headers `Tus-Resumable` and `Upload-Length`, answered with the address for the parts.
#[utoipa::path(
    post,
    path = "/media",
    tag = "media",
    params(
        About,
        ("X-File-Name" = Option<String>, Header, description = "The file's name."),
        ("Tus-Resumable" = Option<String>, Header, description = "1.0.0 begins a resumable upload."),
        ("Upload-Length" = Option<u64>, Header, description = "Size of the whole file, for a resumable upload."),
        ("Upload-Metadata" = Option<String>, Header, description = "filename, alt and id in base64, for a resumable upload."),
    ),
    request_body(content_type = "application/octet-stream", description = "The file."),
    responses(
        (status = 201, description = "The media; Location tells where parts go.", body = Uploaded),
        (status = 400, description = "MEDIA_UNREADABLE, MEDIA_TYPE_UNSUPPORTED, INVALID_INPUT or BAD_REQUEST.", body = Problem),
        (status = 401, description = "UNAUTHENTICATED.", body = Problem),
        (status = 403, description = "FORBIDDEN.", body = Problem),
        (status = 413, description = "MEDIA_TOO_LARGE.", body = Problem),
        (status = 415, description = "UNSUPPORTED_MEDIA_TYPE.", body = Problem),
    ),
)]
async fn create(
    _: Version,
    Sender(app, actor): Sender,
    request: RequestId,
    about: Result<Query<About>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let created = take(&app, &actor, about, &headers, body).await;
    created.map_err(|error| Refusal::new(&app, &request, error))
}

async fn take(
    app: &App,
    actor: &Actor,
    about: Result<Query<About>, QueryRejection>,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response> {
    let Query(about) =
        about.map_err(|refusal| Error::new(ErrorCode::BadRequest, refusal.body_text()))?;
    if headers.contains_key(TUS_RESUMABLE) {
        return tus::create(app, actor, headers, body).await;
    }
    let content_type = request::text(headers, &header::CONTENT_TYPE).unwrap_or_default();
    match multer::parse_boundary(content_type) {
        Ok(boundary) => plain::form(app, actor, boundary, about, body).await,
        Err(_) => plain::raw(app, actor, headers, about, body).await,
    }
}
