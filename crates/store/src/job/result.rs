use diesel::{
    prelude::*,
    sql_types::{Array, Int8, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, Result,
    bulk::Outcome,
    ids::{JobId, PostId, WorkspaceId},
    post::Problem,
};
use uuid::Uuid;

use crate::{Conn, Json, PageRequest, StoreExt, schema::job_results};

/// What became of a line.
#[derive(Clone, Debug)]
pub struct JobResult {
    /// The job.
    pub job_id: JobId,
    /// The number of the line in the file, from 1.
    pub line: i64,
    /// What became of it.
    pub outcome: Outcome,
    /// The key it carries.
    pub key: Option<String>,
    /// The post it made, or that was there already.
    pub post_id: Option<PostId>,
    /// What is wrong with it, and what a person should know.
    pub problems: Vec<Problem>,
}

/// Writes down what became of a line.
pub async fn insert_result(conn: &mut Conn, workspace: WorkspaceId, row: &JobResult) -> Result<()> {
    diesel::insert_into(job_results::table)
        .values((
            job_results::job_id.eq(row.job_id.uuid()),
            job_results::workspace_id.eq(workspace.uuid()),
            job_results::line.eq(row.line),
            job_results::outcome.eq(row.outcome.as_str()),
            job_results::key.eq(&row.key),
            job_results::post_id.eq(row.post_id.map(PostId::uuid)),
            job_results::problems.eq(Json(row.problems.clone())),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// The post of an earlier line of the job with the same key, if one was (dry run: would be) made.
pub async fn earlier_result(
    conn: &mut Conn,
    job: JobId,
    key: &str,
) -> Result<Option<Option<PostId>>> {
    let post: Option<Option<Uuid>> = job_results::table
        .filter(job_results::job_id.eq(job.uuid()))
        .filter(job_results::key.eq(key))
        .filter(job_results::outcome.eq(Outcome::Created.as_str()))
        .select(job_results::post_id)
        .first(conn)
        .await
        .optional()
        .stored()?;
    Ok(post.map(|post| post.map(PostId::from)))
}

#[derive(QueryableByName)]
#[diesel(table_name = job_results)]
struct Found {
    job_id: Uuid,
    line: i64,
    outcome: String,
    key: Option<String>,
    post_id: Option<Uuid>,
    problems: Json<Vec<Problem>>,
}

impl TryFrom<Found> for JobResult {
    type Error = Error;
    fn try_from(found: Found) -> Result<Self> {
        Ok(Self {
            job_id: found.job_id.into(),
            line: found.line,
            outcome: found.outcome.try_into()?,
            key: found.key,
            post_id: found.post_id.map(PostId::from),
            problems: found.problems.0,
        })
    }
}

/// The same part of the results of several jobs, each in the order of lines (from the end: the other
/// way round), one more than the limit so that it is known whether there are more.
pub async fn results(
    conn: &mut Conn,
    workspace: WorkspaceId,
    jobs: &[JobId],
    outcome: Option<Outcome>,
    page: &PageRequest<i64>,
) -> Result<Vec<JobResult>> {
    let narrowed = outcome.map_or("", |_| "AND r.outcome = $6");
    let direction = if page.from_end { "DESC" } else { "ASC" };
    let query = format!(
        "SELECT r.* FROM unnest($1) j(id) CROSS JOIN LATERAL (
            SELECT job_id, line, outcome, key, post_id, problems FROM job_results r
            WHERE r.job_id = j.id AND r.workspace_id = $2 AND r.line > $3 AND r.line < $4 {narrowed}
            ORDER BY r.line {direction} LIMIT $5) r"
    );
    let query = diesel::sql_query(query)
        .bind::<Array<SqlUuid>, _>(jobs.iter().map(|id| id.uuid()).collect::<Vec<_>>())
        .bind::<SqlUuid, _>(workspace.uuid())
        .bind::<Int8, _>(page.after.unwrap_or(0))
        .bind::<Int8, _>(page.before.unwrap_or(i64::MAX))
        .bind::<Int8, _>(page.limit + 1);
    let found: Vec<Found> = match outcome {
        Some(outcome) => query.bind::<Text, _>(outcome.as_str()).load(conn).await,
        None => query.load(conn).await,
    }
    .stored()?;
    found.into_iter().map(JobResult::try_from).collect()
}
