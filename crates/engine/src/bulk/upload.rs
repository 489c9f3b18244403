use posthaste_core::{
    Error, ErrorCode, Result, access::Permission, bulk::State, ids::JobId, ports::ByteStream,
};
use posthaste_store::job::{self as rows, Job};

use super::file_key;
use crate::{Actor, App};

/// Where the bytes of a job's file go, part by part (tus 1.0.0).
pub fn upload_url(app: &App, job: JobId) -> String {
    format!("{}/bulk/{job}", app.public_url)
}

/// Appends bytes at `offset` and returns the new offset. With the last byte the job is QUEUED.
///
/// Errors: `UPLOAD_OFFSET_MISMATCH`, `MEDIA_TOO_LARGE` (more than announced), `UPLOAD_EXPIRED`,
/// `INVALID_STATE` (the job was cancelled), and the stream's own. What arrived before an error is kept; go on from [`offset`].
pub async fn append(
    app: &App,
    actor: &Actor,
    id: JobId,
    offset: u64,
    bytes: ByteStream,
) -> Result<u64> {
    let (arrived, job) = self::offset(app, actor, id).await?;
    let total = job.bytes as u64;
    if job.state == State::Uploading {
        let end = app
            .staging
            .append(&id.to_string(), offset, bytes, total)
            .await?;
        if end == total {
            complete(app, job).await?;
        }
        return Ok(end);
    }
    if offset == arrived {
        return Ok(arrived);
    }
    Err(Error::new(
        ErrorCode::UploadOffsetMismatch,
        format!("The part starts at byte {offset}, but all {total} bytes are here already."),
    ))
}

/// How many bytes of a job's file have arrived, and the job as it stands. A job whose last request
/// was cut before it was queued is queued here.
pub async fn offset(app: &App, actor: &Actor, id: JobId) -> Result<(u64, Job)> {
    actor.using(Permission::Write)?.require_whole()?;
    let job = rows::get(&mut *app.db.get().await?, actor.workspace, id).await?;
    let total = job.bytes as u64;
    if job.state == State::Cancelled {
        let message = "The job was cancelled; its file is not kept.";
        return Err(Error::new(ErrorCode::InvalidState, message));
    }
    let late = job.state == State::Uploading && job.expires_at.is_some_and(|end| end <= app.now());
    if late || job.error_code.as_deref() == Some(ErrorCode::UploadExpired.as_str()) {
        return Err(Error::new(
            ErrorCode::UploadExpired,
            "The upload was not finished within 24 hours.",
        ));
    }
    if job.state != State::Uploading {
        return Ok((total, job));
    }
    let staged = app.staging.offset(&id.to_string()).await?;
    let moved = app.blobs.size(&file_key(&job)).await?;
    if staged < total && moved != Some(total) {
        return Ok((staged, job));
    }
    complete(app, job.clone()).await?;
    let job = rows::get(&mut *app.db.get().await?, actor.workspace, id).await?;
    Ok((total, job))
}

/// Moves a file that is all here to its place and queues the job. It can be repeated, and runs to its
/// end even when the caller goes away.
async fn complete(app: &App, job: Job) -> Result<()> {
    let app = app.clone();
    let completed = tokio::spawn(async move {
        let upload = job.id.to_string();
        app.staging
            .into_blob(&upload, &*app.blobs, &file_key(&job))
            .await?;
        rows::queue(&mut *app.db.get().await?, job.id, app.now()).await
    });
    completed.await.map_err(Error::internal)??;
    Ok(())
}
