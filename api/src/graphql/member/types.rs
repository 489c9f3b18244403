use async_graphql::{Context, Enum, ID, Object, Result};
use chrono::{DateTime, Utc};
use posthaste_core::ids::RoleId;
use posthaste_engine::member::{self as engine, Action};
use posthaste_store::member;
use uuid::Uuid;

use crate::graphql::{
    context::{actor, loader},
    role::CustomRole,
    scalars::{self, Permission, Role},
};

/// Something the viewer may do with a member now.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "Action")]
pub enum MemberAction {
    /// `memberUpdate`.
    Update,
    /// `memberRemove`.
    Remove,
    /// `workspaceTransfer`.
    Transfer,
}

/// The role of the workspace's own behind a row.
pub async fn custom_role(ctx: &Context<'_>, id: Option<Uuid>) -> Result<Option<CustomRole>> {
    let Some(id) = id.map(RoleId::from) else {
        return Ok(None);
    };
    Ok(loader(ctx)?.load_one(id).await?.map(CustomRole))
}

/// A person in the workspace.
pub struct Member(pub member::Member);

/// A person in the workspace.
#[Object]
impl Member {
    /// The person's id (`user_…`).
    async fn person_id(&self) -> ID {
        self.0.user_id.into()
    }

    /// The person's name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The person's e-mail; null unless it is you, or you have `MANAGE_MEMBERS`.
    async fn email(&self, ctx: &Context<'_>) -> Result<Option<&str>> {
        Ok(engine::email(actor(ctx)?, &self.0))
    }

    /// The role; `CUSTOM` when it is one that the workspace made.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// The role that the workspace made, if it is one.
    async fn custom_role(&self, ctx: &Context<'_>) -> Result<Option<CustomRole>> {
        custom_role(ctx, self.0.role_id).await
    }

    /// What the member may do, be it with some connections only.
    async fn permissions(&self) -> Vec<Permission> {
        scalars::permissions(self.0.standing().rights.permissions())
    }

    /// The connections that the member is limited to, as far as you deal with them; null without a limit.
    async fn connection_ids(&self, ctx: &Context<'_>) -> Result<Option<Vec<ID>>> {
        let ids = self.0.connection_ids.as_deref();
        Ok(scalars::limit_seen(actor(ctx)?, ids))
    }

    /// Since when the person is a member.
    async fn joined_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// What the viewer may do with the member now. The only owner keeps the role all the same.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Result<Vec<MemberAction>> {
        let actions = engine::allowed_actions(actor(ctx)?, &self.0);
        Ok(actions.into_iter().map(Into::into).collect())
    }
}
