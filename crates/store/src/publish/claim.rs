//! Who works on what: claims, leases and what is left by workers that died.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{self, Array, Bool, Int8, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Network, Result,
    ids::{ConnectionId, NodeId, TargetId},
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

/// When a lane can be taken, and that nobody holds it: as in the index `lanes_ready`.
macro_rules! ready {
    () => {
        "greatest(l.next_due_at, l.blocked_until)"
    };
}
macro_rules! free {
    () => {
        "l.next_due_at IS NOT NULL AND l.worker IS NULL AND l.paused_at IS NULL"
    };
}

macro_rules! lock {
    ($($by:tt)+) => {
        concat!(
            "
SELECT one.id, open.network FROM unnest($2) AS open (network) CROSS JOIN LATERAL (
    SELECT l.connection_id AS id FROM lanes l
    WHERE l.network = open.network AND l.connection_id <> ALL($4) AND ",
            $($by)+,
            " <= $1 AND ",
            free!(),
            " ORDER BY ",
            $($by)+,
            " LIMIT $3 FOR UPDATE SKIP LOCKED) one"
        )
    };
}

/// The first half of a claim: now, networks, how many of each, lanes that are had already. Public so that its
/// plan can be shown.
pub const LOCK_DUE: &str = lock!(ready!());

/// As [`LOCK_DUE`], those whose turn it is by now: each line of a workspace has one some milliseconds after the
/// line before, as if its posts were due one after the other.
pub const LOCK_IN_TURN: &str = lock!(concat!("in_turn(", ready!(), ", l.turn)"));

/// The second half: locked lanes, now, worker, end of the lease. Public so that its plan can be shown.
///
/// A statement of its own, with a snapshot of its own: whoever changes the targets of a connection locks its
/// lane first, so that what is seen after the lock is what is so. In one statement the lane would be the newest
/// and its targets those of before: what was moved to tomorrow a moment ago would go out today.
pub const CLAIM: &str = "
WITH head AS MATERIALIZED (
    -- Scalar queries and arrays instead of joins: each is a way down an index, whatever the planner believes.
    -- What waits for a place of its kind lets the others go before.
    SELECT (SELECT t.id FROM targets t WHERE t.connection_id = lane.id AND t.state = 'SCHEDULED'
        AND (t.waits_until IS NULL OR t.waits_until <= $2) ORDER BY t.due_at, t.id LIMIT 1) AS id
    FROM unnest($1) AS lane (id)
    WHERE (SELECT f.id FROM targets f WHERE f.connection_id = lane.id
        AND f.state IN ('CLAIMED', 'SENDING', 'UNCERTAIN', 'RECONCILING') LIMIT 1) IS NULL
), taken AS (
    UPDATE targets t SET state = 'CLAIMED', token = t.token + 1, attempt = t.attempt + 1, worker = $3, updated_at = $2
    WHERE t.id = ANY(ARRAY(SELECT id FROM head)) AND t.state = 'SCHEDULED' AND t.due_at <= $2
    RETURNING t.id, t.connection_id
), held AS (
    UPDATE lanes l SET next_due_at = NULL, worker = $3, busy_until = $4,
        waited_until = blocked_until, waited_for = block_reason, blocked_until = NULL, block_reason = NULL
    WHERE l.connection_id = ANY(ARRAY(SELECT connection_id FROM taken))
)
SELECT id FROM taken";

#[derive(QueryableByName)]
struct DueLane {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    network: String,
}

/// Locks up to `limit` lanes that can be taken: first those whose turn it is, so that a workspace with thousands
/// due at one instant does not keep all others waiting; when there is room for more, whatever is due.
async fn lock_due(
    conn: &mut Conn,
    networks: &[Network],
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    let limit = usize::try_from(limit).unwrap_or(0);
    let mut lanes = Vec::new();
    for order in [LOCK_IN_TURN, LOCK_DUE] {
        lock_by(conn, order, networks, limit, now, &mut lanes).await?;
    }
    Ok(lanes)
}

/// Locks more lanes until there are `limit`. Each network gets an equal part, and what one leaves goes to the
/// others.
async fn lock_by(
    conn: &mut Conn,
    order: &'static str,
    networks: &[Network],
    limit: usize,
    now: DateTime<Utc>,
    lanes: &mut Vec<Uuid>,
) -> Result<()> {
    let mut open = names(networks);
    while !open.is_empty() && lanes.len() < limit {
        let left = limit - lanes.len();
        let asked: Vec<_> = open.drain(..left.min(open.len())).collect();
        let each = left / asked.len();
        let due: Vec<DueLane> = diesel::sql_query(order)
            .bind::<Timestamptz, _>(now)
            .bind::<Array<Text>, _>(&asked)
            .bind::<Int8, _>(each as i64)
            .bind::<Array<SqlUuid>, _>(&*lanes)
            .cached()
            .load(conn)
            .await
            .stored()?;
        let found = |name: &str| due.iter().filter(|lane| lane.network == name).count();
        open.extend(asked.into_iter().filter(|name| found(name) == each));
        lanes.extend(due.into_iter().map(|lane| lane.id));
    }
    Ok(())
}

/// Takes up to `limit` lanes that are due, free, unpaused and unblocked, and the head target of each. Skips
/// what another worker is taking at this moment. In a transaction.
pub async fn claim(
    conn: &mut Conn,
    worker: NodeId,
    networks: &[Network],
    limit: i64,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> Result<Vec<Target>> {
    let mut lanes = lock_due(conn, networks, limit, now).await?;
    if lanes.is_empty() {
        return Ok(Vec::new());
    }
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

#[derive(QueryableByName)]
struct Instant {
    #[diesel(sql_type = sql_types::Nullable<Timestamptz>)]
    at: Option<DateTime<Utc>>,
}

/// When a lane can be taken next after `after`, for the worker's timer: what could be by then and is still
/// there waits for something else.
pub async fn next_due(conn: &mut Conn, after: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    let row: Instant = diesel::sql_query(concat!(
        "SELECT min(one.at) AS at FROM network_states n CROSS JOIN LATERAL (
             SELECT ",
        ready!(),
        " AS at FROM lanes l WHERE l.network = n.network AND ",
        ready!(),
        " > $1 AND ",
        free!(),
        " ORDER BY ",
        ready!(),
        " LIMIT 1) one"
    ))
    .bind::<Timestamptz, _>(after)
    .cached()
    .get_result(conn)
    .await
    .stored()?;
    Ok(row.at)
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
    let ids: Vec<Uuid> = in_work.iter().map(|(id, _)| id.uuid()).collect();
    for (statement, of) in [(KEEP_LINES, lines), (KEEP_READINGS, ids)] {
        diesel::sql_query(statement)
            .bind::<Array<SqlUuid>, _>(of)
            .bind::<SqlUuid, _>(worker.uuid())
            .bind::<Timestamptz, _>(lease_until)
            .execute(conn)
            .await
            .stored()?;
    }
    Ok(())
}

// Nobody is waited for: what somebody is writing at this moment is kept the next time, and all others now.
const KEEP_LINES: &str = "
WITH ours AS (SELECT connection_id FROM lanes WHERE connection_id = ANY($1) AND worker = $2 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE lanes l SET busy_until = $3 FROM ours WHERE l.connection_id = ours.connection_id";
const KEEP_READINGS: &str = "
WITH ours AS (SELECT id FROM targets WHERE id = ANY($1) AND worker = $2 AND state = 'RECONCILING' FOR NO KEY UPDATE SKIP LOCKED)
UPDATE targets t SET lease_until = $3 FROM ours WHERE t.id = ours.id";

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

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = SqlUuid)]
    connection_id: Uuid,
}

/// The lines of workers that gave no sign of life, and of readings back of such workers; see [`take_lost`].
pub async fn lost_leases(
    conn: &mut Conn,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<ConnectionId>> {
    let lines: Vec<Line> = diesel::sql_query(
        "(SELECT connection_id FROM lanes WHERE busy_until < $1 LIMIT $2) UNION
         (SELECT connection_id FROM targets WHERE state = 'RECONCILING' AND lease_until < $1 LIMIT $2)",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<Int8, _>(limit)
    .load(conn)
    .await
    .stored()?;
    Ok(lines
        .into_iter()
        .map(|line| line.connection_id.into())
        .collect())
}

/// Locks a line, frees it if its lease is still lost, and returns the target that was lost with it. In a
/// transaction of its own: lane, target, log, as everywhere, so that two sweeps never wait in a circle.
pub async fn take_lost(
    conn: &mut Conn,
    line: ConnectionId,
    now: DateTime<Utc>,
) -> Result<Option<Target>> {
    crate::lane::lock(conn, &[line]).await?;
    let freed = diesel::update(
        lanes::table
            .find(line.uuid())
            .filter(lanes::busy_until.lt(now)),
    )
    .set((
        lanes::worker.eq(None::<Uuid>),
        lanes::busy_until.eq(None::<DateTime<Utc>>),
    ))
    .execute(conn)
    .await
    .stored()?;
    let lost: Vec<Id> = diesel::sql_query(
        "SELECT id FROM targets
         WHERE connection_id = $1 AND state IN ('CLAIMED', 'SENDING', 'UNCERTAIN', 'RECONCILING')
           AND (state IN ('CLAIMED', 'SENDING') AND $2 OR state = 'RECONCILING' AND lease_until < $3) FOR UPDATE",
    )
    .bind::<SqlUuid, _>(line.uuid())
    .bind::<Bool, _>(freed == 1)
    .bind::<Timestamptz, _>(now)
    .load(conn)
    .await
    .stored()?;
    let target = load(conn, lost).await?.pop();
    if target.is_none() {
        // What a person moved on meanwhile has left a line that is simply free.
        crate::lane::refresh(conn, &[line]).await?;
    }
    Ok(target)
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

/// Since when the first of the lanes could be published that could be but are not: the queue's lateness.
pub async fn oldest_due(conn: &mut Conn, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    let row: Instant = diesel::sql_query(concat!(
        "SELECT min(one.at) AS at FROM network_states n CROSS JOIN LATERAL (
             SELECT ",
        ready!(),
        " AS at FROM lanes l WHERE l.network = n.network AND ",
        ready!(),
        " <= $1 AND ",
        free!(),
        " ORDER BY ",
        ready!(),
        " LIMIT 1) one WHERE n.blocked_until IS NULL OR n.blocked_until <= $1"
    ))
    .bind::<Timestamptz, _>(now)
    .get_result(conn)
    .await
    .stored()?;
    Ok(row.at)
}
