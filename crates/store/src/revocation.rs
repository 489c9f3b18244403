//! Access of removed accounts that is still to be given back to its network.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Bytea, Int4, Int8, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Result,
    ids::{ConnectionId, WorkspaceId},
};
use uuid::Uuid;

use crate::{
    Conn, StoreExt,
    schema::{connections, revocations},
};

/// Access to be given back.
#[derive(Clone, Debug, QueryableByName)]
pub struct Revocation {
    #[diesel(sql_type = SqlUuid)]
    connection_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    workspace_id: Uuid,
    /// Sealed as they were in the connection's row.
    #[diesel(sql_type = Bytea)]
    pub tokens: Vec<u8>,
    /// Number of this try, from 1.
    #[diesel(sql_type = Int4)]
    pub tries: i32,
}

impl Revocation {
    /// The removed connection.
    pub fn connection(&self) -> ConnectionId {
        self.connection_id.into()
    }

    /// Its workspace.
    pub fn workspace(&self) -> WorkspaceId {
        self.workspace_id.into()
    }
}

const NOTE: &str = "
INSERT INTO revocations (connection_id, workspace_id, tokens, next_at, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (connection_id) DO UPDATE SET tokens = excluded.tokens, tries = 0, next_at = excluded.next_at";

/// Notes that the access of a connection is to be given back, tried from `next_at` on. Newer tokens take the
/// place of older ones.
pub async fn note(
    conn: &mut Conn,
    workspace: WorkspaceId,
    connection: ConnectionId,
    tokens: Vec<u8>,
    next_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::sql_query(NOTE)
        .bind::<SqlUuid, _>(connection.uuid())
        .bind::<SqlUuid, _>(workspace.uuid())
        .bind::<Bytea, _>(tokens)
        .bind::<Timestamptz, _>(next_at)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

const CLAIM: &str = "
UPDATE revocations SET tries = tries + 1, next_at = $2
WHERE connection_id = ANY(ARRAY(
    SELECT connection_id FROM revocations WHERE next_at <= $1 ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED))
RETURNING connection_id, workspace_id, tokens, tries";

/// Whether access to accounts of a workspace is still to be given back.
pub async fn any_of(conn: &mut Conn, workspace: WorkspaceId) -> Result<bool> {
    let own = connections::table
        .filter(connections::workspace_id.eq(workspace.uuid()))
        .select(connections::id);
    let found = revocations::table.filter(revocations::connection_id.eq_any(own));
    diesel::select(diesel::dsl::exists(found))
        .get_result(conn)
        .await
        .stored()
}

/// Takes what is due, longest due first; nobody else takes it before `until`.
pub async fn claim(
    conn: &mut Conn,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Revocation>> {
    diesel::sql_query(CLAIM)
        .bind::<Timestamptz, _>(now)
        .bind::<Timestamptz, _>(until)
        .bind::<Int8, _>(limit)
        .load(conn)
        .await
        .stored()
}

/// Tries again at another time.
pub async fn put_off(
    conn: &mut Conn,
    connection: ConnectionId,
    next_at: DateTime<Utc>,
) -> Result<()> {
    diesel::update(revocations::table.find(connection.uuid()))
        .set(revocations::next_at.eq(next_at))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Forgets tokens that are given back or given up; newer ones that took their place stay.
pub async fn forget(conn: &mut Conn, connection: ConnectionId, tokens: &[u8]) -> Result<()> {
    let of_these = revocations::table.filter(
        revocations::connection_id
            .eq(connection.uuid())
            .and(revocations::tokens.eq(tokens)),
    );
    diesel::delete(of_these).execute(conn).await.stored()?;
    Ok(())
}

/// How many are open.
pub async fn open(conn: &mut Conn) -> Result<i64> {
    revocations::table.count().get_result(conn).await.stored()
}
