use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    ErrorCode, Result,
    connector::{Failure, FailureClass, Intent, Outcome, Prepared, Sent},
    event::EventType,
    ids::NodeId,
    target::State,
};
use posthaste_store::{
    Tx, event, lane,
    publish::{self, AttemptEnd, Move},
    target::Target,
    timeline,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    access::{after_refusal_of_fresh_token, after_refusal_of_token, refresh, without_token},
    breaker,
    crash::Point,
    journal::Journal,
    load::{Job, load},
    obstacle::{drained, paused, short, stalled},
    recover::{read_back_first, safe_start},
    room::Seat,
    settle::{apply, begun, system},
    verdict::{Circumstances, Verdict, after_call, after_failure},
    waited::{missed_its_time, waited},
};
use crate::{App, governor::afford};

/// A preparation that takes longer than this is given up for this try.
const LONGEST_PREPARATION: Duration = Duration::from_mins(15);
/// Between the committed intent and the call there is nothing to do; a process that was stopped
/// in between must not send any more.
pub(super) const LONGEST_STALL: Duration = Duration::from_secs(5);
/// How many posts of ours on the account a read-back can tell apart by id.
pub(super) const KNOWN: i64 = 50;

/// How a try ended, for the breakers.
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
    seat: &mut Seat,
    stop: &CancellationToken,
) -> Result<Health> {
    app.crash.reach(Point::AfterClaim, target.id);
    let journal = Journal::new(app.clock.clone());
    if let Some(since) = target.read_back_from {
        read_back_first(app, worker, &target, since, &journal).await?;
        return Ok(Health::Unasked);
    }
    if let Some(verdict) = missed_its_time(app, &target).await? {
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
    let prepared = prepare(app, &mut job, &journal, seat, stop).await?;
    let ready = match prepared {
        // A stopping worker begins no call any more.
        Preparation::Ready(_) if stop.is_cancelled() => {
            return put_back(app, worker, &job, drained(app.now()), &journal).await;
        }
        Preparation::Ready(ready) => ready,
        Preparation::Refused(failure) => {
            let health = health_of(&failure);
            let (mut verdict, end) = refused(app, &job, failure);
            // Without a refresh the account is marked already.
            if verdict.reconnect && job.refreshes.any() {
                verdict = after_refusal_of_fresh_token(app, &job, verdict).await;
            }
            let verdict = breaker::of_line(app, &job.target, verdict, health).await;
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
            return Ok(journal.health());
        }
        Preparation::PutBack(verdict) => {
            return put_back(app, worker, &job, verdict, &journal).await;
        }
        Preparation::Lost => return Ok(Health::Unasked),
    };
    send(app, worker, &mut job, ready, &journal).await
}

/// Lets go of it before anything was sent.
async fn put_back(
    app: &App,
    worker: NodeId,
    job: &Job,
    verdict: Verdict,
    journal: &Journal,
) -> Result<Health> {
    let (target, end) = (&job.target, AttemptEnd::default());
    apply(app, worker, target, State::Claimed, &verdict, end, journal).await?;
    Ok(Health::Unasked)
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
    seat: &mut Seat,
    stop: &CancellationToken,
) -> Result<Preparation> {
    let began = Instant::now();
    let mut progress = job.target.progress.as_ref().map(|json| json.0.clone());
    // A step is invisible: breaking it off, once the worker has stopped for a while, and doing it again
    // elsewhere does no harm.
    let mut late = std::pin::pin!(async {
        stop.cancelled().await;
        tokio::time::sleep(app.timing.call / 3).await;
    });
    loop {
        let step = tokio::select! {
            biased;
            () = &mut late => return Ok(Preparation::PutBack(drained(app.now()))),
            step = job.connector.prepare(&job.ctx, &job.session, &job.rendition, progress.clone()) => step,
        };
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
                app.crash.reach(Point::AfterPrepareStep, job.target.id);
                progress = Some(next);
                if began.elapsed() > LONGEST_PREPARATION {
                    let message = "The network took too long to process the media.";
                    return Ok(Preparation::Refused(Failure::new(
                        FailureClass::Retry,
                        message,
                    )));
                }
                tokio::select! {
                    () = seat.wait(wait) => {}
                    () = stop.cancelled() => return Ok(Preparation::PutBack(drained(app.now()))),
                }
            }
            Err(failure)
                if failure.class == FailureClass::Reauthorize
                    && job.refreshes.may_help(journal) =>
            {
                if let Err(error) = refresh(app, job, journal).await {
                    return Ok(match error.code {
                        ErrorCode::ReconnectRequired => Preparation::Refused(failure),
                        _ => Preparation::PutBack(without_token(app, error)),
                    });
                }
            }
            Err(failure) => return Ok(Preparation::Refused(failure)),
        }
    }
}

/// Intent, the one call, outcome.
async fn send(
    app: &App,
    worker: NodeId,
    job: &mut Job,
    ready: Value,
    journal: &Journal,
) -> Result<Health> {
    let target = &job.target;
    app.crash.reach(Point::BeforeIntent, target.id);
    let committed = match commit_intent(app, worker, job, &ready, journal).await? {
        Commitment::Made(at) => at,
        Commitment::Refused(verdict) => return put_back(app, worker, job, verdict, journal).await,
    };
    app.crash.reach(Point::AfterIntent, target.id);
    if committed.elapsed() > LONGEST_STALL / app.timing.pace {
        let verdict = stalled(app.now());
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
        app.crash.reach(Point::AfterCall, target.id);
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
    let mut verdict = after_call(outcome, &circumstances(app, &job.target));
    if verdict.reconnect {
        verdict = after_refusal_of_token(app, job, verdict, journal).await;
    }
    let target = &job.target;
    let verdict = breaker::of_line(app, target, verdict, health).await;
    apply(app, worker, target, State::Sending, &verdict, end, journal).await?;
    // A permalink that cannot be had says nothing about a post that is live.
    Ok(match verdict.to {
        Move::Published(_) => Health::Well,
        _ => journal.health(),
    })
}

/// What came of writing the intent down.
enum Commitment {
    Made(Instant),
    /// It may not be sent now; perhaps the target is not ours any more.
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
        committed_at: Some(now),
        ready: ready.clone(),
        after_id,
        known_ids,
        sent: Some(Sent::from(&job.rendition)),
    };
    if !publish::commit_intent(&mut tx, target, worker, &intent, now, margin(app)).await? {
        if lane::is_paused(&mut tx, target.connection_id).await? {
            return Ok(Commitment::Refused(paused(now)));
        }
        tracing::warn!(target_id = %target.id, token = target.token, "no intent: the target is gone, or too little is left of its lease");
        // Ours still, it goes back and waits for nobody's lease to run out; otherwise nothing is written.
        return Ok(Commitment::Refused(short(now)));
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

/// The call must be able to end within the lease.
pub(super) fn margin(app: &App) -> TimeDelta {
    let margin = app.timing.call.min(app.timing.lease / 2);
    TimeDelta::from_std(margin).unwrap_or(TimeDelta::seconds(30))
}

pub(super) fn circumstances<'a>(app: &'a App, target: &Target) -> Circumstances<'a> {
    let settle = app.connector(target.network).capabilities().settle;
    Circumstances {
        now: app.now(),
        network: target.network,
        attempt: target.attempt,
        settle: Circumstances::settle(&app.timing, settle),
        timing: app.timing,
        random: &*app.random,
    }
}

fn refused(app: &App, job: &Job, failure: Failure) -> (Verdict, AttemptEnd) {
    let end = end_of(&failure);
    (
        after_failure(failure, &circumstances(app, &job.target)),
        end,
    )
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

/// Claims targets due by `now` and writes down that their tries began, in one transaction.
pub(super) async fn claim(
    app: &App,
    worker: NodeId,
    networks: &[posthaste_core::Network],
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Target>> {
    let lease_until = now + TimeDelta::from_std(app.timing.lease).unwrap_or(TimeDelta::seconds(90));
    let mut tx = app.db.begin().await?;
    if !publish::is_known(&mut tx).await? {
        safe_start(app, tx).await?;
        return Ok(Vec::new());
    }
    let targets = publish::claim(&mut tx, worker, networks, limit, now, lease_until).await?;
    if !targets.is_empty() {
        write_begun(app, &mut tx, worker, &targets).await?;
    }
    // Also without targets: lanes that only seemed due were put right.
    tx.commit().await?;
    if !targets.is_empty() {
        app.hints.events();
    }
    Ok(targets)
}

async fn write_begun(app: &App, tx: &mut Tx, worker: NodeId, targets: &[Target]) -> Result<()> {
    publish::insert_attempts(tx, worker, &new_attempts(app, targets, false)).await?;
    let waited = waited(app, tx, targets).await?;
    let why = |target: &Target| waited.get(&target.id).map(String::as_str);
    let steps: Vec<_> = targets
        .iter()
        .map(|target| begun(app, target, why(target)))
        .collect();
    let steps: Vec<_> = targets
        .iter()
        .zip(&steps)
        .map(|(of, step)| (of.workspace_id, of.id, of.attempt, step))
        .collect();
    timeline::add_all(tx, &steps).await?;
    let events: Vec<_> = targets.iter().map(|target| claimed(app, target)).collect();
    let events: Vec<_> = targets
        .iter()
        .zip(&events)
        .map(|(of, event)| (of.workspace_id, event))
        .collect();
    event::append_all(tx, &events).await
}

fn claimed(app: &App, target: &Target) -> event::NewEvent {
    let data = json!({ "network": target.network, "attempt": target.attempt });
    crate::post::target_event(app, &system(target), EventType::TargetClaimed, target, data)
}

/// The tries that begin with the claim of these targets.
pub(super) fn new_attempts<'a>(
    app: &App,
    targets: &'a [Target],
    read_back: bool,
) -> Vec<(&'a Target, publish::NewAttempt)> {
    let new = |target: &Target| publish::NewAttempt {
        id: posthaste_core::ids::AttemptId::new(&*app.clock, &*app.random),
        read_back,
        started_at: target.updated_at,
        intent_at: None,
    };
    targets.iter().map(|target| (target, new(target))).collect()
}
