//! How much of a network's caps is used.

use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Result,
    ids::{ConnectionId, WorkspaceId},
};
use uuid::Uuid;

use crate::{Conn, StoreExt};

/// A time in which posts of a connection count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The connection.
    pub connection: ConnectionId,
    /// After this instant …
    pub since: DateTime<Utc>,
    /// … and up to this one.
    pub until: DateTime<Utc>,
}

/// What counts in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct Use {
    /// Posts that went live, and posts that are scheduled.
    #[diesel(sql_type = sql_types::Int8)]
    pub posts: i64,
    /// The instant of the oldest.
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    pub oldest: Option<DateTime<Utc>>,
}

const IN_WINDOWS: &str = "\
    SELECT count(counted.at) AS posts, min(counted.at) AS oldest \
    FROM unnest($2, $3, $4) WITH ORDINALITY AS asked (connection_id, since, until, place) \
    LEFT JOIN LATERAL ( \
        SELECT published_at AS at FROM targets \
        WHERE workspace_id = $1 AND connection_id = asked.connection_id AND remote_id IS NOT NULL \
          AND published_at > asked.since AND published_at <= asked.until \
        UNION ALL \
        SELECT due_at FROM targets \
        WHERE workspace_id = $1 AND connection_id = asked.connection_id AND state = 'SCHEDULED' \
          AND due_at > asked.since AND due_at <= asked.until \
    ) AS counted ON true \
    GROUP BY asked.place ORDER BY asked.place";

/// How many posts count in each window, in the order of the windows: live ones by when they went
/// live, scheduled ones by when they are due.
pub async fn in_windows(
    conn: &mut Conn,
    workspace: WorkspaceId,
    windows: &[Window],
) -> Result<Vec<Use>> {
    let connections: Vec<Uuid> = windows
        .iter()
        .map(|asked| asked.connection.uuid())
        .collect();
    let since: Vec<_> = windows.iter().map(|asked| asked.since).collect();
    let until: Vec<_> = windows.iter().map(|asked| asked.until).collect();
    diesel::sql_query(IN_WINDOWS)
        .bind::<sql_types::Uuid, _>(workspace.uuid())
        .bind::<sql_types::Array<sql_types::Uuid>, _>(connections)
        .bind::<sql_types::Array<sql_types::Timestamptz>, _>(since)
        .bind::<sql_types::Array<sql_types::Timestamptz>, _>(until)
        .load(conn)
        .await
        .stored()
}
