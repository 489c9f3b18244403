//! GraphQL over HTTP, as its specification says.

use async_graphql::{
    Extensions, Request as Query, Response as Answer, Variables, parser::types::OperationType,
};
use axum::{
    body::{Body, to_bytes},
    extract::{FromRequestParts, Request, State, WebSocketUpgrade},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use posthaste_core::{Error, ErrorCode, Result};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value, json};

use super::{
    ApiState, MAX_BODY, Problem, Refusal, RequestId, address, graphiql,
    operation::{self, Answered, Operation},
    sse, toll, ws,
};
use crate::graphql::{
    Caller,
    context::credential,
    errors::{code_of, is_request_error, refusal},
};

const RESPONSE_JSON: HeaderValue =
    HeaderValue::from_static("application/graphql-response+json; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// Says that an answer was given before.
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// How the client wants its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// `application/graphql-response+json`: the status tells whether anything was executed.
    ResponseJson,
    /// `application/json`: 200 for whatever was well-formed.
    Json,
    /// `text/event-stream`: one event for each result.
    EventStream,
}

impl Accept {
    /// Chooses among what the client accepts; `NOT_ACCEPTABLE` when there is nothing for it.
    pub fn of(headers: &HeaderMap) -> Result<Self> {
        let mut wanted: Vec<(f32, Self)> = headers
            .get_all(header::ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(parse_range)
            .collect();
        if !headers.contains_key(header::ACCEPT) {
            return Ok(Self::Json);
        }
        // Stable: among equals the client's order counts.
        wanted.sort_by(|one, other| other.0.total_cmp(&one.0));
        let message =
            "Accept application/graphql-response+json, application/json or text/event-stream.";
        wanted
            .first()
            .map(|(_, accept)| *accept)
            .ok_or_else(|| Error::new(ErrorCode::NotAcceptable, message))
    }
}

fn parse_range(range: &str) -> Option<(f32, Accept)> {
    let mut parts = range.split(';').map(str::trim);
    let accept = match parts.next()?.to_ascii_lowercase().as_str() {
        "application/graphql-response+json" => Accept::ResponseJson,
        // For clients that take anything, as those that say nothing (GraphQL over HTTP, 6.1).
        "application/json" | "*/*" | "application/*" => Accept::Json,
        "text/event-stream" => Accept::EventStream,
        _ => return None,
    };
    let quality = parts
        .find_map(|part| part.strip_prefix("q="))
        .map_or(Some(1.0), |q| q.parse().ok())?;
    (quality > 0.0).then_some((quality, accept))
}

/// A query by GET; also where a WebSocket (graphql-transport-ws) begins. Mutations need POST.
#[utoipa::path(get, path = "/graphql", tag = "graphql",
    params(("query" = String, Query, description = "The document."), ("operationName" = Option<String>, Query),
        ("variables" = Option<String>, Query, description = "JSON."), ("extensions" = Option<String>, Query, description = "JSON.")),
    responses((status = 200, description = "The result.", content_type = "application/graphql-response+json", body = Value),
        (status = 405, description = "A mutation.", body = Problem)))]
pub async fn get_query(State(state): State<ApiState>, id: RequestId, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    if parts.headers.get(header::UPGRADE).is_some() {
        return match WebSocketUpgrade::from_request_parts(&mut parts, &state).await {
            Ok(upgrade) => ws::serve(state, id, upgrade, &parts.headers),
            Err(rejection) => rejection.into_response(),
        };
    }
    let query = parse_get(parts.uri.query().unwrap_or_default());
    answer(&state, &id, &parts.headers, query, true).await
}

/// As [`get_query`], but a browser that opens the address sees GraphiQL or the console.
pub async fn get_root(State(state): State<ApiState>, id: RequestId, request: Request) -> Response {
    let accepts_html = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("text/html"));
    let parameters = request.uri().query().unwrap_or_default();
    let mut parameters = url::form_urlencoded::parse(parameters.as_bytes());
    if accepts_html && !parameters.any(|(name, _)| name == "query") {
        return graphiql::page(State(state)).await;
    }
    get_query(State(state), id, request).await
}

/// Queries and mutations; subscriptions when `text/event-stream` is accepted.
#[utoipa::path(post, path = "/graphql", tag = "graphql", request_body(content = Value, content_type = "application/json",
        description = "`{ query, operationName, variables, extensions }`"),
    responses((status = 200, description = "The result.", content_type = "application/graphql-response+json", body = Value),
        (status = 400, description = "The document is not valid.", body = Value),
        (status = 413, description = "Larger than 1 MiB.", body = Problem),
        (status = 415, description = "Not application/json.", body = Problem)))]
pub async fn post_query(
    State(state): State<ApiState>,
    id: RequestId,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let query = match check_type(&parts.headers) {
        Ok(()) => read(&parts.headers, body)
            .await
            .and_then(|bytes| parse_post(&bytes)),
        Err(error) => Err(error),
    };
    answer(&state, &id, &parts.headers, query, false).await
}

/// Only JSON: a form of another site cannot send it, so cookies could not be misused.
pub fn check_type(headers: &HeaderMap) -> Result<()> {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::UnsupportedMediaType,
        "The request's content type must be application/json.",
    ))
}

/// The whole body; `PAYLOAD_TOO_LARGE` above a mebibyte.
pub async fn read(headers: &HeaderMap, body: Body) -> Result<bytes::Bytes> {
    let too_large = || {
        let message = format!("The request is larger than {MAX_BODY} bytes.");
        Error::new(ErrorCode::PayloadTooLarge, message)
    };
    let stated = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if stated.is_some_and(|length| length > MAX_BODY as u64) {
        return Err(too_large());
    }
    to_bytes(body, MAX_BODY).await.map_err(|_| too_large())
}

fn parse_post(bytes: &[u8]) -> Result<Query> {
    let bad = |message: String| Error::new(ErrorCode::BadRequest, message);
    let body: Value = serde_json::from_slice(bytes)
        .map_err(|error| bad(format!("The body is no JSON: {error}")))?;
    match &body {
        Value::Array(_) => {
            return Err(bad(
                "Several operations in one array are not taken; send one after the other.".into(),
            ));
        }
        Value::Object(fields) if fields.get("query").is_some_and(Value::is_string) => {}
        Value::Object(fields) if !fields.contains_key("query") && by_hash(fields) => {}
        _ => return Err(bad("The body must be an object with a text 'query'.".into())),
    }
    serde_json::from_value(body).map_err(|error| bad(format!("The body does not fit: {error}")))
}

/// Whether the document is named by its hash.
fn by_hash(fields: &Map<String, Value>) -> bool {
    fields
        .get("extensions")
        .is_some_and(|extensions| extensions.get("persistedQuery").is_some())
}

fn parse_get(text: &str) -> Result<Query> {
    let bad = |message: &str| Error::new(ErrorCode::BadRequest, message);
    let mut extensions = Extensions::default();
    let mut query = None;
    let mut operation_name = None;
    let mut variables = Variables::default();
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        match &*name {
            "query" => query = Some(value.into_owned()),
            "operationName" if !value.is_empty() => operation_name = Some(value.into_owned()),
            "variables" if !value.is_empty() => {
                variables = serde_json::from_str(&value)
                    .map_err(|_| bad("variables is no JSON object."))?;
            }
            "extensions" if !value.is_empty() => {
                extensions = serde_json::from_str(&value)
                    .map_err(|_| bad("extensions is no JSON object."))?;
            }
            _ => {}
        }
    }
    if query.is_none() && !extensions.contains_key("persistedQuery") {
        return Err(bad("Give the document as the parameter 'query'."));
    }
    let mut query = Query::new(query.unwrap_or_default());
    query.operation_name = operation_name;
    query.extensions = extensions;
    Ok(query.variables(variables))
}

/// Who sends the request, by its headers.
pub async fn caller(state: &ApiState, id: &RequestId, headers: &HeaderMap) -> Result<Caller> {
    let credential = credential(headers)?;
    let client = address::client(headers);
    let caller = match Caller::new(&state.app, credential, id.0.clone()).await {
        Ok(caller) => caller.from_client(client),
        Err(error) => return Err(toll::guessed(&state.app, client.address, error).await),
    };
    Ok(caller.logged(&id.1))
}

async fn answer(
    state: &ApiState,
    id: &RequestId,
    headers: &HeaderMap,
    query: Result<Query>,
    is_get: bool,
) -> Response {
    id.1.is_graphql();
    let accept = match Accept::of(headers) {
        Ok(accept) => accept,
        Err(error) => return Refusal::new(&state.app, id, error).into_response(),
    };
    let refused = |error: Error, is_well_formed: bool| {
        // Not GraphQL yet: whoever speaks no GraphQL understands a problem document.
        if is_transport(error.code) {
            let is_method = error.code == ErrorCode::MethodNotAllowed;
            let mut response = Refusal::new(&state.app, id, error).into_response();
            if is_method {
                let post = HeaderValue::from_static("POST");
                response.headers_mut().insert(header::ALLOW, post);
            }
            return response;
        }
        let answer = refusal(error, &state.app.public_url, &id.0);
        let status = status(&answer, accept, is_well_formed);
        write(answer.into(), accept, status)
    };
    let query = match query {
        Ok(query) => query,
        Err(error) => {
            // The request log should know whose it was; a wrong credential changes nothing.
            let _ = caller(state, id, headers).await;
            return refused(error, false);
        }
    };
    let ready = async {
        let caller = caller(state, id, headers).await?;
        let operation = Operation::new(state, &caller, query, is_browser(headers))?;
        if is_get && operation.kind() == OperationType::Mutation {
            let message = "A mutation must be sent with POST.";
            return Err(Error::new(ErrorCode::MethodNotAllowed, message));
        }
        Ok((operation.with_key(headers), caller))
    };
    let (operation, caller) = match ready.await {
        Ok(ready) => ready,
        Err(error) => return refused(error, true),
    };
    if accept == Accept::EventStream {
        return sse::serve(state.clone(), caller, operation, headers);
    }
    let answered = operation::execute(state, &caller.taking_cookies(), operation).await;
    let status = status(&answered.answer, accept, true);
    write(answered, accept, status)
}

/// Every browser says where a request that may change something, or a WebSocket, comes from.
pub fn is_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN)
}

fn is_transport(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::UnsupportedMediaType
            | ErrorCode::PayloadTooLarge
            | ErrorCode::MethodNotAllowed
            | ErrorCode::NotAcceptable
    )
}

/// An answer as clients get it: fields in the order in which they were asked for (GraphQL
/// specification, 7.2.2), and no `data` when nothing was executed.
#[derive(Debug)]
pub struct Shown(pub Answer);

impl Shown {
    /// Whether anything was executed.
    pub fn has_data(&self) -> bool {
        !is_request_error(&self.0)
    }

    /// The answer as JSON text.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|error| {
            json!({ "errors": [{ "message": error.to_string() }] }).to_string()
        })
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        if self.has_data() {
            return self.0.serialize(serializer);
        }
        let mut fields = serializer.serialize_map(None)?;
        if !self.0.extensions.is_empty() {
            fields.serialize_entry("extensions", &self.0.extensions)?;
        }
        fields.serialize_entry("errors", &self.0.errors)?;
        fields.end()
    }
}

fn write(answered: Answered, accept: Accept, status: StatusCode) -> Response {
    let Answered {
        mut answer,
        text,
        is_replayed,
    } = answered;
    let kind = if accept == Accept::Json {
        JSON
    } else {
        RESPONSE_JSON
    };
    let retry_after = retry_after(&answer);
    let code = answer.errors.first().map(code_of);
    let limits = std::mem::take(&mut answer.http_headers);
    let text = text.unwrap_or_else(|| Shown(answer).text());
    let mut response = (status, text).into_response();
    if let Some(code) = code {
        // For the request log.
        response.extensions_mut().insert(code);
    }
    let headers = response.headers_mut();
    if is_replayed {
        headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
    headers.extend(limits);
    headers.insert(header::CONTENT_TYPE, kind);
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The status (GraphQL over HTTP, 6.4): 200 for whatever was executed, whatever came of it, else that of
/// the first error. `application/json` may come from anybody in between, so that its clients get 200 for
/// all well-formed requests but those of which HTTP itself has something to say.
fn status(answer: &Answer, accept: Accept, is_well_formed: bool) -> StatusCode {
    let Some(error) = answer.errors.first().filter(|_| is_request_error(answer)) else {
        return StatusCode::OK;
    };
    let told = StatusCode::from_u16(code_of(error).http_status())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let is_serious = matches!(told.as_u16(), 401 | 429 | 500..);
    if accept == Accept::Json && is_well_formed && !is_serious {
        StatusCode::OK
    } else {
        told
    }
}

fn retry_after(answer: &Answer) -> Option<u64> {
    answer.errors.iter().find_map(
        |error| match error.extensions.as_ref()?.get("retryAfter")? {
            async_graphql::Value::Number(seconds) => seconds.as_u64(),
            _ => None,
        },
    )
}
