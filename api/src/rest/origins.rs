//! Which pages may use the API from a browser, and what a browser may send with a cookie.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use posthaste_core::{Error, ErrorCode};
use tower::{Layer, Service};
use tower_http::cors::CorsLayer;
use url::Url;

use super::{ApiState, Refusal, RequestId, apps};

/// Where a request comes from, as the browser itself says it.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// How long a browser may remember what a page of another site may send.
const REMEMBER: Duration = Duration::from_mins(10);

/// What pages of listed origins may do and send. Nothing that a browser adds by itself is among it: no
/// answer allows credentials, so cookies are of no use to them.
const METHODS: [Method; 5] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PATCH,
    Method::DELETE,
];
const SENT: [&str; 12] = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "last-event-id",
    "range",
    "tus-resumable",
    "upload-length",
    "upload-metadata",
    "upload-offset",
    "x-file-name",
    "x-request-id",
];
/// The headers that they may read beyond the usual ones.
const READ: [&str; 12] = [
    "idempotent-replayed",
    "location",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "tus-resumable",
    "tus-version",
    "upload-expires",
    "upload-length",
    "upload-offset",
    "www-authenticate",
    "x-request-id",
];

/// The origins whose pages may use the API.
#[derive(Clone, Debug)]
pub struct Origins {
    own: Vec<String>,
    listed: Vec<String>,
    /// Only where origins are listed.
    cors: Option<CorsLayer>,
}

impl Origins {
    /// The server's own origin, and these of other sites.
    pub fn new(public_url: &str, listed: Vec<String>) -> Self {
        let cors = (!listed.is_empty()).then(|| {
            let origins = listed.iter().filter_map(|text| text.parse().ok());
            CorsLayer::new()
                .allow_origin(origins.collect::<Vec<HeaderValue>>())
                .allow_methods(METHODS)
                .allow_headers(SENT.map(HeaderName::from_static))
                .expose_headers(READ.map(HeaderName::from_static))
                .max_age(REMEMBER)
        });
        let own = own(public_url);
        Self { own, listed, cors }
    }

    fn is_own(&self, origin: &HeaderValue) -> bool {
        self.own.iter().any(|own| own == origin)
    }

    /// Refuses what a page of another site asks for; `ORIGIN_NOT_ALLOWED`. For WebSockets, whose answers every
    /// page could read. Programs outside browsers name no origin.
    pub fn admit(&self, headers: &HeaderMap) -> Result<(), Error> {
        let is_known = |origin| self.is_own(origin) || self.listed.iter().any(|one| one == origin);
        if headers.get(header::ORIGIN).is_none_or(is_known) {
            return Ok(());
        }
        Err(refused("Pages of this origin may not open a WebSocket."))
    }

    /// Whether a browser may have been made to send this by another site, and added a cookie by itself. What it
    /// says about that counts; an old one that says nothing tells at least the origin of each change.
    fn is_forged(&self, request: &Request) -> bool {
        let headers = request.headers();
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let asks = !reads && request.method() != Method::OPTIONS;
        let has_cookie = headers.contains_key(header::COOKIE);
        // Signing in brings a cookie: nobody shall be signed in as somebody else, either.
        let brings = asks && [SIGN_IN, apps::SIGN_IN].contains(&request.uri().path());
        let matters = (asks && has_cookie) || brings || (has_cookie && is_graphql(request));
        if is_with_key(headers) || !matters || is_of_programs(request) {
            return false;
        }
        match (headers.get(SEC_FETCH_SITE), headers.get(header::ORIGIN)) {
            (Some(site), _) => site != "same-origin" && site != "none",
            (None, Some(origin)) => !self.is_own(origin),
            (None, None) => asks && has_cookie,
        }
    }
}

/// Where browsers sign in.
const SIGN_IN: &str = "/auth/session";

/// Whether a document may come with it, also by GET or as the beginning of a WebSocket.
fn is_graphql(request: &Request) -> bool {
    let is_root = request.uri().path() == "/";
    let is_more_than_a_page =
        request.uri().query().is_some() || request.headers().contains_key(header::UPGRADE);
    request.uri().path() == "/graphql" || (is_root && is_more_than_a_page)
}

/// What pages of other sites can have sent with a cookie, and without asking whether they may: a body of one of the
/// types that forms send, or of none, and no header beyond those of a form.
fn is_simple(request: &Request) -> bool {
    if FORMS_OF_PAGES.contains(&request.uri().path()) || is_of_programs(request) {
        return false;
    }
    let headers = request.headers();
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_form = kind.is_empty() || FORMS.iter().any(|form| form.eq_ignore_ascii_case(kind));
    request.method() == Method::POST
        && is_form
        && !BEYOND.iter().any(|name| headers.contains_key(*name))
}

/// Where forms of our own pages lead, which carry a seal.
const FORMS_OF_PAGES: [&str; 2] = [apps::AUTHORIZE, apps::SIGN_IN];

/// Whether it leads to where apps show who they are in the body: a cookie means nothing there.
fn is_of_programs(request: &Request) -> bool {
    [apps::TOKEN, apps::REVOKE].contains(&request.uri().path())
}

/// The content types that forms send.
const FORMS: [&str; 3] = [
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
];

/// Headers that no form sends. A page of another site that adds one is asked first, and refused.
const BEYOND: [&str; 4] = [
    "apollo-require-preflight",
    "graphql-preflight",
    "tus-resumable",
    "x-requested-with",
];

/// The origin of the public address. On this machine its names mean the same.
fn own(public_url: &str) -> Vec<String> {
    const HERE: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];
    let Ok(url) = Url::parse(public_url) else {
        return Vec::new();
    };
    let origin = url.origin().ascii_serialization();
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) if HERE.contains(&host) => HERE
            .map(|name| format!("{}://{name}:{port}", url.scheme()))
            .into(),
        _ => vec![origin],
    }
}

/// Whether a browser may have added by itself what says who asks.
fn is_by_cookie(headers: &HeaderMap) -> bool {
    headers.contains_key(header::COOKIE) && !is_with_key(headers)
}

/// No browser adds this header by itself.
fn is_with_key(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION)
}

fn refused(message: &str) -> Error {
    Error::new(ErrorCode::OriginNotAllowed, message)
}

/// Refuses forged requests, and answers pages of listed origins as they need it.
pub async fn check(
    State(state): State<ApiState>,
    id: RequestId,
    request: Request,
    next: Next,
) -> Response {
    if state.origins.is_forged(&request) {
        let error = refused("With a cookie only pages of this server may send this.");
        return Refusal::new(&state.app, &id, error).into_response();
    }
    if is_simple(&request) && is_by_cookie(request.headers()) {
        let error = refused(
            "With a cookie, bodies that a form could send need the header X-Requested-With.",
        );
        return Refusal::new(&state.app, &id, error).into_response();
    }
    // Uploads have a use of their own for OPTIONS.
    let asks_what = request.method() == Method::OPTIONS
        && !request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    match &state.origins.cors {
        Some(cors) if !asks_what => {
            let Ok(response) = cors.layer(next).call(request).await;
            response
        }
        _ => next.run(request).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_this_machine_its_names_mean_the_same() {
        let known = |public: &str, origin: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            Origins::new(public, Vec::new()).admit(&headers).is_ok()
        };
        assert!(known("http://127.0.0.1:4000", "http://localhost:4000"));
        assert!(!known("http://127.0.0.1:4000", "http://localhost:4001"));
        assert!(known("https://post.example/x", "https://post.example"));
        assert!(!known("https://post.example", "http://post.example"));
        assert!(!known("https://post.example", "null"));
    }
}
