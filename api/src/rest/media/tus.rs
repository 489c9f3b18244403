//! Resumable uploads: tus 1.0.0 with the extensions creation, creation-with-upload, expiration and
//! termination (<https://tus.io/protocols/resumable-upload>).

use axum::{
    body::Body,
    extract::{FromRequestParts, Path, State},
    http::{HeaderMap, HeaderName, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use posthaste_core::{Error, ErrorCode, Result, ids::MediaId};
use posthaste_engine::{
    Actor, App,
    media::{self, MAX_BYTES, NewUpload},
};
use posthaste_store::media::Media;

use super::request::{Sender, body, first, text};
use crate::rest::{ApiState, Problem, Refusal, RequestId};

const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,creation-with-upload,expiration,termination";
const PART: &str = "application/offset+octet-stream";

pub const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");

/// What the upload protocol can do here.
#[utoipa::path(
    options,
    path = "/media",
    tag = "media",
    security(()),
    responses((status = 204, description = "Tus-Version, Tus-Extension and Tus-Max-Size tell.")),
)]
pub async fn abilities() -> Response {
    let headers = [
        (TUS_RESUMABLE, VERSION.to_owned()),
        (TUS_VERSION, VERSION.to_owned()),
        (TUS_EXTENSION, EXTENSIONS.to_owned()),
        (TUS_MAX_SIZE, MAX_BYTES.to_string()),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Begins an upload, and takes its first bytes if the request carries some.
pub async fn create(
    app: &App,
    actor: &Actor,
    headers: &HeaderMap,
    bytes: Body,
) -> Result<Response> {
    let metadata = Metadata::read(text(headers, &UPLOAD_METADATA).unwrap_or_default())?;
    let new = NewUpload {
        id: metadata.id,
        file_name: metadata.file_name.unwrap_or_else(|| "upload".to_owned()),
        bytes: number(headers, &UPLOAD_LENGTH)?,
        alt_text: metadata.alt_text,
    };
    let row = media::begin(app, actor, new).await.map_err(first)?;
    let mut response = (
        StatusCode::CREATED,
        [(header::LOCATION, media::upload_url(app, row.id))],
    )
        .into_response();
    if text(headers, &header::CONTENT_TYPE) == Some(PART) {
        let end = media::append(app, actor, row.id, 0, body(bytes)).await?;
        put(&mut response, UPLOAD_OFFSET, end.to_string());
    }
    Ok(finished(response, &row))
}

/// How many bytes of an upload have arrived.
#[utoipa::path(
    head,
    path = "/media/{id}",
    tag = "media",
    params(("id" = String, Path, description = "The media (`media_…`).")),
    responses(
        (status = 200, description = "Upload-Offset tells where to go on, Upload-Length the whole."),
        (status = 404, description = "NOT_FOUND.", body = Problem),
        (status = 410, description = "UPLOAD_EXPIRED.", body = Problem),
    ),
)]
pub async fn offset(
    State(state): State<ApiState>,
    _: Version,
    Sender(actor): Sender,
    request: RequestId,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let stands = async { media::offset(&state.app, &actor, parse(&id)?).await };
    let (arrived, row) = stands
        .await
        .map_err(|error| Refusal::new(&state.app, &request, error))?;
    let headers = [
        (UPLOAD_OFFSET, arrived.to_string()),
        (UPLOAD_LENGTH, row.bytes.to_string()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok(finished(headers.into_response(), &row))
}

/// Takes more bytes of an upload. With the last ones the media becomes READY or FAILED.
#[utoipa::path(
    patch,
    path = "/media/{id}",
    tag = "media",
    params(
        ("id" = String, Path, description = "The media (`media_…`)."),
        ("Upload-Offset" = u64, Header, description = "Where the part starts."),
    ),
    request_body(content_type = "application/offset+octet-stream", description = "The part."),
    responses(
        (status = 204, description = "Upload-Offset tells where to go on."),
        (status = 409, description = "UPLOAD_OFFSET_MISMATCH.", body = Problem),
        (status = 410, description = "UPLOAD_EXPIRED.", body = Problem),
        (status = 413, description = "MEDIA_TOO_LARGE: more bytes than announced.", body = Problem),
        (status = 415, description = "UNSUPPORTED_MEDIA_TYPE.", body = Problem),
    ),
)]
pub async fn append(
    State(state): State<ApiState>,
    _: Version,
    Sender(actor): Sender,
    request: RequestId,
    Path(id): Path<String>,
    headers: HeaderMap,
    bytes: Body,
) -> Result<Response, Refusal> {
    let taken = take(&state.app, &actor, &id, &headers, bytes).await;
    taken.map_err(|error| Refusal::new(&state.app, &request, error))
}

async fn take(
    app: &App,
    actor: &Actor,
    id: &str,
    headers: &HeaderMap,
    bytes: Body,
) -> Result<Response> {
    if text(headers, &header::CONTENT_TYPE) != Some(PART) {
        let message = format!("Parts of an upload have the content type {PART}.");
        return Err(Error::new(ErrorCode::UnsupportedMediaType, message));
    }
    let id = parse(id)?;
    let end = media::append(
        app,
        actor,
        id,
        number(headers, &UPLOAD_OFFSET)?,
        body(bytes),
    )
    .await?;
    let row = media::get(app, actor, id).await?;
    let response = (StatusCode::NO_CONTENT, [(UPLOAD_OFFSET, end.to_string())]).into_response();
    Ok(finished(response, &row))
}

/// Removes a media, also one whose upload is not finished.
#[utoipa::path(
    delete,
    path = "/media/{id}",
    tag = "media",
    params(("id" = String, Path, description = "The media (`media_…`).")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "NOT_FOUND.", body = Problem),
        (status = 409, description = "MEDIA_IN_USE.", body = Problem),
    ),
)]
pub async fn terminate(
    State(state): State<ApiState>,
    _: Version,
    Sender(actor): Sender,
    request: RequestId,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let deleted = async { media::delete(&state.app, &actor, parse(&id)?).await };
    deleted
        .await
        .map_err(|error| Refusal::new(&state.app, &request, error))?;
    Ok((StatusCode::NO_CONTENT, [(TUS_RESUMABLE, VERSION)]).into_response())
}

/// Adds what every answer about an upload carries.
fn finished(mut response: Response, row: &Media) -> Response {
    put(&mut response, TUS_RESUMABLE, VERSION.to_owned());
    if let Some(end) = row.expires_at {
        put(
            &mut response,
            UPLOAD_EXPIRES,
            end.format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        );
    }
    response
}

fn put(response: &mut Response, name: HeaderName, value: String) {
    if let Ok(value) = value.try_into() {
        response.headers_mut().insert(name, value);
    }
}

fn parse(id: &str) -> Result<MediaId> {
    id.parse().map_err(|error: Error| error.at(["id"]))
}

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

fn number(headers: &HeaderMap, name: &HeaderName) -> Result<u64> {
    text(headers, name)
        .and_then(|value| value.parse().ok())
        .ok_or_else(|| {
            let message = format!("The header {name} must be a number of bytes.");
            Error::new(ErrorCode::BadRequest, message).at([name.as_str()])
        })
}

/// What a client says about the file in `Upload-Metadata`: `key base64,key base64,…`.
#[derive(Debug, Default, PartialEq)]
struct Metadata {
    id: Option<MediaId>,
    file_name: Option<String>,
    alt_text: Option<String>,
}

impl Metadata {
    /// Reads `id`, `filename` (or `name`) and `alt` (or `altText`); other keys are not ours.
    fn read(header: &str) -> Result<Self> {
        let mut metadata = Self::default();
        for pair in header
            .split(',')
            .map(str::trim)
            .filter(|pair| !pair.is_empty())
        {
            let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
            match key {
                "id" => metadata.id = Some(parse(&decoded(key, value)?)?),
                "filename" | "name" => metadata.file_name = Some(decoded(key, value)?),
                "alt" | "altText" => metadata.alt_text = Some(decoded(key, value)?),
                _ => {}
            }
        }
        Ok(metadata)
    }
}

fn decoded(key: &str, value: &str) -> Result<String> {
    let bytes = BASE64_STANDARD.decode(value.trim()).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| {
            let message =
                format!("The value of {key} in Upload-Metadata must be UTF-8 text in base64.");
            Error::new(ErrorCode::BadRequest, message).at(["Upload-Metadata", key])
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_read_as_the_protocol_writes_it() {
        let metadata = Metadata::read("filename w6ku anBn, alt").unwrap_err();
        assert_eq!(metadata.code, ErrorCode::BadRequest);
        let metadata = Metadata::read(
            "filename Y2F0LmpwZw==,alt QSBjYXQ=, filetype aW1hZ2UvanBlZw==,is_confidential",
        )
        .unwrap();
        assert_eq!(metadata.file_name.as_deref(), Some("cat.jpg"));
        assert_eq!(metadata.alt_text.as_deref(), Some("A cat"));
        assert_eq!(Metadata::read("").unwrap(), Metadata::default());
        for bad in ["filename ===", "name /w==", "id bm8="] {
            assert!(Metadata::read(bad).is_err(), "{bad}");
        }
    }
}
