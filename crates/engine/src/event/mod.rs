//! Reading the event log and following it live.

mod follow;
mod hints;
mod tail;

use posthaste_core::{Error, ErrorCode, Result, access::Permission};
use posthaste_store::{
    Conn,
    event::{self, Event, Filter, Reach},
};

use crate::{Actor, App};

pub use follow::follow;
pub use hints::{Hint, Hints};
pub use tail::fan_out;

/// Most events in one reading.
const BATCH: usize = 200;

/// Most readings for one part, when most events are not to be seen.
const BATCHES: usize = 10;

/// A part of the log.
#[derive(Clone, Debug)]
pub struct Part {
    /// What the actor may see of it, oldest first.
    pub events: Vec<Event>,
    /// How far it reaches: what follows comes after this position.
    pub end: i64,
    /// Whether something may follow.
    pub has_next: bool,
}

/// The events after a position, at most `limit` and at most 200; 0 is the beginning of what is kept.
/// `INVALID_CURSOR` when the log does not reach the position, or no longer.
pub async fn after(
    app: &App,
    actor: &Actor,
    seq: i64,
    filter: &Filter,
    limit: usize,
) -> Result<Part> {
    actor.require(Permission::Read)?;
    let mut conn = app.db.get().await?;
    let limit = limit.clamp(1, BATCH);
    let part = part(&mut conn, actor, seq, filter, limit).await?;
    // After the reading, so that what was dropped meanwhile is noticed.
    check_reached(seq, event::reach(&mut conn, actor.workspace).await?)?;
    Ok(part)
}

/// Reads on until there are as many events as wanted that the actor may see, or no more, or it was enough.
async fn part(
    conn: &mut Conn,
    actor: &Actor,
    seq: i64,
    filter: &Filter,
    limit: usize,
) -> Result<Part> {
    let at_once = if actor.reach.is_whole() {
        limit + 1
    } else {
        BATCH
    };
    let mut part = Part {
        events: Vec::new(),
        end: seq,
        has_next: true,
    };
    for _ in 0..BATCHES {
        let read = event::after(conn, actor.workspace, part.end, filter, at_once as i64).await?;
        let is_end = read.len() < at_once;
        part.end = read.last().map_or(part.end, |event| event.seq);
        let mut seen = event::keep_within(conn, &actor.into(), read).await?;
        part.events.append(&mut seen);
        if part.events.len() > limit {
            part.events.truncate(limit);
            part.end = part.events.last().map_or(seq, |event| event.seq);
            return Ok(part);
        }
        if is_end {
            part.has_next = false;
            return Ok(part);
        }
    }
    Ok(part)
}

/// A position beyond the log's end is of another log, or of one that was emptied; one before what is
/// kept has lost what followed it. Whoever went on from there would miss events without knowing.
pub(crate) fn check_reached(seq: i64, reach: Reach) -> Result<()> {
    let message = if seq > reach.head {
        "The log does not reach this cursor."
    } else if 0 < seq && seq < reach.dropped {
        "What followed this cursor is no longer kept. Read how things stand now, then follow the log from its newest cursor."
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorCode::InvalidCursor, message).at(["after"]))
}

/// The position of the newest event.
pub async fn head(app: &App, actor: &Actor) -> Result<i64> {
    actor.require(Permission::Read)?;
    event::head(&mut *app.db.get().await?, actor.workspace).await
}
