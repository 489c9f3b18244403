//! Bulk jobs: a file of many posts is uploaded, then a worker goes through its lines.
//!
//! A line is done in one transaction: its post, its result, and the job's place behind it. So a worker
//! that dies takes no line with it, and the next one goes on exactly there. Each claim takes the next
//! token; a worker that was taken for dead writes nothing more.

mod begin;
mod file;
mod line;
mod lists;
mod names;
mod progress;
mod run;
mod stop;
mod upload;
mod work;

pub use begin::{NewJob, begin, begin_once};
pub use lists::{Action, all_results, allowed_actions, by_ids, count, get, list, results};
pub use progress::progress;
pub use run::work;
pub(crate) use stop::clear_all;
pub use stop::{cancel, sweep};
pub use upload::{append, offset, upload_url};

use chrono::TimeDelta;
use posthaste_core::event::EventType;
use posthaste_store::{event::NewEvent, job::Job};
use serde_json::json;

use crate::{Actor, App};

/// How long an upload may take.
const UPLOAD_LIFE: TimeDelta = TimeDelta::hours(24);
/// How long the results of a job that is over are kept.
const RESULTS_LIFE: TimeDelta = TimeDelta::days(30);
/// How long a key stands for the post it made.
const KEY_LIFE: TimeDelta = TimeDelta::hours(72);

/// Where the file of a job lies.
fn file_key(job: &Job) -> String {
    // A job's id is no media's, so nothing can collide.
    format!("{}/{}/file", job.workspace_id, job.id)
}

fn event(app: &App, actor: &Actor, kind: EventType, job: &Job) -> NewEvent {
    let data = json!({
        "jobId": job.id,
        "kind": job.kind.as_str(),
        "state": job.state.as_str(),
        "dryRun": job.dry_run,
        "lines": job.lines,
        "created": job.created,
        "skipped": job.skipped,
        "invalid": job.invalid,
    });
    app.event(actor, kind, data)
}
