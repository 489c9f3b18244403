use async_graphql::{Context, Object, Result};
use posthaste_engine::session;

use super::Viewer;
use crate::graphql::context::both;

/// Reads about the caller.
#[derive(Default)]
pub struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// Who asks, and what they may do.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Viewer> {
        let (app, actor) = both(ctx)?;
        let identity = session::identity(app, actor).await?;
        Ok(Viewer {
            identity,
            actor: actor.clone(),
        })
    }
}
