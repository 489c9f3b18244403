//! Accounts whose access ends unless a person gives the consent again.

use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    sql_types::{Int8, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Result,
    ids::{ConnectionId, WorkspaceId},
};
use uuid::Uuid;

use crate::{Conn, StoreExt};

/// An account whose access ends.
#[derive(Clone, Debug, QueryableByName)]
pub struct Ending {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    workspace_id: Uuid,
    /// Its network, as the API writes it.
    #[diesel(sql_type = Text)]
    pub network: String,
    /// Its display name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// When access ends.
    #[diesel(sql_type = Timestamptz)]
    pub reauthorize_by: DateTime<Utc>,
    /// When the first scheduled target is due that will find no access.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub scheduled_after: Option<DateTime<Utc>>,
}

impl Ending {
    /// The connection.
    pub fn id(&self) -> ConnectionId {
        self.id.into()
    }

    /// Its workspace.
    pub fn workspace_id(&self) -> WorkspaceId {
        self.workspace_id.into()
    }
}

const ASK: &str = "
UPDATE connections c SET reauthorize_asked_for = c.reauthorize_by
WHERE c.id = ANY(ARRAY(
    SELECT id FROM connections
    WHERE status = 'ACTIVE' AND reauthorize_by IS DISTINCT FROM reauthorize_asked_for AND reauthorize_by <= $1
    ORDER BY reauthorize_by LIMIT $2 FOR UPDATE SKIP LOCKED))
RETURNING c.id, c.workspace_id, c.network, c.name, c.reauthorize_by,
    (SELECT min(t.due_at) FROM targets t
     WHERE t.connection_id = c.id AND t.state = 'SCHEDULED' AND t.due_at >= c.reauthorize_by) AS scheduled_after";

/// Active connections whose access ends by `until`, the earliest first; each end is told once. Those that
/// another worker looks at are left to it.
pub async fn ask_for_consent(
    conn: &mut Conn,
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Ending>> {
    diesel::sql_query(ASK)
        .bind::<Timestamptz, _>(until)
        .bind::<Int8, _>(limit)
        .load(conn)
        .await
        .stored()
}
