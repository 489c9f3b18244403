use std::{convert::Infallible, time::Instant};

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    middleware::Next,
    response::Response,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use posthaste_core::ErrorCode;
use posthaste_engine::telemetry::HttpAnswer;
use tracing::Instrument;

use super::{ApiState, address, apps};
use crate::ticket::{Origin, Ticket};

/// The header that carries a request's id in both directions.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id taken from a client.
const LONGEST: usize = 128;

/// The id of a request: the client's, or a new one. What is learned about it goes on its ticket.
#[derive(Clone, Debug, Default)]
pub struct RequestId(pub String, pub Ticket);

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// On an answer that is the same for everybody, whoever asks: caches may keep it.
#[derive(Clone, Copy, Debug)]
pub struct Shared;

/// Browsers ask this server, and those below its name, by TLS only, for a year.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Headers that every answer carries, unless it has its own.
const SECURITY: [(HeaderName, HeaderValue); 7] = [
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    // Public media say otherwise: networks and other people's pages show them.
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
];

/// Gives each request an id, a line in the log and the security headers.
pub async fn around(State(state): State<ApiState>, mut request: Request, next: Next) -> Response {
    let id = request
        .headers()
        .get(X_REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|text| is_id(text))
        .map_or_else(|| new_id(&state), str::to_owned);
    address::settle(&mut request, state.trusted_proxies);
    let ticket = Ticket::new(&state.app, &id, route(&request), origin(&request));
    request
        .extensions_mut()
        .insert(RequestId(id.clone(), ticket.clone()));
    // The path without its query: an OAuth answer carries its code there.
    let span = tracing::info_span!("request", id = %id, method = %request.method(), path = %request.uri().path());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let is_personal = is_personal(request.headers());
    let begun = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let millis = begun.elapsed().as_millis() as u64;
    span.in_scope(|| tracing::info!(status = response.status().as_u16(), millis, "answered"));
    note(&ticket, &response);
    let answer = HttpAnswer {
        method: method.as_str(),
        route: matched.as_ref().map(MatchedPath::as_str),
        status: response.status().as_u16(),
        took: begun.elapsed(),
    };
    state.app.telemetry.http(&answer);
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(X_REQUEST_ID, value);
    }
    secure(&mut response, is_personal, &state.app.public_url);
    challenge(&mut response, &state.app.public_url);
    response
}

/// Whether a request says who sends it. What is answered then is for nobody else.
fn is_personal(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION) || headers.contains_key(header::COOKIE)
}

/// Adds what browsers and caches must know about every answer.
fn secure(response: &mut Response, is_personal: bool, public_url: &str) {
    let is_shared = response.extensions().get::<Shared>().is_some();
    let headers = response.headers_mut();
    for (name, value) in SECURITY {
        headers.entry(name).or_insert(value);
    }
    if public_url.starts_with("https://") {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    if is_personal && !is_shared {
        headers.insert(header::CACHE_CONTROL, NO_STORE);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
    name_charset(headers);
}

/// Whoever is not known is told where to learn how to become so (RFC 9728, 5.1). Places with a way of their own say it.
fn challenge(response: &mut Response, public_url: &str) {
    if response.status() != StatusCode::UNAUTHORIZED {
        return;
    }
    let told = format!(
        "Bearer resource_metadata=\"{public_url}{}\"",
        apps::RESOURCE
    );
    if let Ok(told) = HeaderValue::from_str(&told) {
        let headers = response.headers_mut();
        headers.entry(header::WWW_AUTHENTICATE).or_insert(told);
    }
}

/// Text is UTF-8; a browser need not guess. Events are so by definition.
fn name_charset(headers: &mut HeaderMap) {
    let kind = headers.get(header::CONTENT_TYPE);
    let Some(kind) = kind.and_then(|kind| kind.to_str().ok()) else {
        return;
    };
    let is_bare = kind.starts_with("text/") && !kind.contains("charset");
    if is_bare
        && !kind.starts_with("text/event-stream")
        && let Ok(named) = HeaderValue::from_str(&format!("{kind}; charset=utf-8"))
    {
        headers.insert(header::CONTENT_TYPE, named);
    }
}

/// Method and route; ids are in the path, so the route must do.
fn route(request: &Request) -> String {
    let path = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("(no route)", MatchedPath::as_str);
    format!("{} {path}", request.method())
}

fn origin(request: &Request) -> Origin {
    let text = |name: HeaderName| {
        let value = request.headers().get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    Origin {
        address: address::of(request.headers()).map(|address| address.to_string()),
        user_agent: text(header::USER_AGENT),
    }
}

/// What the answer tells the request log. Its error is left by whoever writes it.
fn note(ticket: &Ticket, response: &Response) {
    ticket.status(response.status().as_u16());
    if let Some(code) = response.extensions().get::<ErrorCode>() {
        ticket.failed(*code, true);
    }
    let kind = response.headers().get(header::CONTENT_TYPE);
    if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream")) {
        ticket.streams();
    }
}

fn is_id(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

fn new_id(state: &ApiState) -> String {
    let mut bytes = [0; 12];
    state.app.random.fill(&mut bytes);
    format!("req_{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_that_is_reached_by_tls_promises_it() {
        for (public_url, promised) in [("https://a.example", true), ("http://127.0.0.1", false)] {
            let mut response = Response::default();
            secure(&mut response, false, public_url);
            let headers = response.headers();
            let found = headers.contains_key(header::STRICT_TRANSPORT_SECURITY);
            assert_eq!(found, promised, "{public_url}");
        }
    }
}
