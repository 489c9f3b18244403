use std::sync::LazyLock;

use axum::{
    http::{HeaderValue, header},
    response::{Html, IntoResponse, Response},
};

use super::page::{policy, source};

const PAGE: &str = include_str!("console.html");

/// The console is one file with its own style and script, and talks to nobody but this server.
static CSP: LazyLock<HeaderValue> = LazyLock::new(|| {
    let inside = |tag: &str| {
        let begin = PAGE.split_once(&format!("<{tag}>"));
        let inside = begin.and_then(|(_, rest)| rest.split_once(&format!("</{tag}>")));
        source(inside.map_or("", |(inside, _)| inside))
    };
    let (style, script) = (inside("style"), inside("script"));
    policy(&format!(
        "style-src {style}; script-src {script}; connect-src 'self'"
    ))
});

/// The built-in GraphQL console.
pub fn page() -> Response {
    ([(header::CONTENT_SECURITY_POLICY, CSP.clone())], Html(PAGE)).into_response()
}
