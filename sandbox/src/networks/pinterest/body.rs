//! JSON bodies, strictly: no unknown keys, no wrong types; nulls stand for absent fields.

use serde::de::DeserializeOwned;

use super::super::call::{Body, Call};
use super::problem::Problem;

/// Reads a JSON body.
pub fn read<T: DeserializeOwned>(call: &Call) -> Result<T, Problem> {
    let Body::Json(value) = &call.body else {
        return Err(Problem::invalid("the body must be JSON"));
    };
    T::deserialize(value).map_err(Problem::invalid)
}

/// Refuses text that is too long.
pub fn check_length(name: &str, text: Option<&String>, max: usize) -> Result<(), Problem> {
    if text.is_some_and(|text| text.chars().count() > max) {
        return Err(Problem::invalid(format!(
            "'{name}' is longer than {max} characters"
        )));
    }
    Ok(())
}

/// Refuses what is no absolute `http(s)` URL.
pub fn check_link(name: &str, link: Option<&String>) -> Result<(), Problem> {
    let Some(link) = link.filter(|link| !link.is_empty()) else {
        return Ok(());
    };
    let good = url::Url::parse(link)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if good {
        Ok(())
    } else {
        Err(Problem::invalid(format!("'{name}' is not a URL")))
    }
}
