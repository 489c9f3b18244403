//! What networks last said about their limits.

use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types};
use diesel_async::RunQueryDsl;
use posthaste_core::{Network, Result, connector::LimitReading, ids::ConnectionId};
use uuid::Uuid;

use crate::{Conn, StoreExt, schema::quota_readings};

/// What was said, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The account; none for a limit of the app.
    pub connection: Option<ConnectionId>,
    /// What was said.
    pub said: LimitReading,
    /// When.
    pub read_at: DateTime<Utc>,
}

/// Keeps what a network said; something newer that is kept already stays.
pub async fn keep(
    conn: &mut Conn,
    network: Network,
    connection: ConnectionId,
    said: &LimitReading,
    now: DateTime<Utc>,
) -> Result<()> {
    let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    diesel::sql_query(
        "INSERT INTO quota_readings (network, connection_id, window_seconds, posts, remaining, resets_at, read_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (network, connection_id, window_seconds) DO UPDATE \
         SET posts = excluded.posts, remaining = excluded.remaining, resets_at = excluded.resets_at, \
             read_at = excluded.read_at WHERE quota_readings.read_at < excluded.read_at",
    )
    .bind::<sql_types::Text, _>(network.as_str())
    .bind::<sql_types::Nullable<sql_types::Uuid>, _>(
        (!said.app_wide).then_some(connection.uuid()),
    )
    .bind::<sql_types::Int4, _>(number(said.window_seconds))
    .bind::<sql_types::Int4, _>(number(said.posts))
    .bind::<sql_types::Int4, _>(number(said.remaining))
    .bind::<sql_types::Nullable<sql_types::Timestamptz>, _>(said.resets_at)
    .bind::<sql_types::Timestamptz, _>(now)
    .execute(conn)
    .await
    .stored()?;
    Ok(())
}

type Row = (
    Option<Uuid>,
    i32,
    i32,
    i32,
    Option<DateTime<Utc>>,
    DateTime<Utc>,
);

/// What a network said about some accounts.
pub async fn of(conn: &mut Conn, connections: &[ConnectionId]) -> Result<Vec<Reading>> {
    let ids: Vec<Uuid> = connections.iter().map(|id| id.uuid()).collect();
    let rows = quota_readings::table
        .filter(quota_readings::connection_id.eq_any(ids))
        .select((
            quota_readings::connection_id,
            quota_readings::window_seconds,
            quota_readings::posts,
            quota_readings::remaining,
            quota_readings::resets_at,
            quota_readings::read_at,
        ))
        .load::<Row>(conn)
        .await
        .stored()?;
    let number = |value: i32| u32::try_from(value).unwrap_or_default();
    let reading = |(connection, window, posts, remaining, resets_at, read_at): Row| Reading {
        connection: connection.map(ConnectionId::from),
        said: LimitReading {
            window_seconds: number(window),
            posts: number(posts),
            remaining: number(remaining),
            resets_at,
            app_wide: connection.is_none(),
        },
        read_at,
    };
    Ok(rows.into_iter().map(reading).collect())
}
