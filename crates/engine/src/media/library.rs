use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Error, ErrorCode, Result, access::Permission, event::EventType, ids::MediaId, ports::Clock,
};
use posthaste_store::{
    Page, PageRequest, Scope,
    media::{self as rows, Media, Status},
};
use serde_json::json;
use uuid::Uuid;

use super::{
    ORIGINAL, blob_key,
    process::{FAILED_LIFE, append_event, complete, record},
    upload::UPLOAD_LIFE,
};
use crate::{Actor, App, adapters::SystemClock};

/// Longest alt text, in characters; each network has its own, smaller limit.
pub const MAX_ALT_TEXT: usize = 2000;
/// When files without an outcome are given up: an hour after the longest upload.
const GIVE_UP: TimeDelta = TimeDelta::hours(UPLOAD_LIFE.num_hours() + 1);
/// Most uploads cleared away in one sweep.
const SWEEP: i64 = 100;

/// The media with an id.
pub async fn get(app: &App, actor: &Actor, id: MediaId) -> Result<Media> {
    actor.require(Permission::Read)?;
    rows::get(&mut *app.db.get().await?, actor.workspace, id).await
}

/// The media with these ids, in no order; unknown ids are left out.
pub async fn by_ids(app: &App, actor: &Actor, ids: &[MediaId]) -> Result<Vec<Media>> {
    actor.require(Permission::Read)?;
    rows::by_ids(&mut *app.db.get().await?, actor.workspace, ids).await
}

/// A page of media in the order of their creation.
pub async fn list(
    app: &App,
    actor: &Actor,
    statuses: Option<&[Status]>,
    page: &PageRequest<(DateTime<Utc>, Uuid)>,
) -> Result<Page<Media>> {
    actor.require(Permission::Read)?;
    rows::list(&mut *app.db.get().await?, actor.workspace, statuses, page).await
}

/// How many media there are.
pub async fn count(app: &App, actor: &Actor, statuses: Option<&[Status]>) -> Result<i64> {
    actor.require(Permission::Read)?;
    rows::count(&mut *app.db.get().await?, actor.workspace, statuses).await
}

/// How many posts use each of these media; those that none uses are left out.
pub async fn uses(app: &App, actor: &Actor, ids: &[MediaId]) -> Result<HashMap<MediaId, i64>> {
    actor.require(Permission::Read)?;
    rows::uses(&mut *app.db.get().await?, actor.workspace, ids).await
}

/// Something that can be done with a media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send bytes.
    Upload,
    /// Change the alt text.
    Update,
    /// Remove it.
    Delete,
}

/// What the actor may do with a media that this many posts use.
pub fn allowed_actions(actor: &Actor, row: &Media, uses: i64) -> Vec<Action> {
    if !actor.may(Permission::Write) {
        return Vec::new();
    }
    let upload = (row.status == Status::Uploading).then_some(Action::Upload);
    let delete = (uses == 0).then_some(Action::Delete);
    [upload, Some(Action::Update), delete]
        .into_iter()
        .flatten()
        .collect()
}

/// Sets the alt text; an empty one removes it. Refused where it would change a post beyond the actor's connections.
pub async fn set_alt_text(
    app: &App,
    actor: &Actor,
    id: MediaId,
    text: Option<&str>,
) -> Result<Media> {
    actor.require(Permission::Write)?;
    check_alt_text(text)?;
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    let mut conn = app.db.get().await?;
    let scope = Scope::from(&actor.using(Permission::Write)?);
    if rows::is_used_beyond(&mut conn, &scope, id).await? {
        let message = "A post for connections beyond your limit uses this media.";
        return Err(Error::new(ErrorCode::Forbidden, message));
    }
    rows::set_alt_text(&mut conn, actor.workspace, id, text).await
}

pub(super) fn check_alt_text(text: Option<&str>) -> Result<()> {
    let text = text.unwrap_or_default();
    let count = text.chars().count();
    let refused = if count > MAX_ALT_TEXT {
        Error::new(
            ErrorCode::AltTextTooLong,
            format!("The alt text has {count} characters; at most {MAX_ALT_TEXT} are allowed."),
        )
    } else if text.contains('\0') {
        Error::new(
            ErrorCode::InvalidInput,
            "The alt text contains a NUL character.",
        )
    } else {
        return Ok(());
    };
    Err(refused.at(["altText"]))
}

/// Removes a media with all its copies, also one whose upload is not finished; `MEDIA_IN_USE` when a
/// post uses it.
pub async fn delete(app: &App, actor: &Actor, id: MediaId) -> Result<Media> {
    actor.require(Permission::Write)?;
    let mut tx = app.db.begin().await?;
    let recipes = rows::recipes(&mut tx, id).await?;
    let row = rows::delete(&mut tx, actor.workspace, id).await?;
    append_event(
        app,
        actor,
        &mut tx,
        &row,
        EventType::MediaDeleted,
        json!({ "fileName": row.file_name }),
    )
    .await?;
    tx.commit().await?;
    app.hints.committed();
    clear(app, &row, &recipes).await;
    Ok(row)
}

/// Removes the bytes; whether all of them are gone. A deletion stands whatever happens here, so a storage
/// that is away is only logged.
pub(crate) async fn clear(app: &App, row: &Media, recipes: &[String]) -> bool {
    let mut is_gone = true;
    let names = recipes.iter().map(String::as_str).chain([ORIGINAL]);
    for name in names {
        let key = blob_key(row.workspace_id, row.id, name);
        if let Err(error) = app.blobs.delete(&key).await {
            tracing::warn!(%error, cause = ?error.cause, key, "bytes of deleted media stay behind");
            is_gone = false;
        }
    }
    if let Err(error) = app.staging.abort(&row.id.to_string()).await {
        tracing::warn!(%error, cause = ?error.cause, media = %row.id, "an upload of deleted media stays behind");
        is_gone = false;
    }
    is_gone
}

/// Completes uploads that a crash cut while they were looked at, and clears away uploads that were
/// not finished in time and files that could not be used. Returns how many were cleared away.
/// Call it now and then; what is used by a post stays.
pub async fn sweep(app: &App) -> Result<usize> {
    let mut cleared = 0;
    for row in rows::expired(&mut *app.db.get().await?, app.now(), SWEEP).await? {
        let actor = Actor::system(row.workspace_id);
        if row.status == Status::Processing {
            try_again(app, &actor, row).await?;
            continue;
        }
        match delete(app, &actor, row.id).await {
            Ok(_) => cleared += 1,
            Err(error) if error.code == ErrorCode::NotFound => {}
            Err(error) if error.code == ErrorCode::MediaInUse => {
                rows::postpone(&mut *app.db.get().await?, row.id, app.now() + FAILED_LIFE).await?;
            }
            Err(error) => return Err(error),
        }
    }
    // Files that arrived without their media; those of living uploads are younger. Their age is by
    // the machine's clock also where the app's clock is moved.
    cleared += app.staging.sweep(SystemClock.now() - GIVE_UP).await?;
    Ok(cleared)
}

/// Looks once more at a file; after a day people shall see that it does not work.
async fn try_again(app: &App, actor: &Actor, row: Media) -> Result<()> {
    match complete(app, actor, row.clone()).await {
        Ok(_) => {}
        Err(error) if row.created_at + GIVE_UP <= app.now() => {
            drop(record(app, actor, &row, Err(error)).await?);
        }
        Err(error) => {
            tracing::warn!(%error, cause = ?error.cause, media = %row.id, "cannot look at an upload yet");
        }
    }
    Ok(())
}
