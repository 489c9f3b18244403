use chrono::TimeDelta;
use futures::TryStreamExt;
use posthaste_core::{Error, ErrorCode, Result, event::EventType, media::MediaFacts};
use posthaste_store::{
    event,
    media::{self as rows, Media},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{ORIGINAL, blob_key};
use crate::{Actor, App};

/// How long one try may take; a 2 GiB file needs seconds.
const TRY: TimeDelta = TimeDelta::minutes(10);
/// How long a file that cannot be used is kept, so that people can see why.
pub(super) const FAILED_LIFE: TimeDelta = TimeDelta::hours(24);

/// Looks at a file whose bytes are all here and makes it READY or FAILED.
///
/// Each step finds what an earlier, cut try has done, so it can be repeated at any time and by
/// several callers at once; only one writes the outcome. A storage or database that is away leaves
/// the media PROCESSING until the next try. Runs to its end even when the caller goes away.
pub(super) async fn complete(app: &App, actor: &Actor, row: Media) -> Result<Media> {
    let (app, actor) = (app.clone(), actor.clone());
    tokio::spawn(async move { process(&app, &actor, row).await })
        .await
        .map_err(Error::internal)?
}

async fn process(app: &App, actor: &Actor, row: Media) -> Result<Media> {
    rows::begin_processing(&mut *app.db.get().await?, row.id, app.now() + TRY).await?;
    match inspect(app, &row).await {
        Err(error) if matches!(error.code, ErrorCode::Internal | ErrorCode::Unavailable) => {
            Err(error)
        }
        outcome => record(app, actor, &row, outcome).await,
    }
}

/// Moves the bytes to their final place, then reads what they are.
async fn inspect(app: &App, row: &Media) -> Result<(MediaFacts, Vec<u8>)> {
    let key = blob_key(row.workspace_id, row.id, ORIGINAL);
    let size = app
        .staging
        .into_blob(&row.id.to_string(), &*app.blobs, &key)
        .await?;
    let facts = posthaste_media::probe(&*app.blobs, &key, size).await?;
    Ok((facts, digest(app, &key, size).await?))
}

async fn digest(app: &App, key: &str, size: u64) -> Result<Vec<u8>> {
    let bytes = app.blobs.read(key, 0..size).await?;
    let hasher = bytes
        .try_fold(Sha256::new(), |hasher, part| async move {
            Ok(hasher.chain_update(part))
        })
        .await?;
    Ok(hasher.finalize().to_vec())
}

/// Writes the outcome and its event, unless another caller was faster or the media was deleted.
pub(super) async fn record(
    app: &App,
    actor: &Actor,
    row: &Media,
    outcome: Result<(MediaFacts, Vec<u8>)>,
) -> Result<Media> {
    let mut tx = app.db.begin().await?;
    // The outcome is written once.
    if rows::lock_processing(&mut tx, row.id).await? {
        let (kind, data) = match &outcome {
            Ok((facts, sha256)) => {
                rows::set_ready(&mut tx, row.id, facts, sha256).await?;
                (
                    EventType::MediaReady,
                    json!({ "format": facts.format, "bytes": facts.bytes }),
                )
            }
            Err(error) => {
                rows::set_failed(&mut tx, row.id, error, app.now() + FAILED_LIFE).await?;
                (
                    EventType::MediaFailed,
                    json!({ "code": error.code.as_str(), "message": error.message }),
                )
            }
        };
        append_event(app, actor, &mut tx, row, kind, data).await?;
    }
    let now = rows::get(&mut tx, row.workspace_id, row.id).await;
    tx.commit().await?;
    app.hints.committed();
    match now {
        Err(error) if error.code == ErrorCode::NotFound => {
            // Deleted meanwhile: the bytes were moved after the deletion looked for them.
            app.blobs
                .delete(&blob_key(row.workspace_id, row.id, ORIGINAL))
                .await?;
            Err(error)
        }
        now => now,
    }
}

/// Appends an event about a media.
pub(super) async fn append_event(
    app: &App,
    actor: &Actor,
    tx: &mut posthaste_store::Conn,
    row: &Media,
    kind: EventType,
    data: Value,
) -> Result<()> {
    let mut new = app.event(actor, kind, data);
    new.media = Some(row.id);
    event::append(tx, row.workspace_id, &[new]).await
}
