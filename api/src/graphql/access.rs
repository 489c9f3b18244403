//! Who made a change.

use async_graphql::{Enum, ID, SimpleObject};
use posthaste_core::Provenance as By;

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
