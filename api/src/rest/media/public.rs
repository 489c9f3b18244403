use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use posthaste_core::{Error, Result};
use posthaste_engine::{
    App,
    media::{self, Address, Opened},
};

use super::range::{Wanted, wanted};
use crate::rest::{ApiState, Problem, Refusal, RequestId, headers::Shared, request::text};

/// A file behind a signed address.
///
/// The address carries its own permission and works for two days; networks fetch media from it.
#[utoipa::path(
    get,
    path = "/media/{id}/{recipe}/{seal}",
    tag = "media",
    security(()),
    params(
        ("id" = String, Path, description = "The media (`media_…`)."),
        ("recipe" = String, Path, description = "The copy; `original` is the uploaded file."),
        ("seal" = String, Path, description = "Expiry, signature and file ending."),
        ("Range" = Option<String>, Header, description = "One range of bytes (RFC 9110)."),
    ),
    responses(
        (status = 200, description = "The file.", content_type = "application/octet-stream"),
        (status = 206, description = "The range of the file."),
        (status = 304, description = "The file the client has is the same."),
        (status = 404, description = "The address was not made by this server or is over: NOT_FOUND.", body = Problem),
        (status = 416, description = "The range lies behind the end of the file."),
    ),
)]
pub async fn read(
    State(state): State<ApiState>,
    request: RequestId,
    Path((id, recipe, seal)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let told = async {
        let unknown = |_| Error::not_found("media");
        let address = Address {
            media: id.parse().map_err(unknown)?,
            recipe,
            seal,
        };
        let opened = media::open(&state.app, &address).await?;
        let mut response = answer(&state.app, &opened, &headers).await?;
        response.extensions_mut().insert(Shared);
        Ok(response)
    };
    told.await
        .map_err(|error| Refusal::new(&state.app, &request, error))
}

async fn answer(app: &App, opened: &Opened, headers: &HeaderMap) -> Result<Response> {
    let tag = format!("\"{}\"", opened.tag);
    if text(headers, &header::IF_NONE_MATCH).is_some_and(|tags| tags == "*" || tags.contains(&tag))
    {
        return Ok((StatusCode::NOT_MODIFIED, lasting(&tag)).into_response());
    }
    let size = opened.facts.bytes;
    // A range of another version of the file would be of no use.
    let fresh = text(headers, &header::IF_RANGE).is_none_or(|known| known == tag);
    let range = if fresh {
        text(headers, &header::RANGE)
    } else {
        None
    };
    let (status, range) = match wanted(range, size) {
        Wanted::Whole => (StatusCode::OK, 0..size),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Wanted::Unsatisfiable => {
            let whole = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, whole).into_response());
        }
    };
    let length = [(
        header::CONTENT_LENGTH,
        (range.end - range.start).to_string(),
    )];
    let part = (status == StatusCode::PARTIAL_CONTENT).then(|| {
        [(
            header::CONTENT_RANGE,
            format!("bytes {}-{}/{size}", range.start, range.end - 1),
        )]
    });
    let body = Body::from_stream(opened.read(app, range).await?);
    let mut response = (status, lasting(&tag), about(opened), length, body).into_response();
    if let Some([(name, value)]) = part
        && let Ok(value) = HeaderValue::try_from(value)
    {
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

/// The bytes behind an address never change, but the address ends after two days.
fn lasting(tag: &str) -> [(HeaderName, String); 2] {
    [
        (header::ETAG, tag.to_owned()),
        (
            header::CACHE_CONTROL,
            "public, max-age=172800, immutable".to_owned(),
        ),
    ]
}

/// The file came from a person: browsers may show it, but neither guess its type nor run it.
fn about(opened: &Opened) -> [(HeaderName, String); 6] {
    let format = opened.facts.format;
    [
        (header::CONTENT_TYPE, format.mime().to_owned()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            disposition(&opened.file_name, format.extension()),
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox".to_owned(),
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "cross-origin".to_owned(),
        ),
    ]
}

/// `inline` with the person's file name and the ending of the real format, in a form for old clients
/// and in UTF-8 (RFC 6266, RFC 8187).
fn disposition(file_name: &str, extension: &str) -> String {
    let stem = file_name
        .rsplit_once('.')
        .map_or(file_name, |(stem, _)| stem);
    let plain: String = stem
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_ ".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let encoded: String = stem.bytes().map(percent).collect();
    format!("inline; filename=\"{plain}.{extension}\"; filename*=UTF-8''{encoded}.{extension}")
}

fn percent(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_name_can_break_out_of_its_header() {
        let table = [
            (
                "cat.jpg",
                "inline; filename=\"cat.jpg\"; filename*=UTF-8''cat.jpg",
            ),
            (
                "a b.png",
                "inline; filename=\"a b.jpg\"; filename*=UTF-8''a%20b.jpg",
            ),
            (
                "x\"; evil=\"é.jpg",
                "inline; filename=\"x__ evil___.jpg\"; filename*=UTF-8''x%22%3B%20evil%3D%22%C3%A9.jpg",
            ),
            (
                "../../etc/passwd",
                "inline; filename=\".._.._etc_passwd.jpg\"",
            ),
            (
                "no ending",
                "inline; filename=\"no ending.jpg\"; filename*=UTF-8''no%20ending.jpg",
            ),
        ];
        for (name, expected) in table {
            let value = disposition(name, "jpg");
            assert!(HeaderValue::try_from(&value).is_ok(), "{name}");
            if name.contains("..") {
                assert!(!value.contains('/'), "{value}");
            } else {
                assert_eq!(value, expected, "{name}");
            }
        }
    }
}
