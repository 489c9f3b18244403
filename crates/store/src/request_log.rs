//! The request log: one line for each answered request of a credential.

use chrono::{DateTime, Utc};
use diesel::{
    dsl::sql,
    prelude::*,
    sql_types::{self, Bool, Timestamptz, Uuid as SqlUuid},
    upsert::excluded,
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Result,
    ids::{LoggedRequestId, WorkspaceId},
    request::{RequestKind, Transport},
};
use uuid::Uuid;

use crate::{
    Conn, Page, PageRequest, Slice, StoreExt,
    schema::{request_drops, request_log},
};

/// A line of the log. It names what was asked for, never what was sent with it.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable)]
#[diesel(table_name = request_log)]
pub struct LoggedRequest {
    /// Id; its time is `at`.
    #[diesel(deserialize_as = Uuid)]
    pub id: LoggedRequestId,
    /// Workspace.
    #[diesel(deserialize_as = Uuid)]
    pub workspace_id: WorkspaceId,
    /// X-Request-Id.
    pub request_id: String,
    /// When it came in.
    pub at: DateTime<Utc>,
    /// Whose it is, as `Provenance::credential`.
    pub credential: String,
    /// How it came in.
    #[diesel(deserialize_as = String)]
    pub transport: Transport,
    /// What kind it is.
    #[diesel(deserialize_as = String)]
    pub kind: RequestKind,
    /// The operation's name, or else its root fields; for REST method and route.
    pub operation: String,
    /// The root fields it asks for.
    pub root_fields: Vec<String>,
    /// The HTTP status; over a WebSocket the one it would have had.
    pub status: i16,
    /// The code of the answer's first error.
    pub error_code: Option<String>,
    /// How long it took; how long it was open for a subscription.
    pub duration_ms: i32,
    /// What it cost.
    pub cost: Option<i32>,
    /// Where it came from.
    pub address: Option<String>,
    /// The program that sent it.
    pub user_agent: Option<String>,
}

/// Adds lines.
pub async fn insert(conn: &mut Conn, requests: &[LoggedRequest]) -> Result<()> {
    let rows: Vec<_> = requests
        .iter()
        .map(|request| {
            (
                request_log::id.eq(request.id.uuid()),
                request_log::workspace_id.eq(request.workspace_id.uuid()),
                request_log::request_id.eq(&request.request_id),
                request_log::at.eq(request.at),
                request_log::credential.eq(&request.credential),
                request_log::transport.eq(request.transport.as_str()),
                request_log::kind.eq(request.kind.as_str()),
                request_log::operation.eq(&request.operation),
                request_log::root_fields.eq(&request.root_fields),
                request_log::status.eq(request.status),
                request_log::error_code.eq(&request.error_code),
                request_log::duration_ms.eq(request.duration_ms),
                request_log::cost.eq(request.cost),
                request_log::address.eq(&request.address),
                request_log::user_agent.eq(&request.user_agent),
            )
        })
        .collect();
    diesel::insert_into(request_log::table)
        .values(rows)
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Counts requests that were not logged.
pub async fn add_drops(
    conn: &mut Conn,
    workspace: WorkspaceId,
    hour: DateTime<Utc>,
    count: i64,
) -> Result<()> {
    diesel::insert_into(request_drops::table)
        .values((
            request_drops::workspace_id.eq(workspace.uuid()),
            request_drops::hour.eq(hour),
            request_drops::count.eq(count),
        ))
        .on_conflict((request_drops::workspace_id, request_drops::hour))
        .do_update()
        .set(request_drops::count.eq(request_drops::count + excluded(request_drops::count)))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// How many requests were not logged since an instant.
pub async fn drops(conn: &mut Conn, workspace: WorkspaceId, since: DateTime<Utc>) -> Result<i64> {
    request_drops::table
        .filter(
            request_drops::workspace_id
                .eq(workspace.uuid())
                .and(request_drops::hour.ge(since)),
        )
        .select(sql::<sql_types::Int8>("coalesce(sum(count), 0)::bigint"))
        .get_result(conn)
        .await
        .stored()
}

/// What the log is narrowed by.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this credential.
    pub credential: Option<String>,
    /// Only this operation.
    pub operation: Option<String>,
    /// Only this HTTP status.
    pub status: Option<i16>,
    /// Only answers whose first error has this code.
    pub error_code: Option<String>,
    /// Only answers with an error, or only those without.
    pub failed: Option<bool>,
    /// Only requests from this instant on.
    pub since: Option<DateTime<Utc>>,
    /// Only requests before this instant.
    pub until: Option<DateTime<Utc>>,
    /// Only lines with this X-Request-Id.
    pub request_id: Option<String>,
}

macro_rules! filtered {
    ($query:expr, $workspace:expr, $filter:expr) => {{
        let filter: &Filter = $filter;
        let mut query = $query
            .filter(request_log::workspace_id.eq($workspace.uuid()))
            .into_boxed();
        if let Some(credential) = &filter.credential {
            query = query.filter(request_log::credential.eq(credential));
        }
        if let Some(operation) = &filter.operation {
            query = query.filter(request_log::operation.eq(operation));
        }
        if let Some(status) = filter.status {
            query = query.filter(request_log::status.eq(status));
        }
        if let Some(code) = &filter.error_code {
            query = query.filter(request_log::error_code.eq(code));
        }
        match filter.failed {
            Some(true) => query = query.filter(request_log::error_code.is_not_null()),
            Some(false) => query = query.filter(request_log::error_code.is_null()),
            None => {}
        }
        if let Some(since) = filter.since {
            query = query.filter(request_log::at.ge(since));
        }
        if let Some(until) = filter.until {
            query = query.filter(request_log::at.lt(until));
        }
        if let Some(request_id) = &filter.request_id {
            query = query.filter(request_log::request_id.eq(request_id));
        }
        query
    }};
}

/// A page of the log, newest first.
pub async fn list(
    conn: &mut Conn,
    workspace: WorkspaceId,
    filter: &Filter,
    page: &PageRequest<(DateTime<Utc>, Uuid)>,
) -> Result<Page<LoggedRequest>> {
    let mut query = filtered!(
        request_log::table.select(LoggedRequest::as_select()),
        workspace,
        filter
    );
    let beyond = |(at, id): (DateTime<Utc>, Uuid), operator: &str| {
        sql::<Bool>(&format!("(request_log.at, request_log.id) {operator} ("))
            .bind::<Timestamptz, _>(at)
            .sql(", ")
            .bind::<SqlUuid, _>(id)
            .sql(")")
    };
    if let Some(place) = page.after {
        query = query.filter(beyond(place, "<"));
    }
    if let Some(place) = page.before {
        query = query.filter(beyond(place, ">"));
    }
    query = if page.from_end {
        query.order((request_log::at.asc(), request_log::id.asc()))
    } else {
        query.order((request_log::at.desc(), request_log::id.desc()))
    };
    let rows = query.limit(page.limit + 1).load(conn).await.stored()?;
    Ok(Slice::cut(rows, page))
}

/// How many lines the filter leaves.
pub async fn count(conn: &mut Conn, workspace: WorkspaceId, filter: &Filter) -> Result<i64> {
    filtered!(request_log::table.count(), workspace, filter)
        .get_result(conn)
        .await
        .stored()
}

/// Forgets at most `limit` of the oldest lines from before `before`, whose earliest id is given;
/// returns how many.
pub async fn sweep(conn: &mut Conn, before: LoggedRequestId, limit: i64) -> Result<usize> {
    diesel::sql_query(
        "DELETE FROM request_log WHERE id = ANY(ARRAY(
             SELECT id FROM request_log WHERE id < $1 ORDER BY id LIMIT $2))",
    )
    .bind::<SqlUuid, _>(before.uuid())
    .bind::<sql_types::Int8, _>(limit)
    .execute(conn)
    .await
    .stored()
}
