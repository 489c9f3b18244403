use async_graphql::{Context, InputObject, Object, Result};
use posthaste_engine::workspace as engine;

use super::Workspace;
use crate::graphql::{context::both, payload::payload};

/// The workspace to delete.
#[derive(InputObject)]
pub struct WorkspaceDeleteInput {
    /// The workspace's name, so that nobody deletes the wrong one.
    name: String,
}

payload! {
    /// What came of deleting the workspace or taking it back.
    WorkspacePayload {
        /// The workspace as it is now.
        workspace: Workspace
    }
}

/// Changes of the workspace; they take the permission `OWN_WORKSPACE` and a signed-in person.
#[derive(Default)]
pub struct WorkspaceMutation;

#[Object]
impl WorkspaceMutation {
    /// Stops publishing now and has the workspace erased in 14 days. Until then its members may look, and
    /// `workspaceRestore` takes it back.
    async fn workspace_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The workspace's name.")] input: WorkspaceDeleteInput,
    ) -> Result<WorkspacePayload> {
        let (app, actor) = both(ctx)?;
        let outcome = engine::delete(app, actor, &input.name).await;
        Ok(WorkspacePayload::of(app, outcome.map(Workspace))?)
    }

    /// Takes the deletion of the workspace back. Publishing goes on; posts whose time has passed meanwhile
    /// are treated as any that are late.
    async fn workspace_restore(&self, ctx: &Context<'_>) -> Result<WorkspacePayload> {
        let (app, actor) = both(ctx)?;
        let outcome = engine::restore(app, actor).await;
        Ok(WorkspacePayload::of(app, outcome.map(Workspace))?)
    }
}
