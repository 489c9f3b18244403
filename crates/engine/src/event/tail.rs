//! The ends of followed logs, kept in memory: however many follow a workspace, its new events are
//! read once in each process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use posthaste_core::{Result, ids::WorkspaceId};
use posthaste_store::{
    Conn,
    event::{self, Event, Filter},
};
use tokio::sync::{Notify, watch};

use super::BATCH;
use crate::App;

/// The newest events of one log, at most [`BATCH`] of them.
pub(super) struct Tail {
    /// All that follows this position is here.
    after: i64,
    events: Vec<Arc<Event>>,
}

impl Tail {
    /// The end of a log of which nothing was read yet.
    fn at(head: i64) -> Self {
        Self {
            after: head,
            events: Vec::new(),
        }
    }

    /// The position of the newest event.
    pub(super) fn head(&self) -> i64 {
        self.events.last().map_or(self.after, |event| event.seq)
    }

    /// What follows a position, unless this begins later.
    pub(super) fn after(&self, seq: i64) -> Option<&[Arc<Event>]> {
        let first = self.events.partition_point(|event| event.seq <= seq);
        (self.after <= seq).then(|| &self.events[first..])
    }

    fn and(&self, new: Vec<Event>) -> Self {
        let known = self.events.iter().cloned();
        let mut events: Vec<_> = known.chain(new.into_iter().map(Arc::new)).collect();
        let gone = events.len().saturating_sub(BATCH);
        let after = events.drain(..gone).next_back();
        Self {
            after: after.map_or(self.after, |event| event.seq),
            events,
        }
    }
}

type Sender = watch::Sender<Option<Arc<Tail>>>;

/// The tails of the workspaces that are followed in this process.
#[derive(Default)]
pub(super) struct Tails(Mutex<HashMap<WorkspaceId, Sender>>);

impl Tails {
    /// Tells of each change of a workspace's tail; there is none until [`fan_out`] has looked.
    pub(super) fn follow(&self, workspace: WorkspaceId) -> watch::Receiver<Option<Arc<Tail>>> {
        self.lock().entry(workspace).or_default().subscribe()
    }

    /// Workspaces that somebody follows at this moment; others are forgotten.
    fn followed(&self) -> Vec<WorkspaceId> {
        let mut senders = self.lock();
        senders.retain(|_, sender| sender.receiver_count() > 0);
        senders.keys().copied().collect()
    }

    fn known(&self, workspace: WorkspaceId) -> Option<Arc<Tail>> {
        self.lock()
            .get(&workspace)
            .and_then(|sender| sender.borrow().clone())
    }

    fn announce(&self, workspace: WorkspaceId, tail: Tail) {
        if let Some(sender) = self.lock().get(&workspace) {
            sender.send_replace(Some(Arc::new(tail)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<WorkspaceId, Sender>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks for new events of followed workspaces, one query for all of them and one more for each that
/// has some: at once after a hint, else every half second. Runs as long as the server.
pub async fn fan_out(app: App, incoming: Arc<Notify>) {
    loop {
        let _ = tokio::time::timeout(Duration::from_millis(500), incoming.notified()).await;
        if let Err(error) = catch_up(&app).await {
            tracing::warn!(%error, cause = ?error.cause, "cannot look for new events");
        }
    }
}

async fn catch_up(app: &App) -> Result<()> {
    let tails = app.hints.tails();
    let followed = tails.followed();
    if followed.is_empty() {
        return Ok(());
    }
    let mut conn = app.db.get().await?;
    for (workspace, head) in event::heads(&mut conn, &followed).await? {
        match tails.known(workspace) {
            // A log that was emptied begins anew.
            Some(tail) if tail.head() <= head => {
                read_on(app, &mut conn, workspace, &tail, head).await?;
            }
            _ => tails.announce(workspace, Tail::at(head)),
        }
    }
    Ok(())
}

async fn read_on(
    app: &App,
    conn: &mut Conn,
    workspace: WorkspaceId,
    known: &Tail,
    head: i64,
) -> Result<()> {
    let everything = Filter::default();
    let mut at = known.head();
    let mut tail = None;
    while at < head {
        let new = event::after(conn, workspace, at, &everything, BATCH as i64).await?;
        let Some((last, happened)) = new.last().map(|event| (event.seq, event.at)) else {
            break;
        };
        at = last;
        let late = app.now() - happened;
        app.telemetry
            .event_lag(late.num_milliseconds() as f64 / 1000.0);
        tail = Some(tail.as_ref().unwrap_or(known).and(new));
    }
    if let Some(tail) = tail {
        app.hints.tails().announce(workspace, tail);
    }
    Ok(())
}
