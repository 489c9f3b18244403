//! Who or what made a change.

use serde::{Deserialize, Serialize};

use crate::ids::{ApiKeyId, UserId};

/// The author of a change, kept on every event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Provenance {
    /// A signed-in person.
    Person {
        /// The person.
        user: UserId,
    },
    /// A program with an API key.
    Key {
        /// The key.
        key: ApiKeyId,
    },
    /// Posthaste itself (scheduler, publisher, reconciliation, an operator's command).
    System,
}
