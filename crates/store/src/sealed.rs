//! Every column that holds sealed values, for the rotation of data keys.
//!
//! A sealed value begins with the byte 2 and the version of its data key (four bytes, the highest first), so
//! that the database finds what lies under an older key. Anything else was sealed before there were data keys.

use diesel::{
    prelude::*,
    sql_types::{Array, Binary, Int4, Int8, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{Result, ids::WorkspaceId};
use uuid::Uuid;

use crate::{Conn, StoreExt};

/// A column with sealed values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Access to the accounts.
    ConnectionTokens,
    /// What a consent on its way needs to be finished.
    GrantVerifier,
    /// The accounts that a consent opened.
    GrantAccounts,
    /// What webhooks are signed with.
    WebhookSecret,
    /// What they were signed with until a while ago.
    WebhookPreviousSecret,
    /// Answers that are kept for repeats.
    IdempotencyAnswer,
    /// Access of removed accounts that is still to be given back; lies as it lay in the account's row.
    RevocationTokens,
}

impl Column {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ConnectionTokens,
        Self::GrantVerifier,
        Self::GrantAccounts,
        Self::WebhookSecret,
        Self::WebhookPreviousSecret,
        Self::IdempotencyAnswer,
        Self::RevocationTokens,
    ];

    /// The table.
    pub fn table(self) -> &'static str {
        match self {
            Self::ConnectionTokens => "connections",
            Self::GrantVerifier | Self::GrantAccounts => "grants",
            Self::WebhookSecret | Self::WebhookPreviousSecret => "webhook_endpoints",
            Self::IdempotencyAnswer => "idempotency_keys",
            Self::RevocationTokens => "revocations",
        }
    }

    /// The column.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConnectionTokens | Self::RevocationTokens => "tokens",
            Self::GrantVerifier => "verifier",
            Self::GrantAccounts => "accounts",
            Self::WebhookSecret => "secret",
            Self::WebhookPreviousSecret => "previous_secret",
            Self::IdempotencyAnswer => "answer",
        }
    }

    /// The columns that tell the rows of a workspace apart: a UUID and a text.
    fn key(self) -> (&'static str, &'static str) {
        match self {
            Self::IdempotencyAnswer => ("credential_id", "key"),
            Self::RevocationTokens => ("connection_id", "''"),
            _ => ("id", "''"),
        }
    }
}

/// A row's key within its workspace: its id, or a credential and the word it chose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowKey {
    /// The row's id; of an idempotency key, the credential.
    pub id: Uuid,
    /// The word; empty for rows with an id of their own.
    pub word: String,
}

/// A sealed value and where it lies.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The row.
    pub key: RowKey,
    /// The value.
    pub bytes: Vec<u8>,
}

#[derive(QueryableByName)]
struct SealedRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    word: String,
    #[diesel(sql_type = Binary)]
    bytes: Vec<u8>,
}

/// Values of a workspace behind `after` that do not begin with `head`, by key.
pub async fn stale(
    conn: &mut Conn,
    column: Column,
    workspace: WorkspaceId,
    head: &[u8],
    after: &RowKey,
    limit: i64,
) -> Result<Vec<Sealed>> {
    let (table, name, (id, word)) = (column.table(), column.name(), column.key());
    let rows: Vec<SealedRow> = diesel::sql_query(format!(
        "SELECT {id} AS id, {word}::text AS word, {name} AS bytes FROM {table}
         WHERE workspace_id = $1 AND {name} IS NOT NULL AND substring({name} FOR 5) <> $2
           AND ({id}, {word}::text) > ($3, $4)
         ORDER BY {id}, {word}::text LIMIT $5"
    ))
    .bind::<SqlUuid, _>(workspace.uuid())
    .bind::<Binary, _>(head)
    .bind::<SqlUuid, _>(after.id)
    .bind::<Text, _>(&after.word)
    .bind::<Int8, _>(limit)
    .load(conn)
    .await
    .stored()?;
    let sealed = |row: SealedRow| Sealed {
        key: RowKey {
            id: row.id,
            word: row.word,
        },
        bytes: row.bytes,
    };
    Ok(rows.into_iter().map(sealed).collect())
}

/// Puts the same value, sealed anew, in the place of `old`; false when it was changed meanwhile. The row's
/// version stays: what it says is the same.
pub async fn replace(
    conn: &mut Conn,
    column: Column,
    workspace: WorkspaceId,
    old: &Sealed,
    new: &[u8],
) -> Result<bool> {
    let (table, name, (id, word)) = (column.table(), column.name(), column.key());
    let replaced = diesel::sql_query(format!(
        "UPDATE {table} SET {name} = $1
         WHERE workspace_id = $2 AND {id} = $3 AND {word} = $4 AND {name} = $5"
    ))
    .bind::<Binary, _>(new)
    .bind::<SqlUuid, _>(workspace.uuid())
    .bind::<SqlUuid, _>(old.key.id)
    .bind::<Text, _>(&old.key.word)
    .bind::<Binary, _>(&old.bytes)
    .execute(conn)
    .await
    .stored()?;
    Ok(replaced == 1)
}

/// How many values of a workspace lie under a version; 0 is what was sealed before there were data keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The version of the data key.
    pub version: i32,
    /// How many.
    pub values: i64,
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = SqlUuid)]
    workspace_id: Uuid,
    #[diesel(sql_type = Int4)]
    version: i32,
    #[diesel(sql_type = Int8)]
    sealed: i64,
}

/// How many values of these workspaces lie under each version, by workspace and version.
pub async fn counts(conn: &mut Conn, workspaces: &[WorkspaceId]) -> Result<Vec<Count>> {
    let ids: Vec<_> = workspaces.iter().map(|id| id.uuid()).collect();
    let each = Column::ALL.map(|column| {
        let (table, name) = (column.table(), column.name());
        format!(
            "SELECT workspace_id, {name} AS bytes FROM {table}
             WHERE workspace_id = ANY($1) AND {name} IS NOT NULL"
        )
    });
    let rows: Vec<CountRow> = diesel::sql_query(format!(
        "SELECT workspace_id, version, count(*) AS sealed FROM (
             SELECT workspace_id, CASE WHEN length(bytes) > 4 AND get_byte(bytes, 0) = 2
                 THEN ('x' || encode(substring(bytes FROM 2 FOR 4), 'hex'))::bit(32)::integer
                 ELSE 0 END AS version
             FROM ({}) AS every) AS sealed
         GROUP BY workspace_id, version ORDER BY workspace_id, version",
        each.join(" UNION ALL ")
    ))
    .bind::<Array<SqlUuid>, _>(ids)
    .load(conn)
    .await
    .stored()?;
    let count = |row: CountRow| Count {
        workspace: row.workspace_id.into(),
        version: row.version,
        values: row.sealed,
    };
    Ok(rows.into_iter().map(count).collect())
}
