//! Reading the event log and following it live.

mod follow;
mod hints;
mod tail;

use posthaste_core::{Error, ErrorCode, Result, access::Permission};
use posthaste_store::event::{self, Event, Filter, Reach};

use crate::{Actor, App};

pub use follow::follow;
pub use hints::{Hint, Hints};
pub use tail::fan_out;

/// Most events in one reading.
const BATCH: usize = 200;

/// Events after a position, oldest first, at most 200; 0 is the beginning of what is kept. `INVALID_CURSOR`
/// when the log does not reach the position, or no longer.
pub async fn after(
    app: &App,
    actor: &Actor,
    seq: i64,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Event>> {
    actor.require(Permission::Read)?;
    let mut conn = app.db.get().await?;
    let limit = limit.clamp(1, BATCH as i64);
    let events = event::after(&mut conn, actor.workspace, seq, filter, limit).await?;
    // After the reading, so that what was dropped meanwhile is noticed.
    check_reached(seq, event::reach(&mut conn, actor.workspace).await?)?;
    Ok(events)
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
