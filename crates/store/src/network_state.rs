//! What holds a whole network back: the app's rate limit, or the breaker; and how the last tries on it went.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, Int8, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{ErrorCode, Network, Result};

use crate::{Conn, Scope, StoreExt, schema::network_states};

/// How a network stands, for all nodes.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = network_states)]
pub struct NetworkState {
    /// Network.
    #[diesel(deserialize_as = String)]
    pub network: Network,
    /// Until when nothing is claimed for it.
    pub blocked_until: Option<DateTime<Utc>>,
    /// Why.
    pub block_reason: Option<String>,
    /// `CLOSED`, `OPEN` or `HALF_OPEN`.
    pub breaker: String,
    /// When it changed last.
    pub updated_at: Option<DateTime<Utc>>,
    /// Since when the breaker has not been closed.
    pub down_since: Option<DateTime<Utc>>,
}

/// How the last tries of a workspace on a network went.
#[derive(Clone, Debug, QueryableByName)]
pub struct Tries {
    #[diesel(sql_type = Text)]
    network: String,
    /// Tries that the network was asked in, readings back among them.
    #[diesel(sql_type = Int8)]
    pub tries: i64,
    /// Those of them that it answered with errors or not at all.
    #[diesel(sql_type = Int8)]
    pub failures: i64,
    /// When the first of those began.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub failing_since: Option<DateTime<Utc>>,
    /// When the last of those began.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub failed_at: Option<DateTime<Utc>>,
}

impl Tries {
    /// The network; none where a newer version knows one that this version does not.
    pub fn network(&self) -> Option<Network> {
        self.network.parse().ok()
    }
}

/// How the tries of a scope since an instant went, by network; networks without one are left out. A try
/// that ended without an answer, before the network was asked, counts for nothing.
pub async fn tries_since(
    conn: &mut Conn,
    scope: impl Into<Scope>,
    since: DateTime<Utc>,
) -> Result<Vec<Tries>> {
    let scope = scope.into();
    diesel::sql_query(
        "SELECT network, count(*) AS tries, count(*) FILTER (WHERE ill) AS failures,
                min(started_at) FILTER (WHERE ill) AS failing_since,
                max(started_at) FILTER (WHERE ill) AS failed_at
         FROM (
             SELECT t.network, a.started_at,
                    (a.error_code = $3 OR a.kind = 'PUBLISH' AND a.outcome = 'UNCERTAIN') IS TRUE AS ill,
                    a.outcome = 'PUBLISHED' OR a.http_status IS NOT NULL AS answered
             FROM attempts a JOIN targets t ON t.workspace_id = a.workspace_id AND t.id = a.target_id
             WHERE a.workspace_id = $1 AND a.started_at >= $2 AND a.finished_at IS NOT NULL
               AND ($4::uuid[] IS NULL OR t.connection_id = ANY ($4))
         ) AS lately
         WHERE ill OR answered
         GROUP BY network",
    )
    .bind::<SqlUuid, _>(scope.workspace.uuid())
    .bind::<Timestamptz, _>(since)
    .bind::<Text, _>(ErrorCode::NetworkUnavailable.as_str())
    .bind::<Nullable<Array<SqlUuid>>, _>(scope.reach.ids())
    .load(conn)
    .await
    .stored()
}

/// All networks.
pub async fn all(conn: &mut Conn) -> Result<Vec<NetworkState>> {
    network_states::table
        .select(NetworkState::as_select())
        .order(network_states::network)
        .load(conn)
        .await
        .stored()
}

/// Holds a network back; a longer wait that stands already is kept.
pub async fn block(
    conn: &mut Conn,
    network: Network,
    until: DateTime<Utc>,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(
        network_states::table
            .filter(network_states::network.eq(network.as_str()))
            .filter(
                network_states::blocked_until
                    .is_null()
                    .or(network_states::blocked_until.lt(until)),
            ),
    )
    .set((
        network_states::blocked_until.eq(until),
        network_states::block_reason.eq(reason),
        network_states::updated_at.eq(now),
    ))
    .execute(conn)
    .await
    .stored()?;
    Ok(())
}

/// Whether the network itself asks us to wait for longer than the breaker would; such a wait stays.
macro_rules! limited {
    () => {
        "block_reason <> 'breaker' AND blocked_until > coalesce($3, $4)"
    };
}

/// Sets the breaker's state, and the time of the next probe while it is open. Since when it is open is kept
/// through all probes, and so is a longer wait that the network asks for.
pub async fn set_breaker(
    conn: &mut Conn,
    network: Network,
    breaker: &str,
    blocked_until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::sql_query(concat!(
        "UPDATE network_states SET breaker = $2, updated_at = $4,
             down_since = CASE WHEN $2 <> 'CLOSED' THEN coalesce(down_since, $4) END,
             blocked_until = CASE WHEN ",
        limited!(),
        " THEN blocked_until ELSE $3 END, block_reason = CASE WHEN ",
        limited!(),
        " THEN block_reason WHEN $3 IS NOT NULL THEN 'breaker' END WHERE network = $1"
    ))
    .bind::<Text, _>(network.as_str())
    .bind::<Text, _>(breaker)
    .bind::<Nullable<Timestamptz>, _>(blocked_until)
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await
    .stored()?;
    Ok(())
}

/// Takes the right to probe a network whose breaker is not closed, once until `next`; false when another
/// worker was quicker.
pub async fn take_probe(
    conn: &mut Conn,
    network: Network,
    next: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let due = network_states::breaker.ne("CLOSED").and(
        network_states::blocked_until
            .is_null()
            .or(network_states::blocked_until.le(now)),
    );
    let taken = diesel::update(network_states::table.find(network.as_str()).filter(due))
        .set((
            network_states::breaker.eq("HALF_OPEN"),
            network_states::blocked_until.eq(next),
            network_states::block_reason.eq("breaker"),
            network_states::updated_at.eq(now),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(taken == 1)
}

/// A probe that never asked the network: the next one may be made at once.
pub async fn give_probe_back(conn: &mut Conn, network: Network, now: DateTime<Utc>) -> Result<()> {
    let ours = network_states::breaker
        .eq("HALF_OPEN")
        .and(network_states::block_reason.eq("breaker"));
    diesel::update(network_states::table.find(network.as_str()).filter(ours))
        .set(network_states::blocked_until.eq(now))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}
