use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorCode};

macro_rules! permissions {
    ($($variant:ident, $name:literal, $to:literal, $doc:literal;)*) => {
        /// Something that members and keys may or may not do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Permission {
            $(#[doc = $doc] #[serde(rename = $name)] $variant,)*
        }

        impl Permission {
            /// Every permission, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name as the API and the database write it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it allows, in one sentence.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }

            /// What it allows, after "may".
            fn to(self) -> &'static str {
                match self { $(Self::$variant => $to,)* }
            }

            /// The permission behind a name, if there is one.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|permission| permission.as_str() == name)
            }
        }
    };
}

permissions! {
    Read, "READ", "read this workspace", "Read the workspace's data.";
    Write, "WRITE", "change posts or media", "Create and change posts and media.";
    Publish, "PUBLISH", "publish", "Schedule, publish, cancel, retry, delete on the network.";
    ManageConnections, "MANAGE_CONNECTIONS", "manage connected accounts", "Connect, reconnect, disable and remove accounts.";
    ManageKeys, "MANAGE_KEYS", "manage API keys", "Make and take back API keys.";
    ManageWebhooks, "MANAGE_WEBHOOKS", "manage webhooks", "Add, change, test and remove webhook endpoints.";
    ManageBudgets, "MANAGE_BUDGETS", "change budgets", "Change budgets, and what becomes of posts over a limit.";
    ReadUsage, "READ_USAGE", "see the requests of others", "See the requests of all credentials, and how much each uses the API.";
    ReadAuditLog, "READ_AUDIT_LOG", "read the audit log", "Read the audit log.";
    ManageMembers, "MANAGE_MEMBERS", "manage members", "Invite, change and remove members, and form teams.";
    ManageRoles, "MANAGE_ROLES", "manage roles", "Make, change and remove the workspace's own roles.";
    OwnWorkspace, "OWN_WORKSPACE", "hand over or delete this workspace", "Hand the workspace over, and delete it.";
}

impl Permission {
    /// What somebody without it is told: `FORBIDDEN`.
    pub fn refusal(self) -> Error {
        let message = format!(
            "You may not {} here: it takes the permission {}.",
            self.to(),
            self.as_str()
        );
        Error::new(ErrorCode::Forbidden, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found_again() {
        for permission in Permission::ALL {
            assert_eq!(
                Permission::from_name(permission.as_str()),
                Some(*permission)
            );
        }
        assert_eq!(Permission::from_name("read"), None);
    }

    #[test]
    fn a_refusal_names_what_to_ask_for() {
        let error = Permission::Publish.refusal();
        assert_eq!(error.code, ErrorCode::Forbidden);
        assert_eq!(
            error.message,
            "You may not publish here: it takes the permission PUBLISH."
        );
    }
}
