//! The rows of tries and readings back.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, Int4, Int8, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Result,
    ids::{AttemptId, NodeId, TargetId},
    target::State,
};

use uuid::Uuid;

use crate::{CachedExt, Conn, StoreExt, schema::attempts, target::Target};

/// The beginning of a try or of a reading back.
#[derive(Clone, Debug)]
pub struct NewAttempt {
    /// Id.
    pub id: AttemptId,
    /// True for a reading back.
    pub read_back: bool,
    /// When it began. The partition is chosen by it, so what closes the row finds it quicker when it is
    /// known: a claim takes its own time, [`Target::updated_at`].
    pub started_at: DateTime<Utc>,
    /// When the intent was committed.
    pub intent_at: Option<DateTime<Utc>>,
}

const INSERT: &str = "
INSERT INTO attempts (id, workspace_id, target_id, n, kind, token, worker, started_at, intent_at)
SELECT new.id, workspace_id, target_id, n, kind, token, $9, started_at, intent_at
FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) AS new (id, workspace_id, target_id, n, kind, token, started_at, intent_at)";

/// Adds the rows of tries; the claim's token makes each unique.
pub async fn insert_attempts(
    conn: &mut Conn,
    worker: NodeId,
    new: &[(&Target, NewAttempt)],
) -> Result<()> {
    let of_target = |id: fn(&Target) -> Uuid| -> Vec<Uuid> {
        new.iter().map(|(target, _)| id(target)).collect()
    };
    let kind = |attempt: &NewAttempt| {
        if attempt.read_back {
            "READ_BACK"
        } else {
            "PUBLISH"
        }
    };
    diesel::sql_query(INSERT)
        .bind::<Array<SqlUuid>, _>(new.iter().map(|(_, one)| one.id.uuid()).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(of_target(|target| target.workspace_id.uuid()))
        .bind::<Array<SqlUuid>, _>(of_target(|target| target.id.uuid()))
        .bind::<Array<Int4>, _>(new.iter().map(|(of, _)| of.attempt).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(new.iter().map(|(_, one)| kind(one)).collect::<Vec<_>>())
        .bind::<Array<Int8>, _>(new.iter().map(|(of, _)| of.token).collect::<Vec<_>>())
        .bind::<Array<Timestamptz>, _>(
            new.iter()
                .map(|(_, one)| one.started_at)
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<Timestamptz>>, _>(
            new.iter().map(|(_, one)| one.intent_at).collect::<Vec<_>>(),
        )
        .bind::<SqlUuid, _>(worker.uuid())
        .cached()
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

/// Closes the row of a try with the state the target went to; `intent_at` is kept. `began` is when the
/// try began, if that is known.
pub async fn finish_attempt(
    conn: &mut Conn,
    (target, token, began): (TargetId, i64, Option<DateTime<Utc>>),
    outcome: State,
    end: &AttemptEnd,
    at: DateTime<Utc>,
) -> Result<()> {
    let row = attempts::table.filter(
        attempts::target_id
            .eq(target.uuid())
            .and(attempts::token.eq(token))
            .and(attempts::finished_at.is_null()),
    );
    let end = (
        attempts::finished_at.eq(at),
        attempts::outcome.eq(outcome.as_str()),
        attempts::error_code.eq(&end.error_code),
        attempts::error_message.eq(&end.error_message),
        attempts::http_status.eq(end.http_status),
        attempts::remote_code.eq(&end.remote_code),
        attempts::remote_request_id.eq(&end.remote_request_id),
    );
    let closed = match began {
        Some(began) => {
            let row = row.filter(attempts::started_at.eq(began));
            diesel::update(row).set(end).cached().execute(conn).await
        }
        None => diesel::update(row).set(end).execute(conn).await,
    };
    closed.stored()?;
    Ok(())
}
