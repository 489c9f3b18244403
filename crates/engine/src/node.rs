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
/// hand its work over, `drained` whether it has. Every process looks for lost ones; one of them finds each.
pub async fn run(
    app: App,
    me: Me,
    draining: watch::Sender<bool>,
    mut drained: watch::Receiver<bool>,
    stop: CancellationToken,
) {
    let every = app.timing.sweep.min(app.timing.lease / 6);
    let mut beaten = None;
    while !stop.is_cancelled() {
        let stands = (*draining.borrow(), *drained.borrow_and_update());
        match step(&app, &me, stands, beaten).await {
            Ok(known) => {
                beaten = Some(known.seen_at);
                let asked = known.drain_asked_at.is_some();
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
            Ok(()) = drained.changed() => {}
        }
    }
    let left = async { rows::leave(&mut *app.db.get().await?, me.id).await };
    if let Err(error) = left.await {
        tracing::debug!(%error, "this process is found lost in a while");
    }
}

/// One sign of life, and a look at the others. `stands` is whether this process is asked to drain, and whether
/// it has; `beaten` is when it gave its last sign. Returns what is known about it.
async fn step(
    app: &App,
    me: &Me,
    (draining, drained): (bool, bool),
    beaten: Option<DateTime<Utc>>,
) -> Result<Node> {
    let beat = Beat {
        id: me.id,
        role: me.role.as_str(),
        host: &me.host,
        version: env!("CARGO_PKG_VERSION"),
        started_at: me.started_at,
        draining,
    };
    let mut conn = app.db.get().await?;
    let known = rows::beat(&mut conn, &beat).await?;
    // Until it is written down: whoever waits for it may switch the machine off then.
    if draining && drained && known.drained_at.is_none() {
        rows::set_drained(&mut conn, me.id).await?;
    }
    let lease = TimeDelta::from_std(app.timing.lease).map_err(Error::internal)?;
    // This process slept: the others may have slept with it.
    if beaten.is_some_and(|beaten| known.seen_at - beaten > lease) {
        return Ok(known);
    }
    for lost in rows::lose(&mut conn, lease).await? {
        tracing::error!(
            node = %lost.id(), role = lost.role, host = lost.host, seen_at = %lost.seen_at,
            "a process gives no sign of life; others take its work over"
        );
        app.telemetry.nodes_lost(1);
    }
    rows::forget(&mut conn, REMEMBERED).await?;
    Ok(known)
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
    rows::set_draining(&mut conn, ids, wanted).await
}

/// Forgets the processes that are lost; how many. One that lives nevertheless is known again with its next
/// sign of life.
pub async fn forget_lost(app: &App) -> Result<usize> {
    rows::forget(&mut *app.db.get().await?, TimeDelta::zero()).await
}
