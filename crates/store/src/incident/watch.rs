use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Jsonb, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{Provenance, Result, ids::earliest_uuid};
use uuid::Uuid;

use crate::{Conn, Json, StoreExt};

/// A key that was used from many networks.
#[derive(Debug, QueryableByName)]
pub struct KeyNetworks {
    /// The workspace.
    #[diesel(sql_type = SqlUuid)]
    pub workspace_id: Uuid,
    /// The key, as `Provenance::credential` writes it.
    #[diesel(sql_type = Text)]
    pub credential: String,
    /// The networks: 24 bits of IPv4, 48 of IPv6.
    #[diesel(sql_type = Array<Text>)]
    pub networks: Vec<String>,
}

/// The keys that were used from so many networks since an instant. It reads the request log from there on, by its primary key.
pub async fn keys_of_many_networks(
    conn: &mut Conn,
    since: DateTime<Utc>,
    at_least: i64,
) -> Result<Vec<KeyNetworks>> {
    diesel::sql_query(
        "SELECT workspace_id, credential, array_agg(DISTINCT network) AS networks FROM (
             SELECT workspace_id, credential,
                 network(set_masklen(address::inet, CASE family(address::inet) WHEN 4 THEN 24 ELSE 48 END))::text AS network
             FROM request_log
             WHERE id >= $1 AND address IS NOT NULL AND credential LIKE 'key\\_%'
         ) AS used
         GROUP BY workspace_id, credential HAVING count(DISTINCT network) >= $2",
    )
    .bind::<SqlUuid, _>(earliest_uuid(since))
    .bind::<BigInt, _>(at_least)
    .load(conn)
    .await
    .stored()
}

/// How much somebody has deleted.
#[derive(Debug, QueryableByName)]
pub struct Deletions {
    /// The workspace.
    #[diesel(sql_type = SqlUuid)]
    pub workspace_id: Uuid,
    /// Who.
    #[diesel(sql_type = Jsonb)]
    pub provenance: Json<Provenance>,
    /// How much.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

/// Who has deleted at least so much since an instant, as far as the newest 2,000 events of a workspace say. Only workspaces
/// are looked at where somebody asked for a deletion since.
pub async fn deletions(
    conn: &mut Conn,
    kinds: &[&str],
    since: DateTime<Utc>,
    at_least: i64,
) -> Result<Vec<Deletions>> {
    diesel::sql_query(
        "SELECT workspace_id, provenance, count(*) AS count FROM (
             SELECT e.workspace_id, e.provenance FROM (
                 SELECT DISTINCT workspace_id FROM request_log
                 WHERE id >= $1 AND kind = 'MUTATION' AND array_to_string(root_fields, ' ') ~ '(Delete|Remove)'
             ) AS deleting
             JOIN event_heads h USING (workspace_id)
             CROSS JOIN LATERAL (
                 SELECT workspace_id, provenance, kind, at FROM events
                 WHERE events.workspace_id = h.workspace_id AND events.seq > h.seq - 2000) AS e
             WHERE e.at >= $2 AND e.kind = ANY($3)
         ) AS deleted
         GROUP BY workspace_id, provenance HAVING count(*) >= $4",
    )
    .bind::<SqlUuid, _>(earliest_uuid(since))
    .bind::<Timestamptz, _>(since)
    .bind::<Array<Text>, _>(kinds)
    .bind::<BigInt, _>(at_least)
    .load(conn)
    .await
    .stored()
}
