//! What holds a whole network back: the app's rate limit, or the breaker.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use posthaste_core::{Network, Result};

use crate::{Conn, StoreExt, schema::network_states};

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

/// Sets the breaker's state, and the time of the next probe while it is open.
pub async fn set_breaker(
    conn: &mut Conn,
    network: Network,
    breaker: &str,
    blocked_until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(network_states::table.find(network.as_str()))
        .set((
            network_states::breaker.eq(breaker),
            network_states::blocked_until.eq(blocked_until),
            network_states::block_reason.eq(blocked_until.map(|_| "breaker")),
            network_states::updated_at.eq(now),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}
