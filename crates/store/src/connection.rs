//! Accounts on the networks.

mod ending;

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, Int8, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, ErrorCode, Network, Result,
    ids::{ConnectionId, WorkspaceId},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Conn, Page, PageRequest, Scope, Slice, StoreExt, schema::connections};

pub use ending::{Ending, ask_for_consent};

/// How a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Usable.
    Active,
    /// The network no longer accepts our access.
    Reconnect,
    /// Switched off by a person.
    Disabled,
    /// Taken away; kept for the history of its targets.
    Removed,
}

impl Status {
    /// The name as the API and the database write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Reconnect => "RECONNECT",
            Self::Disabled => "DISABLED",
            Self::Removed => "REMOVED",
        }
    }
}

impl TryFrom<String> for Status {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        [Self::Active, Self::Reconnect, Self::Disabled, Self::Removed]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| Error::internal(format!("unknown connection status {text}")))
    }
}

/// An account on a network.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = connections)]
pub struct Connection {
    /// Id.
    #[diesel(deserialize_as = Uuid)]
    pub id: ConnectionId,
    /// Workspace.
    #[diesel(deserialize_as = Uuid)]
    pub workspace_id: WorkspaceId,
    /// Network.
    #[diesel(deserialize_as = String)]
    pub network: Network,
    /// The network's id of the account.
    pub remote_id: String,
    /// Display name.
    pub name: String,
    /// Handle.
    pub username: Option<String>,
    /// Picture.
    pub avatar_url: Option<String>,
    /// How it stands.
    #[diesel(deserialize_as = String)]
    pub status: Status,
    /// Sealed tokens.
    pub tokens: Option<Vec<u8>>,
    /// When the access token ends.
    pub token_expires_at: Option<DateTime<Utc>>,
    /// When to refresh ahead of time.
    pub refresh_due_at: Option<DateTime<Utc>>,
    /// When access ends for good unless a person gives the consent again.
    pub reauthorize_by: Option<DateTime<Utc>>,
    /// Since when a refresh is open whose answer was not written down.
    pub refreshing_since: Option<DateTime<Utc>>,
    /// Granted permissions.
    pub scopes: Vec<String>,
    /// Board to use when a target names none.
    pub default_destination: Option<String>,
    /// Grows with each change.
    pub version: i32,
    /// When it was connected first.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

/// Adds a connection.
pub async fn insert(conn: &mut Conn, row: &Connection) -> Result<()> {
    diesel::insert_into(connections::table)
        .values((
            connections::id.eq(row.id.uuid()),
            connections::workspace_id.eq(row.workspace_id.uuid()),
            connections::network.eq(row.network.as_str()),
            connections::remote_id.eq(&row.remote_id),
            connections::name.eq(&row.name),
            connections::username.eq(&row.username),
            connections::avatar_url.eq(&row.avatar_url),
            connections::status.eq(row.status.as_str()),
            connections::tokens.eq(&row.tokens),
            connections::token_expires_at.eq(row.token_expires_at),
            connections::refresh_due_at.eq(row.refresh_due_at),
            connections::reauthorize_by.eq(row.reauthorize_by),
            connections::scopes.eq(&row.scopes),
            connections::default_destination.eq(&row.default_destination),
            (
                connections::created_at.eq(row.created_at),
                connections::updated_at.eq(row.updated_at),
            ),
        ))
        .execute(conn)
        .await
        .stored_unless_taken("This account is connected already.")?;
    Ok(())
}

/// Writes every changeable field of a connection; refuses when it was changed since `row` was read.
pub async fn update(conn: &mut Conn, row: &mut Connection) -> Result<()> {
    let changed = diesel::update(
        connections::table.filter(
            connections::id
                .eq(row.id.uuid())
                .and(connections::version.eq(row.version)),
        ),
    )
    .set((
        connections::name.eq(&row.name),
        connections::username.eq(&row.username),
        connections::avatar_url.eq(&row.avatar_url),
        connections::status.eq(row.status.as_str()),
        connections::tokens.eq(&row.tokens),
        connections::token_expires_at.eq(row.token_expires_at),
        connections::refresh_due_at.eq(row.refresh_due_at),
        connections::reauthorize_by.eq(row.reauthorize_by),
        connections::refreshing_since.eq(row.refreshing_since),
        connections::scopes.eq(&row.scopes),
        connections::default_destination.eq(&row.default_destination),
        connections::version.eq(row.version + 1),
        connections::updated_at.eq(row.updated_at),
    ))
    .execute(conn)
    .await
    .stored()?;
    if changed == 0 {
        return Err(Error::new(
            ErrorCode::VersionConflict,
            "The connection was changed at the same time; try again.",
        )
        .about(row.id));
    }
    row.version += 1;
    Ok(())
}

/// Writes down that the network is about to be asked for new tokens; an earlier time that stands is kept.
pub async fn begin_refresh(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: ConnectionId,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(
        connections::table.filter(
            connections::workspace_id
                .eq(workspace.uuid())
                .and(connections::id.eq(id.uuid()))
                .and(connections::refreshing_since.is_null()),
        ),
    )
    .set(connections::refreshing_since.eq(now))
    .execute(conn)
    .await
    .stored()?;
    Ok(())
}

/// Refuses what is outside a limit as if it were not there.
fn within(scope: &Scope, id: ConnectionId) -> Result<()> {
    if scope.reach.has(id) {
        return Ok(());
    }
    Err(Error::not_found("connection"))
}

/// The connection with an id, removed ones included (their history stays readable).
pub async fn get(conn: &mut Conn, scope: impl Into<Scope>, id: ConnectionId) -> Result<Connection> {
    let scope = scope.into();
    within(&scope, id)?;
    connections::table
        .filter(
            connections::workspace_id
                .eq(scope.workspace.uuid())
                .and(connections::id.eq(id.uuid())),
        )
        .select(Connection::as_select())
        .first(conn)
        .await
        .optional()
        .stored()?
        .ok_or_else(|| Error::not_found("connection"))
}

/// As [`get`], locking the row until the transaction ends.
pub async fn lock(
    conn: &mut Conn,
    scope: impl Into<Scope>,
    id: ConnectionId,
) -> Result<Connection> {
    let scope = scope.into();
    within(&scope, id)?;
    connections::table
        .filter(
            connections::workspace_id
                .eq(scope.workspace.uuid())
                .and(connections::id.eq(id.uuid())),
        )
        .select(Connection::as_select())
        .for_update()
        .first(conn)
        .await
        .optional()
        .stored()?
        .ok_or_else(|| Error::not_found("connection"))
}

/// The connections with these ids, in no order; unknown ids are left out.
pub async fn by_ids(
    conn: &mut Conn,
    scope: impl Into<Scope>,
    ids: &[ConnectionId],
) -> Result<Vec<Connection>> {
    let scope = scope.into();
    let inside = ids.iter().filter(|id| scope.reach.has(**id));
    connections::table
        .filter(connections::workspace_id.eq(scope.workspace.uuid()))
        .filter(connections::id.eq_any(inside.map(|id| id.uuid()).collect::<Vec<_>>()))
        .select(Connection::as_select())
        .load(conn)
        .await
        .stored()
}

/// The connection of a network's account, unless removed.
pub async fn by_account(
    conn: &mut Conn,
    workspace: WorkspaceId,
    network: Network,
    remote_id: &str,
) -> Result<Option<Connection>> {
    connections::table
        .filter(
            connections::workspace_id
                .eq(workspace.uuid())
                .and(connections::network.eq(network.as_str())),
        )
        .filter(
            connections::remote_id
                .eq(remote_id)
                .and(connections::status.ne(Status::Removed.as_str())),
        )
        .select(Connection::as_select())
        .first(conn)
        .await
        .optional()
        .stored()
}

diesel::define_sql_function! {
    /// PostgreSQL's `lower`.
    fn lower(text: Nullable<Text>) -> Nullable<Text>;
}

/// The connections on these networks whose accounts have one of these usernames (in lower case),
/// unless removed.
pub async fn by_usernames(
    conn: &mut Conn,
    scope: impl Into<Scope>,
    networks: &[Network],
    usernames: &[String],
) -> Result<Vec<Connection>> {
    let scope = scope.into();
    let networks: Vec<_> = networks.iter().map(|network| network.as_str()).collect();
    let found: Vec<Connection> = connections::table
        .filter(
            connections::workspace_id
                .eq(scope.workspace.uuid())
                .and(connections::network.eq_any(networks)),
        )
        .filter(
            lower(connections::username)
                .eq_any(usernames)
                .and(connections::status.ne(Status::Removed.as_str())),
        )
        .select(Connection::as_select())
        .load(conn)
        .await
        .stored()?;
    let inside = found.into_iter().filter(|row| scope.reach.has(row.id));
    Ok(inside.collect())
}

/// What a list of connections is narrowed by.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these networks.
    pub networks: Option<Vec<Network>>,
    /// Only these states; without it all but removed ones.
    pub statuses: Option<Vec<Status>>,
}

macro_rules! filtered {
    ($query:expr, $scope:expr, $filter:expr) => {{
        let mut query = $query
            .filter(connections::workspace_id.eq($scope.workspace.uuid()))
            .into_boxed();
        if let Some(limit) = $scope.reach.ids() {
            query = query.filter(connections::id.eq_any(limit));
        }
        if let Some(networks) = &$filter.networks {
            query = query.filter(
                connections::network
                    .eq_any(networks.iter().map(|n| n.as_str()).collect::<Vec<_>>()),
            );
        }
        match &$filter.statuses {
            Some(list) => {
                query = query.filter(
                    connections::status.eq_any(list.iter().map(|s| s.as_str()).collect::<Vec<_>>()),
                );
            }
            None => query = query.filter(connections::status.ne(Status::Removed.as_str())),
        }
        query
    }};
}

/// A page of connections in the order in which they were connected.
pub async fn list(
    conn: &mut Conn,
    scope: impl Into<Scope>,
    filter: &Filter,
    page: &PageRequest<(DateTime<Utc>, Uuid)>,
) -> Result<Page<Connection>> {
    let scope = scope.into();
    let mut query = filtered!(
        connections::table.select(Connection::as_select()),
        scope,
        filter
    );
    if let Some((at, id)) = page.after {
        query = query.filter(
            connections::created_at
                .gt(at)
                .or(connections::created_at.eq(at).and(connections::id.gt(id))),
        );
    }
    if let Some((at, id)) = page.before {
        query = query.filter(
            connections::created_at
                .lt(at)
                .or(connections::created_at.eq(at).and(connections::id.lt(id))),
        );
    }
    query = if page.from_end {
        query.order((connections::created_at.desc(), connections::id.desc()))
    } else {
        query.order((connections::created_at.asc(), connections::id.asc()))
    };
    let rows = query.limit(page.limit + 1).load(conn).await.stored()?;
    Ok(Slice::cut(rows, page))
}

/// How many connections the filter leaves.
pub async fn count(conn: &mut Conn, scope: impl Into<Scope>, filter: &Filter) -> Result<i64> {
    let scope = scope.into();
    filtered!(connections::table.count(), scope, filter)
        .get_result(conn)
        .await
        .stored()
}

/// Active connections whose tokens should be refreshed ahead of time, oldest first.
pub async fn due_for_refresh(
    conn: &mut Conn,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<(WorkspaceId, ConnectionId)>> {
    let rows: Vec<(Uuid, Uuid)> = connections::table
        .filter(
            connections::status
                .eq(Status::Active.as_str())
                .and(connections::refresh_due_at.le(now)),
        )
        .order(connections::refresh_due_at)
        .limit(limit)
        .select((connections::workspace_id, connections::id))
        .load(conn)
        .await
        .stored()?;
    Ok(rows
        .into_iter()
        .map(|(workspace, id)| (workspace.into(), id.into()))
        .collect())
}

/// How a workspace's accounts on a network stand.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct Standing {
    /// The network.
    #[diesel(sql_type = Text)]
    network: String,
    /// Usable.
    #[diesel(sql_type = Int8)]
    pub active: i64,
    /// To be reconnected.
    #[diesel(sql_type = Int8)]
    pub reconnect: i64,
    /// Switched off by a person.
    #[diesel(sql_type = Int8)]
    pub disabled: i64,
    /// Held back by a person.
    #[diesel(sql_type = Int8)]
    pub paused: i64,
    /// Waiting for a rate limit or after failures.
    #[diesel(sql_type = Int8)]
    pub blocked: i64,
    /// When the next target is due; none while it is on its way.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub next_due_at: Option<DateTime<Utc>>,
}

impl Standing {
    /// The network.
    pub fn network(&self) -> Result<Network> {
        self.network.parse()
    }
}

/// How the accounts of a workspace stand, by network.
pub async fn standings(
    conn: &mut Conn,
    scope: impl Into<Scope>,
    now: DateTime<Utc>,
) -> Result<Vec<Standing>> {
    let scope = scope.into();
    diesel::sql_query(
        "SELECT c.network, count(*) FILTER (WHERE c.status = 'ACTIVE') AS active,
            count(*) FILTER (WHERE c.status = 'RECONNECT') AS reconnect,
            count(*) FILTER (WHERE c.status = 'DISABLED') AS disabled,
            count(l.paused_at) AS paused, count(*) FILTER (WHERE l.blocked_until > $2) AS blocked,
            min(l.next_due_at) AS next_due_at
         FROM connections c JOIN lanes l ON l.connection_id = c.id
         WHERE c.workspace_id = $1 AND l.workspace_id = $1 AND c.status <> 'REMOVED'
            AND ($3 IS NULL OR c.id = ANY($3))
         GROUP BY c.network ORDER BY c.network",
    )
    .bind::<SqlUuid, _>(scope.workspace.uuid())
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<Array<SqlUuid>>, _>(scope.reach.ids())
    .load(conn)
    .await
    .stored()
}
