use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{
    Permission::{self, ManageKeys, ManageWebhooks, OwnWorkspace, Publish, Read, ReadUsage, Write},
    PermissionSet,
};
use crate::error::{Error, ErrorCode, Result};

macro_rules! roles {
    ($($variant:ident, $name:literal, $permissions:expr, $doc:literal;)*) => {
        /// What a member or key holds in a workspace: a set of permissions with a name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Role {
            $(#[doc = $doc] #[serde(rename = $name)] $variant,)*
        }

        impl Role {
            /// Every value.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name as the API and the database write it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it is for, in one sentence.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }

            /// What it carries; of [`Role::Custom`] nothing is known here.
            pub const fn permissions(self) -> PermissionSet {
                match self { $(Self::$variant => $permissions,)* }
            }
        }
    };
}

const fn set(permissions: &[Permission]) -> PermissionSet {
    PermissionSet::of(permissions)
}

roles! {
    Viewer, "VIEWER", set(&[Read]), "Reads everything, changes nothing.";
    Editor, "EDITOR", set(&[Read, Write, Publish]), "Writes, schedules and publishes.";
    Admin, "ADMIN", PermissionSet::ALL.without(set(&[OwnWorkspace])), "Also connects accounts, and manages members, roles, keys, webhooks and budgets, and reads the audit log.";
    Owner, "OWNER", PermissionSet::ALL, "Also owns the workspace.";
    Approver, "APPROVER", set(&[Read, Publish]), "Decides what goes out: schedules, publishes and cancels what others write.";
    Analyst, "ANALYST", set(&[Read, ReadUsage]), "Reads everything, and how the API is used.";
    Developer, "DEVELOPER", set(&[Read, Write, Publish, ManageKeys, ManageWebhooks, ReadUsage]), "Builds programs: makes keys and webhooks, and sees all requests.";
    Custom, "CUSTOM", PermissionSet::EMPTY, "Permissions of its own: a role that the workspace made, or those that a key was given.";
}

impl Role {
    /// The roles that every workspace has, [`Role::Custom`] left out.
    pub fn built_in() -> impl Iterator<Item = Self> {
        Self::ALL
            .iter()
            .copied()
            .filter(|role| *role != Self::Custom)
    }
}

impl FromStr for Role {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .iter()
            .copied()
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
        let may = |role: Role| role.permissions().names().join(" ");
        let admin = "READ WRITE PUBLISH MANAGE_CONNECTIONS MANAGE_KEYS MANAGE_WEBHOOKS MANAGE_BUDGETS READ_USAGE READ_AUDIT_LOG MANAGE_MEMBERS MANAGE_ROLES";
        assert_eq!(may(Role::Viewer), "READ");
        assert_eq!(may(Role::Editor), "READ WRITE PUBLISH");
        assert_eq!(may(Role::Admin), admin);
        assert_eq!(may(Role::Owner), format!("{admin} OWN_WORKSPACE"));
        assert_eq!(may(Role::Approver), "READ PUBLISH");
        assert_eq!(may(Role::Analyst), "READ READ_USAGE");
        assert_eq!(
            may(Role::Developer),
            "READ WRITE PUBLISH MANAGE_KEYS MANAGE_WEBHOOKS READ_USAGE"
        );
        assert_eq!(may(Role::Custom), "");
    }

    #[test]
    fn every_built_in_role_reads_and_the_owner_covers_it() {
        assert_eq!(Role::built_in().count(), 7);
        for role in Role::built_in() {
            assert_eq!(role.as_str().parse::<Role>().unwrap(), role);
            assert!(role.permissions().contains(Read));
            assert!(Role::Owner.permissions().covers(role.permissions()));
        }
    }
}
