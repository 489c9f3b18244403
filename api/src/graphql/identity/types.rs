use async_graphql::{ID, SimpleObject};
use chrono::{DateTime, Utc};
use posthaste_engine::{App, identity::Settings};
use posthaste_store::identity;

/// A provider that people may sign in by.
#[derive(SimpleObject)]
pub struct IdentityProvider {
    /// Its name in addresses.
    name: String,
    /// Its name for people.
    label: String,
    /// Where a browser begins to sign in; add `return_to`, where it is to come back to with a `code`.
    url: String,
}

impl IdentityProvider {
    /// What everybody may know of a provider.
    pub fn new(app: &App, settings: &Settings) -> Self {
        Self {
            name: settings.name.clone(),
            label: settings.label.clone(),
            url: format!("{}/auth/oidc/{}", app.public_url, settings.name),
        }
    }
}

/// Who you are at a provider, and can sign in as.
#[derive(SimpleObject)]
pub struct Identity {
    /// The id (`idn_…`).
    id: ID,
    /// The provider's name when it was linked.
    provider: String,
    /// What the provider calls itself.
    issuer: String,
    /// The e-mail that the provider told last.
    email: Option<String>,
    /// When it was linked.
    linked_at: DateTime<Utc>,
    /// When somebody signed in with it last.
    last_used_at: Option<DateTime<Utc>>,
}

impl From<identity::Identity> for Identity {
    fn from(row: identity::Identity) -> Self {
        Self {
            id: row.id.into(),
            provider: row.provider,
            issuer: row.issuer,
            email: row.email,
            linked_at: row.linked_at,
            last_used_at: row.last_used_at,
        }
    }
}
