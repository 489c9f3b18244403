//! The audit log's chains. `core::audit` says how they hang together.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, Bytea, Int8, Nullable, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Result,
    audit::{Entry, START, chain_name, detail_hash, is_audited, kept},
    ids::WorkspaceId,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Conn, Page, PageRequest, Slice, StoreExt,
    event::NewEvent,
    schema::{audit_entries as entries, audit_heads as heads},
};

/// The chain of a workspace; that of the server without one.
pub type Chain = Option<WorkspaceId>;

/// Something that was done and is about to be written.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub act: &'static str,
    /// Who, as `Provenance::credential`.
    pub actor: String,
    /// The id of what it was done to.
    pub subject: Option<String>,
    /// More, by act. It can be erased later; secrets never stand here.
    pub detail: Value,
}

impl From<&NewEvent> for NewEntry {
    fn from(event: &NewEvent) -> Self {
        Self {
            at: event.at,
            act: event.kind.as_str(),
            actor: event.provenance.credential(),
            subject: subject(event),
            detail: event.data.clone(),
        }
    }
}

/// The field of an event's data with the id of what it is about, where that is not the first id.
const ABOUT: [(&str, &str); 3] = [
    ("member.", "userId"),
    ("team.", "teamId"),
    ("workspace.", "toUserId"),
];

/// What an event is about: the connection, media, target or post it names, or an id in its data.
fn subject(event: &NewEvent) -> Option<String> {
    let named = [
        event.connection.map(|id| id.to_string()),
        event.media.map(|id| id.to_string()),
        event.target.map(|id| id.to_string()),
        event.post.map(|id| id.to_string()),
    ];
    let in_data = || {
        let fields = event.data.as_object()?;
        let area = ABOUT
            .iter()
            .find(|(area, _)| event.kind.as_str().starts_with(area));
        if let Some((_, field)) = area {
            return fields.get(*field)?.as_str().map(str::to_owned);
        }
        let ids = fields.iter();
        let ids = ids.filter(|(name, value)| name.ends_with("Id") && value.is_string());
        let (_, id) = ids.min_by_key(|(name, _)| *name)?;
        id.as_str().map(str::to_owned)
    };
    named.into_iter().flatten().next().or_else(in_data)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = entries)]
struct Row {
    chain: Uuid,
    seq: i64,
    at: DateTime<Utc>,
    act: String,
    actor: String,
    subject: Option<String>,
    detail: Option<Value>,
    salt: Option<Vec<u8>>,
    detail_hash: Vec<u8>,
    hash: Vec<u8>,
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        Self {
            chain: chain_name(chain_of(row.chain)),
            seq: row.seq,
            at: row.at,
            act: row.act,
            actor: row.actor,
            subject: row.subject,
            detail: row.detail,
            salt: row.salt,
            detail_hash: row.detail_hash,
            hash: row.hash,
        }
    }
}

/// The server's chain lies under the nil id.
fn id_of(chain: Chain) -> Uuid {
    chain.map_or(Uuid::nil(), WorkspaceId::uuid)
}

fn chain_of(id: Uuid) -> Chain {
    (!id.is_nil()).then(|| id.into())
}

/// Appends those of these events that concern security, each to its workspace's chain. Their workspaces' event
/// heads are locked by now, so two writers never wait for each other in a circle.
pub(crate) async fn append_events(
    conn: &mut Conn,
    events: &[(WorkspaceId, &NewEvent)],
) -> Result<()> {
    let mut chains = BTreeMap::<WorkspaceId, Vec<NewEntry>>::new();
    let audited = events
        .iter()
        .filter(|(_, event)| is_audited(event.kind, &event.provenance));
    for (workspace, event) in audited {
        chains
            .entry(*workspace)
            .or_default()
            .push(NewEntry::from(*event));
    }
    for (workspace, new) in chains {
        append(conn, Some(workspace), &new).await?;
    }
    Ok(())
}

/// Locks the head, and makes it with the first entry. Salts come from the database's own source of chance.
const HEAD: &str = "
INSERT INTO audit_heads (chain, seq, hash) VALUES ($1, 0, $2)
ON CONFLICT (chain) DO UPDATE SET seq = audit_heads.seq
RETURNING seq, hash, ARRAY(SELECT uuid_send(gen_random_uuid()) FROM generate_series(1, $3)) AS salts";

#[derive(QueryableByName)]
struct Head {
    #[diesel(sql_type = Int8)]
    seq: i64,
    #[diesel(sql_type = Bytea)]
    hash: Vec<u8>,
    #[diesel(sql_type = Array<Bytea>)]
    salts: Vec<Vec<u8>>,
}

/// Appends to a chain what is no event. Call it last in a transaction: from here to the commit other writers
/// of the chain wait.
pub async fn append(conn: &mut Conn, chain: Chain, new: &[NewEntry]) -> Result<()> {
    let head: Head = diesel::sql_query(HEAD)
        .bind::<SqlUuid, _>(id_of(chain))
        .bind::<Bytea, _>(START.to_vec())
        .bind::<Int8, _>(new.len() as i64)
        .get_result(conn)
        .await
        .stored()?;
    let mut last = (head.seq, head.hash);
    let mut linked = Vec::with_capacity(new.len());
    for (new, salt) in new.iter().zip(head.salts) {
        let entry = link(chain, new, salt, &last);
        last = (entry.seq, entry.hash.clone());
        linked.push(entry);
    }
    let rows: Vec<_> = linked
        .iter()
        .map(|entry| {
            (
                entries::chain.eq(id_of(chain)),
                entries::seq.eq(entry.seq),
                entries::at.eq(entry.at),
                entries::act.eq(&entry.act),
                entries::actor.eq(&entry.actor),
                entries::subject.eq(&entry.subject),
                entries::detail.eq(&entry.detail),
                entries::salt.eq(&entry.salt),
                entries::detail_hash.eq(&entry.detail_hash),
                entries::hash.eq(&entry.hash),
            )
        })
        .collect();
    diesel::insert_into(entries::table)
        .values(rows)
        .execute(conn)
        .await
        .stored()?;
    diesel::update(heads::table.find(id_of(chain)))
        .set((heads::seq.eq(last.0), heads::hash.eq(last.1)))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Erases the details of a workspace's chain. Acts, ids and hashes stay, and the chain is still whole.
pub async fn erase_details(conn: &mut Conn, workspace: WorkspaceId) -> Result<()> {
    let told = entries::table
        .filter(entries::chain.eq(workspace.uuid()))
        .filter(entries::detail.is_not_null());
    diesel::update(told)
        .set((
            entries::detail.eq(None::<Value>),
            entries::salt.eq(None::<Vec<u8>>),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// The entry behind the one at a position with a hash.
fn link(chain: Chain, new: &NewEntry, salt: Vec<u8>, (seq, hash): &(i64, Vec<u8>)) -> Entry {
    let detail = kept(&new.detail);
    let mut entry = Entry {
        chain: chain_name(chain),
        seq: seq + 1,
        // Whole microseconds, as the database keeps it.
        at: new.at.trunc_subsecs(6),
        act: new.act.to_owned(),
        actor: new.actor.clone(),
        subject: new.subject.clone(),
        detail_hash: detail_hash(&salt, &detail).to_vec(),
        detail: Some(detail),
        salt: Some(salt),
        hash: Vec::new(),
    };
    entry.hash = entry.hash_behind(hash).to_vec();
    entry
}

/// What a chain is narrowed by; all conditions hold together.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these acts; all when empty.
    pub acts: Vec<String>,
    /// Only what this credential did.
    pub actor: Option<String>,
    /// Only what was done to this.
    pub subject: Option<String>,
    /// Only from this instant on.
    pub since: Option<DateTime<Utc>>,
    /// Only before this instant.
    pub until: Option<DateTime<Utc>>,
}

macro_rules! filtered {
    ($query:expr, $workspace:expr, $filter:expr) => {{
        let filter: &Filter = $filter;
        let mut query = $query
            .filter(entries::chain.eq($workspace.uuid()))
            .into_boxed();
        if !filter.acts.is_empty() {
            query = query.filter(entries::act.eq_any(&filter.acts));
        }
        if let Some(actor) = &filter.actor {
            query = query.filter(entries::actor.eq(actor));
        }
        if let Some(subject) = &filter.subject {
            query = query.filter(entries::subject.eq(subject));
        }
        if let Some(since) = filter.since {
            query = query.filter(entries::at.ge(since));
        }
        if let Some(until) = filter.until {
            query = query.filter(entries::at.lt(until));
        }
        query
    }};
}

/// A page of a workspace's chain, newest first.
pub async fn list(
    conn: &mut Conn,
    workspace: WorkspaceId,
    filter: &Filter,
    page: &PageRequest<i64>,
) -> Result<Page<Entry>> {
    let mut query = filtered!(entries::table.select(Row::as_select()), workspace, filter);
    if let Some(seq) = page.after {
        query = query.filter(entries::seq.lt(seq));
    }
    if let Some(seq) = page.before {
        query = query.filter(entries::seq.gt(seq));
    }
    query = if page.from_end {
        query.order(entries::seq.asc())
    } else {
        query.order(entries::seq.desc())
    };
    let rows: Vec<Row> = query.limit(page.limit + 1).load(conn).await.stored()?;
    let rows = rows.into_iter().map(Entry::from).collect();
    Ok(Slice::cut(rows, page))
}

/// How many entries the filter leaves.
pub async fn count(conn: &mut Conn, workspace: WorkspaceId, filter: &Filter) -> Result<i64> {
    filtered!(entries::table.count(), workspace, filter)
        .get_result(conn)
        .await
        .stored()
}

/// Entries of a chain behind a position, oldest first.
pub async fn after(conn: &mut Conn, chain: Chain, seq: i64, limit: i64) -> Result<Vec<Entry>> {
    let rows: Vec<Row> = entries::table
        .filter(entries::chain.eq(id_of(chain)).and(entries::seq.gt(seq)))
        .order(entries::seq)
        .limit(limit)
        .select(Row::as_select())
        .load(conn)
        .await
        .stored()?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// Where a chain ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The position of its last entry, as its head says; 0 before the first.
    pub seq: i64,
    /// The hash of that.
    pub hash: Vec<u8>,
    /// The highest position that any entry has; the same, unless somebody tampered with the head.
    pub highest: i64,
}

#[derive(QueryableByName)]
struct EndRow {
    #[diesel(sql_type = Nullable<Int8>)]
    seq: Option<i64>,
    #[diesel(sql_type = Nullable<Bytea>)]
    hash: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Int8>)]
    highest: Option<i64>,
}

/// Where a chain ends.
pub async fn end(conn: &mut Conn, chain: Chain) -> Result<End> {
    let row: EndRow = diesel::sql_query(
        "SELECT (SELECT max(seq) FROM audit_entries WHERE chain = $1) AS highest, head.seq, head.hash
         FROM (VALUES ($1)) AS wanted (chain) LEFT JOIN audit_heads AS head USING (chain)",
    )
    .bind::<SqlUuid, _>(id_of(chain))
    .get_result(conn)
    .await
    .stored()?;
    Ok(End {
        seq: row.seq.unwrap_or(0),
        hash: row.hash.unwrap_or_else(|| START.to_vec()),
        highest: row.highest.unwrap_or(0),
    })
}

#[derive(QueryableByName)]
struct ChainRow {
    #[diesel(sql_type = SqlUuid)]
    chain: Uuid,
}

/// All chains that have a head or entries, in the order of their ids, from the one behind `after` on; the
/// server's is the first.
pub async fn chains(conn: &mut Conn, after: Option<Chain>, limit: i64) -> Result<Vec<Chain>> {
    let rows: Vec<ChainRow> = diesel::sql_query(
        "SELECT chain FROM audit_heads WHERE $1 IS NULL OR chain > $1
         UNION SELECT chain FROM audit_entries WHERE $1 IS NULL OR chain > $1
         ORDER BY chain LIMIT $2",
    )
    .bind::<Nullable<SqlUuid>, _>(after.map(id_of))
    .bind::<Int8, _>(limit)
    .load(conn)
    .await
    .stored()?;
    Ok(rows.into_iter().map(|row| chain_of(row.chain)).collect())
}
