//! Roles, permissions, and who made a change.

use async_graphql::{Enum, ID, SimpleObject};
use posthaste_core::{Provenance as By, access};

/// Something a role may or may not do.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "access::Permission")]
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

impl Permission {
    const ALL: [Self; 7] = [
        Self::Read,
        Self::Write,
        Self::Publish,
        Self::ManageConnections,
        Self::ManageKeys,
        Self::ManageWebhooks,
        Self::ManageBudgets,
    ];

    /// What a role may do.
    pub fn of(role: access::Role) -> Vec<Self> {
        Self::ALL
            .into_iter()
            .filter(|permission| role.may((*permission).into()))
            .collect()
    }
}

/// Who or what made a change.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProvenanceKind {
    /// A signed-in person.
    Person,
    /// A program with an API key.
    Key,
    /// Posthaste itself: scheduler, publisher, an operator's command.
    System,
}

/// Who or what made a change.
#[derive(SimpleObject, Clone, Debug)]
pub struct Provenance {
    /// What kind of author it is.
    pub kind: ProvenanceKind,
    /// The person, if it was one.
    pub person_id: Option<ID>,
    /// The API key, if it was one.
    pub key_id: Option<ID>,
}

impl From<&By> for Provenance {
    fn from(by: &By) -> Self {
        match by {
            By::Person { user } => Self {
                kind: ProvenanceKind::Person,
                person_id: Some(user.into()),
                key_id: None,
            },
            By::Key { key } => Self {
                kind: ProvenanceKind::Key,
                person_id: None,
                key_id: Some(key.into()),
            },
            By::System => Self {
                kind: ProvenanceKind::System,
                person_id: None,
                key_id: None,
            },
        }
    }
}
