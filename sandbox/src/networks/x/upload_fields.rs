//! Bodies of uploads: multipart, or JSON with base64.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::super::call::{Body, Part};
use super::{auth::At, problem::Problem};

/// Fields of an upload call in either body.
pub enum Fields<'a> {
    Json(&'a Map<String, Value>),
    Parts(&'a [Part]),
}

impl Fields<'_> {
    /// A plain field.
    pub fn text(&self, name: &str) -> Option<String> {
        match self {
            Self::Json(fields) => match fields.get(name)? {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            },
            Self::Parts(parts) => parts
                .iter()
                .find(|part| part.name == name)?
                .as_text()
                .map(str::to_owned),
        }
    }
}

/// The fields; refuses those that are not in `known`.
pub fn fields<'a>(at: &'a At<'_>, known: &[&str]) -> Result<Fields<'a>, Problem> {
    let (names, fields): (Vec<&str>, _) = match &at.call.body {
        Body::Json(Value::Object(fields)) => (
            fields.keys().map(String::as_str).collect(),
            Fields::Json(fields),
        ),
        Body::Multipart(parts) => (
            parts.iter().map(|part| part.name.as_str()).collect(),
            Fields::Parts(parts),
        ),
        _ => {
            return Err(Problem::invalid(
                "body",
                "",
                "The body must be multipart or JSON.",
            ));
        }
    };
    match names.into_iter().find(|name| !known.contains(name)) {
        Some(name) => Err(Problem::invalid(
            name,
            "",
            format!("$.{name}: is not defined"),
        )),
        None => Ok(fields),
    }
}

/// The part named `media`, with or without a file name; base64 in JSON.
pub fn file(fields: &Fields<'_>) -> Result<Bytes, Problem> {
    let bytes = match fields {
        Fields::Parts(parts) => parts
            .iter()
            .find(|p| p.name == "media")
            .map(|p| p.data.clone()),
        Fields::Json(_) => fields
            .text("media")
            .and_then(|t| BASE64_STANDARD.decode(t).ok())
            .map(Bytes::from),
    };
    let bytes = bytes.filter(|bytes| !bytes.is_empty());
    bytes.ok_or_else(|| Problem::invalid("media", "", "$.media: is missing or cannot be read"))
}
