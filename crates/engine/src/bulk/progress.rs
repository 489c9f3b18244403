use std::time::Duration;

use futures::{Stream, stream};
use posthaste_core::{ErrorCode, Result, ids::JobId};
use posthaste_store::job::Job;

use super::get;
use crate::{Actor, App};

/// How often a job that moves is looked at. Its lines are no events: there would be too many.
const LOOK: Duration = Duration::from_millis(500);
/// How often one that rests is.
const REST: Duration = Duration::from_secs(4);

/// Follows a job: first how it stands, then again whenever it is further, until it is over.
/// `NOT_FOUND` when there is no such job.
pub async fn progress(
    app: &App,
    actor: &Actor,
    id: JobId,
) -> Result<impl Stream<Item = Result<Job>> + Send + use<>> {
    let first = get(app, actor, id).await?;
    let watch = Watch {
        app: app.clone(),
        actor: actor.clone(),
        told: None,
        next: Some(first),
    };
    Ok(stream::try_unfold(watch, |mut watch| async move {
        Ok(watch.next().await?.map(|job| (job, watch)))
    }))
}

struct Watch {
    app: App,
    actor: Actor,
    told: Option<Job>,
    next: Option<Job>,
}

impl Watch {
    async fn next(&mut self) -> Result<Option<Job>> {
        let mut pause = LOOK;
        while self.next.is_none() {
            let Some(told) = self.told.as_ref().filter(|told| !told.state.is_over()) else {
                return Ok(None);
            };
            tokio::time::sleep(pause).await;
            pause = REST.min(pause * 2);
            let now = match get(&self.app, &self.actor, told.id).await {
                Err(error) if error.code == ErrorCode::Unavailable => continue,
                now => now?,
            };
            let seen = |job: &Job| (job.state, job.lines, job.done());
            self.next = Some(now).filter(|now| seen(now) != seen(told));
        }
        self.told.clone_from(&self.next);
        Ok(self.next.take())
    }
}
