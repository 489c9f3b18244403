use posthaste_core::{
    Provenance, Result,
    access::{Permission, Role},
    ids::WorkspaceId,
};

/// Who asks: a person or key in one workspace, with a role.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The workspace everything is read from and written to.
    pub workspace: WorkspaceId,
    /// What the actor may do.
    pub role: Role,
    /// Who it is, for the event log.
    pub provenance: Provenance,
}

impl Actor {
    /// Posthaste itself (publisher, refresh, seeds), which may do everything in the workspace.
    pub fn system(workspace: WorkspaceId) -> Self {
        Self {
            workspace,
            role: Role::Owner,
            provenance: Provenance::System,
        }
    }

    /// Refuses with `FORBIDDEN` unless the role carries the permission.
    pub fn require(&self, permission: Permission) -> Result<()> {
        self.role.require(permission)
    }
}
