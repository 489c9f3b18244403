use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use posthaste_core::{Error, Result as CoreResult, ids::MediaId};
use posthaste_engine::{
    Actor, App,
    idempotency::Once,
    media::{self as engine, NewUpload},
};
use posthaste_store::media::Media as Row;

use super::Media;
use crate::graphql::{
    context::both,
    idempotency::once,
    payload::{MutationError, Warning, payload, split_all},
    scalars,
};

/// A file that is about to be uploaded.
#[derive(InputObject)]
pub struct MediaUploadCreateInput {
    /// An id of your choice (`media_…`, a TypeID of a UUIDv7); a new one otherwise.
    id: Option<ID>,
    /// The file's name, 1 to 255 characters.
    file_name: String,
    /// The file's size in bytes, 1 to 2147483647.
    bytes: i64,
    /// Description for people who cannot see it, at most 2000 characters.
    alt_text: Option<String>,
}

/// What to change; what is left out stays.
#[derive(InputObject)]
pub struct MediaUpdateInput {
    /// The id (`media_…`).
    id: ID,
    /// Description for people who cannot see it, at most 2000 characters; null takes it away.
    alt_text: MaybeUndefined<String>,
}

/// The media to remove.
#[derive(InputObject)]
pub struct MediaDeleteInput {
    /// The id (`media_…`).
    id: ID,
}

/// What came of beginning an upload.
#[derive(SimpleObject)]
pub struct MediaUploadCreatePayload {
    /// The media, UPLOADING.
    media: Option<Media>,
    /// Where to send the bytes: PATCH requests of the tus 1.0.0 protocol, within 24 hours.
    upload_url: Option<String>,
    /// Why nothing was begun; empty when it worked.
    errors: Vec<MutationError>,
    /// What a person should know although it worked.
    warnings: Vec<Warning>,
}

payload! {
    /// What came of changing a media.
    MediaPayload {
        /// The media as it is now.
        media: Media
    }
}

payload! {
    /// What came of removing a media.
    MediaDeletePayload {
        /// The id of what is gone.
        deleted_id: ID
    }
}

/// Changes of media; all take the permission `WRITE`.
#[derive(Default)]
pub struct MediaMutation;

#[Object]
impl MediaMutation {
    /// Begins an upload: send the bytes to `uploadUrl`, then the media becomes READY or FAILED.
    async fn media_upload_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The file that will be uploaded.")] input: MediaUploadCreateInput,
    ) -> Result<MediaUploadCreatePayload> {
        let (app, actor) = both(ctx)?;
        let (row, errors) = split_all(app, begin(app, actor, input, once(ctx)).await)?;
        Ok(MediaUploadCreatePayload {
            upload_url: row.as_ref().map(|row| engine::upload_url(app, row.id)),
            media: row.map(Media),
            errors,
            warnings: Vec::new(),
        })
    }

    /// Changes what is said about a media.
    async fn media_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: MediaUpdateInput,
    ) -> Result<MediaPayload> {
        let (app, actor) = both(ctx)?;
        Ok(MediaPayload::of(
            app,
            update(app, actor, input).await.map(Media),
        )?)
    }

    /// Removes a media with all its copies; MEDIA_IN_USE when a post uses it.
    async fn media_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The media to remove.")] input: MediaDeleteInput,
    ) -> Result<MediaDeletePayload> {
        let (app, actor) = both(ctx)?;
        Ok(MediaDeletePayload::of(
            app,
            delete(app, actor, input).await,
        )?)
    }
}

async fn begin(
    app: &App,
    actor: &Actor,
    input: MediaUploadCreateInput,
    once: Option<Once>,
) -> CoreResult<Row, Vec<Error>> {
    let id = input
        .id
        .map(|id| scalars::id::<MediaId>(&id, &["id"]))
        .transpose();
    let new = NewUpload {
        id: id.as_ref().ok().copied().flatten(),
        file_name: input.file_name,
        bytes: u64::try_from(input.bytes).unwrap_or(0),
        alt_text: input.alt_text,
    };
    match id {
        Ok(_) => match once {
            Some(once) => engine::begin_once(app, actor, new, &once).await,
            None => engine::begin(app, actor, new).await,
        },
        Err(error) => Err([error]
            .into_iter()
            .chain(engine::violations(&new))
            .collect()),
    }
}

async fn update(app: &App, actor: &Actor, input: MediaUpdateInput) -> CoreResult<Row> {
    let id = scalars::id(&input.id, &["id"])?;
    match input.alt_text {
        MaybeUndefined::Undefined => engine::get(app, actor, id).await,
        MaybeUndefined::Null => engine::set_alt_text(app, actor, id, None).await,
        MaybeUndefined::Value(text) => engine::set_alt_text(app, actor, id, Some(&text)).await,
    }
}

async fn delete(app: &App, actor: &Actor, input: MediaDeleteInput) -> CoreResult<ID> {
    Ok(engine::delete(app, actor, scalars::id(&input.id, &["id"])?)
        .await?
        .id
        .into())
}
