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
    /// An app of others, for a person who lets it.
    App,
    /// Posthaste itself: scheduler, publisher, an operator's command.
    System,
}

/// Who or what made a change.
#[derive(SimpleObject, Clone, Debug)]
pub struct Provenance {
    /// What kind of author it is.
    pub kind: ProvenanceKind,
    /// The person, if it was one, or whom the app works for.
    pub person_id: Option<ID>,
    /// The API key, if it was one.
    pub key_id: Option<ID>,
    /// The app of others (`app_…`), if it was one.
    pub app_id: Option<ID>,
}

impl Provenance {
    fn of(kind: ProvenanceKind) -> Self {
        Self {
            kind,
            person_id: None,
            key_id: None,
            app_id: None,
        }
    }
}

impl From<&By> for Provenance {
    fn from(by: &By) -> Self {
        match by {
            By::Person { user } => Self {
                person_id: Some(user.into()),
                ..Self::of(ProvenanceKind::Person)
            },
            By::Key { key } => Self {
                key_id: Some(key.into()),
                ..Self::of(ProvenanceKind::Key)
            },
            By::App { app, user, .. } => Self {
                app_id: Some(app.into()),
                person_id: Some(user.into()),
                ..Self::of(ProvenanceKind::App)
            },
            By::System => Self::of(ProvenanceKind::System),
        }
    }
}
