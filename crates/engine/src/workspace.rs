//! Deleting a workspace. For 14 days it only stands still: nothing is published, its members may look, and
//! its owner may take the deletion back. Then a worker erases it for good.

use chrono::TimeDelta;
use posthaste_core::{
    Error, ErrorCode, Provenance, Result, access::Permission, event::EventType, ids::WorkspaceId,
};
use posthaste_store::{
    PageRequest, access,
    audit::{self, NewEntry},
    connection::{self as connections, Filter},
    content, event, lane, revocation,
    workspace::{self as rows, Workspace},
};
use serde_json::json;

use crate::{Actor, App, bulk, change, connection, media};

/// How long a deletion can be taken back.
pub const GRACE: TimeDelta = TimeDelta::days(14);

/// Rows in one transaction, and transactions of one workspace in one call.
const PART: i64 = 500;
const PARTS: usize = 20;

/// Media that are looked at together: their bytes go one by one.
const MEDIA: i64 = 50;

fn by_person(actor: &Actor) -> Result<()> {
    actor.require(Permission::OwnWorkspace)?;
    if matches!(actor.provenance, Provenance::Person { .. }) {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::InvalidState,
        "Only a signed-in owner can do this; the request carries an API key.",
    ))
}

/// Stops publishing now, and has the workspace erased in 14 days. `name` must be its name: nobody deletes
/// the wrong one by accident, and the owner has shown lately who they are.
pub async fn delete(app: &App, actor: &Actor, name: &str) -> Result<Workspace> {
    by_person(actor)?;
    actor.require_fresh(app.now())?;
    let (mut tx, actor) = change::begin(app, actor, Permission::OwnWorkspace).await?;
    let mut row = rows::get(&mut tx, actor.workspace).await?;
    if row.deleted_at.is_some() {
        let message = "The workspace is deleted already.";
        return Err(Error::new(ErrorCode::InvalidState, message));
    }
    if name.trim() != row.name {
        let message = "This is not the workspace's name.";
        return Err(Error::new(ErrorCode::InvalidInput, message).at(["name"]));
    }
    let now = app.now();
    rows::set_deleted(&mut tx, row.id, Some((now, now + GRACE))).await?;
    // The instant marks what this pauses; what a person paused before stays paused when it is taken back.
    lane::pause_all(&mut tx, row.id, now).await?;
    (row.deleted_at, row.erase_at) = (Some(now), Some(now + GRACE));
    let data = json!({ "eraseAt": row.erase_at });
    let event = app.event(&actor, EventType::WorkspaceDeleted, data);
    event::append(&mut tx, row.id, &[event]).await?;
    tx.commit().await?;
    app.hints.committed();
    Ok(row)
}

/// Says whether people open the workspace only with a second factor. Whoever demands it has one.
pub async fn require_second_factor(app: &App, actor: &Actor, required: bool) -> Result<Workspace> {
    by_person(actor)?;
    actor.require_fresh(app.now())?;
    let (user, signed_in) = actor.signed_in()?;
    let mut conn = app.everywhere().db.get().await?;
    let session = access::session(&mut conn, signed_in.session, app.now()).await?;
    drop(conn);
    let (mut tx, actor) = change::begin(app, actor, Permission::OwnWorkspace).await?;
    if required && !session.is_some_and(|(session, _)| session.second_factor) {
        let message = "Sign in with a second factor yourself first.";
        return Err(Error::new(ErrorCode::InvalidState, message));
    }
    let mut row = rows::get(&mut tx, actor.workspace).await?;
    if row.second_factor_required != required {
        rows::set_second_factor_required(&mut tx, row.id, required).await?;
        row.second_factor_required = required;
        let entry = NewEntry {
            at: app.now(),
            act: "workspace.second_factor_required",
            actor: user.to_string(),
            subject: Some(row.id.to_string()),
            detail: json!({ "required": required }),
        };
        audit::append(&mut tx, Some(row.id), &[entry]).await?;
    }
    tx.commit().await?;
    Ok(row)
}

/// Takes a deletion back, unless its time has come; publishing goes on where it stopped.
pub async fn restore(app: &App, actor: &Actor) -> Result<Workspace> {
    by_person(actor)?;
    let (mut tx, actor) = change::begin(app, actor, Permission::OwnWorkspace).await?;
    let mut row = rows::get(&mut tx, actor.workspace).await?;
    let deleted_at = row.deleted_at.ok_or_else(|| {
        let message = "The workspace is not deleted.";
        Error::new(ErrorCode::InvalidState, message)
    })?;
    if is_due(app, &row) {
        let message = "The grace is over; the workspace is being erased.";
        return Err(Error::new(ErrorCode::InvalidState, message));
    }
    rows::set_deleted(&mut tx, row.id, None).await?;
    lane::resume_all(&mut tx, row.id, deleted_at).await?;
    (row.deleted_at, row.erase_at) = (None, None);
    let event = app.event(&actor, EventType::WorkspaceRestored, json!({}));
    event::append(&mut tx, row.id, &[event]).await?;
    tx.commit().await?;
    app.hints.committed();
    Ok(row)
}

/// Goes on erasing the workspaces whose time has come, some thousand rows at a time. Call it now and then;
/// a process that dies in between leaves the rest to the next call.
pub async fn erase_due(app: &App) -> Result<()> {
    let mut last = None;
    loop {
        let next = rows::next_to_erase(&mut *app.db.get().await?, app.now(), last).await?;
        let Some((at, id)) = next else {
            return Ok(());
        };
        last = Some((at, id));
        // One that must wait, say for a post on its way, keeps nobody else.
        if let Err(error) = erase(app, id).await {
            tracing::warn!(%error, cause = ?error.cause, workspace = %id, "cannot erase yet");
        }
    }
}

fn is_due(app: &App, row: &Workspace) -> bool {
    row.erase_at.is_some_and(|at| at <= app.now())
}

/// Waits for whoever is taking the deletion back at this moment. Whether the workspace is to be erased still; from
/// now on nobody can take it back.
async fn is_still_due(app: &App, id: WorkspaceId) -> Result<bool> {
    let mut tx = app.db.begin().await?;
    rows::hold(&mut tx, id).await?;
    Ok(is_due(app, &rows::get(&mut tx, id).await?))
}

async fn erase(app: &App, id: WorkspaceId) -> Result<()> {
    if !is_still_due(app, id).await? {
        return Ok(());
    }
    give_back(app, id).await?;
    for _ in 0..PARTS {
        let mut tx = app.db.begin().await?;
        lane::lock_of_workspace(&mut tx, id).await?;
        let gone = content::remove_some(&mut tx, id, PART).await?;
        tx.commit().await?;
        if gone > 0 {
            continue;
        }
        match clear_some(app, id).await? {
            Cleared::Some => {}
            Cleared::None => {
                if bulk::clear_all(app, id).await? {
                    finish(app, id).await?;
                }
                return Ok(());
            }
            Cleared::NotYet => return Ok(()),
        }
    }
    Ok(())
}

/// What became of the media that are left.
enum Cleared {
    /// Some are gone.
    Some,
    /// There were none.
    None,
    /// The storage did not remove all bytes.
    NotYet,
}

/// Removes some media, the bytes before the rows: without those nobody would find them any more.
async fn clear_some(app: &App, id: WorkspaceId) -> Result<Cleared> {
    let some = content::some_media(&mut *app.db.get().await?, id, MEDIA).await?;
    let mut gone = Vec::new();
    for (row, recipes) in &some {
        if media::clear(app, row, recipes).await {
            gone.push(row.id);
        }
    }
    content::remove_media(&mut *app.db.get().await?, id, &gone).await?;
    Ok(match some.len() {
        0 => Cleared::None,
        all if all == gone.len() => Cleared::Some,
        _ => Cleared::NotYet,
    })
}

/// Removes what is left, unless access to an account is still to be given back. Of the audit log the chain
/// stays, without its details; that the workspace was erased stands in the server's.
async fn finish(app: &App, id: WorkspaceId) -> Result<()> {
    let mut tx = app.db.begin().await?;
    if revocation::any_of(&mut tx, id).await? || !rows::erase(&mut tx, id).await? {
        return Ok(());
    }
    audit::erase_details(&mut tx, id).await?;
    let erased = NewEntry {
        at: app.now(),
        act: "workspace.erased",
        actor: Provenance::System.credential(),
        subject: Some(id.to_string()),
        detail: json!({}),
    };
    audit::append(&mut tx, None, &[erased]).await?;
    tx.commit().await?;
    tracing::info!(workspace = %id, "erased what was deleted 14 days ago");
    Ok(())
}

/// Takes the connections away; the access to accounts goes back to the networks as that of any removed one.
async fn give_back(app: &App, id: WorkspaceId) -> Result<()> {
    let actor = Actor::system(id);
    let page = PageRequest::first(100);
    loop {
        let mut conn = app.db.get().await?;
        let found = connections::list(&mut conn, id, &Filter::default(), &page).await?;
        drop(conn);
        if found.rows.is_empty() {
            return Ok(());
        }
        for row in found.rows {
            connection::take_away(app, &actor, row.id).await?;
        }
    }
}
