//! What the teams of a member give, as it is read beside the member's own role.

use diesel::sql_types::{Nullable, Uuid as SqlUuid};
use posthaste_core::access::{Grant, PermissionSet, Reach, Role};
use serde::Deserialize;
use uuid::Uuid;

use crate::Json;

diesel::define_sql_function! {
    /// The roles that the teams of a member give, as [`TeamRoles`]; a migration made it.
    fn team_roles(workspace: Nullable<SqlUuid>, person: Nullable<SqlUuid>) -> Nullable<Jsonb>;
}

/// The roles that the teams of a member give; none without a team.
pub type TeamRoles = Option<Json<Vec<TeamRole>>>;

/// A role that a team gives.
#[derive(Clone, Debug, Deserialize)]
pub struct TeamRole {
    role: Role,
    own: Option<Vec<String>>,
    connections: Option<Vec<Uuid>>,
}

impl TeamRole {
    /// What it comes to.
    pub fn grant(&self) -> Grant {
        let held = PermissionSet::held(self.role, self.own.as_deref());
        Grant::new(held, Reach::from(self.connections.clone()))
    }
}
