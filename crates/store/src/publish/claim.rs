//! Who works on what: claims, leases and what is left by workers that died.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{self, Array, Int8, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Network, Result,
    ids::{ConnectionId, NodeId, TargetId},
    target::State,
};
use uuid::Uuid;

use crate::{
    CachedExt, Conn, StoreExt,
    schema::{lanes, targets},
    target::Target,
};

/// An id alone.
#[derive(QueryableByName)]
pub(super) struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// The first half of a claim: now, networks, how many. Public so that its plan can be shown.
pub const LOCK_DUE: &str = "
SELECT l.connection_id AS id FROM lanes l
WHERE l.next_due_at <= $1 AND l.worker IS NULL AND l.paused_at IS NULL
  AND (l.blocked_until IS NULL OR l.blocked_until <= $1)
  AND l.network = ANY($2)
ORDER BY l.next_due_at LIMIT $3 FOR UPDATE SKIP LOCKED";

/// The second half: locked lanes, now, worker, end of the lease. Public so that its plan can be shown.
///
/// A statement of its own, with a snapshot of its own: whoever changes the targets of a connection locks its
/// lane first, so that what is seen after the lock is what is so. In one statement the lane would be the newest
/// and its targets those of before: what was moved to tomorrow a moment ago would go out today.
pub const CLAIM: &str = "
WITH head AS MATERIALIZED (
    -- Scalar queries and arrays instead of joins: each is a way down an index, whatever the planner believes.
    SELECT (SELECT t.id FROM targets t WHERE t.connection_id = lane.id AND t.state = 'SCHEDULED'
        ORDER BY t.due_at, t.id LIMIT 1) AS id
    FROM unnest($1) AS lane (id)
    WHERE (SELECT f.id FROM targets f WHERE f.connection_id = lane.id
        AND f.state IN ('CLAIMED', 'SENDING', 'UNCERTAIN', 'RECONCILING') LIMIT 1) IS NULL
), taken AS (
    UPDATE targets t SET state = 'CLAIMED', token = t.token + 1, attempt = t.attempt + 1, worker = $3, updated_at = $2
    WHERE t.id = ANY(ARRAY(SELECT id FROM head)) AND t.state = 'SCHEDULED' AND t.due_at <= $2
    RETURNING t.id, t.connection_id
), held AS (
    UPDATE lanes l SET next_due_at = NULL, blocked_until = NULL, block_reason = NULL, worker = $3, busy_until = $4
    WHERE l.connection_id = ANY(ARRAY(SELECT connection_id FROM taken))
)
SELECT id FROM taken";

/// Takes up to `limit` lanes that are due, free, unpaused and unblocked, oldest due first, and the
/// head target of each. Skips what another worker is taking at this moment. In a transaction.
pub async fn claim(
    conn: &mut Conn,
    worker: NodeId,
    networks: &[Network],
    limit: i64,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> Result<Vec<Target>> {
    let lanes: Vec<Id> = diesel::sql_query(LOCK_DUE)
        .bind::<Timestamptz, _>(now)
        .bind::<Array<Text>, _>(names(networks))
        .bind::<Int8, _>(limit)
        .cached()
        .load(conn)
        .await
        .stored()?;
    if lanes.is_empty() {
        return Ok(Vec::new());
    }
    let mut lanes: Vec<Uuid> = lanes.into_iter().map(|lane| lane.id).collect();
    let ids: Vec<Id> = diesel::sql_query(CLAIM)
        .bind::<Array<SqlUuid>, _>(&lanes)
        .bind::<Timestamptz, _>(now)
        .bind::<SqlUuid, _>(worker.uuid())
        .bind::<Timestamptz, _>(lease_until)
        .cached()
        .load(conn)
        .await
        .stored()?;
    let targets = load(conn, ids).await?;
    lanes.retain(|lane| targets.iter().all(|of| of.connection_id.uuid() != *lane));
    if !lanes.is_empty() {
        // A lane that only seems due is put right, so that it does not stand in the way of others.
        let lanes: Vec<_> = lanes.into_iter().map(ConnectionId::from).collect();
        crate::lane::refresh(conn, &lanes).await?;
    }
    Ok(targets)
}

fn names(networks: &[Network]) -> Vec<&'static str> {
    networks.iter().map(|network| network.as_str()).collect()
}

async fn load(conn: &mut Conn, ids: Vec<Id>) -> Result<Vec<Target>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    targets::table
        .filter(targets::id.eq_any(ids.into_iter().map(|row| row.id).collect::<Vec<_>>()))
        .select(Target::as_select())
        .load(conn)
        .await
        .stored()
}

/// The first due time of a lane after `after`, for the worker's timer: what was due by then and is still there
/// waits for something else.
pub async fn next_due(conn: &mut Conn, after: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    let due: Option<Option<DateTime<Utc>>> = lanes::table
        .filter(
            lanes::next_due_at
                .gt(after)
                .and(lanes::worker.is_null())
                .and(lanes::paused_at.is_null()),
        )
        .order(lanes::next_due_at)
        .select(lanes::next_due_at)
        .first(conn)
        .await
        .optional()
        .stored()?;
    Ok(due.flatten())
}

/// Keeps the lanes and read-backs a worker has in work: its targets with their connections. What it no
/// longer holds is not brought back, and what it does not know to be its own (an answer of the
/// database was lost) is not kept, so that the lease ends.
pub async fn keep(
    conn: &mut Conn,
    worker: NodeId,
    in_work: &[(TargetId, ConnectionId)],
    lease_until: DateTime<Utc>,
) -> Result<()> {
    let lines: Vec<Uuid> = in_work.iter().map(|(_, line)| line.uuid()).collect();
    diesel::update(
        lanes::table
            .filter(lanes::connection_id.eq_any(lines))
            .filter(lanes::worker.eq(worker.uuid())),
    )
    .set(lanes::busy_until.eq(lease_until))
    .execute(conn)
    .await
    .stored()?;
    let ids: Vec<Uuid> = in_work.iter().map(|(id, _)| id.uuid()).collect();
    diesel::update(
        targets::table.filter(targets::id.eq_any(ids)).filter(
            targets::worker
                .eq(worker.uuid())
                .and(targets::state.eq(State::Reconciling.as_str())),
        ),
    )
    .set(targets::lease_until.eq(lease_until))
    .execute(conn)
    .await
    .stored()?;
    Ok(())
}

const READ_BACK: &str = "
UPDATE targets t SET state = 'RECONCILING', token = t.token + 1, worker = $1, lease_until = $2, updated_at = $3
FROM (SELECT id FROM targets WHERE state = 'UNCERTAIN' AND reconcile_after <= $3 AND network = ANY($5)
      ORDER BY reconcile_after LIMIT $4 FOR UPDATE SKIP LOCKED) due
WHERE t.id = due.id RETURNING t.id";

/// Takes up to `limit` targets of these networks whose time to be read back has come.
pub async fn claim_read_backs(
    conn: &mut Conn,
    worker: NodeId,
    networks: &[Network],
    limit: i64,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> Result<Vec<Target>> {
    let ids: Vec<Id> = diesel::sql_query(READ_BACK)
        .bind::<SqlUuid, _>(worker.uuid())
        .bind::<Timestamptz, _>(lease_until)
        .bind::<Timestamptz, _>(now)
        .bind::<Int8, _>(limit)
        .bind::<Array<Text>, _>(names(networks))
        .load(conn)
        .await
        .stored()?;
    load(conn, ids).await
}

/// Targets whose worker gave no sign of life, locked; lanes first, as everywhere.
pub async fn lost_leases(conn: &mut Conn, now: DateTime<Utc>, limit: i64) -> Result<Vec<Target>> {
    let lanes: Vec<Uuid> = lanes::table
        .filter(lanes::busy_until.lt(now))
        .order(lanes::connection_id)
        .limit(limit)
        .select(lanes::connection_id)
        .for_update()
        .skip_locked()
        .load(conn)
        .await
        .stored()?;
    let mut lost: Vec<Id> = diesel::sql_query(
        "SELECT id FROM targets WHERE connection_id = ANY($1) AND state IN ('CLAIMED', 'SENDING') FOR UPDATE",
    )
    .bind::<Array<SqlUuid>, _>(&lanes)
    .load(conn)
    .await
    .stored()?;
    let unread: Vec<Id> = diesel::sql_query(
        "SELECT id FROM targets WHERE state = 'RECONCILING' AND lease_until < $1 LIMIT $2 FOR UPDATE SKIP LOCKED",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<Int8, _>(limit)
    .load(conn)
    .await
    .stored()?;
    lost.extend(unread);
    let targets = load(conn, lost).await?;
    // A lane whose target was moved on by a person meanwhile is simply free.
    diesel::update(lanes::table.filter(lanes::connection_id.eq_any(&lanes)))
        .set((
            lanes::worker.eq(None::<Uuid>),
            lanes::busy_until.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .await
        .stored()?;
    let freed: Vec<ConnectionId> = lanes.into_iter().map(ConnectionId::from).collect();
    crate::lane::refresh(conn, &freed).await?;
    Ok(targets)
}

/// Takes the next token for a target that is about to be moved by a sweep, so that its old worker is
/// fenced off from this moment.
pub async fn fence(conn: &mut Conn, target: &mut Target) -> Result<()> {
    diesel::update(targets::table.find(target.id.uuid()))
        .set(targets::token.eq(target.token + 1))
        .execute(conn)
        .await
        .stored()?;
    target.token += 1;
    Ok(())
}

#[derive(QueryableByName)]
struct Oldest {
    #[diesel(sql_type = sql_types::Nullable<Timestamptz>)]
    at: Option<DateTime<Utc>>,
}

/// The oldest due time of a lane that could be published now but is not: the queue's lateness.
pub async fn oldest_due(conn: &mut Conn, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    let row: Oldest = diesel::sql_query(
        "SELECT (SELECT l.next_due_at FROM lanes l
             WHERE l.next_due_at <= $1 AND l.worker IS NULL AND l.paused_at IS NULL
               AND (l.blocked_until IS NULL OR l.blocked_until <= $1)
               AND l.network NOT IN (SELECT n.network FROM network_states n WHERE n.blocked_until > $1)
             ORDER BY l.next_due_at LIMIT 1) AS at",
    )
    .bind::<Timestamptz, _>(now)
    .get_result(conn)
    .await
    .stored()?;
    Ok(row.at)
}
