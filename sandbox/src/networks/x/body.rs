//! JSON bodies, strictly: no unknown keys, no wrong types, no nulls.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::call::{Body, Call};
use super::problem::Problem;

/// Reads a JSON body.
pub fn read<T: DeserializeOwned>(call: &Call) -> Result<T, Problem> {
    let Body::Json(value) = &call.body else {
        return Err(Problem::invalid(
            "body",
            "",
            "The request body must be JSON.",
        ));
    };
    if let Some(path) = null_in(value, "$") {
        return Err(Problem::invalid(
            &path,
            "null",
            format!("{path}: null found"),
        ));
    }
    T::deserialize(value).map_err(|error| {
        let text = error.to_string();
        let field = text.split('`').nth(1).unwrap_or("body").to_owned();
        Problem::invalid(&field, "", format!("$: {text}"))
    })
}

/// Refuses anything but an empty body or `{}`.
pub fn none(call: &Call) -> Result<(), Problem> {
    match &call.body {
        Body::Empty => Ok(()),
        Body::Json(Value::Object(fields)) if fields.is_empty() => Ok(()),
        _ => Err(Problem::invalid("body", "", "This call has no body.")),
    }
}

fn null_in(value: &Value, path: &str) -> Option<String> {
    match value {
        Value::Null => Some(path.to_owned()),
        Value::Object(fields) => fields
            .iter()
            .find_map(|(k, v)| null_in(v, &format!("{path}.{k}"))),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(n, v)| null_in(v, &format!("{path}[{n}]"))),
        _ => None,
    }
}

/// `^[0-9]{1,19}$`.
pub fn is_id(text: &str) -> bool {
    (1..=19).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// Refuses what is no id.
pub fn check_id(parameter: &str, value: &str) -> Result<(), Problem> {
    if is_id(value) {
        return Ok(());
    }
    let text = format!("The `{parameter}` value [{value}] is not valid: ^[0-9]{{1,19}}$");
    Err(Problem::invalid(parameter, value, text))
}
