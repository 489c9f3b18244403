use std::time::{Duration, Instant};

use chrono::TimeDelta;
use posthaste_core::{
    ErrorCode, Result,
    connector::{Failure, FailureClass, Intent, Outcome, Prepared},
    event::EventType,
    ids::NodeId,
    target::{Due, State},
};
use posthaste_store::{
    event,
    publish::{self, AttemptEnd, Move},
    target::Target,
    timeline,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    journal::Journal,
    load::{Job, load},
    settle::{apply, begun, system},
    verdict::{Circumstances, Verdict, after_call, after_failure},
};
use crate::{App, governor::afford, tokens};

/// A preparation that takes longer than this is given up for this try.
const LONGEST_PREPARATION: Duration = Duration::from_mins(15);
/// Between the committed intent and the call there is nothing to do; a process that was stopped
/// in between must not send any more.
const LONGEST_STALL: Duration = Duration::from_secs(5);
/// How many posts of ours on the account a read-back can tell apart by id.
const KNOWN: i64 = 50;

/// How a try ended, for the breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// The network answered sensibly.
    Well,
    /// The network failed to.
    Ill,
    /// It was not asked.
    Unasked,
}

/// One claimed target from preparation to outcome.
pub(super) async fn publish_one(
    app: &App,
    worker: NodeId,
    target: Target,
    stop: &CancellationToken,
) -> Result<Health> {
    let journal = Journal::new(app.clock.clone());
    if let Some(verdict) = missed(app, &target) {
        apply(
            app,
            worker,
            &target,
            State::Claimed,
            &verdict,
            AttemptEnd::default(),
            &journal,
        )
        .await?;
        return Ok(Health::Unasked);
    }
    let mut job = match load(app, target, &journal, true).await? {
        Ok(job) => job,
        Err((target, verdict)) => {
            apply(
                app,
                worker,
                &target,
                State::Claimed,
                &verdict,
                AttemptEnd::default(),
                &journal,
            )
            .await?;
            return Ok(Health::Unasked);
        }
    };
    let ready = match prepare(app, &mut job, &journal, stop).await? {
        Preparation::Ready(ready) => ready,
        Preparation::Refused(failure) => {
            let health = health_of(&failure);
            let (verdict, end) = refused(app, &job, failure);
            apply(
                app,
                worker,
                &job.target,
                State::Claimed,
                &verdict,
                end,
                &journal,
            )
            .await?;
            return Ok(health);
        }
        Preparation::PutBack(verdict) => {
            apply(
                app,
                worker,
                &job.target,
                State::Claimed,
                &verdict,
                AttemptEnd::default(),
                &journal,
            )
            .await?;
            return Ok(Health::Unasked);
        }
        Preparation::Lost => return Ok(Health::Unasked),
    };
    send(app, worker, &job, ready, &journal).await
}

/// A target whose time is long past goes out, goes to a person or is given up, as it says.
fn missed(app: &App, target: &Target) -> Option<Verdict> {
    let due = target
        .due_at
        .filter(|_| !target.late_ok && target.attempt <= 1)?;
    let late = app.now() - due;
    let message = || {
        format!(
            "Its time passed {} hours ago while it could not be published.",
            late.num_hours()
        )
    };
    match target.misfire.decide(due, app.now()) {
        Due::Publish => None,
        Due::Skip => Some(Verdict::failed(ErrorCode::MissedTime, message())),
        Due::Ask => Some(Verdict::held(ErrorCode::MissedTime, message())),
    }
}

enum Preparation {
    Ready(Value),
    Refused(Failure),
    PutBack(Verdict),
    /// The target is no longer ours.
    Lost,
}

/// The invisible steps. Each is kept, so that a crash costs one step and not the upload.
async fn prepare(
    app: &App,
    job: &mut Job,
    journal: &Journal,
    stop: &CancellationToken,
) -> Result<Preparation> {
    let began = Instant::now();
    let mut progress = job.target.progress.as_ref().map(|json| json.0.clone());
    let mut refreshed = false;
    loop {
        let step = job
            .connector
            .prepare(&job.ctx, &job.session, &job.rendition, progress.clone())
            .await;
        match step {
            Ok(Prepared::Ready { ready }) => return Ok(Preparation::Ready(ready)),
            Ok(Prepared::Step {
                progress: next,
                wait,
                note,
            }) => {
                journal.note("PREPARED", note, json!({}));
                let mut conn = app.db.get().await?;
                if !publish::save_progress(&mut conn, job.target.id, job.target.token, &next)
                    .await?
                {
                    return Ok(Preparation::Lost);
                }
                drop(conn);
                progress = Some(next);
                if began.elapsed() > LONGEST_PREPARATION {
                    let message = "The network took too long to process the media.";
                    return Ok(Preparation::Refused(Failure::new(
                        FailureClass::Retry,
                        message,
                    )));
                }
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = stop.cancelled() => return Ok(Preparation::PutBack(drained(app))),
                }
            }
            Err(failure) if failure.class == FailureClass::Reauthorize && !refreshed => {
                refreshed = true;
                journal.note(
                    "TOKEN",
                    "The network refused the access token; refreshing it once.",
                    json!({}),
                );
                match refresh(app, job).await {
                    Ok(fresh) => {
                        job.session = tokens::session(app, &fresh).await?;
                        job.connection = fresh;
                    }
                    Err(_) => return Ok(Preparation::Refused(failure)),
                }
            }
            Err(failure) => return Ok(Preparation::Refused(failure)),
        }
    }
}

fn drained(app: &App) -> Verdict {
    Verdict::put_back(
        app.now(),
        "drained",
        ErrorCode::Unavailable,
        "The worker stops; another one goes on.",
    )
}

/// Intent, the one call, outcome.
async fn send(
    app: &App,
    worker: NodeId,
    job: &Job,
    ready: Value,
    journal: &Journal,
) -> Result<Health> {
    let target = &job.target;
    let committed = match commit_intent(app, worker, job, &ready, journal).await? {
        Commitment::Made(at) => at,
        Commitment::Lost => return Ok(Health::Unasked),
        Commitment::Refused(verdict) => {
            let end = AttemptEnd::default();
            apply(app, worker, target, State::Claimed, &verdict, end, journal).await?;
            return Ok(Health::Unasked);
        }
    };
    if committed.elapsed() > LONGEST_STALL {
        let verdict = Verdict::put_back(
            app.now(),
            "stalled",
            ErrorCode::Unavailable,
            "This process was stopped between intent and call; nothing was sent.",
        );
        apply(
            app,
            worker,
            target,
            State::Sending,
            &verdict,
            AttemptEnd::default(),
            journal,
        )
        .await?;
        return Ok(Health::Unasked);
    }
    let mut outcome = job
        .connector
        .publish(&job.ctx, &job.session, &job.rendition, &ready)
        .await;
    if let Outcome::Published(live) = &mut outcome {
        live.permalink = live.permalink.take().filter(|link| !link.is_empty());
    }
    let health = match &outcome {
        Outcome::Published(_) | Outcome::Duplicate { .. } => Health::Well,
        Outcome::Failed(failure) => health_of(failure),
        Outcome::Unknown { .. } => Health::Ill,
    };
    let end = match &outcome {
        Outcome::Failed(failure) => end_of(failure),
        _ => AttemptEnd::default(),
    };
    let mut verdict = after_call(outcome, &circumstances(app, job));
    if verdict.reconnect {
        verdict = after_refusal_of_token(app, job, verdict, journal).await;
    }
    apply(app, worker, target, State::Sending, &verdict, end, journal).await?;
    Ok(health)
}

/// Fresh tokens for a job whose token was refused.
pub(super) async fn refresh(
    app: &App,
    job: &Job,
) -> Result<posthaste_store::connection::Connection> {
    let row = &job.connection;
    tokens::refresh(
        app,
        row.workspace_id,
        row.id,
        "the network refused the access token",
        row.version,
    )
    .await
}

/// The network refused the token at the visible call, so nothing went out: refresh once and let the
/// next try go on from what is prepared; without a fresh token the account must be reconnected.
async fn after_refusal_of_token(
    app: &App,
    job: &Job,
    verdict: Verdict,
    journal: &Journal,
) -> Verdict {
    if job.target.attempt > 1 {
        return verdict;
    }
    journal.note(
        "TOKEN",
        "The network refused the access token; refreshing it once.",
        json!({}),
    );
    match refresh(app, job).await {
        Ok(_) => Verdict {
            reconnect: false,
            to: Move::Again {
                counted: true,
                anew: false,
            },
            ..verdict
        },
        Err(_) => verdict,
    }
}

/// What came of writing the intent down.
enum Commitment {
    Made(Instant),
    /// The target or its lease is gone.
    Lost,
    /// It may not be sent now.
    Refused(Verdict),
}

async fn commit_intent(
    app: &App,
    worker: NodeId,
    job: &Job,
    ready: &Value,
    journal: &Journal,
) -> Result<Commitment> {
    let target = &job.target;
    let mut tx = app.db.begin().await?;
    if let Some(obstacle) = afford(app, &mut tx, target).await? {
        return Ok(Commitment::Refused(obstacle.into()));
    }
    let known_ids = publish::known_ids(&mut tx, target.connection_id, KNOWN).await?;
    // What an earlier try may have published is looked for too: its bounds are kept.
    let now = app.now();
    let (at, after_id) = match &target.intent {
        Some(earlier) => (earlier.at, earlier.after_id.clone()),
        None => (now, known_ids.first().cloned()),
    };
    let intent = Intent {
        at,
        ready: ready.clone(),
        after_id,
        known_ids,
    };
    // The call must be able to end within the lease.
    let margin = TimeDelta::from_std(app.timing.call.min(app.timing.lease / 2))
        .unwrap_or(TimeDelta::seconds(30));
    if !publish::commit_intent(&mut tx, target, worker, &intent, now, margin).await? {
        tracing::warn!(target_id = %target.id, token = target.token, "no intent: the target or its lease is gone");
        return Ok(Commitment::Lost);
    }
    journal.note(
        "INTENT",
        "Intent written down; now the one call that makes it visible.",
        json!({}),
    );
    timeline::add_steps(
        &mut tx,
        target.workspace_id,
        target.id,
        target.attempt,
        &journal.take(),
    )
    .await?;
    let event = crate::post::target_event(
        app,
        &system(target),
        EventType::TargetSending,
        target,
        json!({ "network": target.network }),
    );
    event::append(&mut tx, target.workspace_id, &[event]).await?;
    tx.commit().await?;
    Ok(Commitment::Made(Instant::now()))
}

pub(super) fn circumstances<'a>(app: &'a App, job: &Job) -> Circumstances<'a> {
    Circumstances {
        now: app.now(),
        network: job.target.network,
        attempt: job.target.attempt,
        settle: Circumstances::settle(&app.timing, job.capabilities().settle),
        random: &*app.random,
    }
}

fn refused(app: &App, job: &Job, failure: Failure) -> (Verdict, AttemptEnd) {
    let end = end_of(&failure);
    (after_failure(failure, &circumstances(app, job)), end)
}

pub(super) fn end_of(failure: &Failure) -> AttemptEnd {
    AttemptEnd {
        http_status: failure.status.map(i32::from),
        remote_code: failure.remote_code.clone(),
        remote_request_id: failure.request_id.clone(),
        ..AttemptEnd::default()
    }
}

pub(super) fn health_of(failure: &Failure) -> Health {
    if failure.class == FailureClass::Retry {
        Health::Ill
    } else {
        Health::Well
    }
}

/// Claims due targets and writes down that their tries began, in one transaction.
pub(super) async fn claim(
    app: &App,
    worker: NodeId,
    networks: &[posthaste_core::Network],
    limit: i64,
) -> Result<Vec<Target>> {
    let now = app.now();
    let lease_until = now + TimeDelta::from_std(app.timing.lease).unwrap_or(TimeDelta::seconds(90));
    let mut tx = app.db.begin().await?;
    let targets = publish::claim(&mut tx, worker, networks, limit, now, lease_until).await?;
    if targets.is_empty() {
        return Ok(targets);
    }
    let mut by_workspace = std::collections::BTreeMap::<_, Vec<_>>::new();
    for target in &targets {
        publish::insert_attempt(&mut tx, target, worker, &new_attempt(app, false)).await?;
        timeline::add_steps(
            &mut tx,
            target.workspace_id,
            target.id,
            target.attempt,
            &[begun(app, target)],
        )
        .await?;
        let data = json!({ "network": target.network, "attempt": target.attempt });
        let event =
            crate::post::target_event(app, &system(target), EventType::TargetClaimed, target, data);
        by_workspace
            .entry(target.workspace_id)
            .or_default()
            .push(event);
    }
    // In the order of their ids, so that two workers never wait for each other in a circle.
    for (workspace, events) in by_workspace {
        event::append(&mut tx, workspace, &events).await?;
    }
    tx.commit().await?;
    app.hints.events();
    Ok(targets)
}

pub(super) fn new_attempt(app: &App, read_back: bool) -> publish::NewAttempt {
    publish::NewAttempt {
        id: posthaste_core::ids::AttemptId::new(&*app.clock, &*app.random),
        read_back,
        started_at: app.now(),
        intent_at: None,
    }
}
