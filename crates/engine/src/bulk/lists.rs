use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, Utc};
use futures::{Stream, stream};
use posthaste_core::{
    Result,
    access::Permission,
    bulk::{Outcome, State},
    ids::JobId,
};
use posthaste_store::{
    Page, PageRequest, Slice,
    job::{self as rows, Job, JobResult},
};
use uuid::Uuid;

use crate::{Actor, App};

/// Results read at once for a file of all of them.
const BATCH: i64 = 500;

/// Whoever reads a job reads what it wrote, whatever connection it is for.
fn reader(actor: &Actor) -> Result<()> {
    actor.require(Permission::Read)?;
    actor.require_whole()
}

/// The job with an id.
pub async fn get(app: &App, actor: &Actor, id: JobId) -> Result<Job> {
    reader(actor)?;
    rows::get(&mut *app.db.get().await?, actor.workspace, id).await
}

/// The jobs with these ids, in no order; unknown ids are left out.
pub async fn by_ids(app: &App, actor: &Actor, ids: &[JobId]) -> Result<Vec<Job>> {
    reader(actor)?;
    rows::by_ids(&mut *app.db.get().await?, actor.workspace, ids).await
}

/// A page of jobs, newest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    states: Option<&[State]>,
    page: &PageRequest<(Option<DateTime<Utc>>, Uuid)>,
) -> Result<Page<Job>> {
    reader(actor)?;
    rows::list(&mut *app.db.get().await?, actor.workspace, states, page).await
}

/// How many jobs there are.
pub async fn count(app: &App, actor: &Actor, states: Option<&[State]>) -> Result<i64> {
    reader(actor)?;
    rows::count(&mut *app.db.get().await?, actor.workspace, states).await
}

/// The same page of the results of several jobs, in the order of their lines.
pub async fn results(
    app: &App,
    actor: &Actor,
    jobs: &[JobId],
    outcome: Option<Outcome>,
    page: &PageRequest<i64>,
) -> Result<HashMap<JobId, Page<JobResult>>> {
    reader(actor)?;
    let mut conn = app.db.get().await?;
    let mut found: HashMap<JobId, Vec<JobResult>> =
        jobs.iter().map(|id| (*id, Vec::new())).collect();
    for row in rows::results(&mut conn, actor.workspace, jobs, outcome, page).await? {
        found.entry(row.job_id).or_default().push(row);
    }
    let cut = |(id, rows)| (id, Slice::cut(rows, page));
    Ok(found.into_iter().map(cut).collect())
}

/// Every result of a job so far, in the order of the lines, read piece by piece.
pub async fn all_results(
    app: &App,
    actor: &Actor,
    id: JobId,
) -> Result<impl Stream<Item = Result<JobResult>> + Send + use<>> {
    get(app, actor, id).await?;
    let reading = Reading {
        app: app.clone(),
        actor: actor.clone(),
        id,
        ready: VecDeque::new(),
        after: Some(0),
    };
    Ok(stream::try_unfold(reading, |mut reading| async move {
        Ok(reading.next().await?.map(|row| (row, reading)))
    }))
}

struct Reading {
    app: App,
    actor: Actor,
    id: JobId,
    ready: VecDeque<JobResult>,
    after: Option<i64>,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<JobResult>> {
        if self.ready.is_empty()
            && let Some(after) = self.after
        {
            let page = PageRequest {
                limit: BATCH,
                after: Some(after),
                before: None,
                from_end: false,
            };
            let mut found = results(&self.app, &self.actor, &[self.id], None, &page).await?;
            if let Some(page) = found.remove(&self.id) {
                let last = page.rows.last().map(|row| row.line);
                self.after = last.filter(|_| page.has_next);
                self.ready = page.rows.into();
            }
        }
        Ok(self.ready.pop_front())
    }
}

/// Something that can be done with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send bytes of its file.
    Upload,
    /// Stop it.
    Cancel,
}

/// What the actor may do with a job.
pub fn allowed_actions(actor: &Actor, job: &Job) -> Vec<Action> {
    if !actor.may_everywhere(Permission::Write) {
        return Vec::new();
    }
    let upload = (job.state == State::Uploading).then_some(Action::Upload);
    let cancel = (!job.state.is_over()).then_some(Action::Cancel);
    upload.into_iter().chain(cancel).collect()
}
