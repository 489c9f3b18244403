use posthaste_core::{
    Error, ErrorCode, Result,
    access::Permission,
    bulk::{Format, Kind, MAX_BYTES, State},
    ids::JobId,
    schedule::parse_zone,
};
use posthaste_store::{
    Json,
    job::{self as rows, Job},
    workspace,
};

use super::{UPLOAD_LIFE, get};
use crate::{Actor, App, idempotency::Once, media::check_file_name, post::Violations};

/// A job that is about to begin.
#[derive(Debug)]
pub struct NewJob {
    /// An id chosen by the client; otherwise a new one.
    pub id: Option<JobId>,
    /// What it does.
    pub kind: Kind,
    /// How the file is written.
    pub format: Format,
    /// The person's file name: 1 to 255 characters, never used as a path.
    pub file_name: String,
    /// Size of the whole file in bytes: 1 to [`MAX_BYTES`].
    pub bytes: u64,
    /// Judge only, write nothing.
    pub dry_run: bool,
    /// The zone of local times that name none; otherwise the workspace's.
    pub time_zone: Option<String>,
    /// What the caller could not read, told together with what the rules forbid.
    pub unread: Violations,
}

/// Begins a job: its file must arrive within 24 hours, then it runs by itself. Names all violations
/// at once; `ALREADY_EXISTS` when a chosen id is taken.
pub async fn begin(app: &App, actor: &Actor, mut new: NewJob) -> Result<Job, Violations> {
    let writer = actor.using(Permission::Write).map_err(one)?;
    writer.require_whole().map_err(one)?;
    let mut violations = std::mem::take(&mut new.unread);
    violations.extend(check(&new));
    if !violations.is_empty() {
        return Err(violations);
    }
    insert(app, actor, new).await.map_err(one)
}

/// As [`begin`], for a request that may have come this far in an earlier run: then the answer is the
/// job that was begun there.
pub async fn begin_once(
    app: &App,
    actor: &Actor,
    mut new: NewJob,
    once: &Once,
) -> Result<Job, Violations> {
    let id = *new.id.get_or_insert_with(|| once.id());
    if once.is_repeat() {
        match get(app, actor, id).await {
            Ok(job) if once.made(actor, &job.provenance, job.created_at) => return Ok(job),
            Err(error) if error.code != ErrorCode::NotFound => return Err(vec![error]),
            _ => {}
        }
    }
    begin(app, actor, new).await
}

fn check(new: &NewJob) -> Violations {
    let zone = new.time_zone.as_deref().map_or(Ok(()), |zone| {
        parse_zone(zone)
            .map(drop)
            .map_err(|error| error.at(["timeZone"]))
    });
    [
        check_file_name(&new.file_name),
        check_bytes(new.bytes),
        zone,
    ]
    .into_iter()
    .filter_map(Result::err)
    .collect()
}

fn check_bytes(bytes: u64) -> Result<()> {
    let (code, message) = match bytes {
        0 => (ErrorCode::InvalidInput, "The file is empty.".to_owned()),
        1..=MAX_BYTES => return Ok(()),
        _ => (
            ErrorCode::PayloadTooLarge,
            format!("The file has {bytes} bytes; at most {MAX_BYTES} are allowed. Split it."),
        ),
    };
    Err(Error::new(code, message).at(["bytes"]))
}

async fn insert(app: &App, actor: &Actor, new: NewJob) -> Result<Job> {
    let mut conn = app.db.get().await?;
    let time_zone = match new.time_zone {
        Some(zone) => zone,
        None => workspace::get(&mut conn, actor.workspace).await?.time_zone,
    };
    let row = Job {
        id: new
            .id
            .unwrap_or_else(|| JobId::new(&*app.clock, &*app.random)),
        workspace_id: actor.workspace,
        kind: new.kind,
        format: new.format,
        state: State::Uploading,
        file_name: new.file_name.trim().to_owned(),
        bytes: new.bytes as i64,
        dry_run: new.dry_run,
        time_zone,
        provenance: Json(actor.provenance.clone()),
        next_byte: 0,
        next_line: 1,
        lines: None,
        created: 0,
        skipped: 0,
        invalid: 0,
        token: 0,
        tries: 0,
        free_at: None,
        error_code: None,
        error_message: None,
        created_at: app.now(),
        started_at: None,
        finished_at: None,
        expires_at: Some(app.now() + UPLOAD_LIFE),
    };
    rows::insert(&mut conn, &row)
        .await
        .map_err(|error| error.at(["id"]))?;
    Ok(row)
}

fn one(error: Error) -> Violations {
    vec![error]
}
