//! How much of a network's caps is used: posts that went live, that are on their way and that are
//! scheduled.

use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Network, Result,
    ids::{ConnectionId, TargetId, WorkspaceId},
};
use uuid::Uuid;

use crate::{Conn, StoreExt};

/// Most posts that are read of one window.
pub const MOST: i64 = 2_000;

/// A time in which posts of a connection count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The connection.
    pub connection: ConnectionId,
    /// Only posts of this kind; all when empty.
    pub kind: Option<&'static str>,
    /// After this instant …
    pub since: DateTime<Utc>,
    /// … and before this one.
    pub until: DateTime<Utc>,
    /// Whether posts that are scheduled or on their way count.
    pub scheduled: bool,
    /// The target that does not.
    pub except: Option<TargetId>,
}

#[derive(QueryableByName)]
struct Times {
    #[diesel(sql_type = sql_types::Array<sql_types::Timestamptz>)]
    times: Vec<DateTime<Utc>>,
}

/// A target that is late counts as one of now.
const IN_WINDOWS: &str = "\
    SELECT coalesce(array_agg(counted.at ORDER BY counted.at) FILTER (WHERE counted.at IS NOT NULL), '{}') AS times \
    FROM unnest($2, $3, $4, $5, $8, $9) WITH ORDINALITY \
        AS asked (connection_id, kind, since, until, scheduled, except_id, place) \
    LEFT JOIN LATERAL ( \
        SELECT at FROM ( \
            SELECT published_at AS at FROM targets \
            WHERE workspace_id = $1 AND connection_id = asked.connection_id AND remote_id IS NOT NULL \
              AND published_at > asked.since AND published_at < asked.until \
              AND (asked.kind IS NULL OR kind = asked.kind) AND id IS DISTINCT FROM asked.except_id \
            UNION ALL \
            SELECT greatest(due_at, $6) FROM targets \
            WHERE workspace_id = $1 AND connection_id = asked.connection_id \
              AND state IN ('CLAIMED', 'SENDING', 'UNCERTAIN', 'RECONCILING') \
              AND asked.scheduled AND asked.since < $6 AND asked.until > $6 \
              AND (asked.kind IS NULL OR kind = asked.kind) AND id IS DISTINCT FROM asked.except_id \
            UNION ALL \
            SELECT greatest(due_at, $6) FROM targets \
            WHERE workspace_id = $1 AND connection_id = asked.connection_id AND state = 'SCHEDULED' \
              AND asked.scheduled AND due_at < asked.until AND (due_at > asked.since OR asked.since < $6) \
              AND (asked.kind IS NULL OR kind = asked.kind) AND id IS DISTINCT FROM asked.except_id \
        ) AS all_of_them ORDER BY at LIMIT $7 \
    ) AS counted ON true \
    GROUP BY asked.place ORDER BY asked.place";

/// The times of the posts that count in each window, in order, by the windows' order: live ones by when
/// they went live, others by when they are due. At most 2,000 of each, the earliest.
pub async fn in_windows(
    conn: &mut Conn,
    workspace: WorkspaceId,
    windows: &[Window],
    now: DateTime<Utc>,
) -> Result<Vec<Vec<DateTime<Utc>>>> {
    if windows.is_empty() {
        return Ok(Vec::new());
    }
    let connections: Vec<Uuid> = windows
        .iter()
        .map(|asked| asked.connection.uuid())
        .collect();
    let kinds: Vec<_> = windows.iter().map(|asked| asked.kind).collect();
    let since: Vec<_> = windows.iter().map(|asked| asked.since).collect();
    let until: Vec<_> = windows.iter().map(|asked| asked.until).collect();
    let scheduled: Vec<_> = windows.iter().map(|asked| asked.scheduled).collect();
    let except: Vec<_> = windows
        .iter()
        .map(|asked| asked.except.map(TargetId::uuid))
        .collect();
    let rows: Vec<Times> = diesel::sql_query(IN_WINDOWS)
        .bind::<sql_types::Uuid, _>(workspace.uuid())
        .bind::<sql_types::Array<sql_types::Uuid>, _>(connections)
        .bind::<sql_types::Array<sql_types::Nullable<sql_types::Text>>, _>(kinds)
        .bind::<sql_types::Array<sql_types::Timestamptz>, _>(since)
        .bind::<sql_types::Array<sql_types::Timestamptz>, _>(until)
        .bind::<sql_types::Timestamptz, _>(now)
        .bind::<sql_types::Int8, _>(MOST)
        .bind::<sql_types::Array<sql_types::Bool>, _>(scheduled)
        .bind::<sql_types::Array<sql_types::Nullable<sql_types::Uuid>>, _>(except)
        .load(conn)
        .await
        .stored()?;
    Ok(rows.into_iter().map(|row| row.times).collect())
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = sql_types::Int8)]
    count: i64,
}

/// How many posts of all accounts on a network went live after an instant, counted up to `most`. A cap of the
/// app's registration knows no workspaces.
pub async fn live_on_network(
    conn: &mut Conn,
    network: Network,
    since: DateTime<Utc>,
    most: u32,
) -> Result<i64> {
    let row: Count = diesel::sql_query(
        "SELECT count(*) AS count FROM (SELECT FROM targets \
         WHERE network = $1 AND remote_id IS NOT NULL AND published_at > $2 LIMIT $3) AS live",
    )
    .bind::<sql_types::Text, _>(network.as_str())
    .bind::<sql_types::Timestamptz, _>(since)
    .bind::<sql_types::Int8, _>(i64::from(most))
    .get_result(conn)
    .await
    .stored()?;
    Ok(row.count)
}
