use posthaste_core::{
    Error, ErrorCode, Result,
    access::Permission,
    bulk::{Format, Header, Outcome, Place, Record},
    ids::PostId,
    post::Problem,
};
use posthaste_store::{
    Tx,
    job::{self as rows, Job, JobResult},
    post,
};

use super::{KEY_LIFE, line::Line, names};
use crate::{
    Actor, App,
    post::{Created, Violations, create_in, rehearse},
    session,
};

/// What became of a line, not yet written down.
#[derive(Default)]
struct Verdict {
    post: Option<PostId>,
    problems: Vec<Problem>,
    /// The post that waits for its commit.
    created: Option<Created>,
}

/// A worker on one line of a job it has claimed.
pub(super) struct Task<'a> {
    pub app: &'a App,
    pub job: &'a Job,
    pub header: Option<&'a Header>,
    /// Until when the job is claimed once the line is done.
    pub lease_until: chrono::DateTime<chrono::Utc>,
}

impl Task<'_> {
    /// Does a line, behind which lies `next`: its post, its result and the job's place in one
    /// transaction. False when the claim is lost; then nothing is written. Errors are the job's, not
    /// the line's.
    pub async fn run(&self, record: Record, next: Place) -> Result<bool> {
        let number = record.line;
        let mut tx = self.app.db.begin().await?;
        let actor = self.author(&mut tx).await?;
        let (key, told) = match Line::read(record, self.header, &self.job.time_zone) {
            Ok(line) => (line.key.clone(), self.judge(&actor, &mut tx, line).await),
            Err(errors) => (None, Err(errors)),
        };
        let (outcome, verdict) = match told {
            Ok(told) => told,
            Err(errors) => {
                // Whatever was begun for this line is taken back.
                drop(tx);
                tx = self.app.db.begin().await?;
                (Outcome::Invalid, Verdict::invalid(errors)?)
            }
        };
        let row = JobResult {
            job_id: self.job.id,
            line: number as i64,
            outcome,
            key,
            post_id: verdict.post,
            problems: self.named(verdict.problems),
        };
        // The claim first: whoever lost it would find the other's result of this line.
        if !rows::advance(&mut tx, self.job, outcome, next, self.lease_until).await? {
            return Ok(false);
        }
        rows::insert_result(&mut tx, self.job.workspace_id, &row).await?;
        match verdict.created {
            Some(created) => created.finish(self.app, &actor, tx).await.map(drop)?,
            None => tx.commit().await?,
        }
        Ok(true)
    }

    /// Whoever began the job, as far as they may act now.
    async fn author(&self, tx: &mut Tx) -> Result<Actor> {
        let Job {
            workspace_id,
            provenance,
            ..
        } = self.job;
        let author = session::present_in(self.app, tx, *workspace_id, provenance).await?;
        author
            .filter(|author| author.may(Permission::Write))
            .ok_or_else(|| {
                let message = "Whoever began the job may no longer write posts here; the lines that follow were not done.";
                Error::new(ErrorCode::Forbidden, message)
            })
    }

    async fn judge(
        &self,
        actor: &Actor,
        tx: &mut Tx,
        mut line: Line,
    ) -> Result<(Outcome, Verdict), Violations> {
        if let Some(known) = self.known(tx, &mut line).await.map_err(one)? {
            return Ok((Outcome::Skipped, known));
        }
        names::resolve(tx, actor, &mut line).await.map_err(one)?;
        let verdict = if self.job.dry_run {
            Verdict {
                problems: rehearse(self.app, actor, tx, line.post).await?,
                ..Verdict::default()
            }
        } else {
            let mut created = create_in(self.app, actor, tx, line.post).await?;
            Verdict {
                post: Some(created.written.post.id),
                problems: std::mem::take(&mut created.written.warnings),
                created: Some(created),
            }
        };
        Ok((Outcome::Created, verdict))
    }

    /// The post that is there already, by the line's key or id. Otherwise the key is reserved for the
    /// post that will be made.
    async fn known(&self, tx: &mut Tx, line: &mut Line) -> Result<Option<Verdict>> {
        let app = self.app;
        let workspace = self.job.workspace_id;
        let skip = |post: Option<PostId>| {
            Ok(Some(Verdict {
                post,
                ..Verdict::default()
            }))
        };
        if let Some(id) = line.post.id
            && !post::by_ids(tx, workspace, &[id]).await?.is_empty()
        {
            return skip(Some(id));
        }
        let Some(key) = &line.key else {
            return Ok(None);
        };
        let now = app.now();
        if self.job.dry_run {
            if let Some(earlier) = rows::earlier_result(tx, self.job.id, key).await? {
                return skip(earlier);
            }
            let made = rows::known_key(tx, workspace, key, now).await?;
            return made.map_or(Ok(None), |post| skip(Some(post)));
        }
        let id = *line
            .post
            .id
            .get_or_insert_with(|| PostId::new(&*app.clock, &*app.random));
        let made = rows::reserve_key(tx, workspace, key, id, now, now + KEY_LIFE).await?;
        made.map_or(Ok(None), |post| skip(Some(post)))
    }

    /// Problems with their paths as the file knows them.
    fn named(&self, mut problems: Vec<Problem>) -> Vec<Problem> {
        if self.job.format == Format::Csv {
            for problem in &mut problems {
                problem.path = Header::column(&problem.path);
            }
        }
        problems
    }
}

impl Verdict {
    /// A line that is wrong; an error that passes by itself is none of the line's.
    fn invalid(mut errors: Violations) -> Result<Self> {
        if let Some(index) = errors.iter().position(is_passing) {
            return Err(errors.swap_remove(index));
        }
        let problem = |error: Error| Problem::error(error.code, error.message, error.path);
        Ok(Self {
            problems: errors.into_iter().map(problem).collect(),
            ..Self::default()
        })
    }
}

/// Whether a repeat may help: the server's trouble, not the file's.
pub(super) fn is_passing(error: &Error) -> bool {
    matches!(error.code, ErrorCode::Internal | ErrorCode::Unavailable)
}

fn one(error: Error) -> Violations {
    vec![error]
}
