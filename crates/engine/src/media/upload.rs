use chrono::TimeDelta;
use posthaste_core::{
    Error, ErrorCode, Result, access::Permission, ids::MediaId, ports::ByteStream,
};
use posthaste_store::{
    Json,
    media::{self as rows, Media, Status},
};

use super::{check_alt_text, complete, get};
use crate::{Actor, App, idempotency::Once, post::Violations};

/// Largest upload, in bytes: one less than 2 GiB, so that GraphQL's 32-bit `Int` can carry it.
pub const MAX_BYTES: u64 = i32::MAX as u64;
/// Longest file name, in characters.
pub const MAX_FILE_NAME: usize = 255;
/// How long an upload may take from its beginning to its last byte.
pub(super) const UPLOAD_LIFE: TimeDelta = TimeDelta::hours(24);

/// An upload that is about to begin.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// An id chosen by the client; otherwise a new one.
    pub id: Option<MediaId>,
    /// The person's file name: 1 to 255 characters, never used as a path.
    pub file_name: String,
    /// Size of the whole file in bytes: 1 to [`MAX_BYTES`].
    pub bytes: u64,
    /// Description for people who cannot see it: at most 2000 characters.
    pub alt_text: Option<String>,
}

/// Begins an upload, which must be complete within 24 hours. Names all violations at once;
/// `ALREADY_EXISTS` when a chosen id is taken.
pub async fn begin(app: &App, actor: &Actor, new: NewUpload) -> Result<Media, Violations> {
    actor
        .require(Permission::Write)
        .map_err(|error| vec![error])?;
    let violations = violations(&new);
    if !violations.is_empty() {
        return Err(violations);
    }
    insert(app, actor, new).await.map_err(|error| vec![error])
}

/// As [`begin`], for a request that may have come this far in an earlier run: then the answer is the
/// upload that was begun there.
pub async fn begin_once(
    app: &App,
    actor: &Actor,
    mut new: NewUpload,
    once: &Once,
) -> Result<Media, Violations> {
    let id = *new.id.get_or_insert_with(|| once.id());
    if once.is_repeat() {
        match get(app, actor, id).await {
            Ok(media) if once.made(actor, &media.provenance, media.created_at) => return Ok(media),
            Err(error) if error.code != ErrorCode::NotFound => return Err(vec![error]),
            _ => {}
        }
    }
    begin(app, actor, new).await
}

async fn insert(app: &App, actor: &Actor, new: NewUpload) -> Result<Media> {
    let row = Media {
        id: new
            .id
            .unwrap_or_else(|| MediaId::new(&*app.clock, &*app.random)),
        workspace_id: actor.workspace,
        status: Status::Uploading,
        file_name: new.file_name.trim().to_owned(),
        bytes: new.bytes as i64,
        alt_text: new.alt_text,
        facts: None,
        sha256: None,
        error_code: None,
        error_message: None,
        provenance: Json(actor.provenance.clone()),
        created_at: app.now(),
        expires_at: Some(app.now() + UPLOAD_LIFE),
    };
    rows::insert(&mut *app.db.get().await?, &row)
        .await
        .map_err(|error| error.at(["id"]))?;
    Ok(row)
}

/// What is wrong with an upload that has not begun; empty when nothing is.
pub fn violations(new: &NewUpload) -> Violations {
    [
        check_file_name(&new.file_name),
        check_bytes(new.bytes),
        check_alt_text(new.alt_text.as_deref()),
    ]
    .into_iter()
    .filter_map(Result::err)
    .collect()
}

pub(crate) fn check_file_name(name: &str) -> Result<()> {
    let name = name.trim();
    let message = if name.is_empty() {
        "The file has no name.".to_owned()
    } else if name.chars().count() > MAX_FILE_NAME {
        format!(
            "The file name has {} characters; at most {MAX_FILE_NAME} are allowed.",
            name.chars().count()
        )
    } else if name.chars().any(char::is_control) {
        "The file name contains control characters.".to_owned()
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorCode::InvalidInput, message).at(["fileName"]))
}

fn check_bytes(bytes: u64) -> Result<()> {
    let (code, message) = match bytes {
        0 => (ErrorCode::InvalidInput, "The file is empty.".to_owned()),
        1..=MAX_BYTES => return Ok(()),
        _ => (
            ErrorCode::MediaTooLarge,
            format!("The file has {bytes} bytes; at most {MAX_BYTES} are allowed."),
        ),
    };
    Err(Error::new(code, message).at(["bytes"]))
}

/// Appends bytes at `offset` and returns the new offset. When the last byte is there the file is
/// looked at before this returns: the media is then READY or FAILED.
///
/// Errors: `UPLOAD_OFFSET_MISMATCH`, `MEDIA_TOO_LARGE` (more than announced), `UPLOAD_EXPIRED`, and
/// the stream's own. What arrived before an error is kept; go on from [`offset`].
pub async fn append(
    app: &App,
    actor: &Actor,
    id: MediaId,
    offset: u64,
    bytes: ByteStream,
) -> Result<u64> {
    actor.require(Permission::Write)?;
    let row = current(app, actor, id).await?;
    let total = row.bytes as u64;
    if row.status == Status::Uploading {
        let end = app
            .staging
            .append(&id.to_string(), offset, bytes, total)
            .await?;
        if end == total {
            complete(app, actor, row).await?;
        }
        return Ok(end);
    }
    settled(app, actor, row).await?;
    if offset == total {
        return Ok(total);
    }
    Err(Error::new(
        ErrorCode::UploadOffsetMismatch,
        format!("The part starts at byte {offset}, but all {total} bytes are here already."),
    ))
}

/// A whole file that has arrived before its media exists.
#[derive(Debug)]
pub struct Received {
    id: MediaId,
    bytes: u64,
}

/// Takes a file whose length nobody announced, of at most [`MAX_BYTES`]. Follow it with [`keep`] or
/// [`discard`]; on error nothing stays, and what a crash leaves is swept away.
pub async fn receive(app: &App, actor: &Actor, bytes: ByteStream) -> Result<Received> {
    actor.require(Permission::Write)?;
    let mut received = Received {
        id: MediaId::new(&*app.clock, &*app.random),
        bytes: 0,
    };
    match app
        .staging
        .append(&received.id.to_string(), 0, bytes, MAX_BYTES)
        .await
    {
        Ok(bytes) => received.bytes = bytes,
        Err(error) => {
            discard(app, received).await?;
            return Err(error);
        }
    }
    Ok(received)
}

/// Makes a received file a media that is READY or FAILED. Names all violations at once, and then
/// keeps nothing.
pub async fn keep(
    app: &App,
    actor: &Actor,
    received: Received,
    file_name: &str,
    alt_text: Option<&str>,
) -> Result<Media, Violations> {
    let new = NewUpload {
        id: Some(received.id),
        file_name: file_name.to_owned(),
        bytes: received.bytes,
        alt_text: alt_text.map(str::to_owned),
    };
    match begin(app, actor, new).await {
        Ok(row) => complete(app, actor, row).await.map_err(|error| vec![error]),
        Err(violations) => {
            discard(app, received).await.map_err(|error| vec![error])?;
            Err(violations)
        }
    }
}

/// Throws a received file away.
pub async fn discard(app: &App, received: Received) -> Result<()> {
    app.staging.abort(&received.id.to_string()).await
}

/// How many bytes of an upload have arrived, and the media as it stands.
/// An upload whose last request was cut before the file was looked at is completed here.
pub async fn offset(app: &App, actor: &Actor, id: MediaId) -> Result<(u64, Media)> {
    actor.require(Permission::Write)?;
    let row = current(app, actor, id).await?;
    let total = row.bytes as u64;
    if row.status != Status::Uploading {
        return Ok((total, settled(app, actor, row).await?));
    }
    let arrived = app.staging.offset(&id.to_string()).await?;
    if arrived == total {
        return Ok((arrived, complete(app, actor, row).await?));
    }
    // Another request may have completed it meanwhile and moved the bytes to their final place.
    let row = rows::get(&mut *app.db.get().await?, actor.workspace, id).await?;
    match row.status {
        Status::Uploading => Ok((arrived, row)),
        _ => Ok((total, settled(app, actor, row).await?)),
    }
}

/// The media, unless its time to be uploaded is over.
async fn current(app: &App, actor: &Actor, id: MediaId) -> Result<Media> {
    let row = rows::get(&mut *app.db.get().await?, actor.workspace, id).await?;
    let over = row.expires_at.is_some_and(|end| end <= app.now());
    if row.status == Status::Uploading && over {
        return Err(Error::new(
            ErrorCode::UploadExpired,
            "The upload was not finished within 24 hours.",
        ));
    }
    Ok(row)
}

/// Completes a media whose processing was cut by a crash.
async fn settled(app: &App, actor: &Actor, row: Media) -> Result<Media> {
    if row.status == Status::Processing {
        complete(app, actor, row).await
    } else {
        Ok(row)
    }
}
