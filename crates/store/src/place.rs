//! Waiting for a place under a network's limit: a line as a whole, or only its targets of one kind.

use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Result,
    ids::{ConnectionId, WorkspaceId},
};
use uuid::Uuid;

use crate::{
    Conn, StoreExt, lane,
    schema::{lanes, targets},
};

/// Why a lane waits for a place under a limit.
const REASON: &str = "quota";

/// Makes a lane wait for a place under a limit; what is due meanwhile is not late for it.
pub async fn await_line(
    conn: &mut Conn,
    connection: ConnectionId,
    until: DateTime<Utc>,
) -> Result<()> {
    lane::block(conn, connection, until, REASON).await?;
    diesel::update(lanes::table.find(connection.uuid()))
        .set(lanes::place_at.eq(until))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Until when a lane waited last for a place under a limit.
pub async fn awaited_until(
    conn: &mut Conn,
    connection: ConnectionId,
) -> Result<Option<DateTime<Utc>>> {
    lanes::table
        .find(connection.uuid())
        .select(lanes::place_at)
        .first(conn)
        .await
        .stored()
}

/// Makes a target wait for a place under a limit of its kind, and those of the kind that are due before; the
/// line, which is locked, goes on without them.
pub async fn await_of_kind(
    conn: &mut Conn,
    connection: ConnectionId,
    kind: &str,
    until: DateTime<Utc>,
) -> Result<()> {
    diesel::update(
        targets::table
            .filter(targets::connection_id.eq(connection.uuid()))
            .filter(targets::state.eq("SCHEDULED"))
            .filter(targets::due_at.lt(until))
            .filter(targets::kind.eq(kind)),
    )
    .set(targets::waits_until.eq(until))
    .execute(conn)
    .await
    .stored()?;
    Ok(())
}

/// The lanes of a workspace on which something waits for a place under a limit, locked in order.
const WAIT_FOR_PLACES: &str = "
SELECT l.connection_id AS id FROM lanes l WHERE l.workspace_id = $1
    AND (l.block_reason = 'quota' OR EXISTS (SELECT FROM targets t WHERE t.connection_id = l.connection_id
        AND t.state = 'SCHEDULED' AND t.waits_until IS NOT NULL))
ORDER BY l.connection_id FOR UPDATE";

/// Ends all waits for a place of a workspace, so that what waits is judged anew.
pub async fn end_waits(conn: &mut Conn, workspace: WorkspaceId, now: DateTime<Utc>) -> Result<()> {
    let waiting: Vec<Locked> = diesel::sql_query(WAIT_FOR_PLACES)
        .bind::<sql_types::Uuid, _>(workspace.uuid())
        .load(conn)
        .await
        .stored()?;
    if waiting.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = waiting.iter().map(|lane| lane.id).collect();
    diesel::update(
        targets::table
            .filter(targets::connection_id.eq_any(&ids))
            .filter(targets::state.eq("SCHEDULED"))
            .filter(targets::waits_until.gt(now)),
    )
    .set(targets::waits_until.eq(now))
    .execute(conn)
    .await
    .stored()?;
    diesel::update(
        lanes::table
            .filter(lanes::connection_id.eq_any(&ids))
            .filter(lanes::block_reason.eq(REASON)),
    )
    .set((
        lanes::blocked_until.eq(None::<DateTime<Utc>>),
        lanes::block_reason.eq(None::<String>),
    ))
    .execute(conn)
    .await
    .stored()?;
    let lanes: Vec<_> = ids.into_iter().map(ConnectionId::from).collect();
    lane::refresh(conn, &lanes).await
}

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
}
