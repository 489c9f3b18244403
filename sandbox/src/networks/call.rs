//! A request to a simulated network, read and taken apart.

use axum::{
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request},
    http::{HeaderMap, Method, Uri, header},
};
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// Largest body taken, in bytes.
const MAX_BODY: usize = 350 * 1024 * 1024;
/// Values under these names never leave the simulator.
const SECRETS: [&str; 10] = [
    "access_token",
    "appsecret_proof",
    "client_secret",
    "code",
    "code_verifier",
    "fb_exchange_token",
    "input_token",
    "refresh_token",
    "token",
    "state",
];

/// A request.
#[derive(Clone, Debug)]
pub struct Call {
    /// Method.
    pub method: Method,
    /// Real host it stands for, for example `graph.facebook.com`.
    pub host: String,
    /// Decoded path segments after the host.
    pub path: Vec<String>,
    /// Decoded query.
    pub query: Vec<(String, String)>,
    /// Raw query, without `?`.
    pub raw_query: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Body,
    /// Real milliseconds of read-back lag that a fault put on this call.
    pub lag_ms: u64,
}

/// A body by its content type.
#[derive(Clone, Debug)]
pub enum Body {
    /// None.
    Empty,
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, String)>),
    /// `application/json`.
    Json(Value),
    /// `multipart/form-data`.
    Multipart(Vec<Part>),
    /// Anything else, and forms or JSON that cannot be read.
    Raw(Bytes),
}

/// A field of a multipart body.
#[derive(Clone, Debug)]
pub struct Part {
    /// Field name.
    pub name: String,
    /// File name, when sent as a file.
    pub filename: Option<String>,
    /// Content type, when given.
    pub content_type: Option<String>,
    /// Content.
    pub data: Bytes,
}

impl Part {
    /// A plain field rather than a file.
    pub fn as_text(&self) -> Option<&str> {
        match self.filename {
            None => std::str::from_utf8(&self.data).ok(),
            Some(_) => None,
        }
    }
}

/// Host and decoded path segments of `/{host}/{path}`.
pub fn split_path(uri: &Uri) -> (String, Vec<String>) {
    let mut segments = uri.path().split('/').skip(1).map(decode);
    let host = segments.next().unwrap_or_default();
    (
        host,
        segments.filter(|segment| !segment.is_empty()).collect(),
    )
}

impl Call {
    /// Reads a request to the end; none when the client went away or sent too much.
    pub async fn read(request: Request) -> Option<Self> {
        let (parts, body) = request.into_parts();
        let bytes = axum::body::to_bytes(body, MAX_BODY).await.ok()?;
        let (host, path) = split_path(&parts.uri);
        let raw_query = parts.uri.query().unwrap_or_default().to_owned();
        Some(Self {
            method: parts.method,
            host,
            path,
            query: pairs(raw_query.as_bytes()),
            raw_query,
            body: Body::parse(&parts.headers, bytes).await,
            headers: parts.headers,
            lag_ms: 0,
        })
    }

    /// Path segments as text slices, for matching.
    pub fn segments(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// The first query parameter of this name.
    pub fn query(&self, name: &str) -> Option<&str> {
        find(&self.query, name)
    }

    /// The first form field of this name (URL-encoded or multipart text).
    pub fn form(&self, name: &str) -> Option<&str> {
        match &self.body {
            Body::Form(fields) => find(fields, name),
            Body::Multipart(parts) => parts.iter().find(|p| p.name == name)?.as_text(),
            _ => None,
        }
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The token of `Authorization: Bearer` or `OAuth`.
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        (scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth"))
            .then(|| token.trim())
    }

    /// User name and password of `Authorization: Basic`.
    pub fn basic(&self) -> Option<(String, String)> {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let (scheme, encoded) = self.header("authorization")?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let text = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (user, password) = text.split_once(':')?;
        Some((user.into(), password.into()))
    }

    /// Query as JSON without secrets, for the request log.
    pub fn query_record(&self) -> Value {
        redacted_pairs(&self.query)
    }

    /// Body as JSON without secrets and bytes, for the request log.
    pub fn body_record(&self) -> Value {
        match &self.body {
            Body::Empty => Value::Null,
            Body::Form(fields) => redacted_pairs(fields),
            Body::Json(value) => redacted(value.clone()),
            Body::Raw(bytes) => json!({ "bytes": bytes.len() }),
            Body::Multipart(parts) => parts.iter().map(part_record).collect::<Map<_, _>>().into(),
        }
    }
}

impl Body {
    async fn parse(headers: &HeaderMap, bytes: Bytes) -> Self {
        if bytes.is_empty() {
            return Self::Empty;
        }
        let kind = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_ascii_lowercase();
        if kind.starts_with("application/x-www-form-urlencoded") {
            Self::Form(pairs(&bytes))
        } else if kind.starts_with("application/json") {
            serde_json::from_slice(&bytes).map_or(Self::Raw(bytes), Self::Json)
        } else if kind.starts_with("multipart/form-data") {
            multipart(headers, bytes.clone())
                .await
                .map_or(Self::Raw(bytes), Self::Multipart)
        } else {
            Self::Raw(bytes)
        }
    }
}

async fn multipart(headers: &HeaderMap, bytes: Bytes) -> Option<Vec<Part>> {
    let mut request = Request::new(axum::body::Body::from(bytes));
    *request.headers_mut() = headers.clone();
    DefaultBodyLimit::disable().apply(&mut request);
    let mut fields = Multipart::from_request(request, &()).await.ok()?;
    let mut parts = Vec::new();
    while let Some(field) = fields.next_field().await.ok()? {
        parts.push(Part {
            name: field.name().unwrap_or_default().to_owned(),
            filename: field.file_name().map(str::to_owned),
            content_type: field.content_type().map(str::to_owned),
            data: field.bytes().await.ok()?,
        });
    }
    Some(parts)
}

fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(encoded).into_owned().collect()
}

/// Percent-decodes one path segment; `+` stays.
fn decode(segment: &str) -> String {
    let kept = segment.replace('+', "%2B");
    url::form_urlencoded::parse(kept.as_bytes())
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

fn find<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

fn redacted_pairs(fields: &[(String, String)]) -> Value {
    fields
        .iter()
        .map(|(name, value)| (name.clone(), redact(name, Value::String(value.clone()))))
        .collect::<Map<_, _>>()
        .into()
}

fn redacted(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(k, v)| (k.clone(), redact(&k, v)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.into_iter().map(redacted).collect(),
        Value::String(text) if text.len() > 70_000 => format!("[{} bytes]", text.len()).into(),
        other => other,
    }
}

fn redact(name: &str, value: Value) -> Value {
    if SECRETS.contains(&name) {
        "[redacted]".into()
    } else {
        redacted(value)
    }
}

fn part_record(part: &Part) -> (String, Value) {
    let value = match part.as_text() {
        Some(text) => redact(&part.name, text.into()),
        None => json!({
            "filename": part.filename,
            "contentType": part.content_type,
            "bytes": part.data.len(),
        }),
    };
    (part.name.clone(), value)
}
