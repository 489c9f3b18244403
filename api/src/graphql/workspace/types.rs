use async_graphql::{ID, Object};
use chrono::{DateTime, Utc};
use posthaste_core::Result;
use posthaste_engine::{Actor, App, session};
use posthaste_store::workspace;

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

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}
