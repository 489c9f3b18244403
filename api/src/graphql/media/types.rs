use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject, dataloader::Loader as Load};
use chrono::{DateTime, Utc};
use posthaste_core::{ErrorCode, ids::MediaId};
use posthaste_engine::media as engine;
use posthaste_store::media;

use crate::graphql::{
    access::Provenance,
    context::{actor, app, loader},
    loader::{LoadError, Loader},
    scalars::Named,
};

impl Load<MediaId> for Loader {
    type Value = media::Media;
    type Error = LoadError;

    async fn load(&self, ids: &[MediaId]) -> Result<HashMap<MediaId, Self::Value>, LoadError> {
        let rows = engine::by_ids(&self.app, &self.actor, ids).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }
}

/// The key of how many posts use a media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct UsesOf(MediaId);

impl Load<UsesOf> for Loader {
    type Value = i64;
    type Error = LoadError;

    async fn load(&self, keys: &[UsesOf]) -> Result<HashMap<UsesOf, i64>, LoadError> {
        let ids: Vec<MediaId> = keys.iter().map(|key| key.0).collect();
        let uses = engine::uses(&self.app, &self.actor, &ids).await?;
        Ok(uses
            .into_iter()
            .map(|(id, count)| (UsesOf(id), count))
            .collect())
    }
}

/// How an upload stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "media::Status")]
pub enum MediaStatus {
    /// Bytes are missing.
    Uploading,
    /// All bytes are here; Posthaste looks at them.
    Processing,
    /// Usable in posts.
    Ready,
    /// Not usable; `error` says why. It is removed a day later.
    Failed,
}

/// Something the viewer may do with a media now.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "engine::Action")]
pub enum MediaAction {
    /// Send bytes to its upload address.
    Upload,
    /// `mediaUpdate`.
    Update,
    /// `mediaDelete`.
    Delete,
}

/// Why a file cannot be used.
#[derive(SimpleObject)]
pub struct MediaError {
    /// The stable code, for programs.
    code: Named<ErrorCode>,
    /// What is wrong with the file, for a person.
    message: String,
    /// What to do about it.
    advice: String,
}

/// An uploaded picture or video.
#[derive(Clone, Debug)]
pub struct Media(pub media::Media);

impl Media {
    async fn use_count(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(loader(ctx)?.load_one(UsesOf(self.0.id)).await?.unwrap_or(0))
    }
}

/// An uploaded picture or video.
#[Object]
impl Media {
    /// The id (`media_…`).
    pub async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// How the upload stands.
    async fn status(&self) -> MediaStatus {
        self.0.status.into()
    }

    /// The person's file name.
    async fn file_name(&self) -> &str {
        &self.0.file_name
    }

    /// Size of the file in bytes.
    async fn bytes(&self) -> i64 {
        self.0.bytes
    }

    /// The media type by the file's bytes, such as `image/jpeg`; null until it is READY.
    async fn content_type(&self) -> Option<&'static str> {
        self.0.facts.as_ref().map(|facts| facts.format.mime())
    }

    /// Width in pixels as it is shown; null until it is READY.
    async fn width(&self) -> Option<u32> {
        self.0.facts.as_ref().map(|facts| facts.width)
    }

    /// Height in pixels as it is shown; null until it is READY.
    async fn height(&self) -> Option<u32> {
        self.0.facts.as_ref().map(|facts| facts.height)
    }

    /// Duration in milliseconds; null for pictures.
    async fn duration_ms(&self) -> Option<u64> {
        self.0.facts.as_ref().and_then(|facts| facts.duration_ms)
    }

    /// Whether it is a GIF or WebP picture of several frames.
    async fn animated(&self) -> bool {
        self.0.facts.as_ref().is_some_and(|facts| facts.animated)
    }

    /// Description for people who cannot see it; posts may say otherwise.
    async fn alt_text(&self) -> Option<&str> {
        self.0.alt_text.as_deref()
    }

    /// A public address of the file that works for two days and needs no credential; null until it
    /// is READY.
    async fn url(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let app = app(ctx)?;
        let facts = self.0.facts.as_ref();
        Ok(facts.map(|facts| engine::signed_url(app, self.0.id, engine::ORIGINAL, facts.format)))
    }

    /// Where to send the bytes part by part (tus 1.0.0); null once all are here.
    async fn upload_url(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let uploading = self.0.status == media::Status::Uploading;
        Ok(if uploading {
            Some(engine::upload_url(app(ctx)?, self.0.id))
        } else {
            None
        })
    }

    /// When an unfinished upload ends or a failed one is removed; null when it stays.
    async fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.0.expires_at
    }

    /// Why it is FAILED.
    async fn error(&self) -> Option<MediaError> {
        let code = ErrorCode::from_name(self.0.error_code.as_deref()?)
            .unwrap_or(ErrorCode::MediaUnreadable);
        Some(MediaError {
            code: Named(code),
            message: self
                .0
                .error_message
                .clone()
                .unwrap_or_else(|| code.title().to_owned()),
            advice: code.advice().to_owned(),
        })
    }

    /// How many posts use it.
    async fn uses(&self, ctx: &Context<'_>) -> Result<i64> {
        self.use_count(ctx).await
    }

    /// Who uploaded it.
    async fn provenance(&self) -> Provenance {
        Provenance::from(&self.0.provenance.0)
    }

    /// When the upload began.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// What the viewer may do with it now.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Result<Vec<MediaAction>> {
        let actions = engine::allowed_actions(actor(ctx)?, &self.0, self.use_count(ctx).await?);
        Ok(actions.into_iter().map(Into::into).collect())
    }
}
