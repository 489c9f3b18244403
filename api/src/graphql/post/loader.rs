use std::collections::HashMap;

use async_graphql::dataloader::Loader as Load;
use posthaste_core::ids::PostId;
use posthaste_engine::post as engine;
use posthaste_store::post::Post;

use crate::graphql::loader::{LoadError, Loader};

impl Load<PostId> for Loader {
    type Value = Post;
    type Error = LoadError;

    async fn load(&self, ids: &[PostId]) -> Result<HashMap<PostId, Post>, LoadError> {
        let rows = engine::by_ids(&self.app, &self.actor, ids).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }
}
