//! A server that notes what it is asked and answers from a script.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use posthaste_sdk::{Client, Retry};
use serde_json::Value;
use std::time::Duration;
use tokio::net::TcpListener;

/// A request that came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Seen {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        Some(self.headers.get(name)?.to_str().unwrap())
    }
}

/// What to answer.
pub enum Reply {
    Answer(u16, Vec<(&'static str, String)>, Bytes),
    /// The connection ends in the middle of the answer.
    Cut,
    /// The same, after these bytes.
    CutAfter(Bytes),
    /// No answer ever.
    Silence,
}

impl Reply {
    pub fn json(status: u16, body: Value) -> Self {
        let kind = "application/graphql-response+json".to_owned();
        Self::Answer(
            status,
            vec![("content-type", kind)],
            body.to_string().into(),
        )
    }

    pub fn with(self, name: &'static str, value: &str) -> Self {
        match self {
            Self::Answer(status, mut headers, body) => {
                headers.push((name, value.to_owned()));
                Self::Answer(status, headers, body)
            }
            other => other,
        }
    }
}

type Script = Box<dyn FnMut(&Seen) -> Reply + Send>;

#[derive(Clone)]
struct Notes {
    seen: Arc<Mutex<Vec<Seen>>>,
    script: Arc<Mutex<Script>>,
}

pub struct Stub {
    pub url: String,
    notes: Notes,
}

impl Stub {
    /// Answers each request by a function.
    pub async fn new(script: impl FnMut(&Seen) -> Reply + Send + 'static) -> Self {
        let notes = Notes {
            seen: Arc::default(),
            script: Arc::new(Mutex::new(Box::new(script))),
        };
        let router = Router::new().fallback(answer).with_state(notes.clone());
        Self {
            url: serve(router).await,
            notes,
        }
    }

    /// Answers one after the other; a request too many fails the test.
    pub async fn with(replies: Vec<Reply>) -> Self {
        let mut replies = replies.into_iter();
        Self::new(move |seen| {
            replies
                .next()
                .unwrap_or_else(|| panic!("not expected: {seen:?}"))
        })
        .await
    }

    pub fn client(&self) -> Client {
        client(&self.url)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.notes.seen.lock().unwrap().clone()
    }
}

/// A client that does not wait long before it tries again.
pub fn client(url: &str) -> Client {
    let retry = Retry::times(3).base(Duration::from_millis(1));
    Client::builder(url)
        .key("phk_test_1")
        .retry(retry)
        .build()
        .unwrap()
}

/// Serves a router on a free port as long as the test runs; its address.
pub async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn answer(State(notes): State<Notes>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let seen = Seen {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        headers: parts.headers,
        body: to_bytes(body, usize::MAX).await.unwrap(),
    };
    notes.seen.lock().unwrap().push(seen.clone());
    let reply = (notes.script.lock().unwrap())(&seen);
    match reply {
        Reply::Answer(status, headers, body) => {
            let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            response
        }
        Reply::Cut => cut_after("{\"da".into()),
        Reply::CutAfter(bytes) => cut_after(bytes),
        Reply::Silence => std::future::pending().await,
    }
}

fn cut_after(bytes: Bytes) -> Response {
    let pieces = [Ok(bytes), Err(std::io::Error::other("cut"))];
    Response::new(Body::from_stream(stream::iter(pieces)))
}
