use async_graphql::{Context, ID, Json, Object, Result};
use chrono::{DateTime, Utc};
use posthaste_core::{Provenance as By, audit::Entry, hex};
use serde_json::Value;

use crate::graphql::{access::Provenance, context::loader, developer::ApiKey};

/// An entry of the audit log: an act that concerns security.
pub struct AuditEntry(pub Entry);

/// An entry of the audit log: an act that concerns security.
#[Object]
impl AuditEntry {
    /// Its position in the workspace's log, from 1, without gaps.
    async fn seq(&self) -> i64 {
        self.0.seq
    }

    /// When it was done.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }

    /// What was done: a type of event, or the name of an act that is none.
    async fn act(&self) -> &str {
        &self.0.act
    }

    /// Who did it.
    async fn provenance(&self) -> Provenance {
        Provenance::from(&By::of_credential(&self.0.actor))
    }

    /// The API key that it was done with.
    async fn api_key(&self, ctx: &Context<'_>) -> Result<Option<ApiKey>> {
        match By::of_credential(&self.0.actor) {
            By::Key { key } => Ok(loader(ctx)?.load_one(key).await?.map(ApiKey)),
            _ => Ok(None),
        }
    }

    /// The id of what it was done to.
    async fn subject(&self) -> Option<ID> {
        self.0.subject.as_ref().map(ID::from)
    }

    /// More, by act; null once it was erased.
    async fn detail(&self) -> Option<Json<&Value>> {
        self.0.detail.as_ref().map(Json)
    }

    /// The hash of this entry and all before it, as 64 hexadecimal digits.
    async fn hash(&self) -> String {
        hex::encode(&self.0.hash)
    }
}
