use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use posthaste_engine::oauth as engine;
use posthaste_store::oauth;

use crate::graphql::{
    access::Provenance,
    context::both,
    scalars::{self, Permission},
};

/// An app of others.
pub struct OauthApp(pub oauth::OauthApp);

/// An app of others (OAuth 2.1), registered by the workspace. People let it do some of what they may, in any of their workspaces.
#[Object]
impl OauthApp {
    /// The id (`app_…`), which is its `client_id`.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The name that people are shown.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Where it may be answered: letter by letter, on loopback with any port.
    async fn redirect_uris(&self) -> &[String] {
        &self.0.redirect_uris
    }

    /// The most that it may ask for.
    async fn permissions(&self) -> Vec<Permission> {
        scalars::permissions(self.0.permissions)
    }

    /// Whether it has a secret, which it shows to get tokens.
    async fn is_confidential(&self) -> bool {
        self.0.is_confidential()
    }

    /// How many times people let it work for them at present, in all workspaces.
    async fn grant_count(&self, ctx: &Context<'_>) -> Result<u64> {
        let (app, actor) = both(ctx)?;
        Ok(engine::users(app, actor, &self.0).await? as u64)
    }

    /// Grows with each change; `oauthAppUpdate` names the one that was read.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// Who registered it.
    async fn provenance(&self) -> Provenance {
        Provenance::from(&self.0.provenance.0)
    }

    /// When it was registered.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was changed last.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }
}

/// What a person lets an app do.
pub struct OauthGrant(pub oauth::OauthGrant, pub oauth::Holder);

/// What a person lets an app do in a workspace. It never does more than the person may at that moment.
#[Object]
impl OauthGrant {
    /// The id (`ogr_…`).
    async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The app (`app_…`).
    async fn app_id(&self) -> ID {
        self.0.app_id.into()
    }

    /// The app's name.
    async fn app_name(&self) -> &str {
        &self.1.app
    }

    /// The person (`user_…`).
    async fn person_id(&self) -> ID {
        self.0.user_id.into()
    }

    /// The person's name.
    async fn person_name(&self) -> &str {
        &self.1.person
    }

    /// Where it works.
    async fn workspace_id(&self) -> ID {
        self.0.workspace_id.into()
    }

    /// What it was given.
    async fn permissions(&self) -> Vec<Permission> {
        scalars::permissions(self.0.permissions)
    }

    /// The connections that it is limited to; null for all.
    async fn connection_ids(&self) -> Option<Vec<ID>> {
        scalars::limit(self.0.connection_ids.as_deref())
    }

    /// When the person agreed.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it ends unless the app refreshes it before.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.0.expires_at
    }

    /// When it was used last, some seconds late.
    async fn last_used_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_used_at
    }
}
