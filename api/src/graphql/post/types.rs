//! A post as people read it.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use posthaste_core::post as core;
use posthaste_engine::post as engine;
use posthaste_store::{post as rows, target};

use super::{
    content::{LinkTracking, PostContent, PostVariant},
    enums::{PostAction, PostStatus},
};
use crate::graphql::{
    access::Provenance,
    context::{actor, loader},
    target::{Target, TargetsOf},
};

/// What somebody wrote, for one or many connections.
pub struct Post(pub rows::Post);

impl Post {
    async fn target_rows(&self, ctx: &Context<'_>) -> Result<Arc<Vec<target::Target>>> {
        Ok(loader(ctx)?
            .load_one(TargetsOf(self.0.id))
            .await?
            .unwrap_or_default())
    }
}

/// What somebody wrote, for one or many connections.
#[Object]
impl Post {
    /// The id (`post_…`).
    pub async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Grows with each change of content or targets.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What all networks get, unless a variant says otherwise.
    async fn content(&self) -> PostContent {
        PostContent(self.0.body.content.clone())
    }

    /// What differs on single networks or connections.
    async fn variants(&self) -> Vec<PostVariant> {
        self.0
            .body
            .variants
            .iter()
            .cloned()
            .map(PostVariant)
            .collect()
    }

    /// Parameters added to the link; empty when none are.
    async fn link_tracking(&self) -> Option<LinkTracking> {
        self.0
            .body
            .link_tracking
            .clone()
            .map(|core::LinkTracking { campaign }| LinkTracking { campaign })
    }

    /// The connections it goes to, in order.
    #[graphql(complexity = "5 * child_complexity")]
    async fn targets(&self, ctx: &Context<'_>) -> Result<Vec<Target>> {
        Ok(self
            .target_rows(ctx)
            .await?
            .iter()
            .cloned()
            .map(Target)
            .collect())
    }

    /// How it stands as a whole.
    async fn status(&self, ctx: &Context<'_>) -> Result<PostStatus> {
        let states: Vec<_> = self
            .target_rows(ctx)
            .await?
            .iter()
            .map(|row| row.state)
            .collect();
        Ok(core::PostStatus::of(&states).into())
    }

    /// When the first of its targets is due.
    async fn due_at(&self) -> Option<DateTime<Utc>> {
        self.0.due_at
    }

    /// Who or what wrote it.
    async fn provenance(&self) -> Provenance {
        Provenance::from(&self.0.provenance.0)
    }

    /// When it was written.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was changed last.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }

    /// What the viewer may do with it now.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Result<Vec<PostAction>> {
        let rows = self.target_rows(ctx).await?;
        Ok(engine::post_actions(actor(ctx)?, &rows)
            .into_iter()
            .map(Into::into)
            .collect())
    }
}
