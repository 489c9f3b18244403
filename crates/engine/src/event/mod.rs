//! Reading the event log and following it live.

mod follow;
mod hints;
mod tail;

use posthaste_core::{Error, ErrorCode, Result, access::Permission};
use posthaste_store::event::{self, Event, Filter};

use crate::{Actor, App};

pub use follow::follow;
pub use hints::Hints;
pub use tail::fan_out;

/// Most events in one reading.
const BATCH: usize = 200;

/// Events after a position, oldest first, at most 200. `INVALID_CURSOR` when the log does not reach it.
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
    if events.is_empty() {
        check_reached(seq, event::head(&mut conn, actor.workspace).await?)?;
    }
    Ok(events)
}

/// A position beyond the log's end is of another log, or of one that was emptied: whoever waited for
/// what follows it would miss all that comes before.
fn check_reached(seq: i64, head: i64) -> Result<()> {
    if seq <= head {
        return Ok(());
    }
    let message = "The log does not reach this cursor.";
    Err(Error::new(ErrorCode::InvalidCursor, message).at(["after"]))
}

/// The position of the newest event.
pub async fn head(app: &App, actor: &Actor) -> Result<i64> {
    actor.require(Permission::Read)?;
    event::head(&mut *app.db.get().await?, actor.workspace).await
}
