//! Safe start after a failover or from a restored backup: what may have been published by writes that
//! are lost is marked, so that it is read back before anything is sent.

use chrono::{DateTime, Utc};
use diesel::{
    OptionalExtension, QueryableByName,
    sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{Result, ids::WorkspaceId};
use uuid::Uuid;

use crate::{Conn, StoreExt};

/// Which database this is: its timeline, which changes when a standby is promoted or a backup is
/// restored to a point in time; its cluster; and its number there, which changes with a dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incarnation(String);

// Not callable during recovery; then nothing can be claimed either.
const NOW: &str = "substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
    || '/' || (SELECT system_identifier FROM pg_control_system())
    || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())";

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

#[derive(QueryableByName)]
struct Marked {
    #[diesel(sql_type = SqlUuid)]
    workspace_id: Uuid,
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Whether publishing claimed last on this very database; one cheap statement, asked at each claim.
pub async fn is_known(conn: &mut Conn) -> Result<bool> {
    let sql =
        format!("SELECT EXISTS (SELECT FROM database_incarnation WHERE known = {NOW}) AS yes");
    let answer: Answer = diesel::sql_query(sql).get_result(conn).await.stored()?;
    Ok(answer.yes)
}

/// The incarnation publishing claimed on last, locked; `None` when nothing was ever claimed. Whoever
/// comes at the same time waits until the marks are made.
pub async fn incarnation(conn: &mut Conn) -> Result<Option<Incarnation>> {
    diesel::sql_query("LOCK TABLE database_incarnation IN EXCLUSIVE MODE")
        .execute(conn)
        .await
        .stored()?;
    let known: Option<Name> = diesel::sql_query("SELECT known AS name FROM database_incarnation")
        .get_result(conn)
        .await
        .optional()
        .stored()?;
    Ok(known.map(|row| Incarnation(row.name)))
}

/// Writes down that publishing claims on this database from now on.
pub async fn remember(conn: &mut Conn, now: DateTime<Utc>) -> Result<()> {
    let sql = format!(
        "INSERT INTO database_incarnation (known, since) VALUES ({NOW}, $1)
         ON CONFLICT (singleton) DO UPDATE SET known = EXCLUDED.known, since = EXCLUDED.since"
    );
    diesel::sql_query(sql)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Marks every target that may have been sent by lost writes: scheduled and due, or claimed. It may be
/// live since it was due, or since `since` if that is earlier. Tells how many of each workspace.
pub async fn mark_all(
    conn: &mut Conn,
    now: DateTime<Utc>,
    since: Option<DateTime<Utc>>,
) -> Result<Vec<(WorkspaceId, i64)>> {
    // Lanes first and in one order, as everywhere.
    diesel::sql_query(
        "SELECT FROM lanes WHERE connection_id IN (SELECT connection_id FROM targets
            WHERE state = 'SCHEDULED' AND due_at <= $1 OR state = 'CLAIMED')
         ORDER BY connection_id FOR UPDATE",
    )
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await
    .stored()?;
    let marked: Vec<Marked> = diesel::sql_query(
        "WITH marked AS (
            UPDATE targets t SET updated_at = $1, read_back_from = least(t.read_back_from, t.due_at, $2,
                (t.intent ->> 'at')::timestamptz)
            FROM lanes l WHERE t.connection_id = l.connection_id
                AND (t.state = 'SCHEDULED' AND t.due_at <= $1 OR t.state = 'CLAIMED')
            RETURNING t.workspace_id)
         SELECT workspace_id, count(*) AS count FROM marked GROUP BY workspace_id ORDER BY workspace_id",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<Timestamptz>, _>(since)
    .load(conn)
    .await
    .stored()?;
    Ok(marked
        .into_iter()
        .map(|row| (row.workspace_id.into(), row.count))
        .collect())
}
