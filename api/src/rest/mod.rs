//! The routes around GraphQL, and GraphQL over HTTP, SSE and WebSocket themselves.

mod address;
mod apps;
mod bulk;
mod console;
mod docs;
mod documents;
mod graphiql;
mod graphql;
mod headers;
mod health;
mod mailbox;
mod media;
mod oauth;
mod operation;
mod operators;
mod origins;
mod page;
mod problem;
mod provider;
mod redirect;
mod request;
mod revocation;
mod session;
mod sse;
mod toll;
mod tus;
mod ws;

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    middleware,
    routing::get,
};
use posthaste_docs::Site;
use posthaste_engine::App;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    config::Documents as Policy,
    cookie,
    graphql::{ApiSchema, Caller, build},
};

use documents::Documents;
use graphiql::Graphiql;
use origins::Origins;
use revocation::Revocations;

pub use headers::RequestId;
pub use health::{Health, Probes};
pub use operators::router as operators;
pub use problem::{Problem, Refusal};
pub use redirect::redirect;

/// Largest GraphQL request in bytes; media goes through its own address.
pub const MAX_BODY: usize = 1 << 20;

/// What every route can reach.
#[derive(Clone)]
pub struct ApiState {
    /// The application.
    pub app: App,
    /// The schema.
    pub schema: ApiSchema,
    /// What is known about this process and its database.
    pub health: Arc<Health>,
    /// The documentation, made when it is first asked for.
    docs: Arc<OnceLock<Site>>,
    /// GraphiQL; without it the built-in console is shown.
    graphiql: Option<Arc<Graphiql>>,
    /// The documents that are known by their hash.
    documents: Arc<Documents>,
    /// The credentials of open subscriptions.
    revocations: Revocations,
    /// Proxies before this server that tell where a request comes from.
    trusted_proxies: usize,
    /// The pages that may use the API from a browser.
    origins: Arc<Origins>,
    /// Whether callers without a credential may read the schema.
    is_schema_public: bool,
}

impl ApiState {
    /// The state of a server.
    pub fn new(app: App) -> Self {
        let documents = Documents::new(Policy::default());
        app.telemetry.know(documents.operations());
        Self {
            schema: build(app.clone()),
            origins: Arc::new(Origins::new(&app.public_url, Vec::new())),
            app,
            health: Arc::default(),
            docs: Arc::default(),
            graphiql: None,
            documents: Arc::new(documents),
            revocations: Revocations::default(),
            trusted_proxies: 0,
            is_schema_public: false,
        }
    }

    /// Takes the documents that a policy allows; any unless this is called.
    pub fn taking(mut self, policy: Policy) -> Self {
        self.documents = Arc::new(Documents::new(policy));
        self
    }

    /// Tells about this process's health there.
    pub fn watched(mut self, health: Arc<Health>) -> Self {
        self.health = health;
        self
    }

    /// Believes so many proxies when they say where a request comes from.
    pub fn behind_proxies(mut self, trusted: usize) -> Self {
        self.trusted_proxies = trusted;
        self
    }

    /// Lets pages of these origins of other sites use the API.
    pub fn admitting(mut self, origins: &[String]) -> Self {
        self.origins = Arc::new(Origins::new(&self.app.public_url, origins.to_vec()));
        self
    }

    /// Lets callers without a credential read the schema, or not.
    pub fn showing_schema(mut self, to_all: bool) -> Self {
        self.is_schema_public = to_all;
        self
    }

    /// Whether a caller is told no names of the schema.
    fn hides_schema_from(&self, caller: &Caller) -> bool {
        !self.is_schema_public && caller.actor.is_none()
    }

    /// Shows GraphiQL, whose browser files lie in `dir`. An empty path, or missing files, leave the built-in console.
    pub fn with_graphiql(mut self, dir: &Path) -> Self {
        if dir.as_os_str().is_empty() {
            return self;
        }
        match Graphiql::open(dir) {
            Ok(graphiql) => self.graphiql = Some(Arc::new(graphiql)),
            Err(error) => tracing::warn!(
                "GraphiQL's files are not in server.graphiql_dir, so the built-in console is shown: {error:#}"
            ),
        }
        self
    }
}

/// How callers say who they are: `Authorization: Bearer <API key or session token>`, or a browser's cookie.
struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("key", scheme);
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(cookie::NAME)));
        components.add_security_scheme("cookie", cookie);
    }
}

#[derive(OpenApi)]
#[openapi(modifiers(&Schemes), security(("key" = []), ("cookie" = [])), info(
    title = "Posthaste",
    description = "What does not fit into GraphQL. Everything else is at POST /graphql; see schema.graphql. \
                   Errors are problem documents (RFC 9457) with the codes of /docs/errors."
))]
struct Document;

fn documented() -> (Router<ApiState>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(health::livez))
        .routes(routes!(health::startupz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::publishing))
        .routes(routes!(health::healthz))
        .routes(routes!(health::version))
        .routes(routes!(oauth::callback))
        .routes(routes!(provider::begin))
        .routes(routes!(provider::callback))
        .routes(routes!(graphql::get_query, graphql::post_query))
        .merge(session::routes())
        .merge(media::routes())
        .merge(bulk::routes())
        .split_for_parts()
}

/// The REST routes as an OpenAPI document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    documented().1
}

/// Everything the server answers.
pub fn router(state: ApiState) -> Router {
    let (routes, openapi) = documented();
    routes
        .route("/", get(graphql::get_root).post(graphql::post_query))
        .route("/metrics", get(operators::public_metrics))
        .route("/mailbox", get(mailbox::show))
        .route("/graphiql", get(graphiql::page))
        .route("/graphiql/assets/{file}", get(graphiql::asset))
        .merge(apps::routes())
        .merge(docs::routes(openapi))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(middleware::from_fn_with_state(
            state.clone(),
            origins::check,
        ))
        .layer(middleware::from_fn_with_state(
            state.clone(),
            headers::around,
        ))
        .with_state(state)
}

async fn not_found(State(state): State<ApiState>, id: RequestId) -> Refusal {
    let error = posthaste_core::Error::new(
        posthaste_core::ErrorCode::NotFound,
        "There is no such address. The API is at /graphql; /openapi.json lists the rest.",
    );
    Refusal::new(&state.app, &id, error)
}

async fn wrong_method(State(state): State<ApiState>, id: RequestId) -> Refusal {
    let code = posthaste_core::ErrorCode::MethodNotAllowed;
    Refusal::new(
        &state.app,
        &id,
        posthaste_core::Error::new(code, code.title()),
    )
}
