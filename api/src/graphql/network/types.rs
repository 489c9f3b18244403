use std::collections::HashMap;

use async_graphql::{Context, Enum, Object, Result, SimpleObject, dataloader::Loader as Load};
use chrono::{DateTime, Utc};
use posthaste_core::{
    Network as CoreNetwork, connector::Capabilities as CoreCapabilities,
    post::ContentKind as CoreKind,
};
use posthaste_engine::connection::standings;
use posthaste_store::{connection::Standing, network_state::NetworkState};

use super::{
    health::{self, NetworkHealth},
    rules::{PictureRule, VideoRule},
};
use crate::graphql::{
    context::loader,
    loader::{LoadError, Loader},
    scalars::Network,
    target::Metric,
};

/// Where on the network a post appears.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "CoreKind")]
pub enum ContentKind {
    /// An ordinary post (a pin, a tweet).
    Feed,
    /// A story that goes away after a day.
    Story,
    /// A short vertical video.
    Reel,
}

/// Whether calls to a network are held back because too many failed.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// All is well.
    Closed,
    /// Calls are held back.
    Open,
    /// One call tries whether the network is back.
    HalfOpen,
}

/// A social network, as this server sees it.
pub struct NetworkInfo {
    pub(super) network: CoreNetwork,
    pub(super) configured: bool,
    pub(super) capabilities: &'static CoreCapabilities,
    pub(super) state: Option<NetworkState>,
}

/// A social network, as this server sees it.
#[Object]
impl NetworkInfo {
    /// Which one.
    async fn network(&self) -> Network {
        self.network.into()
    }

    /// Its name as people write it.
    async fn title(&self) -> &'static str {
        self.network.title()
    }

    /// Whether this server has app credentials for it; without, no account can be connected.
    async fn configured(&self) -> bool {
        self.configured
    }

    /// Its limits and features.
    async fn capabilities(&self) -> Capabilities {
        Capabilities::from(self.capabilities)
    }

    /// Whether calls are held back because too many failed.
    async fn breaker(&self) -> BreakerState {
        match self.state.as_ref().map(|state| state.breaker.as_str()) {
            Some("OPEN") => BreakerState::Open,
            Some("HALF_OPEN") => BreakerState::HalfOpen,
            _ => BreakerState::Closed,
        }
    }

    /// How it does, seen from here.
    async fn health(&self, ctx: &Context<'_>) -> Result<Option<NetworkHealth>> {
        let health = loader(ctx)?.load_one(health::Of(self.network)).await?;
        Ok(health.map(NetworkHealth::from))
    }

    /// Until when nothing is sent to it (rate limit of the whole app, or the breaker).
    async fn blocked_until(&self) -> Option<DateTime<Utc>> {
        self.state.as_ref()?.blocked_until
    }

    /// Why nothing is sent to it.
    async fn block_reason(&self) -> Option<&str> {
        self.state.as_ref()?.block_reason.as_deref()
    }

    /// How the workspace's accounts on it stand.
    async fn accounts(&self, ctx: &Context<'_>) -> Result<NetworkAccounts> {
        Ok(self
            .standing(ctx)
            .await?
            .map(Into::into)
            .unwrap_or_default())
    }

    /// When the workspace's next post on it is due; in the past when one is late.
    async fn next_due_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime<Utc>>> {
        Ok(self.standing(ctx).await?.and_then(|row| row.next_due_at))
    }
}

impl NetworkInfo {
    async fn standing(&self, ctx: &Context<'_>) -> Result<Option<Standing>> {
        Ok(loader(ctx)?.load_one(self.network).await?)
    }
}

impl Load<CoreNetwork> for Loader {
    type Value = Standing;
    type Error = LoadError;

    async fn load(&self, _: &[CoreNetwork]) -> Result<HashMap<CoreNetwork, Standing>, LoadError> {
        let rows = standings(&self.app, &self.actor).await?;
        let named = |row: Standing| Ok((row.network()?, row));
        rows.into_iter().map(named).collect()
    }
}

/// How the workspace's accounts on a network stand.
#[derive(SimpleObject, Default)]
pub struct NetworkAccounts {
    /// Usable.
    active: i64,
    /// To be reconnected.
    reconnect: i64,
    /// Switched off by a person.
    disabled: i64,
    /// Held back by a person.
    paused: i64,
    /// Waiting for a rate limit or after failures.
    blocked: i64,
}

impl From<Standing> for NetworkAccounts {
    fn from(row: Standing) -> Self {
        Self {
            active: row.active,
            reconnect: row.reconnect,
            disabled: row.disabled,
            paused: row.paused,
            blocked: row.blocked,
        }
    }
}

/// Limits and features of a network.
#[derive(SimpleObject)]
pub struct Capabilities {
    /// Kinds of posts it has.
    kinds: Vec<ContentKind>,
    /// Longest text, counted in `textUnit`.
    max_text: usize,
    /// How text is counted: characters, weighted characters.
    text_unit: &'static str,
    /// Longest title in characters; 0 when there is none.
    max_title: usize,
    /// Longest alt text in characters.
    max_alt_text: usize,
    /// Most hashtags, when limited.
    max_hashtags: Option<usize>,
    /// Most mentions, when limited.
    max_mentions: Option<usize>,
    /// Most pictures in one post.
    max_pictures: usize,
    /// Whether a post needs at least one picture or video.
    media_required: bool,
    /// Whether pictures and videos may stand in one post.
    mixed_media: bool,
    /// Whether the link is a field of its own; elsewhere it is written below the text.
    link_field: bool,
    /// Whether a target must name a board.
    board_required: bool,
    /// What a picture must be.
    picture: PictureRule,
    /// What a picture in a story must be.
    story_picture: Option<PictureRule>,
    /// What a video must be; null when there are none.
    video: Option<VideoRule>,
    /// What a reel must be.
    reel: Option<VideoRule>,
    /// What a video in a story must be.
    story_video: Option<VideoRule>,
    /// The figures it gives about live posts, for some kind of post at least.
    metrics: Vec<Metric>,
    /// Permissions asked for when connecting.
    scopes: Vec<&'static str>,
}

impl From<&CoreCapabilities> for Capabilities {
    fn from(c: &CoreCapabilities) -> Self {
        Self {
            kinds: c.kinds.iter().map(|kind| (*kind).into()).collect(),
            max_text: c.max_text,
            text_unit: c.text_unit,
            max_title: c.max_title,
            max_alt_text: c.max_alt_text,
            max_hashtags: c.max_hashtags,
            max_mentions: c.max_mentions,
            max_pictures: c.max_pictures,
            media_required: c.media_required,
            mixed_media: c.mixed_media,
            link_field: c.link_field,
            board_required: c.destination_required,
            picture: PictureRule::from(&c.picture),
            story_picture: c.story_picture.as_ref().map(PictureRule::from),
            video: c.video.as_ref().map(VideoRule::from),
            reel: c.reel.as_ref().map(VideoRule::from),
            story_video: c.story_video.as_ref().map(VideoRule::from),
            metrics: c.metrics.gives.iter().map(|one| (*one).into()).collect(),
            scopes: c.scopes.to_vec(),
        }
    }
}
