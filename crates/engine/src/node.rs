//! The processes that run: each says that it lives, notices those that no longer do, and hands its work
//! over when an operator asks for it. Operators' business: no workspace has a part in it.

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{Error, ErrorCode, Result, ids::NodeId};
use posthaste_store::node::{self as rows, Beat};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::App;

pub use posthaste_store::node::{Node, State};

/// How long a process that is gone is remembered.
const REMEMBERED: TimeDelta = TimeDelta::days(1);

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It answers requests.
    Serve,
    /// It publishes and delivers.
    Worker,
}

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Self::Serve => "SERVE",
            Self::Worker => "WORKER",
        }
    }
}

/// This process, in one of its roles.
#[derive(Clone, Debug)]
pub struct Me {
    /// Its id; what it claims carries it.
    pub id: NodeId,
    role: Role,
    host: String,
    started_at: DateTime<Utc>,
}

impl Me {
    /// A process that begins now, on a machine of this name.
    pub fn new(app: &App, role: Role, host: &str) -> Self {
        Self {
            id: NodeId::new(&*app.clock, &*app.random),
            role,
            host: host.to_owned(),
            started_at: app.now(),
        }
    }
}

/// Says that a process lives until `stop`, then takes its leave. `draining` tells whether it is asked to
/// hand its work over. Every process looks for lost ones; one of them finds each.
pub async fn run(app: App, me: Me, draining: watch::Sender<bool>, stop: CancellationToken) {
    let every = app.timing.sweep.min(app.timing.lease / 6);
    let mut beaten = None;
    while !stop.is_cancelled() {
        match step(&app, &me, beaten).await {
            Ok((asked, now)) => {
                beaten = Some(now);
                let changed =
                    draining.send_if_modified(|now| std::mem::replace(now, asked) != asked);
                if changed {
                    tracing::info!(node = %me.id, role = me.role.as_str(), draining = asked, "asked to hand over, or to go on");
                }
            }
            Err(error) => {
                tracing::warn!(%error, cause = ?error.cause, "cannot say that this process lives");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = stop.cancelled() => {}
        }
    }
    let left = async { rows::leave(&mut *app.db.get().await?, me.id).await };
    if let Err(error) = left.await {
        tracing::debug!(%error, "this process is found lost in a while");
    }
}

/// One sign of life, and a look at the others. Returns whether this process is asked to drain, and when it
/// looked.
async fn step(app: &App, me: &Me, beaten: Option<DateTime<Utc>>) -> Result<(bool, DateTime<Utc>)> {
    let now = app.now();
    let beat = Beat {
        id: me.id,
        role: me.role.as_str(),
        host: &me.host,
        version: env!("CARGO_PKG_VERSION"),
        started_at: me.started_at,
    };
    let mut conn = app.db.get().await?;
    let known = rows::beat(&mut conn, &beat, now).await?;
    let lease = TimeDelta::from_std(app.timing.lease).map_err(Error::internal)?;
    let asked = known.drain_asked_at.is_some();
    // This process slept, or its clock jumped: the others may live well.
    if beaten.is_some_and(|beaten| now - beaten > lease) {
        return Ok((asked, now));
    }
    for lost in rows::lose(&mut conn, now - lease, now).await? {
        tracing::error!(
            node = %lost.id(), role = lost.role, host = lost.host, seen_at = %lost.seen_at,
            "a process gives no sign of life; others take its work over"
        );
        app.telemetry.nodes_lost(1);
    }
    rows::sweep(&mut conn, now - REMEMBERED).await?;
    Ok((asked, now))
}

/// Says that a process has handed everything over.
pub async fn drained(app: &App, me: &Me) -> Result<()> {
    rows::set_drained(&mut *app.db.get().await?, me.id, app.now()).await
}

/// All processes that run, or were lost within a day.
pub async fn all(app: &App) -> Result<Vec<Node>> {
    rows::all(&mut *app.db.get().await?).await
}

/// Asks processes to hand their work over (`wanted`), or to go on. Returns those for which that is new;
/// `NOT_FOUND` when one of them does not run.
pub async fn drain(app: &App, ids: &[NodeId], wanted: bool) -> Result<Vec<Node>> {
    let mut conn = app.db.get().await?;
    let running = rows::all(&mut conn).await?;
    let runs = |id: &NodeId| {
        running
            .iter()
            .any(|node| node.id() == *id && node.lost_at.is_none())
    };
    if let Some(unknown) = ids.iter().find(|id| !runs(id)) {
        let message = format!("No process {unknown} runs; `posthaste nodes` shows those that do.");
        return Err(Error::new(ErrorCode::NotFound, message));
    }
    rows::set_draining(&mut conn, ids, wanted.then(|| app.now())).await
}
