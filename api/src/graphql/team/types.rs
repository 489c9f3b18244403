use std::collections::HashMap;

use async_graphql::{Context, ID, Object, Result, dataloader::Loader as Load};
use chrono::{DateTime, Utc};
use posthaste_core::ids::TeamId;
use posthaste_engine::team as engine;
use posthaste_store::team;

use crate::graphql::{
    access::Provenance,
    context::actor,
    loader::{LoadError, Loader},
    member::custom_role,
    role::CustomRole,
    scalars::{self, Role},
};

impl Load<TeamId> for Loader {
    type Value = team::Team;
    type Error = LoadError;

    async fn load(&self, ids: &[TeamId]) -> Result<HashMap<TeamId, Self::Value>, LoadError> {
        let rows = engine::by_ids(&self.app, &self.actor, ids).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }
}

/// A group of members with a role that they have beside their own.
pub struct Team(pub team::Team);

/// A group of members with a role that they have beside their own, for some connections or all.
#[Object]
impl Team {
    /// The id (`team_…`).
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The name; no two teams of a workspace have the same one.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The role that it gives; `CUSTOM` when it is one that the workspace made.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// The role that the workspace made, if it is one.
    async fn custom_role(&self, ctx: &Context<'_>) -> Result<Option<CustomRole>> {
        custom_role(ctx, self.0.role_id).await
    }

    /// The connections that the role is limited to, as far as you deal with them; null for all.
    async fn connection_ids(&self, ctx: &Context<'_>) -> Result<Option<Vec<ID>>> {
        let ids = self.0.connection_ids.as_deref();
        Ok(scalars::limit_seen(actor(ctx)?, ids))
    }

    /// The ids of the persons (`user_…`) who belong to it, at most 500.
    async fn member_ids(&self) -> Vec<ID> {
        self.0.users().into_iter().map(ID::from).collect()
    }

    /// Grows with each change; `teamUpdate` names the one that was read.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// Who made it.
    async fn provenance(&self) -> Provenance {
        Provenance::from(&self.0.provenance.0)
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was changed last.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }
}
