//! GraphiQL: a page of ours around its browser files, which lie in a folder.
//!
//! The files are other people's work, so they are in neither the repository nor the binary. `cargo xtask sandbox`
//! fetches them (xtask/src/graphiql.rs); without them the built-in console is shown.

use std::{fmt::Write, fs, path::Path};

use anyhow::Context;
use axum::{
    body::Bytes,
    extract::{Path as UrlPath, State},
    http::{HeaderValue, header},
    response::{Html, IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use super::{ApiState, RequestId, console, not_found};

const PAGE: &str = include_str!("graphiql/page.html");

/// The files that must lie in the folder.
const FETCHED: [&str; 4] = [
    "graphiql.min.css",
    "graphiql.min.js",
    "react-dom.production.min.js",
    "react.production.min.js",
];

/// Our own files.
const OURS: [(&str, &str); 5] = [
    ("examples.js", include_str!("graphiql/examples.js")),
    ("page.css", include_str!("graphiql/page.css")),
    ("panel.js", include_str!("graphiql/panel.js")),
    ("socket.js", include_str!("graphiql/socket.js")),
    ("start.js", include_str!("graphiql/start.js")),
];

/// Talks to nobody but this server. The style sheet carries its fonts; the editor sets styles of elements.
const CSP: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src data:; img-src 'self' data:; \
     connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

/// The page asks for each file under the version of all of them.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The page and its files, about 1.5 MB in memory.
pub struct Graphiql {
    page: String,
    files: Vec<(&'static str, Bytes)>,
}

impl Graphiql {
    /// Reads the files; an error names the first that is missing.
    pub fn open(dir: &Path) -> anyhow::Result<Self> {
        let mut files: Vec<_> = OURS
            .map(|(name, text)| (name, Bytes::from_static(text.as_bytes())))
            .into();
        files.push(("operations.js", operations()?.into()));
        for name in FETCHED {
            let path = dir.join(name);
            let bytes =
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files.push((name, bytes.into()));
        }
        Ok(Self {
            page: PAGE.replace("VERSION", &version(&files)),
            files,
        })
    }
}

/// The operations that the page offers as examples, with their fragments, as a script.
fn operations() -> serde_json::Result<String> {
    let all = serde_json::to_string(&posthaste_docs::operations())?;
    Ok(format!("\"use strict\";\nconst OPERATIONS = {all};\n"))
}

/// Changes when any of the files does.
fn version(files: &[(&str, Bytes)]) -> String {
    let mut hasher = Sha256::new();
    for (_, bytes) in files {
        hasher.update(bytes);
    }
    hasher.finalize()[..6]
        .iter()
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

/// What a browser sees at the API's address: GraphiQL, or the console.
pub async fn page(State(state): State<ApiState>) -> Response {
    match &state.graphiql {
        Some(graphiql) => (
            [(header::CONTENT_SECURITY_POLICY, CSP)],
            Html(graphiql.page.clone()),
        )
            .into_response(),
        None => console::page(),
    }
}

/// One of the page's files, by its exact name.
pub async fn asset(
    State(state): State<ApiState>,
    id: RequestId,
    UrlPath(wanted): UrlPath<String>,
) -> Response {
    let files = state.graphiql.as_ref().map(|graphiql| &graphiql.files);
    let found = files.and_then(|files| files.iter().find(|(name, _)| *name == wanted));
    let Some((name, bytes)) = found else {
        return not_found(State(state), id).await.into_response();
    };
    let kind = match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        _ => "text/javascript; charset=utf-8",
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, FOREVER),
    ];
    (headers, bytes.clone()).into_response()
}
