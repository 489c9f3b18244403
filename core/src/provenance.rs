//! Who or what made a change.

use serde::{Deserialize, Serialize};

use crate::ids::{ApiKeyId, OauthAppId, OauthGrantId, UserId};

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
    /// An app of others, for a person who lets it.
    App {
        /// What the person lets it do.
        grant: OauthGrantId,
        /// The app.
        app: OauthAppId,
        /// The person.
        user: UserId,
    },
    /// Posthaste itself (scheduler, publisher, reconciliation, an operator's command).
    System,
}

impl Provenance {
    /// The credential as the request log writes it: the id of the key or person; of an app those of grant, app and person.
    pub fn credential(&self) -> String {
        match self {
            Self::Person { user } => user.to_string(),
            Self::Key { key } => key.to_string(),
            Self::App { grant, app, user } => format!("{grant} {app} {user}"),
            Self::System => "system".to_owned(),
        }
    }

    /// Who is behind a credential of the request log.
    pub fn of_credential(text: &str) -> Self {
        if let Ok(key) = text.parse() {
            return Self::Key { key };
        }
        if let Some(by) = of_app(text) {
            return by;
        }
        text.parse()
            .map_or(Self::System, |user| Self::Person { user })
    }
}

fn of_app(text: &str) -> Option<Provenance> {
    let mut ids = text.split(' ');
    let mut next = || ids.next();
    Some(Provenance::App {
        grant: next()?.parse().ok()?,
        app: next()?.parse().ok()?,
        user: next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_credential_says_whose_it_is() {
        let id = Uuid::from_u128(7);
        for by in [
            Provenance::Person { user: id.into() },
            Provenance::Key { key: id.into() },
            Provenance::App {
                grant: id.into(),
                app: id.into(),
                user: id.into(),
            },
            Provenance::System,
        ] {
            assert_eq!(Provenance::of_credential(&by.credential()), by);
        }
    }
}
