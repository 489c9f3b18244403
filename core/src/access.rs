//! Roles and what each may do.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorCode, Result};

/// A member's or key's role in a workspace, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Reads everything, changes nothing.
    Viewer,
    /// Writes, schedules and publishes.
    Editor,
    /// Also connects accounts.
    Admin,
    /// Also owns the workspace.
    Owner,
}

/// Something a role may or may not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Read the workspace's data.
    Read,
    /// Create and change posts and media.
    Write,
    /// Schedule, publish, cancel, retry, delete on the network.
    Publish,
    /// Connect, reconnect, disable and remove accounts.
    ManageConnections,
    /// Make and take back API keys, and see the requests of all credentials.
    ManageKeys,
    /// Add, change, test and remove webhook endpoints.
    ManageWebhooks,
    /// Change budgets, and what becomes of posts over a limit.
    ManageBudgets,
}

impl Role {
    /// All roles, weakest first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Editor, Self::Admin, Self::Owner];

    /// The name as the API and the database write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "VIEWER",
            Self::Editor => "EDITOR",
            Self::Admin => "ADMIN",
            Self::Owner => "OWNER",
        }
    }

    /// Whether the role carries the permission.
    pub fn may(self, permission: Permission) -> bool {
        let least = match permission {
            Permission::Read => Self::Viewer,
            Permission::Write | Permission::Publish => Self::Editor,
            Permission::ManageConnections
            | Permission::ManageKeys
            | Permission::ManageWebhooks
            | Permission::ManageBudgets => Self::Admin,
        };
        self >= least
    }

    /// Refuses with `FORBIDDEN` when the role does not carry the permission.
    pub fn require(self, permission: Permission) -> Result<()> {
        if self.may(permission) {
            return Ok(());
        }
        let message = match permission {
            Permission::Read => "Your role may not read this workspace.",
            Permission::Write => "Your role may read this workspace but not change posts or media.",
            Permission::Publish => "Your role may not publish.",
            Permission::ManageConnections => {
                "Only owners and admins may manage connected accounts."
            }
            Permission::ManageKeys => "Only owners and admins may manage API keys.",
            Permission::ManageWebhooks => "Only owners and admins may manage webhooks.",
            Permission::ManageBudgets => "Only owners and admins may change budgets.",
        };
        Err(Error::new(ErrorCode::Forbidden, message))
    }
}

impl FromStr for Role {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| Error::new(ErrorCode::InvalidInput, format!("'{text}' is not a role.")))
    }
}

impl TryFrom<String> for Role {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_exactly_this() {
        let table = |role: Role| {
            [
                Permission::Read,
                Permission::Write,
                Permission::Publish,
                Permission::ManageConnections,
                Permission::ManageKeys,
                Permission::ManageWebhooks,
            ]
            .map(|permission| role.may(permission))
        };
        assert_eq!(
            table(Role::Viewer),
            [true, false, false, false, false, false]
        );
        assert_eq!(table(Role::Editor), [true, true, true, false, false, false]);
        assert_eq!(table(Role::Admin), [true, true, true, true, true, true]);
        assert_eq!(table(Role::Owner), [true, true, true, true, true, true]);
    }
}
