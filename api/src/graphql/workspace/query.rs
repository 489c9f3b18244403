use async_graphql::{Context, Object, Result};

use super::Workspace;
use crate::graphql::context::both;

/// Reads of the workspace.
#[derive(Default)]
pub struct WorkspaceQuery;

#[Object]
impl WorkspaceQuery {
    /// The workspace that the credential opens.
    async fn workspace(&self, ctx: &Context<'_>) -> Result<Workspace> {
        let (app, actor) = both(ctx)?;
        Ok(Workspace::load(app, actor).await?)
    }
}
