use std::{collections::VecDeque, sync::Arc};

use futures::{Stream, stream};
use posthaste_core::{Error, Result, access::Permission, ids::WorkspaceId};
use posthaste_store::event::{self, Event, Filter};
use tokio::sync::watch;

use super::{BATCH, check_reached, tail::Tail};
use crate::{Actor, App};

/// Replays events after a position (from now on without one), then follows the log live.
/// Each event comes exactly once and in order; the stream ends only with its reader. `INVALID_CURSOR`
/// when the log does not reach the position, or no longer.
pub async fn follow(
    app: &App,
    actor: &Actor,
    seq: Option<i64>,
    filter: Filter,
) -> Result<impl Stream<Item = Result<Event>> + Send + use<>> {
    actor.require(Permission::Read)?;
    let tail = app.hints.tails().follow(actor.workspace);
    let reach = event::reach(&mut *app.db.get().await?, actor.workspace).await?;
    let at = seq.unwrap_or(reach.head);
    check_reached(at, reach)?;
    let state = Follower {
        app: app.clone(),
        workspace: actor.workspace,
        filter,
        at,
        ready: VecDeque::new(),
        tail,
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
    /// Everything up to here was told or was not asked for.
    at: i64,
    ready: VecDeque<Event>,
    tail: watch::Receiver<Option<Arc<Tail>>>,
}

impl Follower {
    async fn next(&mut self) -> Result<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.at = event.seq;
                return Ok(event);
            }
            if !self.read().await? {
                // `fan_out` lives as long as the server, the sender as long as this receiver.
                self.tail.changed().await.map_err(Error::internal)?;
            }
        }
    }

    /// Takes what follows from the log's end in memory, or from the database when that begins too
    /// late. Whether there was anything.
    async fn read(&mut self) -> Result<bool> {
        let tail = self.tail.borrow_and_update().clone();
        self.ready = match tail.as_ref().and_then(|tail| tail.after(self.at)) {
            Some(events) => {
                let wanted = events.iter().filter(|event| self.filter.accepts(event));
                wanted.map(|event| Event::clone(event)).collect()
            }
            None => self.read_log().await?.into(),
        };
        if self.ready.is_empty() {
            self.at = tail.map_or(self.at, |tail| self.at.max(tail.head()));
        }
        Ok(!self.ready.is_empty())
    }

    async fn read_log(&self) -> Result<Vec<Event>> {
        let mut conn = self.app.db.get().await?;
        event::after(
            &mut conn,
            self.workspace,
            self.at,
            &self.filter,
            BATCH as i64,
        )
        .await
    }
}
