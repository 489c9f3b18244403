//! Attempts and their steps: the timeline that answers "why?".

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, Int4, Int8, Jsonb, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Result,
    ids::{AttemptId, TargetId, WorkspaceId},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    CachedExt, Conn, Json, StoreExt,
    schema::{attempts, steps},
};

/// One try at a target, or one reading back.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = attempts)]
pub struct Attempt {
    /// Id.
    #[diesel(deserialize_as = Uuid)]
    pub id: AttemptId,
    /// Target.
    #[diesel(deserialize_as = Uuid)]
    pub target_id: TargetId,
    /// Number of the try, from 1; a reading back carries the number of the try it settles.
    pub n: i32,
    /// `PUBLISH` or `READ_BACK`.
    pub kind: String,
    /// The fence it worked under.
    pub token: i64,
    /// The process.
    pub worker: Uuid,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When the intent was committed.
    pub intent_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// What it came to: the state the target went to.
    pub outcome: Option<String>,
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

/// A step to be written.
#[derive(Clone, Debug)]
pub struct NewStep {
    /// When.
    pub at: DateTime<Utc>,
    /// `CLAIMED`, `PREPARED`, `REQUEST`, `INTENT`, `PUBLISHED` …
    pub kind: &'static str,
    /// In words.
    pub message: String,
    /// More, by kind; never a secret.
    pub detail: Value,
}

/// A step of the timeline.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = steps)]
pub struct Step {
    /// Position.
    pub id: i64,
    /// Target.
    #[diesel(deserialize_as = Uuid)]
    pub target_id: TargetId,
    /// The try it belongs to; 0 before the first.
    pub attempt: i32,
    /// When.
    pub at: DateTime<Utc>,
    /// Kind.
    pub kind: String,
    /// In words.
    pub message: String,
    /// More, by kind.
    pub detail: Json<Value>,
}

/// Adds steps in order.
pub async fn add_steps(
    conn: &mut Conn,
    workspace: WorkspaceId,
    target: TargetId,
    attempt: i32,
    new: &[NewStep],
) -> Result<()> {
    let new: Vec<_> = new
        .iter()
        .map(|step| (workspace, target, attempt, step))
        .collect();
    add_all(conn, &new).await
}

const ADD: &str = "
INSERT INTO steps (workspace_id, target_id, attempt, at, kind, message, detail)
SELECT workspace_id, target_id, attempt, at, kind, message, detail
FROM unnest($1, $2, $3, $4, $5, $6, $7) WITH ORDINALITY AS new (workspace_id, target_id, attempt, at, kind, message, detail, place)
ORDER BY place";

/// Adds steps of several targets, each with the number of its try, in order.
pub async fn add_all(
    conn: &mut Conn,
    new: &[(WorkspaceId, TargetId, i32, &NewStep)],
) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let workspaces: Vec<Uuid> = new.iter().map(|(id, ..)| id.uuid()).collect();
    let targets: Vec<Uuid> = new.iter().map(|(_, id, ..)| id.uuid()).collect();
    let attempts: Vec<i32> = new.iter().map(|(_, _, attempt, _)| *attempt).collect();
    let steps = || new.iter().map(|(.., step)| *step);
    diesel::sql_query(ADD)
        .bind::<Array<SqlUuid>, _>(workspaces)
        .bind::<Array<SqlUuid>, _>(targets)
        .bind::<Array<Int4>, _>(attempts)
        .bind::<Array<Timestamptz>, _>(steps().map(|step| step.at).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(steps().map(|step| step.kind).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(
            steps()
                .map(|step| step.message.as_str())
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Jsonb>, _>(steps().map(|step| &step.detail).collect::<Vec<_>>())
        .cached()
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// The timelines of targets, each target's in order.
pub async fn steps_of(
    conn: &mut Conn,
    workspace: WorkspaceId,
    targets: &[TargetId],
) -> Result<Vec<Step>> {
    steps::table
        .filter(steps::workspace_id.eq(workspace.uuid()))
        .filter(steps::target_id.eq_any(targets.iter().map(|id| id.uuid()).collect::<Vec<_>>()))
        .order(steps::id)
        .select(Step::as_select())
        .load(conn)
        .await
        .stored()
}

const AFTER: &str = "
SELECT s.* FROM unnest($1) t (id) CROSS JOIN LATERAL (
    SELECT id, target_id, attempt, at, kind, message, detail FROM steps p
    WHERE p.target_id = t.id AND p.workspace_id = $2 AND p.id > $3 ORDER BY p.id LIMIT $4) s
ORDER BY s.target_id, s.id";

#[derive(QueryableByName)]
#[diesel(table_name = steps)]
struct Found {
    id: i64,
    target_id: Uuid,
    attempt: i32,
    at: DateTime<Utc>,
    kind: String,
    message: String,
    detail: Json<Value>,
}

impl From<Found> for Step {
    fn from(found: Found) -> Self {
        Self {
            id: found.id,
            target_id: found.target_id.into(),
            attempt: found.attempt,
            at: found.at,
            kind: found.kind,
            message: found.message,
            detail: found.detail,
        }
    }
}

/// The same part of the timelines of targets: what follows a position (0 is the beginning), each target's in
/// order, at most `limit` of each. Whoever writes steps holds the lane or the row of their target, so that none
/// appears before one that was read.
pub async fn steps_after(
    conn: &mut Conn,
    workspace: WorkspaceId,
    targets: &[TargetId],
    after: i64,
    limit: i64,
) -> Result<Vec<Step>> {
    let found: Vec<Found> = diesel::sql_query(AFTER)
        .bind::<Array<SqlUuid>, _>(targets.iter().map(|id| id.uuid()).collect::<Vec<_>>())
        .bind::<SqlUuid, _>(workspace.uuid())
        .bind::<Int8, _>(after)
        .bind::<Int8, _>(limit)
        .load(conn)
        .await
        .stored()?;
    Ok(found.into_iter().map(Step::from).collect())
}

/// The attempts of targets, oldest first.
pub async fn attempts_of(
    conn: &mut Conn,
    workspace: WorkspaceId,
    targets: &[TargetId],
) -> Result<Vec<Attempt>> {
    attempts::table
        .filter(attempts::workspace_id.eq(workspace.uuid()))
        .filter(attempts::target_id.eq_any(targets.iter().map(|id| id.uuid()).collect::<Vec<_>>()))
        .order((attempts::target_id, attempts::token))
        .select(Attempt::as_select())
        .load(conn)
        .await
        .stored()
}
