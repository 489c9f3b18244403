use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, Object, Result, dataloader::Loader as Load};
use chrono::{DateTime, Utc};
use posthaste_core::{
    Provenance as By,
    ids::{ApiKeyId, UserId},
};
use posthaste_engine::key::{self as engine, Action, Owner};
use posthaste_store::key;

use crate::graphql::{
    access::Provenance,
    context::{app, both},
    loader::{LoadError, Loader},
    scalars::{self, Permission, Role},
};

impl Load<ApiKeyId> for Loader {
    type Value = key::ApiKey;
    type Error = LoadError;

    async fn load(&self, ids: &[ApiKeyId]) -> Result<HashMap<ApiKeyId, Self::Value>, LoadError> {
        let rows = engine::by_ids(&self.app, &self.actor, ids).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }
}

/// How an API key stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "key::Status")]
pub enum ApiKeyStatus {
    /// It works.
    Active,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked,
}

/// Whose an API key is.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "Owner")]
pub enum ApiKeyKind {
    /// A person's: it never does more than the person may at that moment, and ends when the person goes.
    #[graphql(name = "PERSONAL")]
    Person,
    /// The workspace's, for a service: it stays when whoever made it goes.
    #[graphql(name = "SERVICE")]
    Workspace,
}

/// Something the viewer may do with an API key now.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "Action")]
pub enum ApiKeyAction {
    /// `apiKeyUpdate`.
    Update,
    /// `apiKeyRotate`.
    Rotate,
    /// `apiKeyRevoke`.
    Revoke,
}

/// A key that opens the API for a program; its secret is never shown again.
#[derive(Clone, Debug)]
pub struct ApiKey(pub key::ApiKey);

/// A key that opens the API for a program; its secret is never shown again.
#[Object]
impl ApiKey {
    /// The id (`key_…`).
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Its role; `CUSTOM` when it has permissions of its own.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// Whether it is a person's or the workspace's.
    async fn kind(&self) -> ApiKeyKind {
        engine::owner(&self.0).into()
    }

    /// The person whose it is; null when it is the workspace's.
    async fn person_id(&self) -> Option<ID> {
        self.0.user_id.map(|id| UserId::from(id).into())
    }

    /// The connections that it was limited to; null without a limit.
    async fn connection_ids(&self) -> Option<Vec<ID>> {
        scalars::limit(self.0.connection_ids.as_deref())
    }

    /// What it was given. A person's key does what the person may at that moment, and no more.
    async fn permissions(&self) -> Vec<Permission> {
        scalars::permissions(self.0.permissions())
    }

    /// The first characters of its secret, to tell keys apart; null for keys of earlier versions.
    async fn prefix(&self) -> Option<&str> {
        self.0.prefix.as_deref()
    }

    /// How it stands.
    async fn status(&self, ctx: &Context<'_>) -> Result<ApiKeyStatus> {
        Ok(self.0.status(app(ctx)?.now()).into())
    }

    /// Who made it.
    async fn provenance(&self) -> Provenance {
        let by = self.0.provenance.as_ref().map(|by| &by.0);
        Provenance::from(by.unwrap_or(&By::System))
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was used last; some seconds may pass until it shows.
    async fn last_used_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_used_at
    }

    /// When it ends, if ever.
    async fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.0.expires_at
    }

    /// When it was revoked.
    async fn revoked_at(&self) -> Option<DateTime<Utc>> {
        self.0.revoked_at
    }

    /// Until when the secret before the last rotation works; null when none does.
    async fn previous_secret_expires_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime<Utc>>> {
        let now = app(ctx)?.now();
        Ok(self.0.old_expires_at.filter(|end| *end > now))
    }

    /// What the viewer may do with it now.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Result<Vec<ApiKeyAction>> {
        let (app, actor) = both(ctx)?;
        let actions = engine::allowed_actions(app, actor, &self.0);
        Ok(actions.into_iter().map(Into::into).collect())
    }
}
