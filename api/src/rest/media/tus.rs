//! Resumable uploads: tus 1.0.0 with the extensions creation, creation-with-upload, expiration and
//! termination (<https://tus.io/protocols/resumable-upload>).

use axum::{
    body::Body,
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use posthaste_core::{Error, ErrorCode, Result, ids::MediaId};
use posthaste_engine::{
    Actor, App,
    media::{self, MAX_BYTES, NewUpload},
};

use crate::rest::{
    Problem, Refusal, RequestId,
    request::{Sender, body, first, text},
    tus::{
        EXTENSIONS, PART, TUS_EXTENSION, TUS_MAX_SIZE, TUS_RESUMABLE, TUS_VERSION, UPLOAD_LENGTH,
        UPLOAD_METADATA, UPLOAD_OFFSET, VERSION, Version, finished, number, part, put, standing,
        taken,
    },
};

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
    Ok(finished(response, row.expires_at))
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
    _: Version,
    Sender(app, actor): Sender,
    request: RequestId,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let stands = async { media::offset(&app, &actor, parse(&id)?).await };
    let (arrived, row) = stands
        .await
        .map_err(|error| Refusal::new(&app, &request, error))?;
    Ok(standing(arrived, row.bytes, row.expires_at))
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
    _: Version,
    Sender(app, actor): Sender,
    request: RequestId,
    Path(id): Path<String>,
    headers: HeaderMap,
    bytes: Body,
) -> Result<Response, Refusal> {
    let outcome = take(&app, &actor, &id, &headers, bytes).await;
    outcome.map_err(|error| Refusal::new(&app, &request, error))
}

async fn take(
    app: &App,
    actor: &Actor,
    id: &str,
    headers: &HeaderMap,
    bytes: Body,
) -> Result<Response> {
    let start = part(headers)?;
    let id = parse(id)?;
    let end = media::append(app, actor, id, start, body(bytes)).await?;
    let row = media::get(app, actor, id).await?;
    Ok(taken(end, row.expires_at))
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
    _: Version,
    Sender(app, actor): Sender,
    request: RequestId,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let deleted = async { media::delete(&app, &actor, parse(&id)?).await };
    deleted
        .await
        .map_err(|error| Refusal::new(&app, &request, error))?;
    Ok((StatusCode::NO_CONTENT, [(TUS_RESUMABLE, VERSION)]).into_response())
}

fn parse(id: &str) -> Result<MediaId> {
    id.parse().map_err(|error: Error| error.at(["id"]))
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
