//! The JSON of answers: GraphQL over HTTP, and problem documents (RFC 9457) of REST.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    error::{ApiError, Error},
    limit::Cost,
    types::ErrorCode,
};

/// A GraphQL answer.
#[derive(Debug, Deserialize)]
pub struct Answer {
    #[serde(default)]
    pub data: Option<Map<String, Value>>,
    #[serde(default)]
    pub errors: Vec<GraphQlError>,
    #[serde(default)]
    pub extensions: Extensions,
}

#[derive(Debug, Default, Deserialize)]
pub struct Extensions {
    #[serde(default)]
    pub cost: Option<Cost>,
}

/// One of the answer's `errors`.
#[derive(Debug, Deserialize)]
pub struct GraphQlError {
    pub message: String,
    #[serde(default)]
    extensions: Details,
}

/// What the server adds to an error.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    code: Option<ErrorCode>,
    request_id: Option<String>,
    advice: Option<String>,
    retryable: Option<bool>,
    retry_after: Option<u64>,
    docs_url: Option<String>,
    #[serde(default)]
    path: Vec<String>,
}

impl GraphQlError {
    pub fn into_error(self, status: Option<u16>, request_id: Option<&str>) -> Error {
        let details = self.extensions;
        Error::Api(Box::new(ApiError {
            code: details.code.unwrap_or(ErrorCode::Internal),
            message: self.message,
            advice: details.advice,
            path: details.path,
            docs_url: details.docs_url,
            retryable: details.retryable.unwrap_or(false),
            retry_after: details.retry_after.map(Duration::from_secs),
            request_id: details.request_id.or(request_id.map(str::to_owned)),
            status,
        }))
    }
}

/// A problem document.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Problem {
    #[serde(rename = "type")]
    kind: Option<String>,
    detail: String,
    code: ErrorCode,
    advice: Option<String>,
    #[serde(default)]
    path: Vec<String>,
    #[serde(default)]
    retryable: bool,
    retry_after: Option<u64>,
    request_id: Option<String>,
}

/// The error in an answer that is not the expected one; something in between may have written it.
pub fn refusal(
    status: u16,
    body: &[u8],
    retry_after: Option<Duration>,
    request_id: Option<&str>,
) -> Error {
    if let Ok(mut answer) = serde_json::from_slice::<Answer>(body)
        && !answer.errors.is_empty()
    {
        return answer.errors.remove(0).into_error(Some(status), request_id);
    }
    let Ok(problem) = serde_json::from_slice::<Problem>(body) else {
        return foreign(status, retry_after, request_id);
    };
    Error::Api(Box::new(ApiError {
        code: problem.code,
        message: problem.detail,
        advice: problem.advice,
        path: problem.path,
        docs_url: problem.kind,
        retryable: problem.retryable,
        retry_after: problem.retry_after.map(Duration::from_secs).or(retry_after),
        request_id: problem.request_id.or(request_id.map(str::to_owned)),
        status: Some(status),
    }))
}

/// An answer without a code of ours, as a proxy writes it.
fn foreign(status: u16, retry_after: Option<Duration>, request_id: Option<&str>) -> Error {
    let code = match status {
        401 => ErrorCode::Unauthenticated,
        403 => ErrorCode::Forbidden,
        404 => ErrorCode::NotFound,
        429 => ErrorCode::RateLimited,
        502..=504 => ErrorCode::Unavailable,
        _ => ErrorCode::Other(format!("HTTP_{status}")),
    };
    Error::Api(Box::new(ApiError {
        code,
        message: format!("HTTP status {status} without an answer of Posthaste."),
        advice: None,
        path: Vec::new(),
        docs_url: None,
        retryable: matches!(status, 429 | 502..=504),
        retry_after,
        request_id: request_id.map(str::to_owned),
        status: Some(status),
    }))
}
