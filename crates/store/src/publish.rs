//! The publisher's own queries: claim, intent, outcome, read-back, sweep.
//!
//! Every write after a claim names its token; a worker that was thought dead and wakes up changes
//! nothing. No transaction is ever open across a call to a network.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    prelude::*,
    sql_types::{self, Array, Int8, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Network, Result,
    connector::{Intent, Published},
    ids::{AttemptId, ConnectionId, NodeId, TargetId, WorkspaceId},
    target::State,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Conn, Json, StoreExt,
    schema::{attempts, lanes, targets},
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

/// Keeps the lanes and read-backs of a worker; what it no longer holds is not brought back.
pub async fn keep(conn: &mut Conn, worker: NodeId, lease_until: DateTime<Utc>) -> Result<()> {
    diesel::update(lanes::table.filter(lanes::worker.eq(worker.uuid())))
        .set(lanes::busy_until.eq(lease_until))
        .execute(conn)
        .await
        .stored()?;
    diesel::update(
        targets::table.filter(
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

/// The beginning of a try or of a reading back.
#[derive(Clone, Debug)]
pub struct NewAttempt {
    /// Id.
    pub id: AttemptId,
    /// True for a reading back.
    pub read_back: bool,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When the intent was committed.
    pub intent_at: Option<DateTime<Utc>>,
}

/// Adds the row of a try; the claim's token makes it unique.
pub async fn insert_attempt(
    conn: &mut Conn,
    target: &Target,
    worker: NodeId,
    new: &NewAttempt,
) -> Result<()> {
    diesel::insert_into(attempts::table)
        .values((
            attempts::id.eq(new.id.uuid()),
            attempts::workspace_id.eq(target.workspace_id.uuid()),
            attempts::target_id.eq(target.id.uuid()),
            attempts::n.eq(target.attempt),
            attempts::kind.eq(if new.read_back {
                "READ_BACK"
            } else {
                "PUBLISH"
            }),
            attempts::token.eq(target.token),
            attempts::worker.eq(worker.uuid()),
            attempts::started_at.eq(new.started_at),
            attempts::intent_at.eq(new.intent_at),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// How a try ended.
#[derive(Clone, Debug, Default)]
pub struct AttemptEnd {
    /// Code of the failure.
    pub error_code: Option<String>,
    /// The failure, for a person.
    pub error_message: Option<String>,
    /// The network's HTTP status.
    pub http_status: Option<i32>,
    /// The network's own code.
    pub remote_code: Option<String>,
    /// The network's id of the request.
    pub remote_request_id: Option<String>,
}

/// Closes the row of a try with the state the target went to; `intent_at` is kept.
pub async fn finish_attempt(
    conn: &mut Conn,
    target: TargetId,
    token: i64,
    outcome: State,
    end: &AttemptEnd,
    at: DateTime<Utc>,
) -> Result<()> {
    diesel::update(
        attempts::table
            .filter(
                attempts::target_id
                    .eq(target.uuid())
                    .and(attempts::token.eq(token)),
            )
            .filter(attempts::finished_at.is_null()),
    )
    .set((
        attempts::finished_at.eq(at),
        attempts::outcome.eq(outcome.as_str()),
        attempts::error_code.eq(&end.error_code),
        attempts::error_message.eq(&end.error_message),
        attempts::http_status.eq(end.http_status),
        attempts::remote_code.eq(&end.remote_code),
        attempts::remote_request_id.eq(&end.remote_request_id),
    ))
    .execute(conn)
    .await
    .stored()?;
    Ok(())
}

/// Keeps what was prepared so far; false when the target is no longer ours.
pub async fn save_progress(
    conn: &mut Conn,
    id: TargetId,
    token: i64,
    progress: &Value,
) -> Result<bool> {
    let changed = diesel::update(
        targets::table.filter(
            targets::id
                .eq(id.uuid())
                .and(targets::token.eq(token))
                .and(targets::state.eq(State::Claimed.as_str())),
        ),
    )
    .set(targets::progress.eq(progress))
    .execute(conn)
    .await
    .stored()?;
    Ok(changed == 1)
}

/// Ids of posts of ours on an account: none of them can be the one a read-back looks for.
pub async fn known_ids(
    conn: &mut Conn,
    connection: ConnectionId,
    limit: i64,
) -> Result<Vec<String>> {
    let ids: Vec<Option<String>> = targets::table
        .filter(
            targets::connection_id
                .eq(connection.uuid())
                .and(targets::remote_id.is_not_null()),
        )
        .order(targets::published_at.desc())
        .limit(limit)
        .select(targets::remote_id)
        .load(conn)
        .await
        .stored()?;
    Ok(ids.into_iter().flatten().collect())
}

/// Writes the intent: the last thing before the one visible call. False when the target or its lane
/// is no longer ours, or when less than `margin` of the lease is left; then nothing may be sent.
pub async fn commit_intent(
    conn: &mut Conn,
    target: &Target,
    worker: NodeId,
    intent: &Intent,
    now: DateTime<Utc>,
    margin: TimeDelta,
) -> Result<bool> {
    let leased = lanes::table
        .filter(lanes::connection_id.eq(target.connection_id.uuid()))
        .filter(
            lanes::worker
                .eq(worker.uuid())
                .and(lanes::busy_until.gt(now + margin)),
        );
    let changed = diesel::update(
        targets::table
            .filter(
                targets::id
                    .eq(target.id.uuid())
                    .and(targets::token.eq(target.token)),
            )
            .filter(targets::state.eq(State::Claimed.as_str()))
            .filter(diesel::dsl::exists(leased)),
    )
    .set((
        targets::state.eq(State::Sending.as_str()),
        targets::intent.eq(Json(intent.clone())),
        targets::updated_at.eq(now),
    ))
    .execute(conn)
    .await
    .stored()?;
    if changed == 1 {
        diesel::update(
            attempts::table.filter(
                attempts::target_id
                    .eq(target.id.uuid())
                    .and(attempts::token.eq(target.token)),
            ),
        )
        .set(attempts::intent_at.eq(now))
        .execute(conn)
        .await
        .stored()?;
    }
    Ok(changed == 1)
}

/// Where a target goes after a try or a reading back.
#[derive(Clone, Debug, PartialEq)]
pub enum Move {
    /// Live.
    Published(Published),
    /// Try again; `counted` tries are used up, others (rate limit, breaker, drain) are not.
    Again {
        /// Whether the try counts.
        counted: bool,
        /// Whether what was prepared is thrown away.
        anew: bool,
    },
    /// The outcome is unknown: read back at this time.
    Uncertain {
        /// When.
        read_back_at: DateTime<Utc>,
        /// Readings that found nothing so far.
        misses: i32,
    },
    /// A person decides.
    Held,
    /// For good.
    Failed,
}

impl Move {
    /// The state it leads to.
    pub fn state(&self) -> State {
        match self {
            Self::Published(_) => State::Published,
            Self::Again { .. } => State::Scheduled,
            Self::Uncertain { .. } => State::Uncertain,
            Self::Held => State::Held,
            Self::Failed => State::Failed,
        }
    }
}

/// Moves a target on if it still has `token` and stands in `from`; false otherwise (fenced off).
pub async fn advance(
    conn: &mut Conn,
    target: &Target,
    from: State,
    to: &Move,
    error: Option<(&str, &str)>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let ours = targets::table.filter(
        targets::id
            .eq(target.id.uuid())
            .and(targets::token.eq(target.token))
            .and(targets::state.eq(from.as_str())),
    );
    let common = (
        targets::state.eq(to.state().as_str()),
        targets::worker.eq(None::<Uuid>),
        targets::lease_until.eq(None::<DateTime<Utc>>),
        targets::error_code.eq(error.map(|(code, _)| code)),
        targets::error_message.eq(error.map(|(_, message)| message)),
        targets::updated_at.eq(now),
    );
    let changed = match to {
        Move::Published(live) => {
            diesel::update(ours)
                .set((
                    common,
                    targets::remote_id.eq(&live.remote_id),
                    targets::permalink.eq(&live.permalink),
                    targets::published_at.eq(now),
                    targets::progress.eq(None::<Value>),
                ))
                .execute(conn)
                .await
        }
        Move::Again { counted, anew } => {
            let progress = target
                .progress
                .as_ref()
                .filter(|_| !anew)
                .map(|json| json.0.clone());
            let tries = target.attempt - i32::from(!counted);
            diesel::update(ours)
                .set((
                    common,
                    targets::attempt.eq(tries),
                    targets::progress.eq(progress),
                    targets::misses.eq(0),
                    targets::reconcile_after.eq(None::<DateTime<Utc>>),
                ))
                .execute(conn)
                .await
        }
        Move::Uncertain {
            read_back_at,
            misses,
        } => {
            diesel::update(ours)
                .set((
                    common,
                    targets::reconcile_after.eq(read_back_at),
                    targets::misses.eq(misses),
                ))
                .execute(conn)
                .await
        }
        Move::Held | Move::Failed => diesel::update(ours).set(common).execute(conn).await,
    };
    Ok(changed.stored()? == 1)
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

/// The workspace of a connection, for background work that starts from a lane.
pub async fn workspace_of(conn: &mut Conn, connection: ConnectionId) -> Result<WorkspaceId> {
    let id: Uuid = lanes::table
        .find(connection.uuid())
        .select(lanes::workspace_id)
        .first(conn)
        .await
        .stored()?;
    Ok(id.into())
}
