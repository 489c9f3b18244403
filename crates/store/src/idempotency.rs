//! Idempotency keys: what was asked under them, who works on it, and what was answered.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Int8, Timestamptz},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{Result, ids::WorkspaceId};
use uuid::Uuid;

use crate::{Conn, StoreExt, schema::idempotency_keys as keys};

/// Whose key it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The API key or the person.
    pub credential: Uuid,
    /// The key as the client chose it.
    pub key: String,
}

/// What is known of a key.
#[derive(Clone, Debug, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = keys, treat_none_as_null = true)]
pub struct Row {
    /// SHA-256 of what was asked.
    pub fingerprint: Vec<u8>,
    /// When it was asked first.
    pub created_at: DateTime<Utc>,
    /// Grows with each run; only the newest may answer.
    pub token: i32,
    /// Until then a process works on it; none once it answered or gave up.
    pub lease_until: Option<DateTime<Utc>>,
    /// The answer, sealed.
    pub answer: Option<Vec<u8>>,
    /// From then on the key is free.
    pub expires_at: DateTime<Utc>,
}

/// Takes a key that nobody used; false when there is a row already.
pub async fn insert(conn: &mut Conn, scope: &Scope, row: &Row) -> Result<bool> {
    let inserted = diesel::insert_into(keys::table)
        .values((
            keys::workspace_id.eq(scope.workspace.uuid()),
            keys::credential_id.eq(scope.credential),
            keys::key.eq(&scope.key),
            keys::fingerprint.eq(&row.fingerprint),
            keys::created_at.eq(row.created_at),
            keys::token.eq(row.token),
            keys::lease_until.eq(row.lease_until),
            keys::expires_at.eq(row.expires_at),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await
        .stored()?;
    Ok(inserted == 1)
}

/// A key's row, locked until the transaction ends.
pub async fn lock(conn: &mut Conn, scope: &Scope) -> Result<Option<Row>> {
    keys::table
        .find((scope.workspace.uuid(), scope.credential, &scope.key))
        .select(Row::as_select())
        .for_update()
        .first(conn)
        .await
        .optional()
        .stored()
}

/// Writes a key's row anew.
pub async fn update(conn: &mut Conn, scope: &Scope, row: &Row) -> Result<()> {
    diesel::update(keys::table.find((scope.workspace.uuid(), scope.credential, &scope.key)))
        .set(row)
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// How a run goes on or ends.
#[derive(Clone, Copy, Debug)]
pub enum Mark<'a> {
    /// It still works.
    Working(DateTime<Utc>),
    /// It answered.
    Answered(&'a [u8]),
    /// It gave up; a repeat may run.
    Released,
}

/// Marks a run that still holds its key; false when another run took it over.
pub async fn mark(conn: &mut Conn, scope: &Scope, token: i32, mark: Mark<'_>) -> Result<bool> {
    let (lease_until, answer) = match mark {
        Mark::Working(until) => (Some(until), None),
        Mark::Answered(answer) => (None, Some(answer)),
        Mark::Released => (None, None),
    };
    let row = keys::table
        .find((scope.workspace.uuid(), scope.credential, &scope.key))
        .filter(keys::token.eq(token).and(keys::answer.is_null()));
    let marked = diesel::update(row)
        .set((keys::lease_until.eq(lease_until), keys::answer.eq(answer)))
        .execute(conn)
        .await
        .stored()?;
    Ok(marked == 1)
}

const SWEEP: &str = "
DELETE FROM idempotency_keys WHERE (workspace_id, credential_id, key) IN (
    SELECT workspace_id, credential_id, key FROM idempotency_keys
    WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)";

/// Forgets up to `limit` keys whose time is over, oldest first; returns how many.
pub async fn sweep(conn: &mut Conn, now: DateTime<Utc>, limit: i64) -> Result<usize> {
    diesel::sql_query(SWEEP)
        .bind::<Timestamptz, _>(now)
        .bind::<Int8, _>(limit)
        .execute(conn)
        .await
        .stored()
}
