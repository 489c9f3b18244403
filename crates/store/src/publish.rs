//! The publisher's own queries: claim, intent, outcome, read-back, sweep.
//!
//! Every write after a claim names its token; a worker that was thought dead and wakes up changes
//! nothing. No transaction is ever open across a call to a network.

mod attempt;
mod claim;
mod recover;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    prelude::*,
    sql_types::{Int8, Jsonb, Nullable, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Result,
    connector::{Intent, Published},
    ids::{ConnectionId, NodeId, TargetId, WorkspaceId},
    target::State,
};
use serde_json::Value;
use uuid::Uuid;

pub use attempt::{AttemptEnd, NewAttempt, finish_attempt, insert_attempts};
pub use claim::{
    CLAIM, LOCK_DUE, LOCK_IN_TURN, claim, claim_read_backs, fence, keep, lost_leases, next_due,
    oldest_due, take_lost,
};
pub use recover::{Incarnation, incarnation, is_known, mark_all, remember};

use crate::{
    CachedExt, Conn, Json, StoreExt,
    schema::{lanes, targets},
    target::Target,
};

use claim::Id;

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
    .cached()
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

// The try's row began with the claim, whose time the target still has.
const INTENT: &str = "
WITH ours AS (
    UPDATE targets SET state = 'SENDING', intent = $6, updated_at = $7
    WHERE id = $1 AND token = $2 AND state = 'CLAIMED'
      -- It may have been marked since it was loaded; then it is read back first.
      AND read_back_from IS NOT DISTINCT FROM $9
      -- A person may have held the line back while it was prepared; what is marked is only read back.
      AND EXISTS (SELECT FROM lanes WHERE connection_id = $3 AND worker = $4 AND busy_until > $5
                    AND (paused_at IS NULL OR $9 IS NOT NULL))
    RETURNING id, token
), noted AS (
    UPDATE attempts a SET intent_at = $7 FROM ours WHERE a.target_id = ours.id AND a.token = ours.token AND a.started_at = $8
)
SELECT id FROM ours";

/// Writes the intent: the last thing before the one visible call. False when the target or its lane
/// is no longer ours, when less than `margin` of the lease is left, or when a person has paused the line;
/// then nothing may be sent.
pub async fn commit_intent(
    conn: &mut Conn,
    target: &Target,
    worker: NodeId,
    intent: &Intent,
    now: DateTime<Utc>,
    margin: TimeDelta,
) -> Result<bool> {
    let ours: Vec<Id> = diesel::sql_query(INTENT)
        .bind::<SqlUuid, _>(target.id.uuid())
        .bind::<Int8, _>(target.token)
        .bind::<SqlUuid, _>(target.connection_id.uuid())
        .bind::<SqlUuid, _>(worker.uuid())
        .bind::<Timestamptz, _>(now + margin)
        .bind::<Jsonb, _>(Json(intent.clone()))
        .bind::<Timestamptz, _>(now)
        .bind::<Timestamptz, _>(target.updated_at)
        .bind::<Nullable<Timestamptz>, _>(target.read_back_from)
        .cached()
        .load(conn)
        .await
        .stored()?;
    Ok(ours.len() == 1)
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
                    targets::read_back_from.eq(None::<DateTime<Utc>>),
                ))
                .cached()
                .execute(conn)
                .await
        }
        // What was prepared so far stands in the row, and stays.
        Move::Again { counted } => {
            let tries = target.attempt - i32::from(!counted);
            // Only a reading back that found nothing answers for what may have been published before.
            let read_back_from = target.read_back_from.filter(|_| from != State::Reconciling);
            diesel::update(ours)
                .set((
                    common,
                    targets::attempt.eq(tries),
                    targets::misses.eq(0),
                    targets::reconcile_after.eq(None::<DateTime<Utc>>),
                    targets::read_back_from.eq(read_back_from),
                ))
                .cached()
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
                .cached()
                .execute(conn)
                .await
        }
        Move::Held | Move::Failed => {
            diesel::update(ours)
                .set(common)
                .cached()
                .execute(conn)
                .await
        }
    };
    Ok(changed.stored()? == 1)
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
