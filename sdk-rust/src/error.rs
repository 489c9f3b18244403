//! What can go wrong, and what the server says about it.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::types::ErrorCode;

/// The outcome of everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused the request as a whole: no access, too many requests, a wrong id.
    #[error("{0}")]
    Api(Box<ApiError>),
    /// The mutation found mistakes in its input and changed nothing.
    #[error("{0}")]
    Refused(Refused),
    /// The server could not be reached, or its answer did not arrive whole. After a mutation nobody
    /// knows whether it took effect: send it again with the same idempotency key.
    #[error("{0}")]
    Transport(#[from] TransportError),
    /// The answer is not what this version of the crate expects.
    #[error("the answer could not be read: {message}")]
    Unexpected {
        /// What is wrong with it.
        message: String,
        /// The request's id.
        request_id: Option<String>,
    },
    /// The client was set up wrongly, or a file cannot be read.
    #[error("{0}")]
    Setup(String),
}

impl Error {
    /// The code of the server's refusal; of several mistakes the first.
    pub fn code(&self) -> Option<&ErrorCode> {
        match self {
            Self::Api(error) => Some(&error.code),
            Self::Refused(refused) => refused.errors.first().map(|error| &error.code),
            _ => None,
        }
    }

    /// The request's id, for whoever runs the server.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Api(error) => error.request_id.as_deref(),
            Self::Refused(refused) => refused.request_id.as_deref(),
            Self::Transport(error) => error.request_id.as_deref(),
            Self::Unexpected { request_id, .. } => request_id.as_deref(),
            Self::Setup(_) => None,
        }
    }

    /// Whether the same request may succeed later without being changed.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Api(error) => error.retryable,
            Self::Refused(refused) => refused.errors.iter().all(|error| error.retryable),
            Self::Transport(_) => true,
            Self::Unexpected { .. } | Self::Setup(_) => false,
        }
    }

    /// How long the server asks to wait before a repeat.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api(error) => error.retry_after,
            Self::Refused(refused) => {
                let seconds = refused.errors.iter().filter_map(|error| error.retry_after);
                seconds.max().map(Duration::from_secs)
            }
            _ => None,
        }
    }

    pub(crate) fn unexpected(message: impl fmt::Display, request_id: Option<&str>) -> Self {
        Self::Unexpected {
            message: message.to_string(),
            request_id: request_id.map(str::to_owned),
        }
    }
}

/// A refusal of the whole request.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ApiError {
    /// The stable code.
    pub code: ErrorCode,
    /// What happened and why, for a person.
    pub message: String,
    /// What to do about it.
    pub advice: Option<String>,
    /// The argument concerned, outermost first.
    pub path: Vec<String>,
    /// The code's page in the documentation.
    pub docs_url: Option<String>,
    /// Whether the same request may succeed later without being changed.
    pub retryable: bool,
    /// How long to wait before a repeat.
    pub retry_after: Option<Duration>,
    /// The request's id.
    pub request_id: Option<String>,
    /// The HTTP status; none over a WebSocket.
    pub status: Option<u16>,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        sentence(
            f,
            &self.code,
            &self.path,
            &self.message,
            self.advice.as_deref(),
        )?;
        match &self.request_id {
            Some(id) => write!(f, " (request {id})"),
            None => Ok(()),
        }
    }
}

/// What a mutation found wrong.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Refused {
    /// All mistakes.
    pub errors: Vec<MutationError>,
    /// The request's id.
    pub request_id: Option<String>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

/// One mistake in the input of a mutation, or one reason why it is not possible.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MutationError {
    /// The stable code.
    pub code: ErrorCode,
    /// What happened and why, for a person.
    pub message: String,
    /// The input field, outermost first; list positions as numbers. Empty when it concerns the whole.
    #[serde(default)]
    pub path: Vec<String>,
    /// What to do about it.
    #[serde(default)]
    pub advice: String,
    /// Whether the same request may succeed later without being changed.
    #[serde(default)]
    pub retryable: bool,
    /// The code's page in the documentation.
    #[serde(default)]
    pub docs_url: String,
    /// Seconds to wait, when waiting helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// What else the server tells, by the kind of error (`__typename`): `conflicting`, `mutation`, …
    #[serde(flatten)]
    pub more: serde_json::Map<String, Value>,
}

impl fmt::Display for MutationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        sentence(f, &self.code, &self.path, &self.message, Some(&self.advice))
    }
}

fn sentence(
    f: &mut fmt::Formatter<'_>,
    code: &ErrorCode,
    path: &[String],
    message: &str,
    advice: Option<&str>,
) -> fmt::Result {
    write!(f, "{code}: ")?;
    if !path.is_empty() {
        write!(f, "{}: ", path.join("."))?;
    }
    f.write_str(message)?;
    match advice {
        Some(advice) if !advice.is_empty() => write!(f, " {advice}"),
        _ => Ok(()),
    }
}

/// No whole answer.
#[derive(Debug)]
#[non_exhaustive]
pub struct TransportError {
    /// What happened.
    pub message: String,
    /// Whether the time was up.
    pub timed_out: bool,
    /// The id that the request carried, if one was sent.
    pub request_id: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl TransportError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            timed_out: false,
            request_id: None,
            source: None,
        }
    }

    pub(crate) fn late() -> Self {
        Self {
            timed_out: true,
            ..Self::new("the time for an answer was up")
        }
    }

    pub(crate) fn caused_by(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    pub(crate) fn http(error: reqwest::Error, request_id: &str) -> Self {
        let timed_out = error.is_timeout();
        let what = match () {
            () if timed_out => "the time for an answer was up",
            () if error.is_connect() => "the server cannot be reached",
            () => "the connection broke",
        };
        // The innermost cause says what the operating system said.
        let mut inner: &dyn std::error::Error = &error;
        while let Some(source) = inner.source() {
            inner = source;
        }
        let message = format!("{what}: {inner}");
        Self {
            message,
            timed_out,
            request_id: Some(request_id.to_owned()),
            source: Some(error.without_url().into()),
        }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
