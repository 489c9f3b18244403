//! Logs that are partitioned by month: partitions made ahead, and dropped when they are too old.
//!
//! Rows of a month without a partition lie in the log's `…_rest`. Make one before rows of its time are
//! written: whoever is writing one to the rest at that moment is refused (`UNAVAILABLE`). Whoever makes or drops partitions
//! holds one lock among all processes, gives up at once when somebody else has it, and never makes
//! writers wait long for a lock.

use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    sql_types::{Bool, Int8, Nullable, Text, Timestamptz},
};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use posthaste_core::Result;

use crate::{Conn, Database, StoreExt, Tx};

/// A log that is partitioned by time.
#[derive(Debug, PartialEq, Eq)]
pub struct Log {
    table: &'static str,
    /// The partition's column.
    time: &'static str,
    /// Storage parameters of its partitions.
    with: &'static str,
    /// Which old rows `p` are kept nevertheless.
    needed: &'static str,
}

/// The event log. What a webhook endpoint has yet to send is kept.
pub const EVENTS: Log = Log {
    table: "events",
    time: "at",
    with: "",
    needed: "(EXISTS (SELECT FROM webhook_endpoints e
            WHERE e.workspace_id = p.workspace_id AND e.status <> 'DISABLED' AND e.cursor < p.seq)
        OR EXISTS (SELECT FROM webhook_deliveries d
            WHERE d.workspace_id = p.workspace_id AND d.event_seq = p.seq AND d.due_at IS NOT NULL AND d.payload IS NULL))",
};

/// Tries and readings back. Those of targets that something may still become of are kept.
pub const ATTEMPTS: Log = Log {
    table: "attempts",
    time: "started_at",
    with: "WITH (fillfactor = 70)",
    needed: OPEN,
};

/// Timelines. Those of targets that something may still become of are kept.
pub const STEPS: Log = Log {
    table: "steps",
    time: "at",
    with: "",
    needed: OPEN,
};

const OPEN: &str = "EXISTS (SELECT FROM targets t WHERE t.id = p.target_id
    AND t.state NOT IN ('PUBLISHED', 'FAILED', 'CANCELLED', 'DELETED_REMOTE'))";

/// A partition of a log and the times in it.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Partition {
    /// Its table.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// From this instant on; empty for all earlier ones.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub since: Option<DateTime<Utc>>,
    /// Before this instant; empty for the rest.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub until: Option<DateTime<Utc>>,
}

impl Partition {
    fn holds(&self, at: DateTime<Utc>) -> bool {
        self.until.is_some_and(|until| until > at) && self.since.is_none_or(|since| since <= at)
    }
}

/// The partitions of a log, oldest first, the rest last.
pub async fn list(conn: &mut Conn, log: &Log) -> Result<Vec<Partition>> {
    diesel::sql_query(
        r"SELECT c.relname::text AS name, substring(b.bound FROM 'FROM \(''([^'']+)''\)')::timestamptz AS since,
                 substring(b.bound FROM 'TO \(''([^'']+)''\)')::timestamptz AS until
          FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid, LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS bound) b
          WHERE i.inhparent = $1::regclass ORDER BY until NULLS LAST",
    )
    .bind::<Text, _>(log.table)
    .load(conn)
    .await
    .stored()
}

/// Makes the partition for the times from `since` until `until`, unless there is one that holds
/// `since`; rows of that time that lie in the rest move into it. Whether it was made.
pub async fn make(
    db: &Database,
    log: &Log,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<bool> {
    if holds(&list(&mut *db.get().await?, log).await?, since) {
        return Ok(false);
    }
    let Some(mut tx) = begin(db).await? else {
        return Ok(false);
    };
    if holds(&list(&mut tx, log).await?, since) {
        return Ok(false);
    }
    let Log {
        table, time, with, ..
    } = log;
    let name = format!("{table}_{}", since.format("%Y_%m"));
    let (since, until) = (since.to_rfc3339(), until.to_rfc3339());
    // Nobody may add to the rest between the move and the attachment.
    let statements = format!(
        "LOCK TABLE {table}_rest IN ACCESS EXCLUSIVE MODE;
         CREATE TABLE \"{name}\" (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS) {with};
         WITH moved AS (DELETE FROM {table}_rest WHERE {time} >= '{since}' AND {time} < '{until}' RETURNING *)
         INSERT INTO \"{name}\" SELECT * FROM moved;
         ALTER TABLE {table} ATTACH PARTITION \"{name}\" FOR VALUES FROM ('{since}') TO ('{until}')"
    );
    tx.batch_execute(&statements).await.stored()?;
    tx.commit().await?;
    Ok(true)
}

fn holds(partitions: &[Partition], at: DateTime<Utc>) -> bool {
    partitions.iter().any(|partition| partition.holds(at))
}

/// Rows of the rest that are removed at a time, and how often in one go.
const BATCH: usize = 10_000;
const BATCHES: usize = 100;

/// Drops partitions that end before `before`, and older rows of the rest. What is still needed moves
/// into the rest. Returns the names of the dropped partitions.
pub async fn drop_before(db: &Database, log: &Log, before: DateTime<Utc>) -> Result<Vec<String>> {
    let partitions = list(&mut *db.get().await?, log).await?;
    let mut dropped = Vec::new();
    for partition in partitions {
        if partition.until.is_some_and(|until| until <= before) {
            let told = log != &EVENTS || say_dropped(db, &partition.name, before).await?;
            if told && drop_one(db, log, &partition.name).await? {
                dropped.push(partition.name);
            }
        }
    }
    clear_rest(db, log, before).await?;
    Ok(dropped)
}

/// Writes into the heads up to where the log is no longer whole, before it is so: a cursor that is
/// refused a little early is better than one that skips events. A transaction of its own, since
/// writers lock heads before they add to the log. Whether it is written: nothing may be dropped before.
async fn say_dropped(db: &Database, partition: &str, before: DateTime<Utc>) -> Result<bool> {
    let Some(mut tx) = begin(db).await? else {
        return Ok(false);
    };
    let needed = EVENTS.needed;
    diesel::sql_query(format!(
        "WITH old AS MATERIALIZED (
             SELECT p.workspace_id, max(p.seq) AS seq FROM \"{partition}\" p WHERE p.at < $1 AND NOT {needed} GROUP BY 1
         ), locked AS MATERIALIZED (
             SELECT h.workspace_id, old.seq FROM event_heads h JOIN old USING (workspace_id) WHERE h.dropped < old.seq
             ORDER BY h.workspace_id FOR UPDATE OF h
         )
         UPDATE event_heads h SET dropped = locked.seq FROM locked WHERE h.workspace_id = locked.workspace_id"
    ))
    .bind::<Timestamptz, _>(before)
    .execute(&mut *tx)
    .await
    .stored()?;
    tx.commit().await?;
    Ok(true)
}

async fn drop_one(db: &Database, log: &Log, name: &str) -> Result<bool> {
    let Some(mut tx) = begin(db).await? else {
        return Ok(false);
    };
    let (table, needed) = (log.table, log.needed);
    // Nothing changes in it between the copy and the drop.
    let statements = format!(
        "LOCK TABLE \"{name}\" IN SHARE MODE;
         CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT p.* FROM \"{name}\" p WHERE {needed};
         DROP TABLE \"{name}\";
         INSERT INTO {table} SELECT * FROM kept"
    );
    tx.batch_execute(&statements).await.stored()?;
    tx.commit().await?;
    Ok(true)
}

async fn clear_rest(db: &Database, log: &Log, before: DateTime<Utc>) -> Result<()> {
    let Log {
        table,
        time,
        needed,
        ..
    } = log;
    let rest = format!("{table}_rest");
    if log == &EVENTS && !say_dropped(db, &rest, before).await? {
        return Ok(());
    }
    let delete = format!(
        "DELETE FROM {rest} WHERE ctid = ANY(ARRAY(
             SELECT p.ctid FROM {rest} p WHERE p.{time} < $1 AND NOT {needed} LIMIT $2 FOR UPDATE SKIP LOCKED))"
    );
    for _ in 0..BATCHES {
        let gone = diesel::sql_query(&delete)
            .bind::<Timestamptz, _>(before)
            .bind::<Int8, _>(BATCH as i64)
            .execute(&mut *db.get().await?)
            .await
            .stored()?;
        if gone < BATCH {
            break;
        }
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = Bool)]
    taken: bool,
}

/// Begins a transaction that alone changes partitions; none when another process does at the moment.
async fn begin(db: &Database) -> Result<Option<Tx>> {
    let mut tx = db.begin().await?;
    // Writers queue up behind whoever waits for a lock (a backup has all tables for hours): rather try again later.
    tx.batch_execute("SET LOCAL lock_timeout = '100ms'")
        .await
        .stored()?;
    let lock: Taken = diesel::sql_query("SELECT pg_try_advisory_xact_lock(7041776) AS taken")
        .get_result(&mut *tx)
        .await
        .stored()?;
    Ok(lock.taken.then_some(tx))
}
