use async_graphql::{Context, ID, InputObject, Object, Result};
use posthaste_core::{Error, Result as CoreResult, access::PermissionSet};
use posthaste_engine::{
    App,
    role::{self as engine, Change},
};
use posthaste_store::role;

use super::{CustomRole, choice};
use crate::graphql::{
    context::both,
    idempotency::once,
    payload::{payload, split_all},
    scalars::{self, Permission, Role},
};

/// The role to make.
#[derive(InputObject)]
pub struct CustomRoleCreateInput {
    /// The name, 1 to 100 characters, of no other role of the workspace.
    name: String,
    /// What it carries: `READ` at least, and not more than you may do.
    permissions: Vec<Permission>,
}

/// What to change; what is left out stays.
#[derive(InputObject)]
pub struct CustomRoleUpdateInput {
    /// The id (`role_…`).
    id: ID,
    /// The version that was read.
    version: i32,
    /// The name, 1 to 100 characters, of no other role of the workspace.
    name: Option<String>,
    /// What it carries: `READ` at least, and not more than you may do.
    permissions: Option<Vec<Permission>>,
}

/// The role to remove, and what its holders get. Without `role` and `customRoleId` nobody may hold it.
#[derive(InputObject)]
pub struct CustomRoleDeleteInput {
    /// The id (`role_…`).
    id: ID,
    /// The built-in role that its holders get.
    role: Option<Role>,
    /// The role of the workspace's own that its holders get.
    custom_role_id: Option<ID>,
}

payload! {
    /// What came of making or changing a role.
    CustomRolePayload {
        /// The role as it is now.
        custom_role: CustomRole
    }
}

payload! {
    /// What came of removing a role.
    CustomRoleDeletePayload {
        /// The id of the role that was removed.
        deleted_id: ID
    }
}

impl CustomRolePayload {
    fn all(app: &App, outcome: CoreResult<role::CustomRole, Vec<Error>>) -> CoreResult<Self> {
        let (row, errors) = split_all(app, outcome)?;
        Ok(Self {
            custom_role: row.map(CustomRole),
            errors,
            warnings: Vec::new(),
        })
    }
}

fn set(permissions: Vec<Permission>) -> PermissionSet {
    permissions.into_iter().map(|one| one.0).collect()
}

/// Changes of roles; all take the permission `MANAGE_ROLES`, and nobody makes or changes a role that may
/// do more than they may.
#[derive(Default)]
pub struct RoleMutation;

#[Object]
impl RoleMutation {
    /// Makes a role of the workspace's own.
    async fn custom_role_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The role to make.")] input: CustomRoleCreateInput,
    ) -> Result<CustomRolePayload> {
        let (app, actor) = both(ctx)?;
        let carries = set(input.permissions);
        let once = once(ctx);
        let outcome = engine::create(app, actor, &input.name, carries, once.as_ref()).await;
        Ok(CustomRolePayload::all(app, outcome)?)
    }

    /// Renames a role or changes what it carries. Whoever holds it may do so much from now on.
    async fn custom_role_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: CustomRoleUpdateInput,
    ) -> Result<CustomRolePayload> {
        let (app, actor) = both(ctx)?;
        let change = Change {
            name: input.name,
            permissions: input.permissions.map(set),
        };
        let outcome = async {
            let id = scalars::id(&input.id, &["id"]).map_err(|error| vec![error])?;
            engine::update(app, actor, id, input.version, change).await
        };
        Ok(CustomRolePayload::all(app, outcome.await)?)
    }

    /// Removes a role. While somebody holds it, another one must be named in its place (`ROLE_IN_USE`), which takes
    /// `MANAGE_MEMBERS`, too.
    async fn custom_role_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The role to remove.")] input: CustomRoleDeleteInput,
    ) -> Result<CustomRoleDeletePayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            let named = input.role.is_some() || input.custom_role_id.is_some();
            let instead = named.then(|| choice(input.role, input.custom_role_id.as_ref()));
            let instead = instead.transpose()?;
            Ok(engine::delete(app, actor, id, instead).await?.into())
        };
        Ok(CustomRoleDeletePayload::of(app, outcome.await)?)
    }
}
