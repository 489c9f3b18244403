//! Uploaded files and their renditions.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::{
    dsl::{count_star, exists},
    prelude::*,
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, ErrorCode, Provenance, Result,
    ids::{MediaId, WorkspaceId},
    media::MediaFacts,
};
use uuid::Uuid;

use crate::{
    Conn, Json, Page, PageRequest, Scope, Slice, StoreExt,
    schema::{media, post_media, posts, renditions, targets},
};

/// How an upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Bytes are missing.
    Uploading,
    /// All bytes are here; looking at them.
    Processing,
    /// Usable.
    Ready,
    /// Not usable.
    Failed,
}

impl Status {
    /// The name as the API and the database write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Uploading => "UPLOADING",
            Self::Processing => "PROCESSING",
            Self::Ready => "READY",
            Self::Failed => "FAILED",
        }
    }
}

impl TryFrom<String> for Status {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        [Self::Uploading, Self::Processing, Self::Ready, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| Error::internal(format!("unknown media status {text}")))
    }
}

/// An uploaded file.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = media)]
pub struct Media {
    /// Id.
    #[diesel(deserialize_as = Uuid)]
    pub id: MediaId,
    /// Workspace.
    #[diesel(deserialize_as = Uuid)]
    pub workspace_id: WorkspaceId,
    /// How it stands.
    #[diesel(deserialize_as = String)]
    pub status: Status,
    /// The person's file name; never used as a path.
    pub file_name: String,
    /// Size in bytes, as announced.
    pub bytes: i64,
    /// Description for people who cannot see it.
    pub alt_text: Option<String>,
    /// What a look at the bytes told.
    pub facts: Option<Json<MediaFacts>>,
    /// SHA-256 of the bytes.
    pub sha256: Option<Vec<u8>>,
    /// Code of what went wrong.
    pub error_code: Option<String>,
    /// What went wrong, for a person.
    pub error_message: Option<String>,
    /// Who uploaded it.
    pub provenance: Json<Provenance>,
    /// When the upload began.
    pub created_at: DateTime<Utc>,
    /// When an unfinished upload ends, a failed one is swept away, or looking at it may be tried again.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Begins an upload.
pub async fn insert(conn: &mut Conn, row: &Media) -> Result<()> {
    diesel::insert_into(media::table)
        .values((
            media::id.eq(row.id.uuid()),
            media::workspace_id.eq(row.workspace_id.uuid()),
            media::status.eq(row.status.as_str()),
            media::file_name.eq(&row.file_name),
            media::bytes.eq(row.bytes),
            media::alt_text.eq(&row.alt_text),
            media::provenance.eq(&row.provenance),
            media::created_at.eq(row.created_at),
            media::expires_at.eq(row.expires_at),
        ))
        .execute(conn)
        .await
        .stored_unless_taken("Media with this id exists already.")
        .map_err(|error| error.about(row.id))?;
    Ok(())
}

/// The media with an id.
pub async fn get(conn: &mut Conn, workspace: WorkspaceId, id: MediaId) -> Result<Media> {
    by_ids(conn, workspace, &[id])
        .await?
        .pop()
        .ok_or_else(|| Error::not_found("media"))
}

/// The media with these ids, in no order; unknown ids are left out.
pub async fn by_ids(
    conn: &mut Conn,
    workspace: WorkspaceId,
    ids: &[MediaId],
) -> Result<Vec<Media>> {
    media::table
        .filter(media::workspace_id.eq(workspace.uuid()))
        .filter(media::id.eq_any(ids.iter().map(|id| id.uuid()).collect::<Vec<_>>()))
        .select(Media::as_select())
        .load(conn)
        .await
        .stored()
}

/// The media with an id in any workspace: only for addresses that carry a valid signature.
pub async fn get_signed(conn: &mut Conn, id: MediaId) -> Result<Media> {
    media::table
        .find(id.uuid())
        .select(Media::as_select())
        .first(conn)
        .await
        .optional()
        .stored()?
        .ok_or_else(|| Error::not_found("media"))
}

/// Takes an upload to be looked at until `until`; then somebody else may try. False when the outcome
/// is known already.
pub async fn begin_processing(conn: &mut Conn, id: MediaId, until: DateTime<Utc>) -> Result<bool> {
    let open = [Status::Uploading.as_str(), Status::Processing.as_str()];
    let changed = diesel::update(
        media::table.filter(media::id.eq(id.uuid()).and(media::status.eq_any(open))),
    )
    .set((
        media::status.eq(Status::Processing.as_str()),
        media::expires_at.eq(until),
    ))
    .execute(conn)
    .await
    .stored()?;
    Ok(changed == 1)
}

/// Locks an upload that is being looked at until the transaction ends; false when the outcome is
/// known already.
pub async fn lock_processing(conn: &mut Conn, id: MediaId) -> Result<bool> {
    let row: Option<Uuid> = media::table
        .filter(
            media::id
                .eq(id.uuid())
                .and(media::status.eq(Status::Processing.as_str())),
        )
        .select(media::id)
        .for_no_key_update()
        .first(conn)
        .await
        .optional()
        .stored()?;
    Ok(row.is_some())
}

/// Keeps a media longer that would be swept away.
pub async fn postpone(conn: &mut Conn, id: MediaId, until: DateTime<Utc>) -> Result<()> {
    diesel::update(media::table.find(id.uuid()))
        .set(media::expires_at.eq(until))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Marks an upload as usable.
pub async fn set_ready(
    conn: &mut Conn,
    id: MediaId,
    facts: &MediaFacts,
    sha256: &[u8],
) -> Result<()> {
    diesel::update(media::table.find(id.uuid()))
        .set((
            media::status.eq(Status::Ready.as_str()),
            media::facts.eq(Json(facts.clone())),
            media::sha256.eq(sha256),
            media::expires_at.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Marks an upload as unusable; it is swept away at `expires_at`.
pub async fn set_failed(
    conn: &mut Conn,
    id: MediaId,
    error: &Error,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    diesel::update(media::table.find(id.uuid()))
        .set((
            media::status.eq(Status::Failed.as_str()),
            media::error_code.eq(error.code.as_str()),
            media::error_message.eq(&error.message),
            media::expires_at.eq(expires_at),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Sets the alt text.
pub async fn set_alt_text(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: MediaId,
    text: Option<&str>,
) -> Result<Media> {
    diesel::update(
        media::table.filter(
            media::workspace_id
                .eq(workspace.uuid())
                .and(media::id.eq(id.uuid())),
        ),
    )
    .set(media::alt_text.eq(text))
    .returning(Media::as_returning())
    .get_result(conn)
    .await
    .optional()
    .stored()?
    .ok_or_else(|| Error::not_found("media"))
}

/// Removes media no post uses; `MEDIA_IN_USE` otherwise.
pub async fn delete(conn: &mut Conn, workspace: WorkspaceId, id: MediaId) -> Result<Media> {
    let row = get(conn, workspace, id).await?;
    // Posts that are deleted themselves no longer keep their media.
    diesel::delete(
        post_media::table
            .filter(post_media::media_id.eq(id.uuid()))
            .filter(
                post_media::post_id.eq_any(
                    posts::table
                        .filter(posts::deleted_at.is_not_null())
                        .select(posts::id),
                ),
            ),
    )
    .execute(conn)
    .await
    .stored()?;
    let used: i64 = post_media::table
        .filter(post_media::media_id.eq(id.uuid()))
        .count()
        .get_result(conn)
        .await
        .stored()?;
    let in_use = |used: i64| {
        Error::new(
            ErrorCode::MediaInUse,
            format!("{used} posts still use this media."),
        )
    };
    if used > 0 {
        return Err(in_use(used));
    }
    diesel::delete(media::table.find(id.uuid()))
        .execute(conn)
        .await
        .stored_unless_linked(|| in_use(1))?;
    Ok(row)
}

/// Uploads whose time is over: unfinished, failed, or left while they were looked at.
pub async fn expired(conn: &mut Conn, now: DateTime<Utc>, limit: i64) -> Result<Vec<Media>> {
    media::table
        .filter(media::expires_at.le(now))
        .order(media::expires_at)
        .limit(limit)
        .select(Media::as_select())
        .load(conn)
        .await
        .stored()
}

/// How many posts use each of these media; those that none uses are left out.
pub async fn uses(
    conn: &mut Conn,
    workspace: WorkspaceId,
    ids: &[MediaId],
) -> Result<HashMap<MediaId, i64>> {
    let counts: Vec<(Uuid, i64)> = post_media::table
        .inner_join(posts::table.on(posts::id.eq(post_media::post_id)))
        .filter(
            post_media::workspace_id
                .eq(workspace.uuid())
                .and(posts::deleted_at.is_null()),
        )
        .filter(post_media::media_id.eq_any(ids.iter().map(|id| id.uuid()).collect::<Vec<_>>()))
        .group_by(post_media::media_id)
        .select((post_media::media_id, count_star()))
        .load(conn)
        .await
        .stored()?;
    Ok(counts
        .into_iter()
        .map(|(id, count)| (id.into(), count))
        .collect())
}

/// Whether a post that goes beyond a limit uses a media.
pub async fn is_used_beyond(conn: &mut Conn, scope: &Scope, id: MediaId) -> Result<bool> {
    let Some(limit) = scope.reach.ids() else {
        return Ok(false);
    };
    let beyond = post_media::table
        .inner_join(posts::table.on(posts::id.eq(post_media::post_id)))
        .inner_join(targets::table.on(targets::post_id.eq(post_media::post_id)))
        .filter(post_media::workspace_id.eq(scope.workspace.uuid()))
        .filter(post_media::media_id.eq(id.uuid()))
        .filter(posts::deleted_at.is_null())
        .filter(targets::connection_id.ne_all(limit));
    diesel::select(exists(beyond))
        .get_result(conn)
        .await
        .stored()
}

/// A page of media, newest last.
pub async fn list(
    conn: &mut Conn,
    workspace: WorkspaceId,
    statuses: Option<&[Status]>,
    page: &PageRequest<(DateTime<Utc>, Uuid)>,
) -> Result<Page<Media>> {
    let mut query = media::table
        .filter(media::workspace_id.eq(workspace.uuid()))
        .select(Media::as_select())
        .into_boxed();
    if let Some(statuses) = statuses {
        query = query
            .filter(media::status.eq_any(statuses.iter().map(|s| s.as_str()).collect::<Vec<_>>()));
    }
    if let Some((at, id)) = page.after {
        query = query.filter(
            media::created_at
                .gt(at)
                .or(media::created_at.eq(at).and(media::id.gt(id))),
        );
    }
    if let Some((at, id)) = page.before {
        query = query.filter(
            media::created_at
                .lt(at)
                .or(media::created_at.eq(at).and(media::id.lt(id))),
        );
    }
    query = if page.from_end {
        query.order((media::created_at.desc(), media::id.desc()))
    } else {
        query.order((media::created_at.asc(), media::id.asc()))
    };
    let rows = query.limit(page.limit + 1).load(conn).await.stored()?;
    Ok(Slice::cut(rows, page))
}

/// How many media there are.
pub async fn count(
    conn: &mut Conn,
    workspace: WorkspaceId,
    statuses: Option<&[Status]>,
) -> Result<i64> {
    let mut query = media::table
        .filter(media::workspace_id.eq(workspace.uuid()))
        .count()
        .into_boxed();
    if let Some(statuses) = statuses {
        query = query
            .filter(media::status.eq_any(statuses.iter().map(|s| s.as_str()).collect::<Vec<_>>()));
    }
    query.get_result(conn).await.stored()
}

/// The facts of a rendition that was made before.
pub async fn rendition(conn: &mut Conn, id: MediaId, recipe: &str) -> Result<Option<MediaFacts>> {
    let row: Option<Json<MediaFacts>> = renditions::table
        .find((id.uuid(), recipe))
        .select(renditions::facts)
        .first(conn)
        .await
        .optional()
        .stored()?;
    Ok(row.map(|json| json.0))
}

/// Every recipe made of a media, for clearing its blobs away.
pub async fn recipes(conn: &mut Conn, id: MediaId) -> Result<Vec<String>> {
    renditions::table
        .filter(renditions::media_id.eq(id.uuid()))
        .select(renditions::recipe)
        .load(conn)
        .await
        .stored()
}

/// Remembers a rendition.
pub async fn insert_rendition(
    conn: &mut Conn,
    id: MediaId,
    recipe: &str,
    facts: &MediaFacts,
    at: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(renditions::table)
        .values((
            renditions::media_id.eq(id.uuid()),
            renditions::recipe.eq(recipe),
            renditions::facts.eq(Json(facts.clone())),
            renditions::created_at.eq(at),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}
