//! Mails on their way to people.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Int8, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Result,
    ids::{MailId, WorkspaceId},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{Conn, StoreExt, schema::mails as table};

/// A mail; its text and token are made when it is sent.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = table)]
pub struct Mail {
    /// Id.
    #[diesel(deserialize_as = Uuid)]
    pub id: MailId,
    /// The workspace that it tells of; none for what concerns a person alone.
    pub workspace_id: Option<Uuid>,
    /// The address.
    pub recipient: String,
    /// Which letter it is, and the names in it.
    pub letter: Value,
    /// The invitation or person that it is about.
    pub about: Uuid,
    /// Tries until now, the present one among them.
    pub tries: i32,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it is tried next; none once a sandbox's mailbox has it.
    pub due_at: Option<DateTime<Utc>>,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// Adds a mail.
pub async fn insert(conn: &mut Conn, mail: &Mail) -> Result<()> {
    diesel::insert_into(table::table)
        .values((
            table::id.eq(mail.id.uuid()),
            table::workspace_id.eq(mail.workspace_id),
            table::recipient.eq(&mail.recipient),
            table::letter.eq(&mail.letter),
            table::about.eq(mail.about),
            table::tries.eq(mail.tries),
            table::created_at.eq(mail.created_at),
            table::due_at.eq(mail.due_at),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Forgets what is about something: what it says holds no more.
pub async fn forget_about(conn: &mut Conn, about: impl Into<Uuid>) -> Result<()> {
    diesel::delete(table::table.filter(table::about.eq(about.into())))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

const CLAIM: &str = "
UPDATE mails SET tries = tries + 1, due_at = $2
WHERE id = ANY(ARRAY(SELECT id FROM mails WHERE due_at <= $1 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED))
RETURNING id";

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Takes mails that are due, longest due first; nobody else takes them before `until`.
pub async fn claim(
    conn: &mut Conn,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Mail>> {
    let taken: Vec<Id> = diesel::sql_query(CLAIM)
        .bind::<Timestamptz, _>(now)
        .bind::<Timestamptz, _>(until)
        .bind::<Int8, _>(limit)
        .load(conn)
        .await
        .stored()?;
    if taken.is_empty() {
        return Ok(Vec::new());
    }
    table::table
        .filter(table::id.eq_any(taken.iter().map(|row| row.id).collect::<Vec<_>>()))
        .order((table::created_at, table::id))
        .select(Mail::as_select())
        .load(conn)
        .await
        .stored()
}

/// Tries a mail again at another time, unless another worker has it by now.
pub async fn put_off(
    conn: &mut Conn,
    mail: &Mail,
    due_at: DateTime<Utc>,
    error: &str,
) -> Result<()> {
    let own = table::table.find(mail.id.uuid());
    diesel::update(own.filter(table::tries.eq(mail.tries)))
        .set((table::due_at.eq(due_at), table::error.eq(error)))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Forgets a mail that is sent or given up.
pub async fn forget(conn: &mut Conn, id: MailId) -> Result<()> {
    diesel::delete(table::table.find(id.uuid()))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Leaves a mail in a sandbox's mailbox as it went out.
pub async fn keep(conn: &mut Conn, id: MailId, letter: &Value) -> Result<()> {
    diesel::update(table::table.find(id.uuid()))
        .set((
            table::due_at.eq(None::<DateTime<Utc>>),
            table::letter.eq(letter),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Forgets what was written before an instant, whatever became of it; returns how many.
pub async fn forget_before(conn: &mut Conn, before: DateTime<Utc>) -> Result<usize> {
    diesel::delete(table::table.filter(table::created_at.lt(before)))
        .execute(conn)
        .await
        .stored()
}

/// How many are on their way, and why the one that failed last was not taken.
pub async fn waiting(conn: &mut Conn) -> Result<(i64, Option<String>)> {
    let open = table::table.filter(table::due_at.is_not_null());
    let count = open.count().get_result(conn).await.stored()?;
    let error = open
        .filter(table::error.is_not_null())
        .order(table::created_at.desc())
        .select(table::error)
        .first::<Option<String>>(conn)
        .await
        .optional()
        .stored()?;
    Ok((count, error.flatten()))
}

/// The newest mails, newest first: all, or those to an address; of a workspace and of no workspace, or all.
pub async fn newest(
    conn: &mut Conn,
    workspace: Option<WorkspaceId>,
    recipient: Option<&str>,
    limit: i64,
) -> Result<Vec<Mail>> {
    let mut query = table::table.select(Mail::as_select()).into_boxed();
    if let Some(workspace) = workspace {
        let own = table::workspace_id.eq(workspace.uuid());
        query = query.filter(table::workspace_id.is_null().or(own));
    }
    if let Some(recipient) = recipient {
        query = query.filter(table::recipient.eq(recipient.to_owned()));
    }
    query
        .order((table::created_at.desc(), table::id.desc()))
        .limit(limit)
        .load(conn)
        .await
        .stored()
}
