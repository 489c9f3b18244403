use std::{collections::VecDeque, sync::Arc};

use futures::{Stream, stream};
use posthaste_core::{Error, Result, access::Permission};
use posthaste_store::{
    Scope,
    event::{self, Event, Filter},
};
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
        scope: actor.into(),
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
    scope: Scope,
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
    /// late. Whether there is something to tell, or more to read.
    async fn read(&mut self) -> Result<bool> {
        let tail = self.tail.borrow_and_update().clone();
        let newest = tail.as_ref().and_then(|tail| tail.after(self.at));
        let (read, is_end) = if let Some(events) = newest {
            let wanted = events.iter().filter(|event| self.filter.accepts(event));
            (wanted.map(|event| Event::clone(event)).collect(), true)
        } else {
            let read = self.read_log().await?;
            let is_end = read.is_empty();
            (read, is_end)
        };
        let last = read.last().map(|event| event.seq);
        self.ready = self.seen(read).await?.into();
        if self.ready.is_empty() {
            self.at = match tail {
                Some(tail) if is_end => self.at.max(tail.head()),
                _ => last.unwrap_or(self.at),
            };
        }
        // What was read and is not to be seen is passed over, and more may follow it.
        Ok(!self.ready.is_empty() || !is_end)
    }

    async fn seen(&self, events: Vec<Event>) -> Result<Vec<Event>> {
        if self.scope.reach.is_whole() || events.is_empty() {
            return Ok(events);
        }
        event::keep_within(&mut *self.app.db.get().await?, &self.scope, events).await
    }

    async fn read_log(&self) -> Result<Vec<Event>> {
        let mut conn = self.app.db.get().await?;
        event::after(
            &mut conn,
            self.scope.workspace,
            self.at,
            &self.filter,
            BATCH as i64,
        )
        .await
    }
}
