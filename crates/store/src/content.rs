//! Everything that a workspace has written, taken away: at once for sandboxes, in parts for the rest.

use std::collections::HashMap;

use diesel::{
    prelude::*,
    sql_types::{Int8, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Result,
    ids::{MediaId, WorkspaceId},
};
use uuid::Uuid;

use crate::{
    Conn, StoreExt,
    media::Media,
    schema::{events, media, posts, renditions},
};

/// Removes posts with their targets and timelines, media, and the event log up to now (its numbers go
/// on). Returns the media with the names of their copies, whose bytes still lie there. Lock the lanes
/// of the workspace first.
pub async fn remove_all(
    conn: &mut Conn,
    workspace: WorkspaceId,
) -> Result<Vec<(Media, Vec<String>)>> {
    diesel::delete(posts::table.filter(posts::workspace_id.eq(workspace.uuid())))
        .execute(conn)
        .await
        .stored()?;
    diesel::delete(events::table.filter(events::workspace_id.eq(workspace.uuid())))
        .execute(conn)
        .await
        .stored()?;
    let mut copies = copies(conn, workspace, None).await?;
    let removed = diesel::delete(media::table.filter(media::workspace_id.eq(workspace.uuid())))
        .returning(Media::as_returning())
        .get_results(conn)
        .await
        .stored()?;
    Ok(named(removed, &mut copies))
}

/// What a workspace may have very much of, besides media: the tables, their keys, and their rows of a workspace.
const LARGE: [(&str, &str, &str); 8] = [
    ("posts", "id", "workspace_id = $1"),
    ("events", "workspace_id, seq, at", "workspace_id = $1"),
    ("webhook_deliveries", "id", "workspace_id = $1"),
    (
        "job_results",
        "job_id, line",
        "job_id IN (SELECT id FROM jobs WHERE workspace_id = $1)",
    ),
    ("job_keys", "workspace_id, key", "workspace_id = $1"),
    (
        "idempotency_keys",
        "workspace_id, credential_id, key",
        "workspace_id = $1",
    ),
    ("request_log", "id", "workspace_id = $1"),
    (
        "usage_counters",
        "workspace_id, hour, credential, operation, status, error_code, bucket",
        "workspace_id = $1",
    ),
];

/// Removes up to `limit` rows of a workspace that is to be erased, posts with their targets and timelines first.
/// Returns how many; none when only media are left and what there is little of.
pub async fn remove_some(conn: &mut Conn, workspace: WorkspaceId, limit: i64) -> Result<usize> {
    for (table, key, own) in LARGE {
        let gone = diesel::sql_query(format!(
            "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {own} LIMIT $2)"
        ))
        .bind::<SqlUuid, _>(workspace.uuid())
        .bind::<Int8, _>(limit)
        .execute(conn)
        .await
        .stored()?;
        if gone > 0 {
            return Ok(gone);
        }
    }
    Ok(0)
}

/// Some media of a workspace with the names of their copies, at most `limit`.
pub async fn some_media(
    conn: &mut Conn,
    workspace: WorkspaceId,
    limit: i64,
) -> Result<Vec<(Media, Vec<String>)>> {
    let some: Vec<Media> = media::table
        .filter(media::workspace_id.eq(workspace.uuid()))
        .select(Media::as_select())
        .limit(limit)
        .load(conn)
        .await
        .stored()?;
    let ids: Vec<Uuid> = some.iter().map(|row| row.id.uuid()).collect();
    let mut copies = copies(conn, workspace, Some(&ids)).await?;
    Ok(named(some, &mut copies))
}

/// Removes media whose bytes are gone.
pub async fn remove_media(conn: &mut Conn, workspace: WorkspaceId, ids: &[MediaId]) -> Result<()> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let own = media::workspace_id.eq(workspace.uuid());
    diesel::delete(media::table.filter(own).filter(media::id.eq_any(ids)))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Media with the names of their copies.
fn named(rows: Vec<Media>, copies: &mut HashMap<Uuid, Vec<String>>) -> Vec<(Media, Vec<String>)> {
    let with_copies = |row: Media| {
        let names = copies.remove(&row.id.uuid()).unwrap_or_default();
        (row, names)
    };
    rows.into_iter().map(with_copies).collect()
}

async fn copies(
    conn: &mut Conn,
    workspace: WorkspaceId,
    only: Option<&[Uuid]>,
) -> Result<HashMap<Uuid, Vec<String>>> {
    let mut query = renditions::table
        .inner_join(media::table.on(media::id.eq(renditions::media_id)))
        .filter(media::workspace_id.eq(workspace.uuid()))
        .select((renditions::media_id, renditions::recipe))
        .into_boxed();
    if let Some(ids) = only {
        query = query.filter(renditions::media_id.eq_any(ids));
    }
    let rows: Vec<(Uuid, String)> = query.load(conn).await.stored()?;
    let mut copies: HashMap<Uuid, Vec<String>> = HashMap::new();
    for (id, recipe) in rows {
        copies.entry(id).or_default().push(recipe);
    }
    Ok(copies)
}
