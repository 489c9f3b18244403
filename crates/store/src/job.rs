//! Bulk jobs, the results of their lines, and the keys that lines carry.

mod key;
mod result;
mod work;

use chrono::{DateTime, Utc};
use diesel::{dsl::sql, prelude::*, sql_types::Text};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, Provenance, Result,
    bulk::{Format, Kind, State},
    ids::{JobId, WorkspaceId},
};
use uuid::Uuid;

use crate::{Conn, Json, Page, PageRequest, Slice, StoreExt, page::TimeOrder, schema::jobs};

pub use key::{delete_expired_keys, known_key, reserve_key};
pub use result::{JobResult, earlier_result, insert_result, results};
pub use work::{advance, claim, end, release, set_lines};

/// A bulk job.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = jobs)]
pub struct Job {
    /// Id.
    #[diesel(deserialize_as = Uuid)]
    pub id: JobId,
    /// Workspace.
    #[diesel(deserialize_as = Uuid)]
    pub workspace_id: WorkspaceId,
    /// What it does.
    #[diesel(deserialize_as = String)]
    pub kind: Kind,
    /// How the file is written.
    #[diesel(deserialize_as = String)]
    pub format: Format,
    /// How it stands.
    #[diesel(deserialize_as = String)]
    pub state: State,
    /// The person's file name; never used as a path.
    pub file_name: String,
    /// Size of the file in bytes, as announced.
    pub bytes: i64,
    /// Judge only, write nothing.
    pub dry_run: bool,
    /// The zone of local times that name none.
    pub time_zone: String,
    /// Who began it; its posts are theirs.
    pub provenance: Json<Provenance>,
    /// Bytes of the file that are done.
    pub next_byte: i64,
    /// The number of the line that follows them.
    pub next_line: i64,
    /// Lines in the file, once they are counted.
    pub lines: Option<i64>,
    /// Lines that became posts (dry run: would).
    pub created: i64,
    /// Lines whose post was there already.
    pub skipped: i64,
    /// Lines that are wrong.
    pub invalid: i64,
    /// The fence: grows with each claim and when a person stops it.
    pub token: i64,
    /// Claims since a line was done.
    pub tries: i32,
    /// When a worker may take it.
    pub free_at: Option<DateTime<Utc>>,
    /// Code of what ended it.
    pub error_code: Option<String>,
    /// What ended it, for a person.
    pub error_message: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When the first worker took it.
    pub started_at: Option<DateTime<Utc>>,
    /// When it was over.
    pub finished_at: Option<DateTime<Utc>>,
    /// When its upload ends, or it is removed with its results.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Job {
    /// Lines that are done.
    pub fn done(&self) -> i64 {
        self.created + self.skipped + self.invalid
    }
}

/// Adds a job whose file is still to come.
pub async fn insert(conn: &mut Conn, row: &Job) -> Result<()> {
    diesel::insert_into(jobs::table)
        .values((
            jobs::id.eq(row.id.uuid()),
            jobs::workspace_id.eq(row.workspace_id.uuid()),
            jobs::kind.eq(row.kind.as_str()),
            jobs::format.eq(row.format.as_str()),
            jobs::state.eq(row.state.as_str()),
            jobs::file_name.eq(&row.file_name),
            jobs::bytes.eq(row.bytes),
            jobs::dry_run.eq(row.dry_run),
            jobs::time_zone.eq(&row.time_zone),
            jobs::provenance.eq(&row.provenance),
            jobs::created_at.eq(row.created_at),
            jobs::expires_at.eq(row.expires_at),
        ))
        .execute(conn)
        .await
        .stored_unless_taken("A job with this id exists already.")
        .map_err(|error| error.about(row.id))?;
    Ok(())
}

/// The job with an id.
pub async fn get(conn: &mut Conn, workspace: WorkspaceId, id: JobId) -> Result<Job> {
    by_ids(conn, workspace, &[id])
        .await?
        .pop()
        .ok_or_else(|| Error::not_found("job"))
}

/// The jobs with these ids, in no order; unknown ids are left out.
pub async fn by_ids(conn: &mut Conn, workspace: WorkspaceId, ids: &[JobId]) -> Result<Vec<Job>> {
    jobs::table
        .filter(jobs::workspace_id.eq(workspace.uuid()))
        .filter(jobs::id.eq_any(ids.iter().map(|id| id.uuid()).collect::<Vec<_>>()))
        .select(Job::as_select())
        .load(conn)
        .await
        .stored()
}

/// A page of jobs, newest first.
pub async fn list(
    conn: &mut Conn,
    workspace: WorkspaceId,
    states: Option<&[State]>,
    page: &PageRequest<(Option<DateTime<Utc>>, Uuid)>,
) -> Result<Page<Job>> {
    let order = TimeOrder {
        table: "jobs",
        column: "jobs.created_at",
        descending: true,
    };
    let mut query = jobs::table
        .filter(jobs::workspace_id.eq(workspace.uuid()))
        .select(Job::as_select())
        .into_boxed();
    if let Some(states) = states {
        query = query.filter(jobs::state.eq_any(names(states)));
    }
    for condition in order.within(page) {
        query = query.filter(condition);
    }
    let rows = query
        .order(sql::<Text>(&order.terms(page)))
        .limit(page.limit + 1)
        .load(conn)
        .await
        .stored()?;
    Ok(Slice::cut(rows, page))
}

/// How many jobs there are.
pub async fn count(
    conn: &mut Conn,
    workspace: WorkspaceId,
    states: Option<&[State]>,
) -> Result<i64> {
    let mut query = jobs::table
        .filter(jobs::workspace_id.eq(workspace.uuid()))
        .count()
        .into_boxed();
    if let Some(states) = states {
        query = query.filter(jobs::state.eq_any(names(states)));
    }
    query.get_result(conn).await.stored()
}

fn names(states: &[State]) -> Vec<&'static str> {
    states.iter().map(|state| state.as_str()).collect()
}

/// Puts a job whose file has arrived into the queue; false when it was not waiting for it.
pub async fn queue(conn: &mut Conn, id: JobId, at: DateTime<Utc>) -> Result<bool> {
    let waiting = jobs::id
        .eq(id.uuid())
        .and(jobs::state.eq(State::Uploading.as_str()));
    let changed = diesel::update(jobs::table.filter(waiting))
        .set((
            jobs::state.eq(State::Queued.as_str()),
            jobs::free_at.eq(at),
            jobs::expires_at.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(changed == 1)
}

/// Locks a job until the transaction ends.
pub async fn lock(conn: &mut Conn, workspace: WorkspaceId, id: JobId) -> Result<Job> {
    jobs::table
        .filter(
            jobs::workspace_id
                .eq(workspace.uuid())
                .and(jobs::id.eq(id.uuid())),
        )
        .select(Job::as_select())
        .for_no_key_update()
        .first(conn)
        .await
        .optional()
        .stored()?
        .ok_or_else(|| Error::not_found("job"))
}

/// Uploads that were not finished in time, and jobs that are over for long.
pub async fn expired(conn: &mut Conn, now: DateTime<Utc>, limit: i64) -> Result<Vec<Job>> {
    jobs::table
        .filter(jobs::expires_at.le(now))
        .order(jobs::expires_at)
        .limit(limit)
        .select(Job::as_select())
        .load(conn)
        .await
        .stored()
}

/// Removes a job with its results.
pub async fn delete(conn: &mut Conn, id: JobId) -> Result<()> {
    diesel::delete(jobs::table.find(id.uuid()))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}
