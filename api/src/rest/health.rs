use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Json,
    extract::{FromRef, State},
};
use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{Error, ErrorCode, Result, secret::Secret};
use posthaste_engine::{App, node as nodes};
use posthaste_store::{pending_migrations, publish, wall};
use serde::Serialize;
use tokio::{sync::watch, time::timeout};
use tokio_util::task::TaskTracker;
use utoipa::ToSchema;

use super::{ApiState, Problem, Refusal, RequestId};
use crate::config;

/// However often probes ask, the database is asked at most this often, and sooner again when it did not answer.
const FRESH: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_secs(1);

/// How long its answer may take; probes do not wait for long either.
const PATIENCE: Duration = Duration::from_secs(1);

/// When the database was asked last, and since when the oldest post is due that could go out, or why that is not
/// known.
type Looked = (Instant, std::result::Result<Option<DateTime<Utc>>, String>);

/// What is known about this process and its database.
#[derive(Debug)]
pub struct Health {
    /// Once the migrations are current they stay so while this process runs.
    migrated: AtomicBool,
    draining: AtomicBool,
    started: Mutex<Option<DateTime<Utc>>>,
    /// How late the oldest post may be.
    overdue: Option<TimeDelta>,
    /// Whether `/readyz` minds that.
    publishes: bool,
    looked: tokio::sync::Mutex<Option<Looked>>,
    /// What a scraper must send.
    pub(super) token: Option<Secret>,
    /// Counts how often connections that last were asked to go elsewhere.
    leaving: watch::Sender<u32>,
    /// The WebSockets, which outlive the request that they began with.
    pub(super) sockets: TaskTracker,
}

impl Default for Health {
    /// By the built-in settings, and without a token for metrics.
    fn default() -> Self {
        Self::new(Some(TimeDelta::minutes(5)), None)
    }
}

impl Health {
    /// Publishing is behind while the oldest post is later than `overdue`; `token` opens the metrics.
    pub fn new(overdue: Option<TimeDelta>, token: Option<Secret>) -> Self {
        Self {
            migrated: AtomicBool::default(),
            draining: AtomicBool::default(),
            started: Mutex::default(),
            overdue,
            publishes: false,
            looked: tokio::sync::Mutex::default(),
            token,
            leaving: watch::Sender::default(),
            sockets: TaskTracker::default(),
        }
    }

    /// As the configuration says.
    pub fn of(config: &config::Config) -> Self {
        Self::new(config.health.overdue(), config.metrics.token())
    }

    /// The same for a process whose business is publishing: it is not ready while a post is overdue. A server is,
    /// or a late queue would take all of them away at once.
    #[must_use]
    pub fn of_worker(self) -> Self {
        Self {
            publishes: true,
            ..self
        }
    }

    /// Remembers when the process began.
    pub fn start(&self, now: DateTime<Utc>) {
        *self.started.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// From here on the process should get no new work, or get it again. Whoever holds a connection that
    /// lasts is asked to go elsewhere; whoever comes nevertheless is served.
    pub fn drain(&self, draining: bool) {
        if !self.draining.swap(draining, Ordering::Relaxed) && draining {
            self.dismiss();
        }
    }

    /// From here on the process takes no new work at all.
    pub fn stop(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.dismiss();
    }

    fn dismiss(&self) {
        self.leaving.send_modify(|times| *times += 1);
    }

    /// Ends when this connection should be made anew elsewhere.
    pub(super) fn until_leaving(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut leaving = self.leaving.subscribe();
        async move {
            if leaving.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits for the WebSockets to say goodbye.
    pub async fn sockets_closed(&self) {
        self.sockets.close();
        self.sockets.wait().await;
    }

    /// Why the process has not started, if it has not.
    async fn check_started(&self, app: &App) -> Result<()> {
        if self.migrated.load(Ordering::Relaxed) {
            return Ok(());
        }
        let pending = pending_migrations(app.db.address()).await?;
        if pending > 0 {
            let message =
                format!("{pending} database migrations have not run; run `posthaste migrate`.");
            return Err(unavailable(message));
        }
        wall::check(&app.db).await?;
        self.migrated.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Why the process cannot answer requests, if it cannot.
    async fn check(&self, app: &App) -> Result<()> {
        if self.draining.load(Ordering::Relaxed) {
            return Err(unavailable("The server is stopping.".to_owned()));
        }
        self.look(app).await.map(drop)
    }

    /// Why posts do not go out in time, if they do not.
    async fn check_publishing(&self, app: &App) -> Result<()> {
        let Some(overdue) = self.overdue else {
            return Ok(());
        };
        let oldest = self.look(app).await?;
        let late = oldest.map(|due| app.now() - due);
        match late.filter(|late| *late > overdue) {
            None => Ok(()),
            Some(late) => Err(unavailable(format!(
                "The oldest post that could go out is {} s late, more than {} s; see that workers run.",
                late.num_seconds(),
                overdue.num_seconds()
            ))),
        }
    }

    /// Since when the oldest post is due that could go out.
    async fn look(&self, app: &App) -> Result<Option<DateTime<Utc>>> {
        self.check_started(app).await?;
        let mut looked = self.looked.lock().await;
        if let Some((at, found)) = &*looked
            && at.elapsed() < if found.is_ok() { FRESH } else { AGAIN }
        {
            return found.clone().map_err(unavailable);
        }
        let asked = async { publish::oldest_due(&mut *app.db.get().await?, app.now()).await };
        let found = match timeout(PATIENCE, asked).await {
            Ok(found) => found.map_err(|error| error.message),
            Err(_) => Err("The database does not answer in time.".to_owned()),
        };
        *looked = Some((Instant::now(), found.clone()));
        found.map_err(unavailable)
    }
}

fn unavailable(message: String) -> Error {
    Error::new(ErrorCode::Unavailable, message).retry_after(5)
}

/// What the addresses for operators reach.
#[derive(Clone)]
pub struct Probes {
    /// The application.
    pub app: App,
    /// What is known about this process.
    pub health: Arc<Health>,
}

impl FromRef<ApiState> for Probes {
    fn from_ref(state: &ApiState) -> Self {
        Self {
            app: state.app.clone(),
            health: state.health.clone(),
        }
    }
}

/// The process runs.
#[utoipa::path(get, path = "/livez", tag = "health", responses((status = 200, description = "The process runs.", body = String)))]
pub async fn livez() -> &'static str {
    "ok"
}

/// The process has started: the database was reached and its schema is current. It stays so.
#[utoipa::path(get, path = "/startupz", tag = "health", responses(
    (status = 200, description = "It has started.", body = String),
    (status = 503, description = "Not yet; the document says why.", body = Problem),
))]
pub async fn startupz(
    State(probes): State<Probes>,
    id: RequestId,
) -> Result<&'static str, Refusal> {
    told(&probes, &id, probes.health.check_started(&probes.app).await)
}

/// The process can answer requests: the database is reached, its schema is current, and the process is not asked
/// to stop. Of `worker` also that no post that could go out is overdue.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, description = "Requests can be answered.", body = String),
    (status = 503, description = "Not now; the document says why.", body = Problem),
))]
pub async fn readyz(State(probes): State<Probes>, id: RequestId) -> Result<&'static str, Refusal> {
    let (app, health) = (&probes.app, &probes.health);
    let checked = async {
        health.check(app).await?;
        if health.publishes {
            health.check_publishing(app).await?;
        }
        Ok(())
    };
    told(&probes, &id, checked.await)
}

/// Posts go out in time: no post that could go out is overdue.
#[utoipa::path(get, path = "/readyz/publishing", tag = "health", responses(
    (status = 200, description = "Posts go out in time.", body = String),
    (status = 503, description = "They do not; the document says why.", body = Problem),
))]
pub async fn publishing(
    State(probes): State<Probes>,
    id: RequestId,
) -> Result<&'static str, Refusal> {
    let checked = probes.health.check_publishing(&probes.app).await;
    told(&probes, &id, checked)
}

fn told(probes: &Probes, id: &RequestId, checked: Result<()>) -> Result<&'static str, Refusal> {
    match checked {
        Ok(()) => Ok("ok"),
        Err(error) => Err(Refusal::new(&probes.app, id, error)),
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
    /// What is due.
    queue: QueueReport,
    /// Whether Redis answered when it was asked last; null when none is set.
    redis: Option<bool>,
    /// All processes that run, or were lost within a day.
    nodes: Vec<NodeReport>,
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
    /// Whether one lives and works: it is neither lost nor asked to hand its work over.
    ok: bool,
    /// When one was seen last.
    last_seen_at: Option<DateTime<Utc>>,
}

/// How the queue stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct QueueReport {
    /// Whether no post that could go out is overdue.
    ok: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// A process. Where it runs is for operators: `posthaste nodes`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NodeReport {
    /// `SERVE` or `WORKER`.
    role: String,
    /// The version of its program.
    version: String,
    /// `ALIVE`, `DRAINING`, `DRAINED` or `LOST`.
    state: &'static str,
    /// When it began.
    started_at: DateTime<Utc>,
    /// When it gave a sign of life last.
    last_seen_at: DateTime<Utc>,
}

impl From<nodes::Node> for NodeReport {
    fn from(node: nodes::Node) -> Self {
        Self {
            state: node.state().as_str(),
            role: node.role,
            version: node.version,
            started_at: node.started_at,
            last_seen_at: node.seen_at,
        }
    }
}

/// How everything stands, in detail. The status is 200 also when something is wrong.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "How everything stands.", body = Report)))]
pub async fn healthz(State(probes): State<Probes>) -> Json<Report> {
    let (app, health) = (&probes.app, &probes.health);
    let problem = health.check(app).await.err();
    let pool = app.db.status();
    let (late, all) = if problem.is_none() {
        let all = timeout(PATIENCE, nodes::all(app)).await;
        let late = health.check_publishing(app).await.err();
        (late, all.ok().and_then(Result::ok).unwrap_or_default())
    } else {
        (None, Vec::new())
    };
    let reached = problem.is_none();
    let workers = all.iter().filter(|node| node.role == "WORKER");
    let last_seen_at = workers.clone().map(|node| node.seen_at).max();
    let worker = workers
        .clone()
        .any(|node| node.state() == nodes::State::Alive);
    Json(Report {
        ok: reached && worker && late.is_none(),
        version: env!("CARGO_PKG_VERSION"),
        started_at: *health
            .started
            .lock()
            .unwrap_or_else(PoisonError::into_inner),
        database: DatabaseReport {
            ok: reached,
            message: problem.map(|error| error.message),
            connections: pool.size,
            max_connections: pool.max_size,
            waiting: pool.waiting,
        },
        workers: WorkerReport {
            ok: worker,
            last_seen_at,
        },
        queue: QueueReport {
            ok: reached && late.is_none(),
            message: late.map(|error| error.message),
        },
        redis: app
            .redis
            .as_ref()
            .map(posthaste_engine::adapters::Redis::is_there),
        nodes: all.into_iter().map(NodeReport::from).collect(),
    })
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
