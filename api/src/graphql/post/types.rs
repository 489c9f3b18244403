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
pub struct Post {
    row: rows::Post,
    /// Its targets as a dry run would have left them; else they are loaded.
    targets: Option<Arc<Vec<target::Target>>>,
}

impl From<rows::Post> for Post {
    fn from(row: rows::Post) -> Self {
        Self { row, targets: None }
    }
}

impl Post {
    /// A post as a dry run would have left it.
    pub fn tried(row: rows::Post, targets: Vec<target::Target>) -> Self {
        Self {
            row,
            targets: Some(Arc::new(targets)),
        }
    }

    async fn target_rows(&self, ctx: &Context<'_>) -> Result<Arc<Vec<target::Target>>> {
        if let Some(targets) = &self.targets {
            return Ok(targets.clone());
        }
        Ok(loader(ctx)?
            .load_one(TargetsOf(self.row.id))
            .await?
            .unwrap_or_default())
    }
}

/// What somebody wrote, for one or many connections.
#[Object]
impl Post {
    /// The id (`post_…`).
    pub async fn id(&self) -> ID {
        self.row.id.into()
    }

    /// Grows with each change of content or targets.
    async fn version(&self) -> i32 {
        self.row.version
    }

    /// What all networks get, unless a variant says otherwise.
    async fn content(&self) -> PostContent {
        PostContent(self.row.body.content.clone())
    }

    /// What differs on single networks or connections.
    async fn variants(&self) -> Vec<PostVariant> {
        self.row
            .body
            .variants
            .iter()
            .cloned()
            .map(PostVariant)
            .collect()
    }

    /// Parameters added to the link; empty when none are.
    async fn link_tracking(&self) -> Option<LinkTracking> {
        self.row
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
        self.row.due_at
    }

    /// Who or what wrote it.
    async fn provenance(&self) -> Provenance {
        Provenance::from(&self.row.provenance.0)
    }

    /// When it was written.
    async fn created_at(&self) -> DateTime<Utc> {
        self.row.created_at
    }

    /// When it was changed last.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.row.updated_at
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
