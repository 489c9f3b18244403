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
    Conn, StoreExt,
    schema::{lanes, targets},
    target::Target,
};

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

const CLAIM: &str = "
WITH due AS (
    SELECT l.connection_id FROM lanes l
    WHERE l.next_due_at <= $1 AND l.worker IS NULL AND l.paused_at IS NULL
      AND (l.blocked_until IS NULL OR l.blocked_until <= $1)
      AND l.network = ANY($2)
    ORDER BY l.next_due_at LIMIT $3 FOR UPDATE SKIP LOCKED
), head AS (
    SELECT due.connection_id, h.id FROM due CROSS JOIN LATERAL (
        SELECT t.id FROM targets t WHERE t.connection_id = due.connection_id AND t.state = 'SCHEDULED'
        ORDER BY t.due_at, t.id LIMIT 1) h
    WHERE NOT EXISTS (SELECT FROM targets f WHERE f.connection_id = due.connection_id
        AND f.state IN ('CLAIMED', 'SENDING', 'UNCERTAIN', 'RECONCILING'))
), held AS (
    -- A lane that only seems due is put right, so that it does not stand in the way of others.
    UPDATE lanes l SET next_due_at = NULL, blocked_until = NULL, block_reason = NULL,
        worker = CASE WHEN head.id IS NULL THEN NULL ELSE $4 END,
        busy_until = CASE WHEN head.id IS NULL THEN NULL ELSE $5 END
    FROM due LEFT JOIN head USING (connection_id) WHERE l.connection_id = due.connection_id
)
UPDATE targets t SET state = 'CLAIMED', token = t.token + 1, attempt = t.attempt + 1, worker = $4, updated_at = $1
FROM head WHERE t.id = head.id AND t.state = 'SCHEDULED'
RETURNING t.id";

/// Takes up to `limit` lanes that are due, free, unpaused and unblocked, oldest due first, and the
/// head target of each. Skips what another worker is taking at this moment.
pub async fn claim(
    conn: &mut Conn,
    worker: NodeId,
    networks: &[Network],
    limit: i64,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> Result<Vec<Target>> {
    let names: Vec<&str> = networks.iter().map(|network| network.as_str()).collect();
    let ids: Vec<Id> = diesel::sql_query(CLAIM)
        .bind::<Timestamptz, _>(now)
        .bind::<Array<Text>, _>(names)
        .bind::<Int8, _>(limit)
        .bind::<SqlUuid, _>(worker.uuid())
        .bind::<Timestamptz, _>(lease_until)
        .load(conn)
        .await
        .stored()?;
    load(conn, ids).await
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

/// The earliest moment at which a lane may become claimable, for the worker's timer.
pub async fn next_due(conn: &mut Conn) -> Result<Option<DateTime<Utc>>> {
    lanes::table
        .filter(
            lanes::next_due_at
                .is_not_null()
                .and(lanes::worker.is_null())
                .and(lanes::paused_at.is_null()),
        )
        .select(diesel::dsl::min(lanes::next_due_at))
        .first(conn)
        .await
        .stored()
}

/// Keeps these lanes and read-backs of a worker; what it no longer holds is not brought back.
pub async fn keep(
    conn: &mut Conn,
    worker: NodeId,
    connections: &[ConnectionId],
    readings: &[TargetId],
    lease_until: DateTime<Utc>,
) -> Result<()> {
    let connections = connections.iter().map(|id| id.uuid());
    let ours = lanes::table
        .filter(lanes::connection_id.eq_any(connections.collect::<Vec<_>>()))
        .filter(lanes::worker.eq(worker.uuid()));
    diesel::update(ours)
        .set(lanes::busy_until.eq(lease_until))
        .execute(conn)
        .await
        .stored()?;
    let readings = readings.iter().map(|id| id.uuid()).collect::<Vec<_>>();
    diesel::update(
        targets::table.filter(targets::id.eq_any(readings)).filter(
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
FROM (SELECT id FROM targets WHERE state = 'UNCERTAIN' AND reconcile_after <= $3
      ORDER BY reconcile_after LIMIT $4 FOR UPDATE SKIP LOCKED) due
WHERE t.id = due.id RETURNING t.id";

/// Takes up to `limit` targets whose time to be read back has come.
pub async fn claim_read_backs(
    conn: &mut Conn,
    worker: NodeId,
    limit: i64,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> Result<Vec<Target>> {
    let ids: Vec<Id> = diesel::sql_query(READ_BACK)
        .bind::<SqlUuid, _>(worker.uuid())
        .bind::<Timestamptz, _>(lease_until)
        .bind::<Timestamptz, _>(now)
        .bind::<Int8, _>(limit)
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
