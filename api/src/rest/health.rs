use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{Error, ErrorCode};
use posthaste_engine::App;
use posthaste_store::{node, pending_migrations};
use serde::Serialize;
use utoipa::ToSchema;

use super::{ApiState, Problem, Refusal, RequestId};

/// A worker that was not seen for so long is counted as gone.
const WORKER_SILENCE: TimeDelta = TimeDelta::seconds(60);

/// What is known about this process and its database.
#[derive(Debug, Default)]
pub struct Health {
    /// Once the migrations are current they stay so while this process runs.
    migrated: AtomicBool,
    draining: AtomicBool,
    started: Mutex<Option<DateTime<Utc>>>,
}

impl Health {
    /// Remembers when the process began.
    pub fn start(&self, now: DateTime<Utc>) {
        *self.started.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// From here on the process takes no new work.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Why the process cannot answer requests, if it cannot.
    async fn check(&self, app: &App) -> Result<(), Error> {
        if self.draining.load(Ordering::Relaxed) {
            return Err(
                Error::new(ErrorCode::Unavailable, "The server is stopping.").retry_after(5),
            );
        }
        drop(app.db.get().await?);
        if !self.migrated.load(Ordering::Relaxed) {
            let pending = pending_migrations(app.db.address()).await?;
            if pending > 0 {
                let message =
                    format!("{pending} database migrations have not run; run `posthaste migrate`.");
                return Err(Error::new(ErrorCode::Unavailable, message).retry_after(5));
            }
            self.migrated.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// The process runs.
#[utoipa::path(get, path = "/livez", tag = "health", responses((status = 200, description = "The process runs.", body = String)))]
pub async fn livez() -> &'static str {
    "ok"
}

/// The process can answer requests: the database is reached and its schema is current.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, description = "Requests can be answered.", body = String),
    (status = 503, description = "Not now; the document says why.", body = Problem),
))]
pub async fn readyz(State(state): State<ApiState>, id: RequestId) -> Result<&'static str, Refusal> {
    match state.health.check(&state.app).await {
        Ok(()) => Ok("ok"),
        Err(error) => Err(Refusal::new(&state.app, &id, error)),
    }
}

/// How everything stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Whether requests can be answered and posts go out.
    ok: bool,
    /// The server's version.
    version: &'static str,
    /// When this process began.
    started_at: Option<DateTime<Utc>>,
    /// The database.
    database: DatabaseReport,
    /// The publishing workers.
    workers: WorkerReport,
}

/// How the database stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DatabaseReport {
    /// Whether it is reached and its schema is current.
    ok: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Open connections of this process.
    connections: usize,
    /// Most connections of this process.
    max_connections: usize,
    /// Requests that wait for a connection.
    waiting: usize,
}

/// How the publishing workers stand.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct WorkerReport {
    /// Whether one was seen within a minute.
    ok: bool,
    /// When one was seen last.
    last_seen_at: Option<DateTime<Utc>>,
}

/// How everything stands, in detail. The status is 200 also when something is wrong.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "How everything stands.", body = Report)))]
pub async fn healthz(State(state): State<ApiState>) -> (StatusCode, Json<Report>) {
    let app = &state.app;
    let problem = state.health.check(app).await.err();
    let pool = app.db.status();
    let last_seen_at = async { node::last_seen(&mut *app.db.get().await?, "WORKER").await };
    let last_seen_at = if problem.is_none() {
        last_seen_at.await.ok().flatten()
    } else {
        None
    };
    let worker = last_seen_at.is_some_and(|at| app.now() - at < WORKER_SILENCE);
    let report = Report {
        ok: problem.is_none() && worker,
        version: env!("CARGO_PKG_VERSION"),
        started_at: *state
            .health
            .started
            .lock()
            .unwrap_or_else(PoisonError::into_inner),
        database: DatabaseReport {
            ok: problem.is_none(),
            message: problem.map(|error| error.message),
            connections: pool.size,
            max_connections: pool.max_size,
            waiting: pool.waiting,
        },
        workers: WorkerReport {
            ok: worker,
            last_seen_at,
        },
    };
    (StatusCode::OK, Json(report))
}

/// The server's version.
#[derive(Debug, Serialize, ToSchema)]
pub struct Version {
    /// The version of the program.
    version: &'static str,
}

/// The server's version.
#[utoipa::path(get, path = "/version", tag = "health", responses((status = 200, description = "The version.", body = Version)))]
pub async fn version() -> Json<Version> {
    Json(Version {
        version: env!("CARGO_PKG_VERSION"),
    })
}
