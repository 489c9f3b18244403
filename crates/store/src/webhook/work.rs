//! Who works on what: endpoints behind the log, claims, outcomes.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, Int4, Int8, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Result,
    ids::{NodeId, WebhookEndpointId, WorkspaceId},
    webhook::AT_ONCE,
};
use uuid::Uuid;

use super::{
    delivery::{Attempt, Delivery, State},
    endpoint::Endpoint,
};
use crate::{
    Conn, StoreExt,
    event::known,
    schema::{webhook_attempts, webhook_deliveries, webhook_endpoints as endpoints},
};

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

fn uuids(rows: &[Id]) -> Vec<Uuid> {
    rows.iter().map(|row| row.id).collect()
}

/// Enabled endpoints whose workspace's log has gone on, locked; those another worker has are skipped, and so are
/// those that ask for types of events which only a newer version knows: it must not miss what they asked for.
pub async fn lock_behind(conn: &mut Conn, limit: i64) -> Result<Vec<Endpoint>> {
    let ids: Vec<Id> = diesel::sql_query(
        "SELECT e.id FROM event_heads h CROSS JOIN LATERAL (
             SELECT b.id FROM webhook_endpoints b
             WHERE b.workspace_id = h.workspace_id AND b.cursor < h.seq AND b.status = 'ENABLED'
                 AND b.event_types <@ $2
             ORDER BY b.cursor LIMIT $1 FOR UPDATE SKIP LOCKED) e
         LIMIT $1",
    )
    .bind::<Int8, _>(limit)
    .bind::<Array<Text>, _>(known())
    .load(conn)
    .await
    .stored()?;
    load(conn, &uuids(&ids)).await
}

/// Endpoints at which something may be due, longest due first, locked; those another worker has are
/// skipped.
pub async fn lock_due(conn: &mut Conn, now: DateTime<Utc>, limit: i64) -> Result<Vec<Endpoint>> {
    let ids: Vec<Id> = diesel::sql_query(
        "SELECT id FROM webhook_endpoints WHERE next_due_at <= $1
         ORDER BY next_due_at LIMIT $2 FOR UPDATE SKIP LOCKED",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<Int8, _>(limit)
    .load(conn)
    .await
    .stored()?;
    load(conn, &uuids(&ids)).await
}

async fn load(conn: &mut Conn, ids: &[Uuid]) -> Result<Vec<Endpoint>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    endpoints::table
        .filter(endpoints::id.eq_any(ids))
        .select(Endpoint::as_select())
        .load(conn)
        .await
        .stored()
}

/// Writes how far an endpoint has come in the log and in its numbers.
pub async fn advance(
    conn: &mut Conn,
    id: WebhookEndpointId,
    cursor: i64,
    sequence: i64,
) -> Result<()> {
    diesel::update(endpoints::table.find(id.uuid()))
        .set((
            endpoints::cursor.eq(cursor),
            endpoints::sequence.eq(sequence),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

// A paused endpoint gives one delivery, whatever its time: the probe.
const TAKE: &str = "
WITH room AS (
    SELECT e.id, e.status = 'PAUSED' AS paused, greatest(0, CASE WHEN e.status = 'PAUSED' THEN 1 ELSE $5 END - (
        SELECT count(*) FROM webhook_deliveries f
        WHERE f.endpoint_id = e.id AND f.worker IS NOT NULL AND f.due_at > $1)) AS free
    FROM webhook_endpoints e WHERE e.id = ANY($2)
), due AS (
    SELECT d.id, d.worker, d.token, d.due_at FROM room CROSS JOIN LATERAL (
        SELECT c.id, c.worker, c.token, c.due_at, row_number() OVER (ORDER BY c.due_at, c.sequence) AS place
        FROM webhook_deliveries c
        WHERE c.endpoint_id = room.id AND c.due_at <= CASE WHEN room.paused THEN 'infinity'::timestamptz ELSE $1 END
        ORDER BY c.due_at, c.sequence LIMIT room.free) d
    ORDER BY d.place, d.due_at LIMIT $6
)
UPDATE webhook_deliveries d SET worker = $3, due_at = $4, token = d.token + 1, tries = d.tries + 1
FROM due WHERE d.id = due.id
RETURNING d.id, due.worker AS lost_worker, due.due_at AS was_due";

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    lost_worker: Option<Uuid>,
    #[diesel(sql_type = Timestamptz)]
    was_due: DateTime<Utc>,
}

/// A delivery that a worker has taken.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The delivery.
    pub delivery: Delivery,
    /// When the lease of a worker that had it before ended without a word.
    pub lost_at: Option<DateTime<Utc>>,
}

/// Takes up to `limit` deliveries of locked endpoints, the oldest due of each first, no more than
/// [`AT_ONCE`] of one endpoint at a time (one as probe of a paused one). What a worker took and did
/// not finish by the end of its lease is due again.
pub async fn take(
    conn: &mut Conn,
    worker: NodeId,
    from: &[WebhookEndpointId],
    limit: i64,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> Result<Vec<Claim>> {
    let ids: Vec<Uuid> = from.iter().map(|id| id.uuid()).collect();
    let taken: Vec<Taken> = diesel::sql_query(TAKE)
        .bind::<Timestamptz, _>(now)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<SqlUuid, _>(worker.uuid())
        .bind::<Timestamptz, _>(lease_until)
        .bind::<Int4, _>(AT_ONCE)
        .bind::<Int8, _>(limit)
        .load(conn)
        .await
        .stored()?;
    let lost: HashMap<Uuid, Option<DateTime<Utc>>> = taken
        .into_iter()
        .map(|row| (row.id, row.lost_worker.map(|_| row.was_due)))
        .collect();
    let mut rows: Vec<Delivery> = webhook_deliveries::table
        .filter(webhook_deliveries::id.eq_any(lost.keys().copied().collect::<Vec<_>>()))
        .select(Delivery::as_select())
        .load(conn)
        .await
        .stored()?;
    rows.sort_by_key(|row| (row.endpoint_id, row.sequence));
    Ok(rows
        .into_iter()
        .map(|delivery| Claim {
            lost_at: lost[&delivery.id.uuid()],
            delivery,
        })
        .collect())
}

/// Sets when each endpoint is looked at next: at its earliest delivery, or, while its room is used
/// up, when the first lease ends; not before its receiver wants it, and not before now, so that one
/// with a backlog comes behind those that wait. Paused ones are probed at `probe_at`; nothing for
/// those that rest.
pub async fn refresh(
    conn: &mut Conn,
    ids: &[WebhookEndpointId],
    now: DateTime<Utc>,
    probe_at: Option<DateTime<Utc>>,
) -> Result<()> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    diesel::sql_query(
        "UPDATE webhook_endpoints e SET next_due_at = CASE
             WHEN e.status = 'PAUSED' AND e.status_reason = 'FAILURES' THEN coalesce($3, e.next_due_at)
             WHEN e.status <> 'ENABLED' THEN NULL
             WHEN (SELECT count(*) FROM webhook_deliveries f
                   WHERE f.endpoint_id = e.id AND f.worker IS NOT NULL AND f.due_at > $2) >= $4
             THEN (SELECT greatest(min(f.due_at), e.held_until) FROM webhook_deliveries f
                   WHERE f.endpoint_id = e.id AND f.worker IS NOT NULL AND f.due_at > $2)
             ELSE (SELECT greatest(d.due_at, e.held_until, $2) FROM webhook_deliveries d WHERE d.endpoint_id = e.id AND d.due_at IS NOT NULL
                   ORDER BY d.due_at LIMIT 1) END
         WHERE e.id = ANY($1)",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<Timestamptz>, _>(probe_at)
    .bind::<Int4, _>(AT_ONCE)
    .execute(conn)
    .await
    .stored()?;
    Ok(())
}

/// The earliest moment at which something may be due, for the worker's timer.
pub async fn next_due(conn: &mut Conn) -> Result<Option<DateTime<Utc>>> {
    endpoints::table
        .filter(endpoints::next_due_at.is_not_null())
        .select(diesel::dsl::min(endpoints::next_due_at))
        .first(conn)
        .await
        .stored()
}

macro_rules! held {
    ($id:expr, $token:expr, $worker:expr) => {
        webhook_deliveries::table.filter(
            webhook_deliveries::id
                .eq($id.uuid())
                .and(webhook_deliveries::token.eq($token))
                .and(webhook_deliveries::worker.eq($worker.uuid())),
        )
    };
}

/// Keeps what is about to be sent, so that a repeat sends the same; false when the delivery is no
/// longer ours.
pub async fn save_payload(
    conn: &mut Conn,
    delivery: &Delivery,
    worker: NodeId,
    payload: &str,
) -> Result<bool> {
    let changed = diesel::update(held!(delivery.id, delivery.token, worker))
        .set(webhook_deliveries::payload.eq(payload))
        .execute(conn)
        .await
        .stored()?;
    Ok(changed == 1)
}

/// Ends a try; false, and nothing written, when the delivery is no longer ours.
pub async fn finish(
    conn: &mut Conn,
    delivery: &Delivery,
    worker: NodeId,
    state: State,
    due_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changed = diesel::update(held!(delivery.id, delivery.token, worker))
        .set((
            webhook_deliveries::state.eq(state.as_str()),
            webhook_deliveries::worker.eq(None::<Uuid>),
            webhook_deliveries::due_at.eq(due_at),
            webhook_deliveries::finished_at.eq(due_at.is_none().then_some(now)),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(changed == 1)
}

/// Gives a delivery back untried, due at once.
pub async fn give_back(
    conn: &mut Conn,
    delivery: &Delivery,
    worker: NodeId,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(held!(delivery.id, delivery.token, worker))
        .set((
            webhook_deliveries::worker.eq(None::<Uuid>),
            webhook_deliveries::tries.eq(webhook_deliveries::tries - 1),
            webhook_deliveries::due_at.eq(now),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Writes tries down.
pub async fn add_attempts(
    conn: &mut Conn,
    workspace: WorkspaceId,
    attempts: &[Attempt],
) -> Result<()> {
    let rows: Vec<_> = attempts
        .iter()
        .map(|row| {
            (
                webhook_attempts::delivery_id.eq(row.delivery_id.uuid()),
                webhook_attempts::n.eq(row.n),
                webhook_attempts::workspace_id.eq(workspace.uuid()),
                webhook_attempts::started_at.eq(row.started_at),
                webhook_attempts::duration_ms.eq(row.duration_ms),
                webhook_attempts::http_status.eq(row.http_status),
                webhook_attempts::answer.eq(&row.answer),
                webhook_attempts::error.eq(&row.error),
            )
        })
        .collect();
    diesel::insert_into(webhook_attempts::table)
        .values(rows)
        .on_conflict_do_nothing()
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Makes the deliveries that wait for a repeat due at once: their receiver is back.
pub async fn hurry(conn: &mut Conn, endpoint: WebhookEndpointId, now: DateTime<Utc>) -> Result<()> {
    use webhook_deliveries::{due_at, endpoint_id, worker};
    diesel::update(webhook_deliveries::table)
        .filter(
            endpoint_id
                .eq(endpoint.uuid())
                .and(due_at.gt(now))
                .and(worker.is_null()),
        )
        .set(due_at.eq(now))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

const FORGET: &str = "
DELETE FROM webhook_deliveries WHERE finished_at < $1 AND id IN (
    SELECT id FROM webhook_deliveries WHERE finished_at < $1 ORDER BY finished_at LIMIT $2 FOR UPDATE SKIP LOCKED)";

/// Forgets up to `limit` deliveries that were finished before an instant; how many.
pub async fn forget(conn: &mut Conn, before: DateTime<Utc>, limit: i64) -> Result<usize> {
    diesel::sql_query(FORGET)
        .bind::<Timestamptz, _>(before)
        .bind::<Int8, _>(limit)
        .execute(conn)
        .await
        .stored()
}
