//! The rows of tries and readings back.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Result,
    ids::{AttemptId, NodeId, TargetId},
    target::State,
};

use crate::{Conn, StoreExt, schema::attempts, target::Target};

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
