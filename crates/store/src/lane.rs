//! Lanes: the publishing line of each connection.

use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, Network, Result,
    ids::{ConnectionId, WorkspaceId},
};
use uuid::Uuid;

use crate::{CachedExt, Conn, Scope, StoreExt, schema::lanes};

/// The publishing line of a connection.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = lanes)]
pub struct Lane {
    /// The connection.
    #[diesel(deserialize_as = Uuid)]
    pub connection_id: ConnectionId,
    /// When its next target is due; empty while one is in flight.
    pub next_due_at: Option<DateTime<Utc>>,
    /// Until when a worker holds it.
    pub busy_until: Option<DateTime<Utc>>,
    /// Since when a person has paused it.
    pub paused_at: Option<DateTime<Utc>>,
    /// Until when it waits (rate limit, back-off).
    pub blocked_until: Option<DateTime<Utc>>,
    /// Why it waits.
    pub block_reason: Option<String>,
}

/// A new line's turn: four milliseconds after the workspace's line before it on the network, up to a minute.
const INSERT: &str = "
INSERT INTO lanes (connection_id, workspace_id, network, turn)
SELECT $1, $2, $3, least(count(*) * 4, 60000)::int FROM lanes WHERE workspace_id = $2 AND network = $3
ON CONFLICT DO NOTHING";

/// Adds the lane of a new connection.
pub async fn insert(
    conn: &mut Conn,
    workspace: WorkspaceId,
    connection: ConnectionId,
    network: Network,
) -> Result<()> {
    diesel::sql_query(INSERT)
        .bind::<sql_types::Uuid, _>(connection.uuid())
        .bind::<sql_types::Uuid, _>(workspace.uuid())
        .bind::<sql_types::Text, _>(network.as_str())
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Locks lanes in one order, so that two people and a worker never wait for each other in a circle.
/// Whoever changes the targets of a connection locks its lane first.
pub async fn lock(conn: &mut Conn, connections: &[ConnectionId]) -> Result<()> {
    let ids: Vec<Uuid> = connections.iter().map(|id| id.uuid()).collect();
    lanes::table
        .filter(lanes::connection_id.eq_any(ids))
        .order(lanes::connection_id)
        .select(lanes::connection_id)
        .for_update()
        .load::<Uuid>(conn)
        .await
        .stored()?;
    Ok(())
}

macro_rules! next_due {
    () => {
        "next_due_at = CASE WHEN EXISTS (
             SELECT FROM targets t WHERE t.connection_id = lanes.connection_id
                AND t.state IN ('CLAIMED', 'SENDING', 'UNCERTAIN', 'RECONCILING')) THEN NULL
         ELSE least(
             (SELECT t.due_at FROM targets t WHERE t.connection_id = lanes.connection_id AND t.state = 'SCHEDULED'
                AND t.waits_until IS NULL ORDER BY t.due_at, t.id LIMIT 1),
             (SELECT t.waits_until FROM targets t WHERE t.connection_id = lanes.connection_id AND t.state = 'SCHEDULED'
                AND t.waits_until IS NOT NULL ORDER BY t.waits_until LIMIT 1)) END"
    };
}

/// Sets each lane's next due time from its targets.
pub async fn refresh(conn: &mut Conn, connections: &[ConnectionId]) -> Result<()> {
    let ids: Vec<Uuid> = connections.iter().map(|id| id.uuid()).collect();
    diesel::sql_query(concat!(
        "UPDATE lanes SET ",
        next_due!(),
        " WHERE connection_id = ANY($1)"
    ))
    .bind::<sql_types::Array<sql_types::Uuid>, _>(ids)
    .cached()
    .execute(conn)
    .await
    .stored()?;
    Ok(())
}

#[derive(QueryableByName)]
struct Ready {
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    at: Option<DateTime<Utc>>,
}

/// Lets go of a lane if `worker` holds it, and sets its next due time from its targets. Returns when it can
/// be taken next, if at all.
pub async fn release(
    conn: &mut Conn,
    connection: ConnectionId,
    worker: Uuid,
) -> Result<Option<DateTime<Utc>>> {
    let ready = diesel::sql_query(concat!(
        "UPDATE lanes SET worker = nullif(worker, $2), busy_until = CASE WHEN worker = $2 THEN NULL ELSE busy_until END, ",
        next_due!(),
        " WHERE connection_id = $1
          RETURNING CASE WHEN next_due_at IS NOT NULL AND paused_at IS NULL THEN greatest(next_due_at, blocked_until) END AS at"
    ))
    .bind::<sql_types::Uuid, _>(connection.uuid())
    .bind::<sql_types::Uuid, _>(worker)
    .cached()
    .load::<Ready>(conn)
    .await
    .stored()?;
    Ok(ready.into_iter().find_map(|lane| lane.at))
}

/// Takes a lane from the worker that holds it, whose target is no longer its own.
pub async fn vacate(conn: &mut Conn, connection: ConnectionId) -> Result<()> {
    diesel::update(lanes::table.find(connection.uuid()))
        .set((
            lanes::worker.eq(None::<Uuid>),
            lanes::busy_until.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Whether a person holds a lane back.
pub async fn is_paused(conn: &mut Conn, connection: ConnectionId) -> Result<bool> {
    lanes::table
        .find(connection.uuid())
        .select(lanes::paused_at.is_not_null())
        .first(conn)
        .await
        .stored()
}

/// Makes a lane wait; a longer wait that stands already is kept.
pub async fn block(
    conn: &mut Conn,
    connection: ConnectionId,
    until: DateTime<Utc>,
    reason: &str,
) -> Result<()> {
    diesel::update(
        lanes::table
            .filter(lanes::connection_id.eq(connection.uuid()))
            .filter(
                lanes::blocked_until
                    .is_null()
                    .or(lanes::blocked_until.lt(until)),
            ),
    )
    .set((
        lanes::blocked_until.eq(until),
        lanes::block_reason.eq(reason),
    ))
    .execute(conn)
    .await
    .stored()?;
    Ok(())
}

#[derive(QueryableByName)]
struct Failures {
    #[diesel(sql_type = sql_types::Integer)]
    failures: i32,
}

/// Counts a try that the network failed to answer, and returns how many there were in a row. A post that
/// went live since the first of them ended the row before.
pub async fn failed(conn: &mut Conn, connection: ConnectionId, now: DateTime<Utc>) -> Result<i32> {
    let row: Failures = diesel::sql_query(
        "UPDATE lanes l SET
             failures = CASE WHEN lived.since THEN 1 ELSE l.failures + 1 END,
             failing_since = CASE WHEN lived.since THEN $2 ELSE coalesce(l.failing_since, $2) END
         FROM (SELECT EXISTS (
             SELECT FROM targets t JOIN lanes f ON f.connection_id = t.connection_id
             WHERE t.connection_id = $1 AND t.remote_id IS NOT NULL AND t.published_at >= f.failing_since) AS since) lived
         WHERE l.connection_id = $1 RETURNING l.failures",
    )
    .bind::<sql_types::Uuid, _>(connection.uuid())
    .bind::<sql_types::Timestamptz, _>(now)
    .get_result(conn)
    .await
    .stored()?;
    Ok(row.failures)
}

/// The network answered: whatever it said, the row of failures ends.
pub async fn answered(conn: &mut Conn, connection: ConnectionId) -> Result<()> {
    diesel::sql_query(
        "UPDATE lanes SET failures = 0, failing_since = NULL WHERE connection_id = $1 AND failures > 0",
    )
    .bind::<sql_types::Uuid, _>(connection.uuid())
    .execute(conn)
    .await
    .stored()?;
    Ok(())
}

/// What a line waited for before its last target was taken up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waited {
    /// Until when.
    pub until: DateTime<Utc>,
    /// Why.
    pub reason: Option<String>,
}

#[derive(QueryableByName)]
struct WaitedRow {
    #[diesel(sql_type = sql_types::Uuid)]
    connection_id: Uuid,
    #[diesel(sql_type = sql_types::Timestamptz)]
    waited_until: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    waited_for: Option<String>,
}

/// What lanes waited for before their last target was taken up; those that did not wait are left out.
pub async fn waited(
    conn: &mut Conn,
    connections: &[ConnectionId],
) -> Result<Vec<(ConnectionId, Waited)>> {
    let ids: Vec<Uuid> = connections.iter().map(|id| id.uuid()).collect();
    let rows: Vec<WaitedRow> = diesel::sql_query(
        "SELECT connection_id, waited_until, waited_for FROM lanes
         WHERE connection_id = ANY($1) AND waited_until IS NOT NULL",
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(ids)
    .load(conn)
    .await
    .stored()?;
    let waited = |row: WaitedRow| Waited {
        until: row.waited_until,
        reason: row.waited_for,
    };
    Ok(rows
        .into_iter()
        .map(|row| (row.connection_id.into(), waited(row)))
        .collect())
}

/// Ends a wait early (a person retries or reconnected).
pub async fn unblock(conn: &mut Conn, connection: ConnectionId) -> Result<()> {
    diesel::update(lanes::table.find(connection.uuid()))
        .set((
            lanes::blocked_until.eq(None::<DateTime<Utc>>),
            lanes::block_reason.eq(None::<String>),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Pauses (with a time) or resumes (without) a lane.
pub async fn set_paused(
    conn: &mut Conn,
    connection: ConnectionId,
    at: Option<DateTime<Utc>>,
) -> Result<()> {
    diesel::update(lanes::table.find(connection.uuid()))
        .set(lanes::paused_at.eq(at))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Pauses every lane of a workspace that is not paused yet; `at` marks them for [`resume_all`].
pub async fn pause_all(conn: &mut Conn, workspace: WorkspaceId, at: DateTime<Utc>) -> Result<()> {
    lock_of_workspace(conn, workspace).await?;
    let running = lanes::workspace_id
        .eq(workspace.uuid())
        .and(lanes::paused_at.is_null());
    diesel::update(lanes::table.filter(running))
        .set(lanes::paused_at.eq(at))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Resumes the lanes of a workspace that [`pause_all`] paused at an instant.
pub async fn resume_all(conn: &mut Conn, workspace: WorkspaceId, at: DateTime<Utc>) -> Result<()> {
    lock_of_workspace(conn, workspace).await?;
    let paused = lanes::workspace_id
        .eq(workspace.uuid())
        .and(lanes::paused_at.eq(at));
    diesel::update(lanes::table.filter(paused))
        .set(lanes::paused_at.eq(None::<DateTime<Utc>>))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Locks all lanes of a workspace, in the order in which everybody locks lanes.
pub async fn lock_of_workspace(conn: &mut Conn, workspace: WorkspaceId) -> Result<()> {
    lanes::table
        .filter(lanes::workspace_id.eq(workspace.uuid()))
        .order(lanes::connection_id)
        .select(lanes::connection_id)
        .for_update()
        .load::<Uuid>(conn)
        .await
        .stored()?;
    Ok(())
}

/// The lanes of connections, for their views.
pub async fn by_connections(
    conn: &mut Conn,
    scope: impl Into<Scope>,
    ids: &[ConnectionId],
) -> Result<Vec<Lane>> {
    let scope = scope.into();
    let inside = ids.iter().filter(|id| scope.reach.has(**id));
    lanes::table
        .filter(lanes::workspace_id.eq(scope.workspace.uuid()))
        .filter(lanes::connection_id.eq_any(inside.map(|id| id.uuid()).collect::<Vec<_>>()))
        .select(Lane::as_select())
        .load(conn)
        .await
        .stored()
}

/// The lane of one connection.
pub async fn get(conn: &mut Conn, scope: impl Into<Scope>, id: ConnectionId) -> Result<Lane> {
    by_connections(conn, scope, &[id])
        .await?
        .pop()
        .ok_or_else(|| Error::not_found("connection"))
}
