use axum::{
    http::{HeaderValue, header},
    response::{Html, IntoResponse, Response},
};
use posthaste_core::ErrorCode;

/// Pages of ours load nothing but their own style.
pub const CSP: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}\
    h2{font:600 1.05rem ui-monospace,monospace;margin:2rem 0 .25rem}p{margin:.25rem 0}small{color:#555}\
    @media(prefers-color-scheme:dark){body{color:#eee;background:#161616}small{color:#aaa}}";

/// The page that explains every error code, with an anchor for each.
pub async fn errors() -> Response {
    let codes: String = ErrorCode::ALL.iter().map(|code| entry(*code)).collect();
    let intro = "Every error carries a code, a message for a person, the path of the input field, and whether a repeat may help.";
    let body = format!("<h1>Error codes</h1><p>{intro}</p>{codes}");
    (
        [(header::CONTENT_SECURITY_POLICY, CSP)],
        Html(page("Error codes", &body)),
    )
        .into_response()
}

fn entry(code: ErrorCode) -> String {
    let anchor = code.as_str().to_ascii_lowercase().replace('_', "-");
    let repeat = if code.is_retryable() {
        "worth repeating unchanged"
    } else {
        "not worth repeating unchanged"
    };
    format!(
        "<h2 id=\"{anchor}\">{code}</h2><p>{}</p><p>{}</p><p><small>HTTP status {} · {repeat}</small></p>",
        escape(code.title()),
        escape(code.advice()),
        code.http_status(),
    )
}

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
