use std::collections::HashMap;

use async_graphql::{Enum, ID, Object, Result, SimpleObject, dataloader::Loader as Load};
use chrono::{DateTime, Utc};
use posthaste_core::{Error, ErrorCode, access, ids::RoleId};
use posthaste_engine::role::{self as engine, Action, Choice};
use posthaste_store::role;

use crate::graphql::{
    access::Provenance,
    context::actor,
    loader::{LoadError, Loader},
    scalars::{self, Named, Permission, Role},
};

impl Load<RoleId> for Loader {
    type Value = role::CustomRole;
    type Error = LoadError;

    async fn load(&self, ids: &[RoleId]) -> Result<HashMap<RoleId, Self::Value>, LoadError> {
        let rows = engine::by_ids(&self.app, &self.actor, ids).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }
}

/// Reads the choice of a role from its two fields, of which exactly one is given.
pub fn choice(role: Option<Role>, custom: Option<&ID>) -> posthaste_core::Result<Choice> {
    match (role, custom) {
        (Some(role), None) => Ok(Choice::BuiltIn(role.0)),
        (None, Some(id)) => Ok(Choice::Custom(scalars::id(id, &["customRoleId"])?)),
        _ => {
            let message = "Name either a built-in role or one of the workspace's own.";
            Err(Error::new(ErrorCode::InvalidInput, message).at(["role"]))
        }
    }
}

/// A role that every workspace has.
#[derive(SimpleObject)]
pub struct BuiltInRole {
    /// The role.
    role: Role,
    /// What it is for, in one sentence.
    title: &'static str,
    /// What it carries.
    permissions: Vec<Permission>,
}

impl From<access::Role> for BuiltInRole {
    fn from(role: access::Role) -> Self {
        Self {
            role: Named(role),
            title: role.title(),
            permissions: scalars::permissions(role.permissions()),
        }
    }
}

/// Something the viewer may do with a role now.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "Action")]
pub enum CustomRoleAction {
    /// `customRoleUpdate`.
    Update,
    /// `customRoleDelete`.
    Delete,
}

/// A role that the workspace made.
pub struct CustomRole(pub role::CustomRole);

/// A role that the workspace made: a name for a set of permissions.
#[Object]
impl CustomRole {
    /// The id (`role_…`).
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The name; no two roles of a workspace have the same one.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it carries.
    async fn permissions(&self) -> Vec<Permission> {
        scalars::permissions(self.0.permissions)
    }

    /// Grows with each change; `customRoleUpdate` names the one that was read.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// Who made it.
    async fn provenance(&self) -> Provenance {
        Provenance::from(&self.0.provenance.0)
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was changed last.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }

    /// What the viewer may do with it now.
    async fn allowed_actions(
        &self,
        ctx: &async_graphql::Context<'_>,
    ) -> Result<Vec<CustomRoleAction>> {
        let actions = engine::allowed_actions(actor(ctx)?, &self.0);
        Ok(actions.into_iter().map(Into::into).collect())
    }
}
