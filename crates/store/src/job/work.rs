//! Who works on a job, and how far it is. Every write names the claim's token.

use chrono::{DateTime, Utc};
use diesel::{dsl::sql, prelude::*, sql_types::Bool};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, Result,
    bulk::{Outcome, Place, State},
};
use uuid::Uuid;

use super::Job;
use crate::{Conn, StoreExt, schema::jobs};

/// Takes the job that is free for the longest time, unless its workspace is to be erased; call it in a transaction.
pub async fn claim(
    conn: &mut Conn,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> Result<Option<Job>> {
    let alive = "EXISTS (SELECT FROM workspaces alive WHERE alive.id = jobs.workspace_id AND alive.deleted_at IS NULL)";
    let free: Option<Uuid> = jobs::table
        .filter(jobs::free_at.le(now))
        .filter(sql::<Bool>(alive))
        .order(jobs::free_at)
        .select(jobs::id)
        .for_update()
        .skip_locked()
        .first(conn)
        .await
        .optional()
        .stored()?;
    let Some(id) = free else { return Ok(None) };
    diesel::update(jobs::table.find(id))
        .set((
            jobs::state.eq(State::Running.as_str()),
            jobs::token.eq(jobs::token + 1),
            jobs::tries.eq(jobs::tries + 1),
            jobs::free_at.eq(lease_until),
        ))
        .returning(Job::as_returning())
        .get_result(conn)
        .await
        .optional()
        .stored()
}

/// Writes down how many lines there are, and that the work began; false when the claim is lost.
pub async fn set_lines(conn: &mut Conn, job: &Job, lines: i64, now: DateTime<Utc>) -> Result<bool> {
    let changed = diesel::update(jobs::table.filter(held(job)))
        .set((jobs::lines.eq(lines), jobs::started_at.eq(now)))
        .execute(conn)
        .await
        .stored()?;
    Ok(changed == 1)
}

/// Counts a line that is done and goes on behind it; false when the claim is lost.
pub async fn advance(
    conn: &mut Conn,
    job: &Job,
    outcome: Outcome,
    next: Place,
    lease_until: DateTime<Utc>,
) -> Result<bool> {
    let one = |counted: Outcome| i64::from(counted == outcome);
    let changed = diesel::update(jobs::table.filter(held(job)))
        .set((
            jobs::created.eq(jobs::created + one(Outcome::Created)),
            jobs::skipped.eq(jobs::skipped + one(Outcome::Skipped)),
            jobs::invalid.eq(jobs::invalid + one(Outcome::Invalid)),
            jobs::next_byte.eq(next.byte as i64),
            jobs::next_line.eq(next.line as i64),
            jobs::tries.eq(0),
            jobs::free_at.eq(lease_until),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(changed == 1)
}

/// Lets go of a job; another worker may take it from `free_at` on.
pub async fn release(conn: &mut Conn, job: &Job, free_at: DateTime<Utc>) -> Result<()> {
    diesel::update(jobs::table.filter(held(job)))
        .set(jobs::free_at.eq(free_at))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Ends a job that still has its token; false when somebody else has taken or ended it.
pub async fn end(
    conn: &mut Conn,
    job: &Job,
    state: State,
    error: Option<&Error>,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<bool> {
    let mine = jobs::id
        .eq(job.id.uuid())
        .and(jobs::token.eq(job.token))
        .and(jobs::finished_at.is_null());
    let changed = diesel::update(jobs::table.filter(mine))
        .set((
            jobs::state.eq(state.as_str()),
            jobs::token.eq(jobs::token + 1),
            jobs::free_at.eq(None::<DateTime<Utc>>),
            jobs::error_code.eq(error.map(|error| error.code.as_str())),
            jobs::error_message.eq(error.map(|error| &error.message)),
            jobs::finished_at.eq(now),
            jobs::expires_at.eq(expires_at),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(changed == 1)
}

/// The job, as long as the claim that `job` was read with holds.
#[diesel::dsl::auto_type]
fn held(job: &Job) -> _ {
    let id: Uuid = job.id.uuid();
    let token: i64 = job.token;
    let running: &'static str = State::Running.as_str();
    jobs::id
        .eq(id)
        .and(jobs::token.eq(token))
        .and(jobs::state.eq(running))
}
