//! What was asked of the API, and how much it is used.
//!
//! Answering a request only puts a line into a bounded queue ([`Recorder`]); [`run`] writes the queue
//! down in batches. Line and usage counter are written in one transaction, so that they agree
//! whatever happens. What the queue cannot take is counted as dropped.

mod recorder;
mod usage;

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use posthaste_core::{
    ErrorCode, Provenance, Result,
    access::Permission,
    ids::{self, ApiKeyId, OauthGrantId},
    latency,
};
use posthaste_store::{
    Page, PageRequest, key, oauth,
    request_log::{self as rows, Filter, LoggedRequest},
    usage::{self as counters, Counter},
};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use recorder::Recorder;
pub use usage::{Asked, Usage, usage};

use crate::{Actor, App};
use recorder::Batch;

/// How long a line is kept.
pub const LOG_LIFE: TimeDelta = TimeDelta::days(7);

/// How long usage counters are kept.
pub const USAGE_LIFE: TimeDelta = TimeDelta::days(90);

/// How long a line waits at most to be written, while the database answers.
const PAUSE: Duration = Duration::from_millis(250);

/// How long to wait for a database that went away.
const BETWEEN: Duration = Duration::from_secs(1);

/// How long a stopping server tries to write down what is left.
const LAST: Duration = Duration::from_secs(5);

/// Lines forgotten in one statement, and statements in one sweep.
const SWEEP: (i64, usize) = (5_000, 4);

/// The beginning of an instant's hour.
fn hour(at: DateTime<Utc>) -> DateTime<Utc> {
    // Fails only beyond the year 2262.
    at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at)
}

/// Writes down what is recorded until `stop`, and then what is left.
pub async fn run(app: App, stop: CancellationToken) {
    while !stop.is_cancelled() {
        tokio::select! {
            () = sleep(PAUSE) => {}
            () = app.requests.filled() => {}
            () = stop.cancelled() => break,
        }
        if let Err(error) = flush(&app).await {
            tracing::warn!(%error, cause = ?error.cause, "cannot write the request log");
            tokio::select! {
                () = sleep(BETWEEN) => {}
                () = stop.cancelled() => break,
            }
        }
    }
    if !matches!(timeout(LAST, flush(&app)).await, Ok(Ok(()))) {
        tracing::warn!("the last lines of the request log are lost");
    }
}

/// Writes down everything recorded so far. While the database is away the lines wait.
pub async fn flush(app: &App) -> Result<()> {
    while let Some(batch) = app.requests.take() {
        if let Err(error) = write(app, &batch).await {
            if error.code == ErrorCode::Unavailable {
                app.requests.give_back(batch);
            } else {
                // It would fail again and keep all others waiting.
                app.requests.drop_all(&batch);
            }
            return Err(error);
        }
    }
    Ok(())
}

async fn write(app: &App, batch: &Batch) -> Result<()> {
    let mut tx = app.db.begin().await?;
    if !batch.lines.is_empty() {
        rows::insert(&mut tx, &batch.lines).await?;
        counters::add(&mut tx, &counted(batch)).await?;
    }
    for (workspace, count) in &batch.dropped {
        rows::add_drops(&mut tx, *workspace, hour(app.now()), *count).await?;
    }
    tx.commit().await?;
    // On its own: two writers that touch the same keys in another order must not wait in a circle.
    let mut conn = app.db.get().await?;
    key::touch(&mut conn, &used(batch)).await?;
    let granted = granted(batch);
    if granted.is_empty() {
        return Ok(());
    }
    oauth::touch(&mut conn, &granted).await
}

fn counted(batch: &Batch) -> BTreeMap<Counter, i64> {
    let mut counts = BTreeMap::new();
    for (line, operation) in batch.lines.iter().zip(&batch.operations) {
        let counter = Counter {
            workspace: line.workspace_id,
            hour: hour(line.at),
            credential: line.credential.clone(),
            operation: operation.clone(),
            status: line.status,
            error_code: line.error_code.clone().unwrap_or_default(),
            bucket: latency::bucket(line.duration_ms.max(0) as u64) as i16,
        };
        *counts.entry(counter).or_insert(0) += 1;
    }
    counts
}

/// The keys that were used, and when last.
fn used(batch: &Batch) -> Vec<(ApiKeyId, DateTime<Utc>)> {
    latest(batch, |by| match by {
        Provenance::Key { key } => Some(key),
        _ => None,
    })
}

/// The same of what apps were given.
fn granted(batch: &Batch) -> Vec<(OauthGrantId, DateTime<Utc>)> {
    latest(batch, |by| match by {
        Provenance::App { grant, .. } => Some(grant),
        _ => None,
    })
}

fn latest<T: Ord>(batch: &Batch, of: impl Fn(Provenance) -> Option<T>) -> Vec<(T, DateTime<Utc>)> {
    let mut latest = BTreeMap::new();
    for line in &batch.lines {
        if let Some(id) = of(Provenance::of_credential(&line.credential)) {
            let at = latest.entry(id).or_insert(line.at);
            *at = line.at.max(*at);
        }
    }
    latest.into_iter().collect()
}

/// Forgets what is older than it may be, some thousand lines at a time. Call it now and then.
pub async fn sweep(app: &App) -> Result<usize> {
    let (limit, rounds) = SWEEP;
    let mut conn = app.db.get().await?;
    let oldest = ids::earliest_uuid(app.now() - LOG_LIFE).into();
    let mut swept = 0;
    for _ in 0..rounds {
        let gone = rows::sweep(&mut conn, oldest, limit).await?;
        swept += gone;
        if (gone as i64) < limit {
            break;
        }
    }
    swept += counters::sweep(&mut conn, app.now() - USAGE_LIFE, limit).await?;
    Ok(swept)
}

/// Whose requests an actor may see: everybody's with READ_USAGE, else only its own;
/// `FORBIDDEN` when it asks for another's.
fn visible(actor: &Actor, wanted: Option<String>) -> Result<Option<String>> {
    actor.require(Permission::Read)?;
    if actor.may(Permission::ReadUsage) {
        return Ok(wanted);
    }
    let own = actor.provenance.credential();
    match wanted {
        Some(other) if other != own => {
            Err(Permission::ReadUsage.refusal().at(["filter", "credential"]))
        }
        _ => Ok(Some(own)),
    }
}

/// The position of a line: when the request came in, and its id.
pub type Key = (DateTime<Utc>, Uuid);

fn narrowed(actor: &Actor, filter: &Filter) -> Result<Filter> {
    Ok(Filter {
        credential: visible(actor, filter.credential.clone())?,
        ..filter.clone()
    })
}

/// A page of the request log, newest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    page: &PageRequest<Key>,
) -> Result<Page<LoggedRequest>> {
    let filter = narrowed(actor, filter)?;
    rows::list(&mut *app.db.get().await?, actor.workspace, &filter, page).await
}

/// How many lines the filter leaves.
pub async fn count(app: &App, actor: &Actor, filter: &Filter) -> Result<i64> {
    let filter = narrowed(actor, filter)?;
    rows::count(&mut *app.db.get().await?, actor.workspace, &filter).await
}

/// How many requests of the workspace were answered but not logged in the last seven days.
pub async fn dropped(app: &App, actor: &Actor) -> Result<i64> {
    actor.require(Permission::Read)?;
    let since = hour(app.now() - LOG_LIFE);
    rows::drops(&mut *app.db.get().await?, actor.workspace, since).await
}
