//! What operators watch: counts of this process, and gauges read from the database when they are asked
//! for. The names are promised (docs/operate.md): alert rules and dashboards use them.

mod gauges;
mod publishing;
mod requests;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use posthaste_core::Result;
use prometheus_client::{
    encoding::text::{encode_eof, encode_registry},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};
use tokio::time::timeout;

use gauges::Snapshot;
use publishing::Publishing;
use requests::Requests;

pub use requests::{HttpAnswer, OperationAnswer};

use crate::App;

/// The media type of [`Telemetry::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A histogram for each set of labels, all with the same buckets.
type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// Counts of this process. Cheap to clone; counting takes no lock that anybody holds for long.
#[derive(Clone, Default)]
pub struct Telemetry(Arc<Parts>);

struct Parts {
    registry: Registry,
    publishing: Publishing,
    requests: Requests,
    webhooks: Family<[(&'static str, &'static str); 1], Counter>,
    nodes_lost: Counter,
    broken_off: Counter,
    event_lag: Histogram,
    /// When the gauges were read last, and what was read; nothing when they could not be.
    gauges: tokio::sync::Mutex<Option<(Instant, Option<Arc<Snapshot>>)>>,
    /// The names of operations that are shown; others are counted together.
    known: Mutex<Arc<[String]>>,
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Telemetry")
    }
}

impl Default for Parts {
    fn default() -> Self {
        let mut registry = Registry::default();
        let publishing = Publishing::new(&mut registry);
        let requests = Requests::new(&mut registry);
        let webhooks = Family::default();
        registry.register(
            "webhook_attempts",
            "Tries to deliver a webhook, by outcome",
            webhooks.clone(),
        );
        let nodes_lost = Counter::default();
        registry.register(
            "nodes_lost",
            "Processes that this one found without a sign of life",
            nodes_lost.clone(),
        );
        let broken_off = Counter::default();
        registry.register(
            "worker_broken_off",
            "Times that the worker of this process broke off and began again",
            broken_off.clone(),
        );
        let event_lag = Histogram::new([0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0]);
        registry.register(
            "event_lag_seconds",
            "From an event's instant until this process tells it to subscriptions",
            event_lag.clone(),
        );
        Self {
            registry,
            publishing,
            requests,
            webhooks,
            nodes_lost,
            broken_off,
            event_lag,
            gauges: tokio::sync::Mutex::default(),
            known: Mutex::new(Arc::new([])),
        }
    }
}

impl Telemetry {
    /// Shows these operations by name; before that none is.
    pub fn know(&self, operations: impl IntoIterator<Item = String>) {
        let mut names: Vec<String> = operations.into_iter().collect();
        names.sort();
        *self.0.known.lock().unwrap_or_else(PoisonError::into_inner) = names.into();
    }

    /// Counts an answered request.
    pub fn http(&self, answer: &HttpAnswer<'_>) {
        self.0.requests.http(answer);
    }

    /// Counts an answered GraphQL operation.
    pub fn operation(&self, answer: &OperationAnswer<'_>) {
        let known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.clone();
        let name = known.binary_search_by(|name| name.as_str().cmp(answer.name));
        let name = name.map_or("other", |place| known[place].as_str());
        self.0.requests.operation(name, answer);
    }

    /// What the publisher counts.
    pub(crate) fn publishing(&self) -> &Publishing {
        &self.0.publishing
    }

    /// Counts a try to deliver a webhook.
    pub(crate) fn webhook(&self, outcome: &'static str) {
        self.0.webhooks.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// Counts processes that were lost.
    pub(crate) fn nodes_lost(&self, count: u64) {
        self.0.nodes_lost.inc_by(count);
    }

    /// Counts that the worker of this process broke off and begins again.
    pub fn worker_broke_off(&self) {
        self.0.broken_off.inc();
    }

    /// How late an event was told.
    pub(crate) fn event_lag(&self, seconds: f64) {
        self.0.event_lag.observe(seconds.max(0.0));
    }

    /// All counts and gauges as OpenMetrics text. A database that is away, or does not answer in time, takes
    /// its gauges with it, but not the counts.
    pub async fn text(&self, app: &App) -> Result<String> {
        let mut text = String::new();
        let broken = posthaste_core::Error::internal;
        encode_registry(&mut text, &self.0.registry).map_err(broken)?;
        encode_registry(&mut text, &gauges::of_process(app)).map_err(broken)?;
        let snapshot = self.snapshot(app).await;
        let reached = gauges::of_database(snapshot.is_some());
        encode_registry(&mut text, &reached).map_err(broken)?;
        if let Some(snapshot) = snapshot {
            encode_registry(&mut text, &snapshot.registry()).map_err(broken)?;
        }
        encode_eof(&mut text).map_err(broken)?;
        Ok(text)
    }

    /// What the database says, asked at most every few seconds however often this is called; none when it does
    /// not answer in time.
    async fn snapshot(&self, app: &App) -> Option<Arc<Snapshot>> {
        let mut kept = self.0.gauges.lock().await;
        if let Some((at, snapshot)) = kept.as_ref()
            && at.elapsed() < gauges::FRESH
        {
            return snapshot.clone();
        }
        let snapshot = match timeout(gauges::PATIENCE, Snapshot::read(app)).await {
            Ok(Ok(snapshot)) => Some(Arc::new(snapshot)),
            Ok(Err(error)) => {
                tracing::debug!(%error, cause = ?error.cause, "the gauges of the database cannot be read");
                None
            }
            Err(_) => None,
        };
        *kept = Some((Instant::now(), snapshot.clone()));
        snapshot
    }
}
