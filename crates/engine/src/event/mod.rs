//! Reading the event log and following it live.

mod follow;
mod hints;
mod tail;

use posthaste_core::{Result, access::Permission};
use posthaste_store::event::{self, Event, Filter};

use crate::{Actor, App};

pub use follow::follow;
pub use hints::Hints;
pub use tail::fan_out;

/// Most events in one reading.
const BATCH: usize = 200;

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
        limit.clamp(1, BATCH as i64),
    )
    .await
}

/// The position of the newest event.
pub async fn head(app: &App, actor: &Actor) -> Result<i64> {
    actor.require(Permission::Read)?;
    event::head(&mut *app.db.get().await?, actor.workspace).await
}
