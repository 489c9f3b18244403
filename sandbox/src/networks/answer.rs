//! An answer of a simulated network.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::Value;

/// Status, headers and body, and whether a post became visible.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// The call made a post visible.
    pub accepted: bool,
}

impl Answer {
    /// JSON with a status; an unknown status number becomes 500.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(
            status,
            "application/json; charset=utf-8",
            Bytes::from(body.to_string()),
        )
    }

    /// An HTML page.
    pub fn html(status: u16, page: String) -> Self {
        Self::new(status, "text/html; charset=utf-8", Bytes::from(page))
    }

    /// A redirect of the browser.
    pub fn redirect(to: &str) -> Self {
        Self::new(302, "text/plain", Bytes::new()).with("location", to)
    }

    /// No body.
    pub fn empty(status: u16) -> Self {
        Self::new(status, "text/plain", Bytes::new())
    }

    /// Any body.
    pub fn new(status: u16, content_type: &'static str, body: Bytes) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers,
            body,
            accepted: false,
        }
    }

    /// Adds a header; names and values that HTTP does not allow are left out.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Says that the call made a post visible.
    pub fn accepted(self) -> Self {
        Self {
            accepted: true,
            ..self
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        (self.status, self.headers, self.body).into_response()
    }
}
