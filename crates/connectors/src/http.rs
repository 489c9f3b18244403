//! The adapter that really sends requests.

use std::{error::Error as _, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use guard::{Guard, Lookup, PublicOnly, System};
use posthaste_core::{
    connector::Hosts,
    outgoing::Reach,
    ports::{Body, Http, Part, PartBody, Request, Response, TransportError},
};
use reqwest::{Client, RequestBuilder, header, multipart, redirect, retry};

/// Largest answer in bytes.
const MAX_ANSWER: usize = 5 * 1024 * 1024;
/// How long a connection may take to stand (publishing.md, Queue, Times).
const CONNECT: Duration = Duration::from_secs(5);
const USER_AGENT: &str = concat!("Posthaste/", env!("CARGO_PKG_VERSION"));

/// HTTP over the network, for everything that the server sends: no redirects, no retries, answers of at most
/// 5 MB, and no further than the request's [`Reach`].
#[derive(Clone, Debug)]
pub struct HttpClient {
    pooled: Client,
    fresh: Client,
    guarded: Client,
    guard: Guard,
    pace: u32,
}

impl HttpClient {
    /// A client with the system's certificates; installs the process's TLS provider when there is
    /// none yet. Fails when TLS cannot be set up.
    pub fn new(hosts: &Hosts) -> posthaste_core::Result<Self> {
        Self::looking_up(hosts, Arc::new(System))
    }

    fn looking_up(hosts: &Hosts, lookup: Arc<dyn Lookup>) -> posthaste_core::Result<Self> {
        // An error only says that a provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            Client::builder()
                .user_agent(USER_AGENT)
                .redirect(redirect::Policy::none())
                .retry(retry::never())
                .connect_timeout(CONNECT)
        };
        // A connection of its own for each call that may not be repeated: a pooled one could turn
        // out dead after the request was written, and nobody would know whether it was read.
        let fresh = builder().pool_max_idle_per_host(0).http1_only().build();
        let pooled = builder().build();
        // A proxy would look names up by itself.
        let guarded = builder()
            .dns_resolver(PublicOnly(lookup))
            .no_proxy()
            .build();
        Ok(Self {
            pooled: pooled.map_err(posthaste_core::Error::internal)?,
            fresh: fresh.map_err(posthaste_core::Error::internal)?,
            guarded: guarded.map_err(posthaste_core::Error::internal)?,
            guard: Guard::new(hosts)?,
            pace: 1,
        })
    }

    /// Waits for answers only a fraction of the time; for the fault suite.
    #[must_use]
    pub fn at_pace(self, pace: u32) -> Self {
        Self {
            pace: pace.max(1),
            ..self
        }
    }
}

#[async_trait]
impl Http for HttpClient {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.guard.check(&request.url, request.reach)?;
        let client = match (request.reach, request.once) {
            (Reach::Public, _) => &self.guarded,
            (_, true) => &self.fresh,
            (_, false) => &self.pooled,
        };
        let method = reqwest::Method::from_bytes(request.method.as_str().as_bytes())
            .map_err(|error| TransportError::NotSent(error.to_string()))?;
        let mut builder = client
            .request(method, &request.url)
            .timeout(request.timeout / self.pace);
        if !request.query.is_empty() {
            builder = builder.query(&request.query);
        }
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let builder = with_body(builder, request.body).await?;
        let response = builder.send().await.map_err(classify)?;
        read(response, request.excerpt).await
    }
}

async fn with_body(builder: RequestBuilder, body: Body) -> Result<RequestBuilder, TransportError> {
    Ok(match body {
        Body::Empty => builder,
        Body::Json(value) => builder.json(&value),
        Body::Form(fields) => builder.form(&fields),
        Body::Multipart(parts) => {
            let mut form = multipart::Form::new();
            for part in parts {
                form = form.part(part.name.clone(), form_part(part).await?);
            }
            builder.multipart(form)
        }
        Body::RawJson(bytes) => builder
            .header(header::CONTENT_TYPE, "application/json")
            .body(bytes),
        Body::Stream(body) => {
            let (body, len) = open(body).await?;
            builder
                .header(header::CONTENT_TYPE, "application/octet-stream")
                .header(header::CONTENT_LENGTH, len)
                .body(body)
        }
    })
}

async fn form_part(part: Part) -> Result<multipart::Part, TransportError> {
    let (body, len) = open(part.body).await?;
    let mut form_part = multipart::Part::stream_with_length(body, len);
    if let Some(name) = part.file_name {
        form_part = form_part.file_name(name);
    }
    if let Some(kind) = part.content_type {
        form_part = form_part
            .mime_str(&kind)
            .map_err(|error| TransportError::NotSent(explain(&error)))?;
    }
    Ok(form_part)
}

async fn open(body: PartBody) -> Result<(reqwest::Body, u64), TransportError> {
    match body {
        PartBody::Bytes(bytes) => {
            let len = bytes.len() as u64;
            Ok((bytes.into(), len))
        }
        PartBody::Stream { len, open } => {
            let stream = open().await.map_err(|error| {
                TransportError::NotSent(format!("the media cannot be read: {error}"))
            })?;
            Ok((reqwest::Body::wrap_stream(stream), len))
        }
    }
}

async fn read(
    response: reqwest::Response,
    excerpt: Option<usize>,
) -> Result<Response, TransportError> {
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), value.into_owned())
        })
        .collect();
    let body = match excerpt {
        Some(most) => read_excerpt(response, most).await,
        None => read_body(response).await?,
    };
    Ok(Response {
        status,
        headers,
        body,
    })
}

async fn read_body(response: reqwest::Response) -> Result<Bytes, TransportError> {
    let mut whole = BytesMut::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.try_next().await.map_err(classify)? {
        if whole.len() + chunk.len() > MAX_ANSWER {
            return Err(TransportError::NoAnswer(
                "the answer is larger than 5 MB".to_owned(),
            ));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

/// The first bytes of a body: what follows, or a cut, changes nothing about the status.
async fn read_excerpt(response: reqwest::Response, most: usize) -> Bytes {
    let mut kept = BytesMut::new();
    let mut chunks = response.bytes_stream();
    while kept.len() < most
        && let Ok(Some(chunk)) = chunks.try_next().await
    {
        kept.extend_from_slice(&chunk[..chunk.len().min(most - kept.len())]);
    }
    kept.freeze()
}

/// Only a connection that never stood proves that nothing was sent.
fn classify(error: reqwest::Error) -> TransportError {
    // The address may hold tokens.
    let error = error.without_url();
    let text = explain(&error);
    if error.is_connect() || error.is_builder() {
        TransportError::NotSent(text)
    } else {
        TransportError::NoAnswer(text)
    }
}

/// The error with its causes, the innermost last.
fn explain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

mod guard;
#[cfg(test)]
mod tests;
