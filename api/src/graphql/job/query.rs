use async_graphql::{Context, ID, InputObject, Object, Result};
use posthaste_core::bulk::State;
use posthaste_engine::bulk as engine;

use super::types::{BulkJob, BulkJobState};
use crate::graphql::{
    context::both,
    page::{self, Args, List},
    scalars,
};

/// The list's name in its cursors.
const LIST: &str = "bulkJobs";

/// What a list of bulk jobs is narrowed by.
#[derive(InputObject, Default)]
pub struct BulkJobFilter {
    /// Only these states.
    states: Option<Vec<BulkJobState>>,
}

/// Reads of bulk jobs.
#[derive(Default)]
pub struct BulkQuery;

#[Object]
impl BulkQuery {
    /// The bulk job with an id.
    async fn bulk_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id (`job_…`).")] id: ID,
    ) -> Result<BulkJob> {
        let (app, actor) = both(ctx)?;
        Ok(BulkJob(
            engine::get(app, actor, scalars::id(&id, &["id"])?).await?,
        ))
    }

    /// The bulk jobs, newest first.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn bulk_jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to narrow the list by.")] filter: Option<BulkJobFilter>,
        #[graphql(desc = "How many from the start, 1 to 100; 25 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<List<BulkJob>> {
        let (app, actor) = both(ctx)?;
        let states: Option<Vec<State>> = filter
            .unwrap_or_default()
            .states
            .map(|list| list.into_iter().map(Into::into).collect());
        let states = states.as_deref();
        let request = Args {
            first,
            after,
            last,
            before,
        }
        .request(LIST)?;
        let found = engine::list(app, actor, states, &request).await?;
        let total = if page::wants_total(ctx) {
            Some(engine::count(app, actor, states).await?)
        } else {
            None
        };
        Ok(page::list(
            LIST,
            found,
            total,
            |row| (Some(row.created_at), row.id.uuid()),
            BulkJob,
        ))
    }
}
