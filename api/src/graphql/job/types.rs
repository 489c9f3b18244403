use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject, dataloader::Loader as Load};
use chrono::{DateTime, Utc};
use posthaste_core::{ErrorCode, bulk, ids::JobId};
use posthaste_engine::bulk as engine;
use posthaste_store::job::Job;

use super::result::{BulkResult, BulkResultFilter, results};
use crate::graphql::{
    access::Provenance,
    context::{actor, app},
    loader::{LoadError, Loader},
    page::{self, Args, List},
    scalars::Named,
};

impl Load<JobId> for Loader {
    type Value = Job;
    type Error = LoadError;

    async fn load(&self, ids: &[JobId]) -> Result<HashMap<JobId, Job>, LoadError> {
        let rows = engine::by_ids(&self.app, &self.actor, ids).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }
}

/// What a bulk job does.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "bulk::Kind")]
pub enum BulkJobKind {
    /// Writes a post for each line.
    PostsImport,
}

/// How the file of a bulk job is written.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "bulk::Format")]
pub enum BulkFormat {
    /// One JSON object in each line: the fields of PostCreateInput, and `key`.
    Jsonl,
    /// Comma-separated values whose first row names the columns (RFC 4180).
    Csv,
}

/// How a bulk job stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "bulk::State")]
pub enum BulkJobState {
    /// Bytes of its file are missing.
    Uploading,
    /// The file is here; it begins as soon as a worker is free.
    Queued,
    /// A worker goes through the lines.
    Running,
    /// All lines are done; each has its result.
    Finished,
    /// Somebody stopped it; the lines done so far stay done.
    Cancelled,
    /// It could not go on, `error` says why; the lines done so far stay done.
    Failed,
}

/// What became of a line.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "bulk::Outcome")]
pub enum BulkOutcome {
    /// A post was written (in a dry run: would be).
    Created,
    /// The post was there already, by the line's key or id.
    Skipped,
    /// Nothing was written; `errors` say why.
    Invalid,
}

/// Something the viewer may do with a bulk job now.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "engine::Action")]
pub enum BulkJobAction {
    /// Send bytes to its upload address.
    Upload,
    /// `bulkJobCancel`.
    Cancel,
}

/// Why a bulk job could not go on.
#[derive(SimpleObject)]
pub struct BulkJobError {
    /// The stable code, for programs.
    code: Named<ErrorCode>,
    /// What is wrong, for a person.
    message: String,
    /// What to do about it.
    advice: String,
}

/// A job that works through an uploaded file, line by line.
#[derive(Clone, Debug)]
pub struct BulkJob(pub Job);

/// A job that works through an uploaded file, line by line.
#[Object]
impl BulkJob {
    /// The id (`job_…`).
    pub async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// What it does.
    async fn kind(&self) -> BulkJobKind {
        self.0.kind.into()
    }

    /// How the file is written.
    async fn format(&self) -> BulkFormat {
        self.0.format.into()
    }

    /// How it stands.
    async fn state(&self) -> BulkJobState {
        self.0.state.into()
    }

    /// The person's file name.
    async fn file_name(&self) -> &str {
        &self.0.file_name
    }

    /// Size of the file in bytes.
    async fn bytes(&self) -> i64 {
        self.0.bytes
    }

    /// Whether it only judges and writes nothing.
    async fn dry_run(&self) -> bool {
        self.0.dry_run
    }

    /// The IANA zone of local times that name none.
    async fn time_zone(&self) -> &str {
        &self.0.time_zone
    }

    /// Where to send the bytes part by part (tus 1.0.0); null once all are here.
    async fn upload_url(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let url = engine::upload_url(app(ctx)?, self.0.id);
        Ok(Some(url).filter(|_| self.0.state == bulk::State::Uploading))
    }

    /// How many lines the file has, without empty ones and the header; null until they are counted.
    async fn lines(&self) -> Option<i64> {
        self.0.lines
    }

    /// How many lines are done.
    async fn done(&self) -> i64 {
        self.0.done()
    }

    /// How many lines became posts (in a dry run: would).
    async fn created(&self) -> i64 {
        self.0.created
    }

    /// How many lines were skipped, because their posts were there already.
    async fn skipped(&self) -> i64 {
        self.0.skipped
    }

    /// How many lines are wrong.
    async fn invalid(&self) -> i64 {
        self.0.invalid
    }

    /// Why it is FAILED.
    async fn error(&self) -> Option<BulkJobError> {
        let code = ErrorCode::from_name(self.0.error_code.as_deref()?)?;
        let message = self.0.error_message.clone();
        Some(BulkJobError {
            code: Named(code),
            message: message.unwrap_or_else(|| code.title().to_owned()),
            advice: code.advice().to_owned(),
        })
    }

    /// What became of the lines done so far, in their order.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn results(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to narrow the list by.")] filter: Option<BulkResultFilter>,
        #[graphql(desc = "How many from the start, 1 to 100; 25 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<List<BulkResult>> {
        let args = Args {
            first,
            after,
            last,
            before,
        };
        results(ctx, &self.0, filter.unwrap_or_default(), &args).await
    }

    /// Where all results can be fetched as JSONL, one line each, with the same credential.
    async fn results_url(&self, ctx: &Context<'_>) -> Result<String> {
        let url = engine::upload_url(app(ctx)?, self.0.id);
        Ok(format!("{url}/results"))
    }

    /// Who began it; its posts are theirs.
    async fn provenance(&self) -> Provenance {
        Provenance::from(&self.0.provenance.0)
    }

    /// When it was asked for.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When the work began.
    async fn started_at(&self) -> Option<DateTime<Utc>> {
        self.0.started_at
    }

    /// When it was over.
    async fn finished_at(&self) -> Option<DateTime<Utc>> {
        self.0.finished_at
    }

    /// When its upload ends, or it is removed with its results; null while it waits or works.
    async fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.0.expires_at
    }

    /// What the viewer may do with it now.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Result<Vec<BulkJobAction>> {
        let actions = engine::allowed_actions(actor(ctx)?, &self.0);
        Ok(actions.into_iter().map(Into::into).collect())
    }
}
