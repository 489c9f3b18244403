use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    ErrorCode, Result, connector::Exhausted, event::EventType, ids::NodeId, target::State,
};
use posthaste_store::{
    Tx, event, lane, network_state, place,
    publish::{self, AttemptEnd, Move},
    target::Target,
    timeline::{self, NewStep},
};
use serde_json::{Value, json};

use super::{
    crash::Point,
    journal::Journal,
    verdict::{FOR_A_PLACE, Verdict, Wait, Who, at_most},
    words::{became, begins, used_up},
};
use crate::{Actor, App, governor, metric};

/// Posthaste itself as the author of what the publisher does.
pub(super) fn system(target: &Target) -> Actor {
    Actor::system(target.workspace_id)
}

/// How often an outcome is written down before the lease and the sweep must see to it.
const TRIES: u32 = 20;
/// How long to wait for a database that went away.
const BETWEEN: Duration = Duration::from_millis(500);

/// Applies a verdict: target, attempt, timeline, lane and event in one transaction. Access that is lost is
/// noted on its connection before, by [`crate::tokens`].
/// False when the target was no longer ours; then nothing is written. While the database is away
/// the outcome is kept and tried again: what is known need not be read back.
pub(super) async fn apply(
    app: &App,
    worker: NodeId,
    target: &Target,
    from: State,
    verdict: &Verdict,
    end: AttemptEnd,
    journal: &Journal,
) -> Result<bool> {
    if let Some(limit) = journal.exhausted() {
        let message = used_up(target.network, &limit, app.now());
        journal.note("LIMIT", message, json!({}));
    }
    let message = became(target.network, verdict, app.now());
    journal.note(kind(&verdict.to), message.clone(), details(verdict));
    let steps = journal.take();
    let outcome = Outcome {
        from,
        verdict,
        end: &end,
        steps: &steps,
        exhausted: journal.exhausted(),
    };
    let mut tries = 1;
    let applied = loop {
        match outcome.write(app, worker, target).await {
            // Not only what is known to pass: without this write a known outcome must be read back.
            Err(error) if error.code != ErrorCode::InvalidInput && tries < TRIES => {
                tracing::warn!(target_id = %target.id, tries, cause = ?error.cause, "cannot write an outcome down yet");
                tries += 1;
                tokio::time::sleep(BETWEEN).await;
            }
            Ok(None) => break false,
            Ok(Some(written)) => {
                tell(app, written);
                break true;
            }
            Err(error) => return Err(error),
        }
    };
    let state = verdict.to.state().as_str();
    count(app, target, from, verdict, applied);
    if applied {
        governor::learn(app, target, &journal.said()).await;
        tracing::info!(
            target_id = %target.id, workspace_id = %target.workspace_id, network = target.network.as_str(),
            attempt = target.attempt, state, "{message}"
        );
    } else {
        tracing::warn!(target_id = %target.id, token = target.token, state, "fenced off: somebody else has this target by now");
    }
    Ok(applied)
}

fn count(app: &App, target: &Target, from: State, verdict: &Verdict, applied: bool) {
    let counts = app.telemetry.publishing();
    if !applied {
        return counts.fenced();
    }
    let to = verdict.to.state();
    let code = verdict.trouble.as_ref().map(|(code, _)| *code);
    counts.settled(target.network, from, to, code);
    if to == State::Published {
        counts.live(target.due_at, app.now());
    }
}

/// When the line of a settled target can be taken next.
struct Next(Option<DateTime<Utc>>);

/// Wakes whoever waits. What can be taken only after everybody's next look is found by that; a hint for it
/// would wake every worker for nothing.
fn tell(app: &App, Next(at): Next) {
    let soon = TimeDelta::from_std(app.timing.poll * 2).unwrap_or(TimeDelta::seconds(2));
    if at.is_some_and(|at| at <= app.now() + soon) {
        app.hints.committed();
    } else {
        app.hints.events();
    }
}

/// What is written down about a try.
struct Outcome<'a> {
    from: State,
    verdict: &'a Verdict,
    end: &'a AttemptEnd,
    steps: &'a [NewStep],
    exhausted: Option<Exhausted>,
}

impl Outcome<'_> {
    /// None when the target is no longer ours; else when its line can be taken next.
    async fn write(&self, app: &App, worker: NodeId, target: &Target) -> Result<Option<Next>> {
        let (now, verdict) = (app.now(), self.verdict);
        let (before, after) = Point::around_commit(self.from);
        let state = verdict.to.state();
        let mut tx = app.db.begin().await?;
        lane::lock(&mut tx, &[target.connection_id]).await?;
        let trouble = verdict
            .trouble
            .as_ref()
            .map(|(code, message)| (code.as_str(), message.as_str()));
        if !publish::advance(&mut tx, target, self.from, &verdict.to, trouble, now).await? {
            return Ok(None);
        }
        if let Move::Published(live) = &verdict.to {
            metric::begin(app, &mut tx, target, Some(&live.remote_id), now).await?;
        }
        let end = AttemptEnd {
            error_code: trouble.map(|(code, _)| code.to_owned()),
            error_message: trouble.map(|(_, message)| message.to_owned()),
            ..self.end.clone()
        };
        let ours = (target.id, target.token, Some(target.updated_at));
        publish::finish_attempt(&mut tx, ours, state, &end, now).await?;
        timeline::add_steps(
            &mut tx,
            target.workspace_id,
            target.id,
            target.attempt,
            self.steps,
        )
        .await?;
        hold_back(app, &mut tx, target, verdict).await?;
        if let Some(limit) = self.exhausted {
            let limit = Wait {
                until: at_most(limit.until, now),
                reason: "rate limit",
                who: Who::of_limit(limit.app_wide),
            };
            wait(app, &mut tx, target, &limit).await?;
        }
        let next = lane::release(&mut tx, target.connection_id, worker.uuid()).await?;
        let event = crate::post::target_event(
            app,
            &system(target),
            event_type(&verdict.to),
            target,
            data(target, verdict),
        );
        event::append(&mut tx, target.workspace_id, &[event]).await?;
        app.crash.reach(before, target.id);
        tx.commit().await?;
        app.crash.reach(after, target.id);
        Ok(Some(Next(next)))
    }
}

async fn hold_back(app: &App, tx: &mut Tx, target: &Target, verdict: &Verdict) -> Result<()> {
    if let Some(due) = &verdict.wait {
        wait(app, tx, target, due).await?;
    }
    Ok(())
}

async fn wait(app: &App, tx: &mut Tx, target: &Target, wait: &Wait) -> Result<()> {
    let line = target.connection_id;
    match (wait.who, wait.reason) {
        (Who::Network, reason) => {
            network_state::block(tx, target.network, wait.until, reason, app.now()).await
        }
        (Who::Kind, _) => {
            let kind = target.kind.as_deref().unwrap_or_default();
            place::await_of_kind(tx, line, kind, wait.until).await
        }
        (Who::Line, FOR_A_PLACE) => place::await_line(tx, line, wait.until).await,
        (Who::Line, reason) => lane::block(tx, line, wait.until, reason).await,
    }
}

/// The step with which a try begins; `waited` is what held it back.
pub(super) fn begun(app: &App, target: &Target, waited: Option<&str>) -> NewStep {
    let now = app.now();
    let late = target
        .due_at
        .map_or(0, |due| (now - due).num_milliseconds().max(0));
    NewStep {
        at: now,
        kind: "CLAIMED",
        message: begins(target, waited, now),
        detail: json!({ "lateMilliseconds": late, "token": target.token }),
    }
}

fn kind(to: &Move) -> &'static str {
    match to {
        Move::Published(_) => "PUBLISHED",
        Move::Again { .. } => "RETRYING",
        Move::Uncertain { .. } => "UNCERTAIN",
        Move::Held => "HELD",
        Move::Failed => "FAILED",
    }
}

fn event_type(to: &Move) -> EventType {
    match to {
        Move::Published(_) => EventType::TargetPublished,
        Move::Again { .. } => EventType::TargetRetrying,
        Move::Uncertain { .. } => EventType::TargetUncertain,
        Move::Held => EventType::TargetHeld,
        Move::Failed => EventType::TargetFailed,
    }
}

fn details(verdict: &Verdict) -> Value {
    json!({
        "code": verdict.trouble.as_ref().map(|(code, _)| code.as_str()),
        "waitUntil": verdict.wait.as_ref().map(|wait| wait.until),
        "waitReason": verdict.wait.as_ref().map(|wait| wait.reason),
    })
}

fn data(target: &Target, verdict: &Verdict) -> Value {
    let mut data = details(verdict);
    data["network"] = json!(target.network);
    data["message"] = json!(verdict.trouble.as_ref().map(|(_, message)| message));
    if let Move::Published(live) = &verdict.to {
        data["remoteId"] = json!(live.remote_id);
        data["permalink"] = json!(live.permalink);
    }
    data
}
