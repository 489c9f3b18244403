//! Gives every GraphQL error a code, advice and the request's id, whatever it came from.

use std::{collections::BTreeMap, sync::Arc};

use async_graphql::{ErrorExtensionValues, Response, ServerError, Value};
use posthaste_core::{Error, ErrorCode, error::docs_path};
use serde_json::json;

use super::limits;

/// Most errors about one document: the mistakes of a person fit, those of a flood do not.
const MOST: usize = 100;

/// Longest message of the GraphQL library, in characters: it quotes the document.
const LONGEST: usize = 200;

/// Whether nothing was executed: then the answer has no `data` (GraphQL specification, 7.1.2).
pub fn is_request_error(answer: &Response) -> bool {
    !answer.errors.is_empty() && answer.errors.iter().all(|error| error.path.is_empty())
}

/// Completes the errors of a response. Causes of internal errors go to the log and nowhere else.
pub fn complete(response: &mut Response, public_url: &str, request_id: &str) {
    if is_request_error(response) {
        response.errors.truncate(MOST);
    }
    for error in &mut response.errors {
        complete_one(error, public_url, request_id);
    }
}

/// Puts one error in place of what the library found wrong with a document: its words and places would tell a
/// stranger which names the schema has, those that were not asked for among them.
pub fn hide_names(response: &mut Response) {
    let tells = |error: &ServerError| error.source.is_none() && !is_about_form(&error.message);
    if !is_request_error(response) || !response.errors.iter().any(tells) {
        return;
    }
    let error = Error::new(
        ErrorCode::BadRequest,
        "The document does not fit the schema. Callers with a credential are told where.",
    );
    response.errors = vec![limits::refused_by(error)];
}

/// Whether a message of the library is about the document alone, whatever the schema.
fn is_about_form(message: &str) -> bool {
    const FORM: [&str; 8] = [
        "--> ",
        "Unknown operation",
        "Operation name required",
        "Subscriptions are not supported",
        "Query is too complex",
        "Query is nested too deep",
        "The number of directives",
        "The recursion depth",
    ];
    let message = message.trim_start();
    FORM.iter().any(|begin| message.starts_with(begin))
}

fn complete_one(error: &mut ServerError, public_url: &str, request_id: &str) {
    let known = known(error);
    let code = known
        .as_ref()
        .map_or_else(|| classify(error), |known| known.code);
    let mut values = BTreeMap::from([
        ("code", json!(code.as_str())),
        ("requestId", json!(request_id)),
        ("advice", json!(code.advice())),
        ("retryable", json!(code.is_retryable())),
        ("docsUrl", json!(format!("{public_url}{}", docs_path(code)))),
    ]);
    if let Some(known) = known {
        error.message = known.message;
        if !known.path.is_empty() {
            values.insert("path", json!(known.path));
        }
        if let Some(seconds) = known.retry_after {
            values.insert("retryAfter", json!(seconds));
        }
    } else {
        if let Some(path) = argument(&error.message) {
            values.insert("path", json!(path));
        }
        error.message = shortened(&error.message);
    }
    let mut extensions = ErrorExtensionValues::default();
    for (name, value) in values {
        extensions.set(name, Value::from_json(value).unwrap_or_default());
    }
    error.extensions = Some(extensions);
}

/// A message without the line that the parser quotes, which may be the whole document: where it is, and
/// what was expected.
fn shortened(message: &str) -> String {
    if message.chars().nth(LONGEST).is_none() {
        return message.to_owned();
    }
    let told = match (message.lines().next(), message.lines().last()) {
        (Some(place), Some(wanted)) if place.trim_start().starts_with("--> ") => {
            let place = place.trim_start().trim_start_matches("--> ");
            let wanted = wanted.trim_start().trim_start_matches("= ");
            format!("At {place}: {wanted}")
        }
        _ => message.to_owned(),
    };
    told.chars().take(LONGEST).collect()
}

/// The path that a message of the library names: `argument "input.media.0", field "id" …`. The one
/// `input` of mutations is left out, as in the errors of payloads.
fn argument(message: &str) -> Option<Vec<String>> {
    let (argument, rest) = message
        .strip_prefix("Invalid value for argument \"")?
        .split_once('"')?;
    let rest = rest.trim_start_matches(", ");
    let field = rest
        .strip_prefix("field \"")
        .or_else(|| rest.strip_prefix("unknown field \""));
    let field = field
        .and_then(|rest| rest.split_once('"'))
        .map(|(field, _)| field);
    let path = argument.split('.').chain(field).map(str::to_owned);
    Some(
        path.enumerate()
            .filter(|(index, part)| *index > 0 || part != "input")
            .map(|(_, part)| part)
            .collect(),
    )
}

/// What is taken over from an error of ours.
struct Known {
    code: ErrorCode,
    message: String,
    path: Vec<String>,
    retry_after: Option<u64>,
}

impl From<&Error> for Known {
    fn from(error: &Error) -> Self {
        if error.code == ErrorCode::Internal {
            tracing::error!(cause = ?error.cause, "a request failed");
        }
        Self {
            code: error.code,
            message: error.message.clone(),
            path: error.path.clone(),
            retry_after: error.retry_after,
        }
    }
}

fn known(error: &ServerError) -> Option<Known> {
    error.source::<Error>().map(Known::from).or_else(|| {
        error
            .source::<Arc<Error>>()
            .map(|shared| Known::from(&**shared))
    })
}

/// The code of an error of the GraphQL library, which has none.
fn classify(error: &ServerError) -> ErrorCode {
    let message = error.message.as_str();
    if message == "Query is too complex."
        || message.contains("directives") && message.contains("limit")
    {
        ErrorCode::QueryTooComplex
    } else if message == "Query is nested too deep." || message.contains("recursion depth") {
        ErrorCode::QueryTooDeep
    } else if message.starts_with("Invalid value")
        || message.starts_with("Failed to parse")
        || message.contains("input type")
    {
        ErrorCode::InvalidInput
    } else if error.path.is_empty() {
        ErrorCode::BadRequest
    } else {
        ErrorCode::InvalidInput
    }
}

/// The code that an error of a completed response carries.
pub fn code_of(error: &ServerError) -> ErrorCode {
    let text = error
        .extensions
        .as_ref()
        .and_then(|extensions| match extensions.get("code") {
            Some(Value::String(code)) => Some(code.as_str()),
            _ => None,
        });
    text.and_then(ErrorCode::from_name)
        .unwrap_or(ErrorCode::Internal)
}

/// A response that carries nothing but one error.
pub fn refusal(error: Error, public_url: &str, request_id: &str) -> Response {
    let mut server_error = ServerError::new(error.message.clone(), None);
    server_error.source = Some(Arc::new(error));
    let mut response = Response::from_errors(vec![server_error]);
    complete(&mut response, public_url, request_id);
    response
}
