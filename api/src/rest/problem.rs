use std::any::Any;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use posthaste_core::{Error, ErrorCode};
use posthaste_engine::App;
use serde::Serialize;
use utoipa::ToSchema;

use super::RequestId;

/// A problem document (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The code's page in the documentation.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, in one sentence, the same for every problem of the code.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What happened here and why, for a person.
    pub detail: String,
    /// The stable code, for programs.
    pub code: &'static str,
    /// What to do about it.
    pub advice: &'static str,
    /// The field or parameter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
    /// Whether the same request may succeed later without being changed.
    pub retryable: bool,
    /// Seconds after which a repeat makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// The request's id, for the operator.
    pub request_id: String,
}

/// A problem document on its way out.
#[derive(Clone, Debug)]
pub struct Refusal(Box<Problem>);

impl Refusal {
    /// The answer to an error; the cause of an internal one goes to the log.
    pub fn new(app: &App, id: &RequestId, error: Error) -> Self {
        if error.code == ErrorCode::Internal {
            tracing::error!(cause = ?error.cause, "a request failed");
        }
        Self(Box::new(Problem {
            kind: format!("{}{}", app.public_url, error.docs_path()),
            title: error.code.title(),
            status: error.code.http_status(),
            code: error.code.as_str(),
            advice: error.code.advice(),
            retryable: error.code.is_retryable(),
            detail: error.message,
            path: error.path,
            retry_after: error.retry_after,
            request_id: id.0.clone(),
        }))
    }

    /// The same with the status that a protocol asks for.
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = status.as_u16();
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.0.retry_after;
        let code = ErrorCode::from_name(self.0.code);
        let mut response = (status, Json(self.0)).into_response();
        // For the request log.
        if let Some(code) = code {
            response.extensions_mut().insert(code);
        }
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The answer when a handler panicked; the panic itself goes to the log.
pub fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = text.unwrap_or("unknown"), "a handler panicked");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
