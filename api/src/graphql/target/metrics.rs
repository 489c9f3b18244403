use std::collections::HashMap;

use async_graphql::{Context, Enum, Object, Result, dataloader::Loader as Load};
use chrono::{DateTime, Utc};
use posthaste_core::{ids::TargetId, metric as core};
use posthaste_engine::metric as engine;
use posthaste_store::metric as rows;

use super::types::TargetError;
use crate::graphql::{
    context::loader,
    loader::{LoadError, Loader},
};

/// A figure that tells how a post does.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "core::Metric")]
pub enum Metric {
    /// How often it was shown.
    Views,
    /// How many accounts saw it.
    Reach,
    /// Likes and other reactions.
    Likes,
    /// Comments and replies.
    Comments,
    /// How often it was passed on: shares, reposts and quotes.
    Shares,
    /// How often it was saved: bookmarks, saves to a board.
    Saves,
    /// Clicks: of any kind on Facebook, on the link on Pinterest.
    Clicks,
    /// How often its video was played, where that is counted apart from views.
    VideoViews,
}

/// How a live post does, as its network told it last. A figure that the network does not give is
/// null, never 0; `Capabilities.metrics` lists those it gives.
pub struct TargetMetrics(rows::TargetMetrics);

/// How a live post does, as its network told it last. A figure that the network does not give is
/// null, never 0; `Capabilities.metrics` lists those it gives.
#[Object]
impl TargetMetrics {
    /// How often it was shown.
    async fn views(&self) -> Option<i64> {
        self.0.metrics().views
    }

    /// How many accounts saw it.
    async fn reach(&self) -> Option<i64> {
        self.0.metrics().reach
    }

    /// Likes and other reactions.
    async fn likes(&self) -> Option<i64> {
        self.0.metrics().likes
    }

    /// Comments and replies.
    async fn comments(&self) -> Option<i64> {
        self.0.metrics().comments
    }

    /// How often it was passed on: shares, reposts and quotes.
    async fn shares(&self) -> Option<i64> {
        self.0.metrics().shares
    }

    /// How often it was saved: bookmarks, saves to a board.
    async fn saves(&self) -> Option<i64> {
        self.0.metrics().saves
    }

    /// Clicks: of any kind on Facebook, on the link on Pinterest.
    async fn clicks(&self) -> Option<i64> {
        self.0.metrics().clicks
    }

    /// How often its video was played, where that is counted apart from views.
    async fn video_views(&self) -> Option<i64> {
        self.0.metrics().video_views
    }

    /// When the network told this; null while it could not be read yet, then `error` says why.
    async fn read_at(&self) -> Option<DateTime<Utc>> {
        self.0.read_at
    }

    /// When it is read next; null once it was read for the last time.
    async fn next_read_at(&self) -> Option<DateTime<Utc>> {
        self.0.due_at
    }

    /// Why the last reading failed, and what to do about it.
    async fn error(&self) -> Option<TargetError> {
        TargetError::stored(
            self.0.error_code.as_deref(),
            self.0.error_message.as_deref(),
        )
    }
}

impl TargetMetrics {
    /// What is known of a target; nothing until it was read or could not be.
    pub async fn of(ctx: &Context<'_>, target: TargetId) -> Result<Option<Self>> {
        let row = loader(ctx)?.load_one(MetricsOf(target)).await?;
        let is_known =
            |row: &rows::TargetMetrics| row.read_at.is_some() || row.error_code.is_some();
        Ok(row.filter(is_known).map(Self))
    }
}

/// The key of how a target does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MetricsOf(pub TargetId);

impl Load<MetricsOf> for Loader {
    type Value = rows::TargetMetrics;
    type Error = LoadError;

    async fn load(
        &self,
        keys: &[MetricsOf],
    ) -> Result<HashMap<MetricsOf, rows::TargetMetrics>, LoadError> {
        let ids: Vec<TargetId> = keys.iter().map(|key| key.0).collect();
        let rows = engine::of_targets(&self.app, &self.actor, &ids).await?;
        Ok(rows
            .into_iter()
            .map(|row| (MetricsOf(row.target_id), row))
            .collect())
    }
}
