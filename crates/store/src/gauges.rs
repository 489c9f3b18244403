//! What operators watch, of all workspaces together. Every count ends at [`MOST`] and finds its rows by
//! an index: looking costs little however long the queue is.

use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    sql_types::{Int8, Nullable, Text, Timestamptz},
};
use diesel_async::RunQueryDsl;
use posthaste_core::Result;

use crate::{Conn, StoreExt};

/// No count goes further.
pub const MOST: i64 = 10_000;

/// Counts of what is on its way.
#[derive(Clone, Debug, QueryableByName, PartialEq, Eq)]
pub struct Depths {
    /// Lines whose next target is due and which nobody has taken, held back ones included.
    #[diesel(sql_type = Int8)]
    pub due: i64,
    /// Targets of which it is not known whether they are live.
    #[diesel(sql_type = Int8)]
    pub uncertain: i64,
    /// Since when the longest of these waits for being read back.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub unread_since: Option<DateTime<Utc>>,
    /// Webhook endpoints with something due.
    #[diesel(sql_type = Int8)]
    pub webhooks: i64,
    /// Since when the longest of these waits.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub webhooks_since: Option<DateTime<Utc>>,
}

const DEPTHS: &str = "SELECT
    (SELECT count(*) FROM (SELECT FROM lanes
        WHERE next_due_at <= $1 AND worker IS NULL AND paused_at IS NULL LIMIT $2) due) AS due,
    (SELECT count(*) FROM (SELECT FROM targets WHERE state = 'UNCERTAIN' LIMIT $2) unread)
      + (SELECT count(*) FROM (SELECT FROM targets WHERE state = 'RECONCILING' LIMIT $2) reading) AS uncertain,
    (SELECT min(reconcile_after) FROM targets WHERE state = 'UNCERTAIN' AND reconcile_after <= $1) AS unread_since,
    (SELECT count(*) FROM (SELECT FROM webhook_endpoints WHERE next_due_at <= $1 LIMIT $2) late) AS webhooks,
    (SELECT min(next_due_at) FROM webhook_endpoints WHERE next_due_at <= $1) AS webhooks_since";

/// Counts what is on its way.
pub async fn depths(conn: &mut Conn, now: DateTime<Utc>) -> Result<Depths> {
    diesel::sql_query(DEPTHS)
        .bind::<Timestamptz, _>(now)
        .bind::<Int8, _>(MOST)
        .get_result(conn)
        .await
        .stored()
}

/// A name and how many there are.
#[derive(Clone, Debug, QueryableByName, PartialEq, Eq)]
pub struct Counted {
    /// The name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// How many.
    #[diesel(sql_type = Int8)]
    pub count: i64,
}

const WAITING: &str = "
SELECT coalesce(reason, 'other') AS name, count(*) AS count FROM (
    SELECT block_reason AS reason FROM lanes WHERE blocked_until > $1 LIMIT $2) waiting
GROUP BY 1
UNION ALL
SELECT 'paused', count(*) FROM (SELECT FROM lanes WHERE paused_at IS NOT NULL LIMIT $2) paused";

/// Lines that wait, by reason; those that a person paused last.
pub async fn waiting_lanes(conn: &mut Conn, now: DateTime<Utc>) -> Result<Vec<Counted>> {
    diesel::sql_query(WAITING)
        .bind::<Timestamptz, _>(now)
        .bind::<Int8, _>(MOST)
        .load(conn)
        .await
        .stored()
}

/// The connection of a network whose access ends first.
#[derive(Clone, Debug, QueryableByName, PartialEq, Eq)]
pub struct Expiry {
    /// The network.
    #[diesel(sql_type = Text)]
    pub network: String,
    /// When its access ends.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
}

/// When access ends next, for each network with an account whose access ends.
pub async fn expiries(conn: &mut Conn) -> Result<Vec<Expiry>> {
    diesel::sql_query(
        "SELECT n.network, c.token_expires_at AS at FROM network_states n CROSS JOIN LATERAL (
             SELECT token_expires_at FROM connections
             WHERE network = n.network AND status = 'ACTIVE' AND token_expires_at IS NOT NULL
             ORDER BY token_expires_at LIMIT 1) c
         ORDER BY n.network",
    )
    .load(conn)
    .await
    .stored()
}
