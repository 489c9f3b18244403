use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject, dataloader::Loader as Load};
use chrono::{DateTime, Utc};
use posthaste_core::{
    connector::{Account, Destination},
    ids::ConnectionId,
};
use posthaste_engine::connection::{self as engine, Action};
use posthaste_store::{connection, grant, lane};

use crate::graphql::{
    context::{actor, both, loader},
    loader::{LoadError, Loader},
    scalars::Network,
};

impl Load<ConnectionId> for Loader {
    type Value = connection::Connection;
    type Error = LoadError;

    async fn load(
        &self,
        ids: &[ConnectionId],
    ) -> Result<HashMap<ConnectionId, Self::Value>, LoadError> {
        let rows = engine::by_ids(&self.app, &self.actor, ids).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }
}

/// The key of a connection's lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct LaneOf(ConnectionId);

impl Load<LaneOf> for Loader {
    type Value = lane::Lane;
    type Error = LoadError;

    async fn load(&self, keys: &[LaneOf]) -> Result<HashMap<LaneOf, Self::Value>, LoadError> {
        let ids: Vec<ConnectionId> = keys.iter().map(|key| key.0).collect();
        let lanes = engine::lanes(&self.app, &self.actor, &ids).await?;
        Ok(lanes
            .into_iter()
            .map(|lane| (LaneOf(lane.connection_id), lane))
            .collect())
    }
}

/// How a connection stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "connection::Status")]
pub enum ConnectionStatus {
    /// Usable.
    Active,
    /// The network no longer accepts our access; reconnect it.
    Reconnect,
    /// Switched off by a person.
    Disabled,
    /// Taken away; kept for the history of its targets.
    Removed,
}

/// Something the viewer may do with a connection now.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "Action")]
pub enum ConnectionAction {
    /// `connectionUpdate`.
    Update,
    /// `connectionReconnect`.
    Reconnect,
    /// `connectionEnable`.
    Enable,
    /// `connectionDisable`.
    Disable,
    /// `connectionPause`.
    Pause,
    /// `connectionResume`.
    Resume,
    /// `connectionRemove`.
    Remove,
}

/// An account on a network that the workspace may publish to.
#[derive(Clone, Debug)]
pub struct Connection(pub connection::Connection);

impl Connection {
    async fn lane_row(&self, ctx: &Context<'_>) -> Result<Option<lane::Lane>> {
        Ok(loader(ctx)?.load_one(LaneOf(self.0.id)).await?)
    }
}

/// An account on a network that the workspace may publish to.
#[Object]
impl Connection {
    /// The id (`conn_…`).
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The network.
    async fn network(&self) -> Network {
        self.0.network.into()
    }

    /// The network's id of the account.
    async fn remote_id(&self) -> &str {
        &self.0.remote_id
    }

    /// The display name; the network's own unless somebody changed it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The handle, without @.
    async fn username(&self) -> Option<&str> {
        self.0.username.as_deref()
    }

    /// The picture.
    async fn avatar_url(&self) -> Option<&str> {
        self.0.avatar_url.as_deref()
    }

    /// How it stands.
    async fn status(&self) -> ConnectionStatus {
        self.0.status.into()
    }

    /// The permissions that were granted; empty when the network does not say.
    async fn scopes(&self) -> &[String] {
        &self.0.scopes
    }

    /// When the access ends unless it is refreshed; null when it does not end.
    async fn token_expires_at(&self) -> Option<DateTime<Utc>> {
        self.0.token_expires_at
    }

    /// When the access ends for good unless a person gives the consent again (`connectionReconnect`); null
    /// when it does not end, or the network does not say. A refresh may move it. The event
    /// CONNECTION_REAUTHORIZATION_DUE comes two weeks before.
    async fn reauthorize_by(&self) -> Option<DateTime<Utc>> {
        self.0.reauthorize_by
    }

    /// The board to use when a target names none.
    async fn default_board_id(&self) -> Option<&str> {
        self.0.default_destination.as_deref()
    }

    /// The boards of the account, asked from the network now; empty where there are none.
    #[graphql(complexity = "50 + child_complexity")]
    async fn destinations(&self, ctx: &Context<'_>) -> Result<Vec<Board>> {
        let (app, actor) = both(ctx)?;
        let boards = engine::destinations(app, actor, &self.0).await?;
        Ok(boards.into_iter().map(Board::from).collect())
    }

    /// Its publishing line: when the next post is due, and what holds it back.
    async fn lane(&self, ctx: &Context<'_>) -> Result<Option<Lane>> {
        Ok(self.lane_row(ctx).await?.map(Lane::from))
    }

    /// Grows with each change; `connectionUpdate` takes the one that was read.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// When it was connected first.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was changed last.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }

    /// What the viewer may do with it now.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Result<Vec<ConnectionAction>> {
        let paused = self
            .lane_row(ctx)
            .await?
            .is_some_and(|lane| lane.paused_at.is_some());
        let actions = engine::allowed_actions(actor(ctx)?, &self.0, paused);
        Ok(actions.into_iter().map(Into::into).collect())
    }
}

/// A board or the like inside an account.
#[derive(SimpleObject)]
pub struct Board {
    /// The network's id.
    id: ID,
    /// The name.
    name: String,
}

impl From<Destination> for Board {
    fn from(board: Destination) -> Self {
        Self {
            id: board.id.into(),
            name: board.name,
        }
    }
}

/// The publishing line of a connection: posts leave it one by one, in order.
#[derive(SimpleObject)]
pub struct Lane {
    /// When the next post is due; null while one is on its way or none is scheduled.
    next_due_at: Option<DateTime<Utc>>,
    /// Since when a person holds it back.
    paused_at: Option<DateTime<Utc>>,
    /// Until when it waits (rate limit, back-off).
    blocked_until: Option<DateTime<Utc>>,
    /// Why it waits.
    block_reason: Option<String>,
}

impl From<lane::Lane> for Lane {
    fn from(lane: lane::Lane) -> Self {
        Self {
            next_due_at: lane.next_due_at,
            paused_at: lane.paused_at,
            blocked_until: lane.blocked_until,
            block_reason: lane.block_reason,
        }
    }
}

/// How a consent stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "grant::Status")]
pub enum GrantStatus {
    /// The person is on the network's page.
    Pending,
    /// Accounts can be chosen with `connectionCreate`.
    Ready,
    /// The person said no.
    Denied,
    /// The network answered with an error.
    Failed,
    /// Accounts were chosen, or the connection was renewed.
    Used,
}

/// A consent on its way: asked for by `connectionAuthorize`, given on the network's page.
pub struct ConnectionGrant {
    pub(super) row: grant::Grant,
    pub(super) accounts: Vec<Account>,
}

/// A consent on its way: asked for by `connectionAuthorize`, given on the network's page.
#[Object]
impl ConnectionGrant {
    /// The id (`grant_…`).
    async fn id(&self) -> ID {
        self.row.id.into()
    }

    /// The network.
    async fn network(&self) -> Network {
        self.row.network.into()
    }

    /// How it stands.
    async fn status(&self) -> GrantStatus {
        self.row.status.into()
    }

    /// What went wrong, for a person.
    async fn error(&self) -> Option<&str> {
        self.row.error.as_deref()
    }

    /// The accounts that the consent opened, to choose from while it is READY.
    async fn accounts(&self) -> Vec<GrantAccount> {
        self.accounts.iter().map(GrantAccount::from).collect()
    }

    /// Until when it can be used.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.row.expires_at
    }
}

/// An account that a consent opened.
#[derive(SimpleObject)]
pub struct GrantAccount {
    /// The network's id, for `connectionCreate`.
    id: ID,
    /// The display name.
    name: String,
    /// The handle, without @.
    username: Option<String>,
    /// The picture.
    avatar_url: Option<String>,
}

impl From<&Account> for GrantAccount {
    fn from(account: &Account) -> Self {
        Self {
            id: account.remote_id.clone().into(),
            name: account.name.clone(),
            username: account.username.clone(),
            avatar_url: account.avatar_url.clone(),
        }
    }
}
