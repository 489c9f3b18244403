use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};

use super::ByteStream;
use crate::outgoing::Reach;

/// An HTTP method; only those the networks use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// The method as it stands in a request line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Opens a fresh stream of a body's bytes; called once per send.
pub type OpenStream =
    Arc<dyn Fn() -> futures::future::BoxFuture<'static, crate::Result<ByteStream>> + Send + Sync>;

/// The body of one part of a multipart form.
#[derive(Clone)]
pub enum PartBody {
    /// A small value.
    Bytes(Bytes),
    /// Media, streamed: `len` bytes from `open`.
    Stream {
        /// Length in bytes.
        len: u64,
        /// Opens the stream.
        open: OpenStream,
    },
}

/// One part of a multipart form.
#[derive(Clone, Debug)]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// A file name, when the part is a file.
    pub file_name: Option<String>,
    /// The media type, when the part is a file.
    pub content_type: Option<String>,
    /// The value.
    pub body: PartBody,
}

impl fmt::Debug for PartBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Stream { len, .. } => write!(f, "stream of {len} bytes"),
        }
    }
}

/// A request body.
#[derive(Clone, Debug)]
pub enum Body {
    /// None.
    Empty,
    /// `application/json`.
    Json(serde_json::Value),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, String)>),
    /// `multipart/form-data`.
    Multipart(Vec<Part>),
    /// Raw bytes, streamed, as `application/octet-stream`.
    Stream(PartBody),
    /// Bytes that are `application/json` already, sent as they are.
    RawJson(Bytes),
}

/// A request to a network.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The absolute address, without a query.
    pub url: String,
    /// Query parameters, in order.
    pub query: Vec<(String, String)>,
    /// Headers, in order; `Authorization` is among them.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
    /// True for the one call that makes a post visible: a fresh connection, no retry of any kind.
    pub once: bool,
    /// How long the whole exchange may take.
    pub timeout: Duration,
    /// Which hosts it may reach.
    pub reach: Reach,
    /// Keep no more than so many bytes of the answer and drop the rest; whole without it.
    pub excerpt: Option<usize>,
}

impl Request {
    /// A request with an empty body and the usual 30 s limit (publishing.md, Queue, Times).
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::Empty,
            once: false,
            timeout: Duration::from_secs(30),
            reach: Reach::Networks,
            excerpt: None,
        }
    }

    /// A GET request.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::Get, url)
    }

    /// A POST request.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new(Method::Post, url)
    }

    /// Adds a query parameter.
    pub fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds `Authorization: Bearer …`.
    pub fn bearer(self, token: &crate::secret::Secret) -> Self {
        self.header("authorization", format!("Bearer {}", token.expose()))
    }

    /// Sets a JSON body.
    pub fn json(mut self, body: serde_json::Value) -> Self {
        self.body = Body::Json(body);
        self
    }

    /// Sets a form body.
    pub fn form<N: Into<String>, V: Into<String>>(
        mut self,
        fields: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.body = Body::Form(
            fields
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        );
        self
    }

    /// Sets a multipart body.
    pub fn multipart(mut self, parts: Vec<Part>) -> Self {
        self.body = Body::Multipart(parts);
        self
    }

    /// Sets which hosts it may reach.
    pub fn reaching(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }

    /// Marks the one call that may not be repeated.
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }
}

/// A longer `Retry-After` is none that anybody means.
const LONGEST_WAIT: TimeDelta = TimeDelta::days(365);

/// An answer, whole (bodies over 5 MB are refused by the adapter) unless an excerpt was asked for.
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Response {
    /// A header's value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// How long `Retry-After` asks to wait, a year at most (RFC 9110, 10.2.3): seconds, or until a date,
    /// which may have passed.
    pub fn retry_after(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        let text = self.header("retry-after")?.trim();
        let wait = match text.parse::<u32>() {
            Ok(seconds) => TimeDelta::seconds(seconds.into()),
            Err(_) => DateTime::parse_from_rfc2822(text).ok()?.to_utc() - now,
        };
        Some(wait.clamp(TimeDelta::zero(), LONGEST_WAIT))
    }

    /// True for 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON, `Null` when it is not.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Why there is no answer. The difference decides whether a publish may be repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Surely nothing reached the network: connect refused, name not found, TLS failed.
    #[error("not sent: {0}")]
    NotSent(String),
    /// Something may have reached the network: time-out, reset, cut answer.
    #[error("no answer: {0}")]
    NoAnswer(String),
}

/// Sends requests to networks and webhook endpoints: no redirects, no retries, a limit on the answer's size.
#[async_trait]
pub trait Http: Send + Sync {
    /// Sends one request.
    async fn send(&self, request: Request) -> Result<Response, TransportError>;
}

/// Answers given beforehand, in order; remembers what was asked. For tests.
#[derive(Debug, Default)]
pub struct ScriptedHttp {
    answers: Mutex<VecDeque<Result<Response, TransportError>>>,
    asked: Mutex<Vec<Request>>,
}

impl ScriptedHttp {
    /// Answers in this order.
    pub fn new(answers: impl IntoIterator<Item = Result<Response, TransportError>>) -> Self {
        Self {
            answers: Mutex::new(answers.into_iter().collect()),
            asked: Mutex::default(),
        }
    }

    /// A JSON answer.
    pub fn json(status: u16, body: serde_json::Value) -> Result<Response, TransportError> {
        Ok(Response {
            status,
            headers: Vec::new(),
            body: body.to_string().into(),
        })
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Request> {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[async_trait]
impl Http for ScriptedHttp {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(request);
        let next = self
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front();
        next.unwrap_or_else(|| {
            Err(TransportError::NotSent(
                "the script has no further answer".to_owned(),
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_in_seconds_or_until_a_date() {
        let now = DateTime::from_timestamp(784_111_770, 0).unwrap();
        for (text, expected) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(7)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("4000000000", Some(31_536_000)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(31_536_000)),
            ("99999999999", None),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            let response = Response {
                status: 503,
                headers: vec![("retry-after".into(), text.into())],
                body: Bytes::new(),
            };
            let expected = expected.map(TimeDelta::seconds);
            assert_eq!(response.retry_after(now), expected, "{text}");
        }
    }
}
