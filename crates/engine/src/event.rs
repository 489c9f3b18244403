//! Reading the event log and following it live.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::{Stream, stream};
use posthaste_core::{Result, access::Permission, ids::WorkspaceId};
use posthaste_store::event::{self, Event, Filter};
use tokio::sync::{Notify, watch};

use crate::{Actor, App};

/// Most events in one reading.
const BATCH: i64 = 200;

/// Says that something changed, within this process at once and between processes through the
/// database (see `HintRelay` in api). A hint that is lost costs latency, never an event.
#[derive(Clone, Default)]
pub struct Hints(Arc<HintParts>);

#[derive(Default)]
struct HintParts {
    due: Notify,
    news: Notify,
    outgoing: Notify,
    heads: Mutex<HashMap<WorkspaceId, watch::Sender<i64>>>,
}

impl Hints {
    /// A target may be due: workers look.
    pub fn due(&self) {
        self.0.due.notify_waiters();
        self.0.due.notify_one();
        self.news();
    }

    /// There may be something for webhooks: their workers look.
    pub fn news(&self) {
        self.0.news.notify_waiters();
        self.0.news.notify_one();
    }

    /// Waits until [`Hints::news`] is called.
    pub async fn wait_news(&self) {
        self.0.news.notified().await;
    }

    /// Waits until [`Hints::due`] is called.
    pub async fn wait_due(&self) {
        self.0.due.notified().await;
    }

    /// Something was committed here that other processes should look at.
    pub fn committed(&self) {
        self.due();
        self.0.outgoing.notify_one();
    }

    /// Events were committed that make nothing due.
    pub fn events(&self) {
        self.news();
        self.0.outgoing.notify_one();
    }

    /// Waits until [`Hints::committed`] is called; for the relay between processes.
    pub async fn wait_outgoing(&self) {
        self.0.outgoing.notified().await;
    }

    fn follow(&self, workspace: WorkspaceId) -> watch::Receiver<i64> {
        let mut heads = self.0.heads.lock().unwrap_or_else(PoisonError::into_inner);
        heads
            .entry(workspace)
            .or_insert_with(|| watch::channel(0).0)
            .subscribe()
    }

    /// Workspaces that somebody follows at this moment; others are forgotten.
    fn followed(&self) -> Vec<WorkspaceId> {
        let mut heads = self.0.heads.lock().unwrap_or_else(PoisonError::into_inner);
        heads.retain(|_, sender| sender.receiver_count() > 0);
        heads.keys().copied().collect()
    }

    fn announce(&self, workspace: WorkspaceId, head: i64) {
        let heads = self.0.heads.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = heads.get(&workspace) {
            sender.send_if_modified(|known| std::mem::replace(known, head) != head);
        }
    }
}

/// Events after a position, oldest first, at most 200.
pub async fn after(
    app: &App,
    actor: &Actor,
    seq: i64,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Event>> {
    actor.require(Permission::Read)?;
    event::after(
        &mut *app.db.get().await?,
        actor.workspace,
        seq,
        filter,
        limit.clamp(1, BATCH),
    )
    .await
}

/// The position of the newest event.
pub async fn head(app: &App, actor: &Actor) -> Result<i64> {
    actor.require(Permission::Read)?;
    event::head(&mut *app.db.get().await?, actor.workspace).await
}

/// Replays events after a position (from now on without one), then follows the log live.
/// Each event comes exactly once and in order; the stream ends only with its reader.
pub async fn follow(
    app: &App,
    actor: &Actor,
    seq: Option<i64>,
    filter: Filter,
) -> Result<impl Stream<Item = Result<Event>> + Send + use<>> {
    actor.require(Permission::Read)?;
    let start = match seq {
        Some(seq) => seq,
        None => head(app, actor).await?,
    };
    let state = Follower {
        app: app.clone(),
        workspace: actor.workspace,
        filter,
        at: start,
        ready: Vec::new().into_iter(),
        head: app.hints.follow(actor.workspace),
    };
    Ok(stream::unfold(state, |mut state| async move {
        let next = state.next().await;
        Some((next, state))
    }))
}

struct Follower {
    app: App,
    workspace: WorkspaceId,
    filter: Filter,
    at: i64,
    ready: std::vec::IntoIter<Event>,
    head: watch::Receiver<i64>,
}

impl Follower {
    async fn next(&mut self) -> Result<Event> {
        loop {
            if let Some(event) = self.ready.next() {
                self.at = event.seq;
                return Ok(event);
            }
            self.head.borrow_and_update();
            let mut conn = self.app.db.get().await?;
            let batch =
                event::after(&mut conn, self.workspace, self.at, &self.filter, BATCH).await?;
            drop(conn);
            if batch.is_empty() {
                // The sender lives as long as the app; should it go, the poll below still finds all.
                let _ = tokio::time::timeout(Duration::from_secs(30), self.head.changed()).await;
            }
            self.ready = batch.into_iter();
        }
    }
}

/// Looks for new events of followed workspaces, one query for all of them: at once after a hint,
/// else every half second. Runs as long as the server.
pub async fn fan_out(app: App, incoming: Arc<Notify>) {
    loop {
        let _ = tokio::time::timeout(Duration::from_millis(500), incoming.notified()).await;
        let followed = app.hints.followed();
        if followed.is_empty() {
            continue;
        }
        let heads = async { event::heads(&mut *app.db.get().await?, &followed).await };
        match heads.await {
            Ok(heads) => heads
                .into_iter()
                .for_each(|(workspace, head)| app.hints.announce(workspace, head)),
            Err(error) => {
                tracing::warn!(%error, cause = ?error.cause, "cannot look for new events");
            }
        }
    }
}
