use posthaste_core::{
    Error, ErrorCode, Result,
    access::Permission,
    bulk::State,
    event::EventType,
    ids::{JobId, WorkspaceId},
};
use posthaste_store::{
    PageRequest, Tx, event as events,
    job::{self as rows, Job},
};

use super::{RESULTS_LIFE, event, file_key};
use crate::{Actor, App};

/// Most jobs cleared away in one sweep.
const SWEEP: i64 = 100;
/// Most keys forgotten in one sweep.
const KEYS: i64 = 10_000;

/// Stops a job; the lines done so far stay done. `INVALID_STATE` when it is over.
pub async fn cancel(app: &App, actor: &Actor, id: JobId) -> Result<Job> {
    actor.using(Permission::Write)?.require_whole()?;
    let mut tx = app.db.begin().await?;
    let job = rows::lock(&mut tx, actor.workspace, id).await?;
    if job.state.is_over() {
        let message = format!("The job is over already: {}.", job.state.as_str());
        return Err(Error::new(ErrorCode::InvalidState, message));
    }
    let ended = end(app, actor, tx, &job, State::Cancelled, None).await?;
    ended.ok_or_else(|| Error::internal("a locked job was ended by somebody else"))
}

/// Ends a job unless its token is another by now, and throws its file away.
pub(super) async fn end(
    app: &App,
    actor: &Actor,
    mut tx: Tx,
    job: &Job,
    state: State,
    error: Option<&Error>,
) -> Result<Option<Job>> {
    let now = app.now();
    if !rows::end(&mut tx, job, state, error, now, now + RESULTS_LIFE).await? {
        return Ok(None);
    }
    let job = rows::get(&mut tx, job.workspace_id, job.id).await?;
    let told = event(app, actor, EventType::BulkJobFinished, &job);
    events::append(&mut tx, job.workspace_id, &[told]).await?;
    tx.commit().await?;
    app.hints.events();
    clear(app, &job).await;
    Ok(Some(job))
}

/// Removes the bytes of a job that is over; whether all of them are gone. The end stands whatever happens here, so
/// a storage that is away is only logged; the sweep comes by again.
async fn clear(app: &App, job: &Job) -> bool {
    let mut is_gone = true;
    if let Err(error) = app.blobs.delete(&file_key(job)).await {
        tracing::warn!(%error, cause = ?error.cause, job = %job.id, "the file of a job stays behind");
        is_gone = false;
    }
    if let Err(error) = app.staging.abort(&job.id.to_string()).await {
        tracing::warn!(%error, cause = ?error.cause, job = %job.id, "the upload of a job stays behind");
        is_gone = false;
    }
    is_gone
}

/// Removes all jobs of a workspace that is about to be erased, the files first; whether all are gone.
pub(crate) async fn clear_all(app: &App, workspace: WorkspaceId) -> Result<bool> {
    let mut is_gone = true;
    let mut page = PageRequest::first(100);
    loop {
        let mut conn = app.db.get().await?;
        let found = rows::list(&mut conn, workspace, None, &page).await?;
        drop(conn);
        for job in &found.rows {
            if clear(app, job).await {
                rows::delete(&mut *app.db.get().await?, job.id).await?;
            } else {
                is_gone = false;
            }
        }
        page.after = found
            .rows
            .last()
            .map(|job| (Some(job.created_at), job.id.uuid()));
        if !found.has_next {
            return Ok(is_gone);
        }
    }
}

/// Ends jobs whose file did not arrive in time, removes those that are over for long, and forgets old
/// keys. Returns how many jobs it dealt with. Call it now and then.
pub async fn sweep(app: &App) -> Result<usize> {
    let now = app.now();
    let mut conn = app.db.get().await?;
    let expired = rows::expired(&mut conn, now, SWEEP).await?;
    rows::delete_expired_keys(&mut conn, now, KEYS).await?;
    drop(conn);
    for job in &expired {
        if job.state == State::Uploading {
            let actor = Actor::system(job.workspace_id);
            let late = Error::new(
                ErrorCode::UploadExpired,
                "The file did not arrive within 24 hours.",
            );
            let tx = app.db.begin().await?;
            end(app, &actor, tx, job, State::Failed, Some(&late)).await?;
        } else {
            clear(app, job).await;
            rows::delete(&mut *app.db.get().await?, job.id).await?;
        }
    }
    Ok(expired.len())
}
