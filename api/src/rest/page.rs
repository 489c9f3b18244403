use std::sync::LazyLock;

use axum::http::HeaderValue;
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

/// Plain pages load nothing but their own style.
pub static CSP: LazyLock<HeaderValue> =
    LazyLock::new(|| policy(&format!("style-src {}", source(STYLE))));

/// The policy of a plain page whose forms may lead to these places; browsers count where an answer leads on, too.
pub fn with_forms(targets: &[String]) -> HeaderValue {
    if targets.is_empty() {
        return CSP.clone();
    }
    let policy = format!(
        "default-src 'none'; style-src {}; frame-ancestors 'none'; base-uri 'none'; form-action {}",
        source(STYLE),
        targets.join(" ")
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// A policy that allows nothing but what it says.
pub fn policy(allowed: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; {allowed}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// How a policy names a style or script that stands in the page: whatever somebody slips in is another.
pub fn source(text: &str) -> String {
    format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)))
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}\
    p{margin:.25rem 0}pre{white-space:pre-wrap}@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}}";

/// A whole page around a body.
pub fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{} · Posthaste</title><style>{STYLE}</style><body>{body}</body></html>",
        escape(title)
    )
}

/// Text as it may stand in HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
