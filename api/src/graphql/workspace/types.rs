use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};
use posthaste_core::Result;
use posthaste_engine::{Actor, App, event as log, governor, session};
use posthaste_store::workspace;

use crate::graphql::{context::both, event, page, quota::QuotaSettings};

/// The tenant that owns everything else.
pub struct Workspace(pub workspace::Workspace);

impl Workspace {
    /// The caller's workspace.
    pub async fn load(app: &App, actor: &Actor) -> Result<Self> {
        session::workspace(app, actor).await.map(Self)
    }
}

/// The tenant that owns everything else.
#[Object]
impl Workspace {
    /// The id (`ws_…`).
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The IANA zone that local times are read in when none is named.
    async fn time_zone(&self) -> &str {
        &self.0.time_zone
    }

    /// What the workspace decided about the networks' limits and about money.
    async fn quota_settings(&self, ctx: &Context<'_>) -> async_graphql::Result<QuotaSettings> {
        let (app, actor) = both(ctx)?;
        Ok(QuotaSettings(governor::settings(app, actor).await?))
    }

    /// Since when it is deleted: nothing is published, and `workspaceRestore` takes it back. Null otherwise.
    async fn deleted_at(&self) -> Option<DateTime<Utc>> {
        self.0.deleted_at
    }

    /// When it is erased for good.
    async fn erase_at(&self) -> Option<DateTime<Utc>> {
        self.0.erase_at
    }

    /// Whether people open it only with a second factor.
    async fn second_factor_required(&self) -> bool {
        self.0.second_factor_required
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// The end of the event log at this moment: hand it to `events(after:)` to miss nothing from now on.
    async fn events_cursor(&self, ctx: &Context<'_>) -> async_graphql::Result<String> {
        let (app, actor) = both(ctx)?;
        Ok(page::cursor(event::LIST, &log::head(app, actor).await?))
    }
}
