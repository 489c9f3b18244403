use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Result,
    ids::{PostId, WorkspaceId},
};
use uuid::Uuid;

use crate::{Conn, StoreExt, schema::job_keys};

const RESERVE: &str = "
INSERT INTO job_keys AS k (workspace_id, key, post_id, expires_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (workspace_id, key) DO UPDATE SET post_id = excluded.post_id, expires_at = excluded.expires_at
WHERE k.expires_at <= $5";

/// Makes a key stand for a post until `expires_at`; the post it stands for already, if it does.
/// Somebody who reserves the same key at the same time is waited for.
pub async fn reserve_key(
    conn: &mut Conn,
    workspace: WorkspaceId,
    key: &str,
    post: PostId,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<Option<PostId>> {
    let taken = diesel::sql_query(RESERVE)
        .bind::<SqlUuid, _>(workspace.uuid())
        .bind::<Text, _>(key)
        .bind::<SqlUuid, _>(post.uuid())
        .bind::<Timestamptz, _>(expires_at)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await
        .stored()?;
    if taken == 1 {
        return Ok(None);
    }
    known_key(conn, workspace, key, now).await
}

/// The post that a key stands for now.
pub async fn known_key(
    conn: &mut Conn,
    workspace: WorkspaceId,
    key: &str,
    now: DateTime<Utc>,
) -> Result<Option<PostId>> {
    let post: Option<Uuid> = job_keys::table
        .find((workspace.uuid(), key))
        .filter(job_keys::expires_at.gt(now))
        .select(job_keys::post_id)
        .first(conn)
        .await
        .optional()
        .stored()?;
    Ok(post.map(PostId::from))
}

const FORGET: &str = "
DELETE FROM job_keys WHERE expires_at <= $1 AND (workspace_id, key) IN (
    SELECT workspace_id, key FROM job_keys WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)";

/// Forgets up to `limit` keys whose time is over; how many there were.
pub async fn delete_expired_keys(conn: &mut Conn, now: DateTime<Utc>, limit: i64) -> Result<usize> {
    diesel::sql_query(FORGET)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(limit)
        .execute(conn)
        .await
        .stored()
}
