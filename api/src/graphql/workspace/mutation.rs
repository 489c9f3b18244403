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

/// How the workspace is opened.
#[derive(InputObject)]
pub struct WorkspaceSecurityUpdateInput {
    /// Whether people open it only with a second factor.
    second_factor_required: bool,
}

payload! {
    /// What came of changing or deleting the workspace, or taking that back.
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

    /// Says whether people open the workspace only with a second factor: members who have none may do nothing but enrol.
    /// Keys are not asked.
    async fn workspace_security_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How it is opened.")] input: WorkspaceSecurityUpdateInput,
    ) -> Result<WorkspacePayload> {
        let (app, actor) = both(ctx)?;
        let required = input.second_factor_required;
        let outcome = engine::require_second_factor(app, actor, required).await;
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
