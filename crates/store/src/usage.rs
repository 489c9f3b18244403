//! Usage counters: how often, how well and how fast, by hour.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Int2, Int8, Nullable, Text, Timestamptz, Uuid as SqlUuid},
    upsert::excluded,
};
use diesel_async::RunQueryDsl;
use posthaste_core::{Result, ids::WorkspaceId};

use crate::{
    Conn, StoreExt,
    schema::{request_drops, usage_counters},
};

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counter {
    /// Workspace.
    pub workspace: WorkspaceId,
    /// The hour's beginning.
    pub hour: DateTime<Utc>,
    /// Whose requests, as `Provenance::credential`.
    pub credential: String,
    /// Operation, as in the request log.
    pub operation: String,
    /// HTTP status.
    pub status: i16,
    /// Code of the first error; empty when all went well.
    pub error_code: String,
    /// Bucket of the latency.
    pub bucket: i16,
}

/// Adds to counters. Always in the same order, so that two writers never wait for each other in a
/// circle.
pub async fn add(conn: &mut Conn, counts: &BTreeMap<Counter, i64>) -> Result<()> {
    use usage_counters as u;
    let rows: Vec<_> = counts
        .iter()
        .map(|(counter, count)| {
            (
                u::workspace_id.eq(counter.workspace.uuid()),
                u::hour.eq(counter.hour),
                u::credential.eq(&counter.credential),
                u::operation.eq(&counter.operation),
                u::status.eq(counter.status),
                u::error_code.eq(&counter.error_code),
                u::bucket.eq(counter.bucket),
                u::count.eq(*count),
            )
        })
        .collect();
    diesel::insert_into(u::table)
        .values(rows)
        .on_conflict((
            u::workspace_id,
            u::hour,
            u::credential,
            u::operation,
            u::status,
            u::error_code,
            u::bucket,
        ))
        .do_update()
        .set(u::count.eq(u::count + excluded(u::count)))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// What counters are grouped by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grouping {
    /// By operation.
    pub operation: bool,
    /// By hour.
    pub hour: bool,
    /// By day, in UTC.
    pub day: bool,
    /// By credential.
    pub credential: bool,
    /// By HTTP status and error code.
    pub status: bool,
}

/// The counts of one group in one bucket; what is not grouped by is empty.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct Counted {
    /// The beginning of the hour or day.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub at: Option<DateTime<Utc>>,
    /// The operation.
    #[diesel(sql_type = Nullable<Text>)]
    pub operation: Option<String>,
    /// The credential.
    #[diesel(sql_type = Nullable<Text>)]
    pub credential: Option<String>,
    /// The HTTP status.
    #[diesel(sql_type = Nullable<Int2>)]
    pub status: Option<i16>,
    /// The error code, empty for none.
    #[diesel(sql_type = Nullable<Text>)]
    pub error_code: Option<String>,
    /// The bucket.
    #[diesel(sql_type = Int2)]
    pub bucket: i16,
    /// Requests.
    #[diesel(sql_type = Int8)]
    pub count: i64,
    /// Those of them that failed.
    #[diesel(sql_type = Int8)]
    pub errors: i64,
}

/// Which counters are added up.
#[derive(Clone, Debug)]
pub struct Span {
    /// From the hour that begins here.
    pub from: DateTime<Utc>,
    /// Up to the hour that begins here, without it.
    pub to: DateTime<Utc>,
    /// Only this credential.
    pub credential: Option<String>,
    /// Only this operation.
    pub operation: Option<String>,
}

/// Counters added up, in the order of their groups; at most `limit` rows.
pub async fn sums(
    conn: &mut Conn,
    workspace: WorkspaceId,
    span: &Span,
    by: Grouping,
    limit: i64,
) -> Result<Vec<Counted>> {
    let column = |wanted: bool, column: &'static str, kind: &'static str| {
        if wanted {
            column.to_owned()
        } else {
            format!("NULL::{kind}")
        }
    };
    let at = match (by.hour, by.day) {
        (true, _) => "hour".to_owned(),
        (false, true) => "date_trunc('day', hour, 'UTC')".to_owned(),
        (false, false) => "NULL::timestamptz".to_owned(),
    };
    let text = format!(
        "SELECT {at} AS at, {} AS operation, {} AS credential, {} AS status, {} AS error_code, bucket,
            sum(count)::bigint AS count, coalesce(sum(count) FILTER (WHERE error_code <> ''), 0)::bigint AS errors
         FROM usage_counters
         WHERE workspace_id = $1 AND hour >= $2 AND hour < $3
            AND ($4 IS NULL OR credential = $4) AND ($5 IS NULL OR operation = $5)
         GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6 LIMIT $6",
        column(by.operation, "operation", "text"),
        column(by.credential, "credential", "text"),
        column(by.status, "status", "smallint"),
        column(by.status, "error_code", "text"),
    );
    diesel::sql_query(text)
        .bind::<SqlUuid, _>(workspace.uuid())
        .bind::<Timestamptz, _>(span.from)
        .bind::<Timestamptz, _>(span.to)
        .bind::<Nullable<Text>, _>(span.credential.as_deref())
        .bind::<Nullable<Text>, _>(span.operation.as_deref())
        .bind::<Int8, _>(limit)
        .load(conn)
        .await
        .stored()
}

/// Forgets at most `limit` counters of hours before `before`; returns how many.
pub async fn sweep(conn: &mut Conn, before: DateTime<Utc>, limit: i64) -> Result<usize> {
    diesel::delete(request_drops::table.filter(request_drops::hour.lt(before)))
        .execute(conn)
        .await
        .stored()?;
    diesel::sql_query(
        "DELETE FROM usage_counters WHERE ctid = ANY(ARRAY(
             SELECT ctid FROM usage_counters WHERE hour < $1 ORDER BY hour LIMIT $2))",
    )
    .bind::<Timestamptz, _>(before)
    .bind::<Int8, _>(limit)
    .execute(conn)
    .await
    .stored()
}
