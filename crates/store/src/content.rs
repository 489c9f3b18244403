//! Everything that a workspace has written, taken away at once: for sandboxes.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use posthaste_core::{Result, ids::WorkspaceId};
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
    let mut copies = copies(conn, workspace).await?;
    let removed = diesel::delete(media::table.filter(media::workspace_id.eq(workspace.uuid())))
        .returning(Media::as_returning())
        .get_results(conn)
        .await
        .stored()?;
    let with_copies = |row: Media| {
        let names = copies.remove(&row.id.uuid()).unwrap_or_default();
        (row, names)
    };
    Ok(removed.into_iter().map(with_copies).collect())
}

async fn copies(conn: &mut Conn, workspace: WorkspaceId) -> Result<HashMap<Uuid, Vec<String>>> {
    let rows: Vec<(Uuid, String)> = renditions::table
        .inner_join(media::table.on(media::id.eq(renditions::media_id)))
        .filter(media::workspace_id.eq(workspace.uuid()))
        .select((renditions::media_id, renditions::recipe))
        .load(conn)
        .await
        .stored()?;
    let mut copies: HashMap<Uuid, Vec<String>> = HashMap::new();
    for (id, recipe) in rows {
        copies.entry(id).or_default().push(recipe);
    }
    Ok(copies)
}
