use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Error, ErrorCode, Result,
    bulk::{Place, State},
    event::EventType,
};
use posthaste_store::{
    event as events,
    job::{self as rows, Job},
    workspace,
};
use tokio_util::sync::CancellationToken;

use super::{
    event,
    file::{Head, Lines},
    stop::end,
    work::{Task, is_passing},
};
use crate::{Actor, App};

/// Claims without one line done, after which a job fails.
const MOST_TRIES: i32 = 5;
/// How long a job rests after a try that came to nothing, by the number of tries: a storage that is
/// away comes back, an error of ours seldom goes away.
const RESTS: [TimeDelta; 4] = [
    TimeDelta::seconds(10),
    TimeDelta::minutes(1),
    TimeDelta::minutes(10),
    TimeDelta::hours(1),
];
/// How long a job goes on while others wait.
const TURN: TimeDelta = TimeDelta::seconds(30);

/// Takes the job that is free for the longest time and works through it; false when there is none.
///
/// Errors are of the kind that passes: the job is left to whoever comes next.
pub async fn work(app: &App, stop: &CancellationToken) -> Result<bool> {
    let lease = TimeDelta::from_std(app.timing.lease).map_err(Error::internal)?;
    let mut tx = app.db.begin().await?;
    let claimed = rows::claim(&mut tx, app.now(), app.now() + lease).await?;
    tx.commit().await?;
    let Some(job) = claimed else {
        return Ok(false);
    };
    tracing::info!(job = %job.id, line = job.next_line, "a bulk job goes on");
    let mut run = Run { app, job, lease };
    let Err(error) = run.go(stop).await else {
        return Ok(true);
    };
    if is_passing(&error) && run.job.tries < MOST_TRIES {
        run.release(app.now() + run.pause(&error)).await?;
        return Err(error);
    }
    if run.is_halted().await? {
        run.release(app.now()).await?;
    } else {
        run.end(State::Failed, Some(&error)).await?;
    }
    Ok(true)
}

/// A job and the claim on it.
struct Run<'a> {
    app: &'a App,
    job: Job,
    lease: TimeDelta,
}

impl Run<'_> {
    async fn go(&mut self, stop: &CancellationToken) -> Result<()> {
        let head = Head::read(self.app, &self.job).await?;
        if self.job.lines.is_none() && !self.begin(&head).await? {
            return Ok(());
        }
        let mut lines = Lines::open(self.app, &self.job, self.place(&head)).await?;
        let turn = self.app.now() + TURN;
        while let Some(record) = lines.next().await? {
            // Whoever has waited longest comes next; that may be this one again.
            if stop.is_cancelled() || self.app.now() >= turn {
                return self.release(self.app.now()).await;
            }
            self.job.free_at = Some(self.lease_until());
            let task = Task {
                app: self.app,
                job: &self.job,
                header: head.header.as_ref(),
                lease_until: self.lease_until(),
            };
            if !task.run(record, lines.place()).await? {
                tracing::info!(job = %self.job.id, "a bulk job was stopped or taken over");
                return Ok(());
            }
            self.job.tries = 0;
        }
        self.end(State::Finished, None).await
    }

    /// Counts the lines before the first is done, so that a file with too many changes nothing. False
    /// when the claim is lost.
    async fn begin(&mut self, head: &Head) -> Result<bool> {
        let lines = head.count(self.app, &self.job).await?;
        let mut tx = self.app.db.begin().await?;
        if !rows::set_lines(&mut tx, &self.job, lines, self.app.now()).await? {
            return Ok(false);
        }
        self.job.lines = Some(lines);
        let told = event(
            self.app,
            &self.author(),
            EventType::BulkJobStarted,
            &self.job,
        );
        events::append(&mut tx, self.job.workspace_id, &[told]).await?;
        tx.commit().await?;
        self.app.hints.events();
        Ok(true)
    }

    /// Behind the last line that is done.
    fn place(&self, head: &Head) -> Place {
        if self.job.next_byte == 0 {
            return head.start;
        }
        Place {
            byte: self.job.next_byte as u64,
            line: self.job.next_line as u64,
        }
    }

    /// The claim's end: the one it has while half of the lease is left, else a new one.
    fn lease_until(&self) -> DateTime<Utc> {
        let now = self.app.now();
        self.job
            .free_at
            .filter(|end| *end - now > self.lease / 2)
            .unwrap_or(now + self.lease)
    }

    fn pause(&self, error: &Error) -> TimeDelta {
        let tries = usize::try_from(self.job.tries - 1).unwrap_or_default();
        match error.code {
            ErrorCode::Unavailable => RESTS.get(tries).copied().unwrap_or(RESTS[0]),
            _ => RESTS[0],
        }
    }

    /// Whether the workspace is to be erased: nobody may do anything there, until that is taken back.
    async fn is_halted(&self) -> Result<bool> {
        let mut conn = self.app.db.get().await?;
        let workspace = workspace::get(&mut conn, self.job.workspace_id).await?;
        Ok(workspace.deleted_at.is_some())
    }

    async fn release(&self, free_at: DateTime<Utc>) -> Result<()> {
        rows::release(&mut *self.app.db.get().await?, &self.job, free_at).await
    }

    /// Ends the job, unless somebody else did or took it over.
    async fn end(&self, state: State, error: Option<&Error>) -> Result<()> {
        if let Some(error) = error.filter(|error| error.code == ErrorCode::Internal) {
            tracing::error!(%error, cause = ?error.cause, job = %self.job.id, "a bulk job failed");
        }
        let tx = self.app.db.begin().await?;
        let actor = self.author();
        end(self.app, &actor, tx, &self.job, state, error).await?;
        Ok(())
    }

    /// Whoever began the job, for the log.
    fn author(&self) -> Actor {
        Actor {
            provenance: self.job.provenance.0.clone(),
            ..Actor::system(self.job.workspace_id)
        }
    }
}
