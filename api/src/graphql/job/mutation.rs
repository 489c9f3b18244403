use async_graphql::{Context, ID, InputObject, Object, Result};
use posthaste_engine::{
    App,
    bulk::{self as engine, NewJob},
    post::Violations,
};
use posthaste_store::job::Job;

use super::types::{BulkFormat, BulkJob, BulkJobKind};
use crate::graphql::{
    context::both,
    idempotency::once,
    payload::{payload, split_all},
    scalars,
};

/// A file of many posts that is about to be uploaded.
#[derive(InputObject)]
pub struct BulkJobCreateInput {
    /// An id of your choice (`job_…`, a TypeID of a UUIDv7); a new one otherwise.
    id: Option<ID>,
    /// What to do with the lines.
    kind: BulkJobKind,
    /// How the file is written.
    format: BulkFormat,
    /// The file's name, 1 to 255 characters.
    file_name: String,
    /// The file's size in bytes, 1 to 104857600.
    bytes: i64,
    /// Judge every line and write nothing.
    #[graphql(default)]
    dry_run: bool,
    /// The IANA zone of local times that name none; otherwise the workspace's.
    time_zone: Option<String>,
}

/// The job to stop.
#[derive(InputObject)]
pub struct BulkJobCancelInput {
    /// The id (`job_…`).
    id: ID,
}

payload! {
    /// What came of beginning or stopping a bulk job.
    BulkJobPayload {
        /// The job as it is now.
        bulk_job: BulkJob
    }
}

/// Changes of bulk jobs; all take the permission `WRITE`.
#[derive(Default)]
pub struct BulkMutation;

#[Object]
impl BulkMutation {
    /// Begins a bulk job: send the file to `uploadUrl`, then it runs by itself. Follow it with
    /// `bulkJobProgress`; read what became of each line in `results`.
    async fn bulk_job_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The file and what to do with it.")] input: BulkJobCreateInput,
    ) -> Result<BulkJobPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = match once(ctx) {
            Some(once) => engine::begin_once(app, actor, new(input), &once).await,
            None => engine::begin(app, actor, new(input)).await,
        };
        Ok(begun(app, outcome)?)
    }

    /// Stops a bulk job. Lines that are done stay done; the rest of the file is thrown away.
    async fn bulk_job_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The job to stop.")] input: BulkJobCancelInput,
    ) -> Result<BulkJobPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async { engine::cancel(app, actor, scalars::id(&input.id, &["id"])?).await };
        Ok(BulkJobPayload::of(app, outcome.await.map(BulkJob))?)
    }
}

fn new(input: BulkJobCreateInput) -> NewJob {
    let id = input.id.map(|id| scalars::id(&id, &["id"])).transpose();
    let (id, unread) = match id {
        Ok(id) => (id, Violations::new()),
        Err(error) => (None, vec![error]),
    };
    NewJob {
        id,
        kind: input.kind.into(),
        format: input.format.into(),
        file_name: input.file_name,
        bytes: u64::try_from(input.bytes).unwrap_or(0),
        dry_run: input.dry_run,
        time_zone: input.time_zone,
        unread,
    }
}

fn begun(app: &App, outcome: Result<Job, Violations>) -> posthaste_core::Result<BulkJobPayload> {
    let (job, errors) = split_all(app, outcome)?;
    Ok(BulkJobPayload {
        bulk_job: job.map(BulkJob),
        errors,
        warnings: Vec::new(),
    })
}
