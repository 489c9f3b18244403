use std::{fmt::Debug, sync::atomic::AtomicU64, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::Result;
use posthaste_store::{
    database_time,
    gauges::{self as rows, Counted, Depths},
    network_state, node, publish,
};
use prometheus_client::{
    metrics::{family::Family, gauge::Gauge, info::Info},
    registry::Registry,
};

use crate::App;

/// The gauges of the database are read at most this often.
pub(super) const FRESH: Duration = Duration::from_secs(5);

/// How long reading them may take: whoever scrapes waits for the counts too, and not for long.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

type Float = Gauge<f64, AtomicU64>;

/// What the database says at an instant.
pub(super) struct Snapshot {
    depths: Depths,
    oldest_due_seconds: f64,
    waiting: Vec<Counted>,
    /// Network and 0 (closed), 1 (half open) or 2 (open).
    breakers: Vec<(&'static str, i64)>,
    /// Network and seconds until the first access ends.
    expiries: Vec<(String, f64)>,
    skew_seconds: f64,
    /// Role, state and number.
    nodes: Vec<(String, &'static str, i64)>,
    webhooks_late_seconds: f64,
    unread_late_seconds: f64,
}

impl Snapshot {
    pub async fn read(app: &App) -> Result<Self> {
        let now = app.now();
        let mut conn = app.db.get().await?;
        let conn = &mut *conn;
        let seconds = |span: TimeDelta| span.num_milliseconds() as f64 / 1000.0;
        let late = |since: Option<DateTime<Utc>>| since.map_or(0.0, |since| seconds(now - since));
        let skew = app.now() - database_time(conn).await?;
        let oldest = publish::oldest_due(conn, now).await?;
        let states = network_state::all(conn).await?;
        let breakers = states.iter().map(|state| {
            let level = match state.breaker.as_str() {
                "CLOSED" => 0,
                "HALF_OPEN" => 1,
                _ => 2,
            };
            (state.network.as_str(), level)
        });
        let depths = rows::depths(conn, now).await?;
        let expiries = rows::expiries(conn).await?.into_iter();
        Ok(Self {
            oldest_due_seconds: late(oldest),
            webhooks_late_seconds: late(depths.webhooks_since),
            unread_late_seconds: late(depths.unread_since),
            depths,
            waiting: rows::waiting_lanes(conn, now).await?,
            breakers: breakers.collect(),
            expiries: expiries
                .map(|row| (row.network, seconds(row.at - now)))
                .collect(),
            skew_seconds: seconds(skew),
            nodes: nodes(node::all(conn).await?),
        })
    }

    /// The gauges, ready to be written.
    pub fn registry(&self) -> Registry {
        let mut registry = Registry::default();
        let registry_ref = &mut registry;
        whole(
            registry_ref,
            "queue_due_depth",
            "Connections whose next post is due and not taken, 10000 at most",
            self.depths.due,
        );
        float(
            registry_ref,
            "queue_oldest_due_seconds",
            "How late the oldest post is that could go out now",
            self.oldest_due_seconds,
        );
        whole(
            registry_ref,
            "publish_uncertain",
            "Targets of which it is not known whether they are live",
            self.depths.uncertain,
        );
        whole(
            registry_ref,
            "webhook_due_depth",
            "Webhook endpoints with a delivery due, 10000 at most",
            self.depths.webhooks,
        );
        float(
            registry_ref,
            "webhook_oldest_due_seconds",
            "How late the oldest webhook delivery is",
            self.webhooks_late_seconds,
        );
        float(
            registry_ref,
            "publish_uncertain_oldest_due_seconds",
            "How late the oldest reading back is",
            self.unread_late_seconds,
        );
        float(
            registry_ref,
            "clock_skew_seconds",
            "This machine's clock against the database's",
            self.skew_seconds,
        );

        let waiting = self
            .waiting
            .iter()
            .map(|row| ([("reason", row.name.clone())], row.count));
        family(
            registry_ref,
            "lane_blocked",
            "Connections that wait, by reason",
            waiting,
        );
        let breakers = self
            .breakers
            .iter()
            .map(|(network, level)| ([("network", *network)], *level));
        family(
            registry_ref,
            "breaker_state",
            "0 closed, 1 half open, 2 open",
            breakers,
        );
        let nodes = self.nodes.iter().map(|(role, state, count)| {
            (
                [("role", role.clone()), ("state", (*state).to_owned())],
                *count,
            )
        });
        family(registry_ref, "nodes", "Processes, by role and state", nodes);

        let expiries = Family::<[(&'static str, String); 1], Float>::default();
        for (network, left) in &self.expiries {
            expiries
                .get_or_create(&[("network", network.clone())])
                .set(*left);
        }
        registry.register(
            "token_expiry_seconds",
            "Until the first access to an account of the network ends",
            expiries,
        );
        registry
    }
}

/// How many processes there are of each role and state.
fn nodes(all: Vec<node::Node>) -> Vec<(String, &'static str, i64)> {
    let mut counts = std::collections::BTreeMap::<(String, &'static str), i64>::new();
    for node in all {
        let state = node.state().as_str();
        *counts.entry((node.role, state)).or_default() += 1;
    }
    let counts = counts.into_iter();
    counts
        .map(|((role, state), count)| (role, state, count))
        .collect()
}

/// Whether the database said anything.
pub(super) fn of_database(reached: bool) -> Registry {
    let mut registry = Registry::default();
    whole(
        &mut registry,
        "database_up",
        "Whether the database answered in time when its gauges were read last",
        i64::from(reached),
    );
    registry
}

/// What this process knows without asking anybody.
pub(super) fn of_process(app: &App) -> Registry {
    let mut registry = Registry::default();
    let pool = app.db.status();
    let connections = [
        ("open", pool.size),
        ("most", pool.max_size),
        ("waited_for", pool.waiting),
    ];
    let connections = connections.map(|(state, count)| ([("state", state)], count as i64));
    family(
        &mut registry,
        "db_connections",
        "The pool: open connections, the most of them, and callers that wait for one",
        connections,
    );
    if let Some(redis) = &app.redis {
        whole(
            &mut registry,
            "redis_up",
            "Whether Redis answered when it was asked last",
            i64::from(redis.is_there()),
        );
    }
    let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("posthaste_build", "The program", version);
    registry
}

fn whole(registry: &mut Registry, name: &str, help: &str, value: i64) {
    let gauge = Gauge::<i64>::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

fn float(registry: &mut Registry, name: &str, help: &str, value: f64) {
    let gauge = Float::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

fn family<L>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (L, i64)>,
) where
    L: Clone
        + std::hash::Hash
        + Eq
        + Debug
        + Send
        + Sync
        + 'static
        + prometheus_client::encoding::EncodeLabelSet,
{
    let family = Family::<L, Gauge>::default();
    for (labels, value) in values {
        family.get_or_create(&labels).set(value);
    }
    registry.register(name, help, family);
}
