//! The protocol of resumable uploads, tus 1.0.0 (<https://tus.io/protocols/resumable-upload>), as far
//! as it is the same for everything that can be uploaded.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use posthaste_core::{Error, ErrorCode, Result};

use super::{ApiState, Refusal, RequestId, request::text};

/// The version that is spoken.
pub const VERSION: &str = "1.0.0";
/// What of the protocol beyond its core.
pub const EXTENSIONS: &str = "creation,creation-with-upload,expiration,termination";
/// The content type of a part.
pub const PART: &str = "application/offset+octet-stream";

/// The version that a request or answer is in.
pub const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
/// The versions the server speaks.
pub const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
/// What of the protocol the server can do.
pub const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
/// Largest upload in bytes.
pub const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
/// Bytes that have arrived.
pub const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
/// Bytes of the whole.
pub const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
/// What a client says about the file.
pub const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");

/// A request in our version of the protocol. A missing one is taken for ours, for plain clients.
pub struct Version;

impl FromRequestParts<ApiState> for Version {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Response> {
        let other = match text(&parts.headers, &TUS_RESUMABLE) {
            None | Some(VERSION) => return Ok(Self),
            Some(other) => other.escape_debug().to_string(),
        };
        let message = format!("Version {other} of tus is not spoken here; use {VERSION}.");
        let error = Error::new(ErrorCode::BadRequest, message).at(["Tus-Resumable"]);
        let Ok(id) = RequestId::from_request_parts(parts, state).await;
        // The protocol wants this status and header.
        let refusal =
            Refusal::new(&state.app, &id, error).with_status(StatusCode::PRECONDITION_FAILED);
        let mut response = refusal.into_response();
        put(&mut response, TUS_VERSION, VERSION.to_owned());
        Err(response)
    }
}

/// Where a part starts; `UNSUPPORTED_MEDIA_TYPE` when the request carries none.
pub fn part(headers: &HeaderMap) -> Result<u64> {
    if text(headers, &header::CONTENT_TYPE) != Some(PART) {
        let message = format!("Parts of an upload have the content type {PART}.");
        return Err(Error::new(ErrorCode::UnsupportedMediaType, message));
    }
    number(headers, &UPLOAD_OFFSET)
}

/// A header that is a number of bytes.
pub fn number(headers: &HeaderMap, name: &HeaderName) -> Result<u64> {
    text(headers, name)
        .and_then(|value| value.parse().ok())
        .ok_or_else(|| {
            let message = format!("The header {name} must be a number of bytes.");
            Error::new(ErrorCode::BadRequest, message).at([name.as_str()])
        })
}

/// How an upload stands, for HEAD.
pub fn standing(arrived: u64, bytes: i64, expires_at: Option<DateTime<Utc>>) -> Response {
    let headers = [
        (UPLOAD_OFFSET, arrived.to_string()),
        (UPLOAD_LENGTH, bytes.to_string()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    finished(headers.into_response(), expires_at)
}

/// Where to go on after a part, for PATCH.
pub fn taken(end: u64, expires_at: Option<DateTime<Utc>>) -> Response {
    let headers = [(UPLOAD_OFFSET, end.to_string())];
    finished(
        (StatusCode::NO_CONTENT, headers).into_response(),
        expires_at,
    )
}

/// Adds what every answer about an upload carries.
pub fn finished(mut response: Response, expires_at: Option<DateTime<Utc>>) -> Response {
    put(&mut response, TUS_RESUMABLE, VERSION.to_owned());
    if let Some(end) = expires_at {
        put(
            &mut response,
            UPLOAD_EXPIRES,
            end.format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        );
    }
    response
}

/// Sets a header.
pub fn put(response: &mut Response, name: HeaderName, value: String) {
    if let Ok(value) = value.try_into() {
        response.headers_mut().insert(name, value);
    }
}
