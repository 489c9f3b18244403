//! The documentation site below `/docs`, and the REST reference with try-it at `/docs/rest`.

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use posthaste_core::{
    Error, ErrorCode, Result,
    error::{docs_path, slug},
};
use posthaste_docs::{Kind, Page, Site};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::{ApiState, Refusal, RequestId, not_found};
use crate::graphql::sdl;

/// The site loads its own style and script, and asks only this server.
const CSP: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; \
     frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
);

/// Swagger UI sets styles of elements and shows pictures from its style sheet.
const REST_CSP: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

/// A page changes with the server's version at most.
const AN_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// The routes.
pub fn routes(openapi: OpenApi) -> Router<ApiState> {
    let csp = SetResponseHeaderLayer::overriding(header::CONTENT_SECURITY_POLICY, REST_CSP);
    let config = Config::from("/openapi.json")
        .persist_authorization(true)
        .try_it_out_enabled(true);
    let rest: Router<ApiState> = SwaggerUi::new("/docs/rest")
        .url("/openapi.json", openapi)
        .config(config)
        .into();
    Router::new()
        .route("/docs", get(index))
        .route("/docs/", get(index))
        .route("/docs/{*path}", get(page))
        .route("/schema.graphql", get(schema))
        .merge(rest.layer(csp))
}

async fn schema() -> Response {
    text(Kind::Text, sdl())
}

async fn index(state: State<ApiState>, id: RequestId) -> Response {
    page(state, id, Path(String::new())).await
}

async fn page(State(state): State<ApiState>, id: RequestId, Path(path): Path<String>) -> Response {
    if let Some(code) = meant(&path) {
        return Redirect::permanent(&docs_path(code)).into_response();
    }
    match find(&state, &path) {
        Ok(Some(page)) => text(page.kind, page.text),
        Ok(None) => not_found(State(state), id).await.into_response(),
        Err(error) => Refusal::new(&state.app, &id, error).into_response(),
    }
}

/// The code whose page is asked for in another spelling, as the code itself: `errors/NOT_FOUND`.
fn meant(path: &str) -> Option<ErrorCode> {
    let name = path.strip_prefix("errors/")?;
    let code = ErrorCode::from_name(&name.to_ascii_uppercase().replace('-', "_"))?;
    (slug(code) != name).then_some(code)
}

/// The site is made when somebody first asks for it.
fn find(state: &ApiState, path: &str) -> Result<Option<Page>> {
    let site = if let Some(site) = state.docs.get() {
        site
    } else {
        let made = Site::new(&sdl()).map_err(Error::internal)?;
        state.docs.get_or_init(|| made)
    };
    site.page(path).map_err(Error::internal)
}

fn text(kind: Kind, text: String) -> Response {
    let kind = match kind {
        Kind::Html => "text/html; charset=utf-8",
        Kind::Markdown => "text/markdown; charset=utf-8",
        Kind::Text => "text/plain; charset=utf-8",
        Kind::Json => "application/json",
        Kind::Css => "text/css; charset=utf-8",
        Kind::JavaScript => "text/javascript; charset=utf-8",
    };
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::CACHE_CONTROL, AN_HOUR),
    ];
    (headers, text).into_response()
}
