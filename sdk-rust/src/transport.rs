//! Sending, and sending again.

use std::{sync::PoisonError, time::Duration};

use bytes::Bytes;
use reqwest::{
    Method, RequestBuilder, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use serde_json::{Map, Value, json};
use url::Url;
use uuid::Uuid;

use crate::{
    call::{Call, Kind},
    client::Client,
    error::{Error, Result, TransportError},
    limit::{Cost, RateLimit, retry_after},
    retry::Retry,
    wire::{self, Answer},
};

const GRAPHQL_JSON: &str = "application/graphql-response+json";
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_RETRY_COUNT: HeaderName = HeaderName::from_static("x-retry-count");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A GraphQL answer without errors.
pub struct Answered {
    pub data: Option<Map<String, Value>>,
    pub request_id: Option<String>,
    pub cost: Option<Cost>,
    pub rate_limit: Option<RateLimit>,
    pub replayed: bool,
    pub retries: u32,
}

/// Sends an operation until there is an answer or a reason to stop.
pub async fn graphql<T>(call: Call<T>) -> Result<Answered> {
    if call.operation.kind == Kind::Subscription {
        let message = "a subscription is followed, not awaited: use `follow`";
        return Err(Error::Setup(message.to_owned()));
    }
    let variables = call
        .variables
        .map_err(|error| Error::Setup(format!("the variables are no JSON: {error}")))?;
    let mut body = json!({ "query": call.operation.document, "variables": variables });
    if let Some(name) = call.operation.name {
        body["operationName"] = name.into();
    }
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(
        ACCEPT,
        HeaderValue::from_static("application/graphql-response+json, application/json;q=0.9"),
    );
    if let Some(key) = &call.key {
        let value = HeaderValue::from_str(key).map_err(|_| {
            Error::Setup("an idempotency key is 1 to 255 visible ASCII characters".to_owned())
        })?;
        headers.insert(IDEMPOTENCY_KEY, value);
    }
    let request = Request {
        method: Method::POST,
        url: call.client.endpoint("/graphql"),
        headers,
        body: Bytes::from(body.to_string()),
        timeout: Some(call.timeout),
        what: call.operation.name.unwrap_or("document"),
    };
    let mut tries = 0;
    loop {
        let outcome = match send_once(&call.client, &request, tries).await {
            Ok(received) => read(received),
            Err(error) => Err(error),
        };
        match outcome {
            Ok(answered) => {
                return Ok(Answered {
                    retries: tries,
                    ..answered
                });
            }
            Err(error) => pause(&call.retry, &mut tries, request.what, error).await?,
        }
    }
}

/// Waits before the next try, or gives the error back.
pub async fn pause(retry: &Retry, tries: &mut u32, what: &str, error: Error) -> Result<()> {
    let Some(wait) = retry.wait(*tries, &error) else {
        return Err(error);
    };
    *tries += 1;
    tracing::debug!(what, tries, ?wait, %error, "trying again");
    tokio::time::sleep(wait).await;
    Ok(())
}

/// What is sent, each time the same.
pub struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// For the whole answer; none for one that is read piece by piece.
    pub timeout: Option<Duration>,
    /// For the log.
    pub what: &'static str,
}

/// A whole answer, whatever it says.
pub struct Received {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub request_id: Option<String>,
}

impl Received {
    /// The error that it is.
    pub fn refusal(&self) -> Error {
        wire::refusal(
            self.status.as_u16(),
            &self.body,
            retry_after(&self.headers),
            self.request_id.as_deref(),
        )
    }
}

/// One try.
pub async fn send_once(client: &Client, request: &Request, tries: u32) -> Result<Received> {
    let (response, request_id) = begin(client, request, tries).await?;
    receive(response, request_id).await
}

/// One try, of whose answer only the head is read. With it comes the request's id.
pub async fn begin(client: &Client, request: &Request, tries: u32) -> Result<(Response, String)> {
    let id = format!("sdk-{}", Uuid::new_v4().simple());
    let builder = client
        .parts
        .http
        .request(request.method.clone(), request.url.clone())
        .headers(request.headers.clone())
        .header(X_REQUEST_ID, &id)
        .body(request.body.clone());
    let builder = match request.timeout {
        Some(timeout) => builder.timeout(timeout),
        None => builder,
    };
    let builder = authorized(client, builder).await?;
    let builder = match tries {
        0 => builder,
        tries => builder.header(X_RETRY_COUNT, tries),
    };
    let broken = |error| Error::Transport(TransportError::http(error, &id));
    let response = builder.send().await.map_err(broken)?;
    let headers = response.headers();
    tracing::debug!(what = request.what, request_id = id, status = %response.status(), "answered");
    if let Some(limit) = RateLimit::read(headers) {
        let mut known = client
            .parts
            .limit
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *known = Some(limit);
    }
    let request_id = headers
        .get(X_REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .map_or(id, str::to_owned);
    Ok((response, request_id))
}

/// The rest of an answer.
pub async fn receive(response: Response, request_id: String) -> Result<Received> {
    let (status, headers) = (response.status(), response.headers().clone());
    let broken = |error| Error::Transport(TransportError::http(error, &request_id));
    let body = response.bytes().await.map_err(broken)?;
    Ok(Received {
        status,
        headers,
        body,
        request_id: Some(request_id),
    })
}

async fn authorized(client: &Client, builder: RequestBuilder) -> Result<RequestBuilder> {
    let Some(value) = client.parts.auth.header().await? else {
        return Ok(builder);
    };
    let mut value = HeaderValue::try_from(value)
        .map_err(|_| Error::Setup("the key holds characters that no key has".to_owned()))?;
    value.set_sensitive(true);
    Ok(builder.header(AUTHORIZATION, value))
}

fn read(received: Received) -> Result<Answered> {
    let content_type = received.headers.get(CONTENT_TYPE);
    let graphql =
        content_type.is_some_and(|kind| kind.as_bytes().starts_with(GRAPHQL_JSON.as_bytes()));
    if !graphql && !received.status.is_success() {
        return Err(received.refusal());
    }
    let id = received.request_id.as_deref();
    let mut answer: Answer =
        serde_json::from_slice(&received.body).map_err(|error| Error::unexpected(error, id))?;
    if !answer.errors.is_empty() {
        let status = Some(received.status.as_u16());
        let mut error = answer.errors.remove(0).into_error(status, id);
        if let Error::Api(api) = &mut error {
            api.retry_after = api.retry_after.or(retry_after(&received.headers));
        }
        return Err(error);
    }
    Ok(Answered {
        data: answer.data,
        cost: answer.extensions.cost,
        rate_limit: RateLimit::read(&received.headers),
        replayed: received
            .headers
            .get(IDEMPOTENT_REPLAYED)
            .is_some_and(|value| value == "true"),
        request_id: received.request_id,
        retries: 0,
    })
}
