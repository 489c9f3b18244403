use std::collections::HashMap;

use async_graphql::{Context, ID, InputObject, Object, Result, dataloader::Loader as Load};
use posthaste_core::{bulk::Outcome, ids::JobId};
use posthaste_engine::bulk as engine;
use posthaste_store::{
    Page, PageRequest,
    job::{Job, JobResult},
};

use super::types::BulkOutcome;
use crate::graphql::{
    context::{app, loader},
    loader::{LoadError, Loader},
    page::{self, Args, List},
    payload::{MutationError, Warning},
    post::Post,
};

/// The list's name in its cursors.
const LIST: &str = "bulkResults";

/// What a list of results is narrowed by.
#[derive(InputObject, Default)]
pub struct BulkResultFilter {
    /// Only lines that came to this.
    outcome: Option<BulkOutcome>,
}

/// What became of a line.
pub struct BulkResult(JobResult);

/// What became of a line.
#[Object]
impl BulkResult {
    /// The number of the line in the file, from 1; of a row of CSV its first line.
    async fn line(&self) -> i64 {
        self.0.line
    }

    /// What became of it.
    async fn outcome(&self) -> BulkOutcome {
        self.0.outcome.into()
    }

    /// The key the line carries.
    async fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }

    /// The id of the post that was written, or was there already.
    async fn post_id(&self) -> Option<ID> {
        self.0.post_id.map(ID::from)
    }

    /// The post as it is now; null once it was removed.
    async fn post(&self, ctx: &Context<'_>) -> Result<Option<Post>> {
        match self.0.post_id {
            Some(id) => Ok(loader(ctx)?.load_one(id).await?.map(Post::from)),
            None => Ok(None),
        }
    }

    /// What is wrong with the line. Paths name the field, in a CSV file the column.
    async fn errors(&self, ctx: &Context<'_>) -> Result<Vec<MutationError>> {
        let app = app(ctx)?;
        let problems = self.0.problems.iter().filter(|problem| problem.is_error());
        Ok(problems
            .map(|problem| MutationError::new(app, problem.clone().into()))
            .collect())
    }

    /// What a person should know although the line is right.
    async fn warnings(&self, ctx: &Context<'_>) -> Result<Vec<Warning>> {
        let app = app(ctx)?;
        let problems = self.0.problems.iter().filter(|problem| !problem.is_error());
        Ok(problems
            .map(|problem| Warning::new(app, problem.clone()))
            .collect())
    }
}

/// A page of the results of a job; the same page of several jobs is loaded at once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct ResultsOf {
    job: JobId,
    part: Part,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Part {
    outcome: Option<Outcome>,
    limit: i64,
    after: Option<i64>,
    before: Option<i64>,
    from_end: bool,
}

impl Load<ResultsOf> for Loader {
    type Value = Page<JobResult>;
    type Error = LoadError;

    async fn load(&self, keys: &[ResultsOf]) -> Result<HashMap<ResultsOf, Self::Value>, LoadError> {
        let mut parts: HashMap<&Part, Vec<JobId>> = HashMap::new();
        for key in keys {
            parts.entry(&key.part).or_default().push(key.job);
        }
        let mut found = HashMap::new();
        for (part, jobs) in parts {
            let page = PageRequest {
                limit: part.limit,
                after: part.after,
                before: part.before,
                from_end: part.from_end,
            };
            let pages = engine::results(&self.app, &self.actor, &jobs, part.outcome, &page).await?;
            let of = |(job, page)| {
                let part = part.clone();
                (ResultsOf { job, part }, page)
            };
            found.extend(pages.into_iter().map(of));
        }
        Ok(found)
    }
}

/// A page of the results of a job. Their number is known without counting.
pub async fn results(
    ctx: &Context<'_>,
    job: &Job,
    filter: BulkResultFilter,
    args: &Args,
) -> Result<List<BulkResult>> {
    let outcome: Option<Outcome> = filter.outcome.map(Into::into);
    let request = args.request(LIST)?;
    let part = Part {
        outcome,
        limit: request.limit,
        after: request.after,
        before: request.before,
        from_end: request.from_end,
    };
    let total = match outcome {
        None => job.done(),
        Some(Outcome::Created) => job.created,
        Some(Outcome::Skipped) => job.skipped,
        Some(Outcome::Invalid) => job.invalid,
    };
    let found = loader(ctx)?
        .load_one(ResultsOf { job: job.id, part })
        .await?
        .unwrap_or(Page {
            rows: Vec::new(),
            has_next: false,
            has_previous: false,
        });
    Ok(page::list(
        LIST,
        found,
        Some(total),
        |row| row.line,
        BulkResult,
    ))
}
