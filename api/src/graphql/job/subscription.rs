use async_graphql::{Context, ID, Result, Subscription};
use futures::{Stream, StreamExt};
use posthaste_engine::bulk as engine;

use super::types::BulkJob;
use crate::graphql::{context::both, scalars};

/// Follows bulk jobs.
#[derive(Default)]
pub struct BulkSubscription;

#[Subscription]
impl BulkSubscription {
    /// Follows a bulk job: first how it stands, then again whenever more lines are done, at most
    /// twice a second. Completes by itself once the job is over.
    async fn bulk_job_progress(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id (`job_…`).")] id: ID,
    ) -> Result<impl Stream<Item = Result<BulkJob>> + use<>> {
        let (app, actor) = both(ctx)?;
        let states = engine::progress(app, actor, scalars::id(&id, &["id"])?).await?;
        Ok(states.map(|job| Ok(BulkJob(job?))))
    }
}
