use std::collections::HashMap;

use async_graphql::{Enum, SimpleObject, dataloader::Loader as Load};
use chrono::{DateTime, Utc};
use posthaste_core::{Network, network::health::Status};
use posthaste_engine::connection::{self, Health};

use crate::graphql::loader::{LoadError, Loader};

/// How a network does, seen from this server.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "Status")]
pub enum NetworkStatus {
    /// It takes posts, as far as is known.
    Operational,
    /// It asks the whole server to wait, or a quarter of the workspace's tries of the last 15 minutes
    /// failed, three at least.
    Degraded,
    /// Calls are held back because too many failed, or every try of the workspace of the last 15
    /// minutes failed, three at least.
    Down,
}

/// How a network does, seen from this server: by its breaker, which all workspaces share, and by what
/// the workspace tried in the last 15 minutes. A post that the network refuses is no failure of the
/// network; an error of its servers, no answer and a lost one are.
#[derive(SimpleObject)]
pub struct NetworkHealth {
    /// How it does.
    status: NetworkStatus,
    /// Since when, if it is not operational. Where only tries tell: since the first that failed in the
    /// last 15 minutes.
    since: Option<DateTime<Utc>>,
    /// How often the network was asked in the last 15 minutes, readings back included.
    tries: i64,
    /// How many of these failed.
    failures: i64,
    /// When the last of these began.
    failed_at: Option<DateTime<Utc>>,
}

impl From<Health> for NetworkHealth {
    fn from(health: Health) -> Self {
        Self {
            status: health.status.into(),
            since: health.since,
            tries: health.tries,
            failures: health.failures,
            failed_at: health.failed_at,
        }
    }
}

/// Whose health is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Of(pub Network);

impl Load<Of> for Loader {
    type Value = Health;
    type Error = LoadError;

    async fn load(&self, _: &[Of]) -> Result<HashMap<Of, Health>, LoadError> {
        let all = connection::health(&self.app, &self.actor).await?;
        Ok(all
            .into_iter()
            .map(|(network, health)| (Of(network), health))
            .collect())
    }
}
