//! A page for each error code.

use posthaste_core::{ErrorCode, error::slug};
use serde::Serialize;
use serde_json::json;

use crate::layout::Content;

#[derive(Serialize)]
struct Entry {
    code: &'static str,
    slug: String,
    title: &'static str,
    advice: &'static str,
    status: u16,
    retryable: bool,
}

impl Entry {
    fn new(code: ErrorCode) -> Self {
        Self {
            code: code.as_str(),
            slug: slug(code),
            title: code.title(),
            advice: code.advice(),
            status: code.http_status(),
            retryable: code.is_retryable(),
        }
    }
}

/// The code of an address.
pub fn code(wanted: &str) -> Option<ErrorCode> {
    ErrorCode::ALL
        .iter()
        .copied()
        .find(|code| slug(*code) == wanted)
}

/// All codes.
pub fn list() -> Content {
    let entries: Vec<_> = ErrorCode::ALL.iter().copied().map(Entry::new).collect();
    Content::new("Error codes", "errors.html", json!({ "entries": entries }))
}

/// One code.
pub fn page(code: ErrorCode) -> Content {
    let entries = [Entry::new(code)];
    Content::new(
        code.as_str(),
        "errors.html",
        json!({ "entries": entries, "one": true }),
    )
}
