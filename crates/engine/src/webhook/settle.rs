use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Error, ErrorCode, Result,
    event::EventType,
    ids::NodeId,
    webhook::{Fate, LONGEST_ASKED, PROBE_EVERY, Standing, after_failure},
};
use posthaste_store::{
    Tx, event,
    webhook::{
        Attempt, Delivery, Endpoint,
        delivery::State,
        endpoint::{self, Reason, Status},
        work,
    },
};

use crate::{Actor, App};

/// What came of a try.
pub(super) struct Outcome {
    pub started_at: DateTime<Utc>,
    pub duration_ms: i32,
    pub http_status: Option<u16>,
    pub answer: Option<String>,
    /// Why it is no success; none for a success.
    pub error: Option<String>,
    /// How long the receiver asks to wait.
    pub retry_after: Option<TimeDelta>,
    /// Whose trouble an error is.
    pub fault: Fault,
}

/// Who could not do it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The receiver, or the way to it.
    Receiver,
    /// We ourselves, for now: the receiver was not asked, and its standing stays as it is.
    Ours,
    /// We ourselves, for good: a repeat would be the same.
    OursForGood,
}

impl Outcome {
    /// Nothing was answered.
    pub fn unanswered(started_at: DateTime<Utc>, error: String) -> Self {
        Self {
            started_at,
            duration_ms: 0,
            http_status: None,
            answer: None,
            error: Some(error),
            retry_after: None,
            fault: Fault::Receiver,
        }
    }

    /// Nothing was sent.
    pub fn unsent(started_at: DateTime<Utc>, error: &Error) -> Self {
        let message = format!("Nothing was sent: {} ({})", error.message, error.code);
        Self {
            fault: if error.code.is_retryable() {
                Fault::Ours
            } else {
                Fault::OursForGood
            },
            ..Self::unanswered(started_at, message)
        }
    }

    fn attempt(&self, delivery: &Delivery) -> Attempt {
        Attempt {
            delivery_id: delivery.id,
            n: delivery.token,
            started_at: self.started_at,
            duration_ms: Some(self.duration_ms),
            http_status: self.http_status.map(i32::from),
            answer: self.answer.clone(),
            error: self.error.clone(),
        }
    }
}

/// The endpoint of a delivery, locked; none once it was removed.
async fn lock(app: &App, delivery: &Delivery) -> Result<Option<(Tx, Endpoint)>> {
    let mut tx = app.db.begin().await?;
    match endpoint::lock(&mut tx, delivery.workspace_id, delivery.endpoint_id).await {
        Ok(row) => Ok(Some((tx, row))),
        Err(error) if error.code == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes an outcome down: the try, the delivery, how the endpoint stands, and the event if it was
/// paused or goes on. Nothing at all when another worker has taken the delivery meanwhile.
pub(super) async fn settle(
    app: &App,
    worker: NodeId,
    delivery: &Delivery,
    outcome: Outcome,
) -> Result<()> {
    let Some((mut tx, mut row)) = lock(app, delivery).await? else {
        return Ok(());
    };
    let now = app.now();
    let happened = judge(&mut row, delivery, &outcome, now);
    let (state, due_at) = fate(app, &row, delivery, &outcome, now);
    if !work::finish(&mut tx, delivery, worker, state, due_at, now).await? {
        tracing::warn!(delivery = %delivery.id, token = delivery.token, "a late outcome: another worker has the delivery");
        return Ok(());
    }
    work::add_attempts(&mut tx, row.workspace_id, &[outcome.attempt(delivery)]).await?;
    app.telemetry.webhook(state.as_str());
    conclude(app, tx, row, happened).await
}

/// What becomes of the delivery. One whose endpoint is no longer enabled stays open, so that a paused
/// endpoint always has something to be probed with.
fn fate(
    app: &App,
    endpoint: &Endpoint,
    delivery: &Delivery,
    outcome: &Outcome,
    now: DateTime<Utc>,
) -> (State, Option<DateTime<Utc>>) {
    if outcome.error.is_none() {
        return (State::Succeeded, None);
    }
    if delivery.is_test() || outcome.fault == Fault::OursForGood {
        return (State::Failed, None);
    }
    let stays_open = endpoint.status != Status::Enabled;
    match after_failure(
        delivery.tries,
        outcome.retry_after,
        stays_open,
        now,
        &*app.random,
    ) {
        Fate::Again(at) => (State::Retrying, Some(at)),
        Fate::Failed => (State::Failed, None),
    }
}

/// What a try says about its endpoint; the event if its status changed. A test says nothing, nor does
/// what was never sent.
fn judge(
    row: &mut Endpoint,
    delivery: &Delivery,
    outcome: &Outcome,
    now: DateTime<Utc>,
) -> Option<EventType> {
    if delivery.is_test() || outcome.fault != Fault::Receiver {
        return None;
    }
    let before = Standing {
        failures: row.failures,
        failing_since: row.failing_since,
    };
    let standing = match outcome.error {
        None => Standing::WELL,
        Some(_) => before.failed(now),
    };
    let held_until = outcome
        .retry_after
        .map(|wait| now + wait.min(LONGEST_ASKED));
    row.held_until = row.held_until.max(held_until);
    row.failures = standing.failures;
    row.failing_since = standing.failing_since;
    let probed = row.reason() == Some(Reason::Failures);
    if outcome.error.is_none() {
        return probed.then(|| stand(row, Status::Enabled, None, EventType::WebhookResumed));
    }
    if (row.status == Status::Enabled || probed) && outcome.http_status == Some(410) {
        let kind = EventType::WebhookDisabled;
        return Some(stand(row, Status::Disabled, Some(Reason::Gone), kind));
    }
    if row.status == Status::Enabled && standing.is_hopeless(now) {
        let kind = EventType::WebhookPaused;
        return Some(stand(row, Status::Paused, Some(Reason::Failures), kind));
    }
    None
}

fn stand(row: &mut Endpoint, to: Status, reason: Option<Reason>, kind: EventType) -> EventType {
    row.status = to;
    row.status_reason = reason.map(|reason| reason.as_str().to_owned());
    row.next_due_at = None;
    kind
}

async fn conclude(app: &App, mut tx: Tx, row: Endpoint, happened: Option<EventType>) -> Result<()> {
    let now = app.now();
    endpoint::update(&mut tx, &row).await?;
    let paused = happened == Some(EventType::WebhookPaused);
    let probe_at = paused.then(|| now + app.random.around(PROBE_EVERY));
    if happened == Some(EventType::WebhookResumed) {
        work::hurry(&mut tx, row.id, now).await?;
    }
    work::refresh(&mut tx, &[row.id], now, probe_at).await?;
    if let Some(kind) = happened {
        let actor = Actor::system(row.workspace_id);
        let new = super::manage::happened(app, &actor, kind, &row, "by itself");
        event::append(&mut tx, row.workspace_id, &[new]).await?;
    }
    tx.commit().await?;
    if happened.is_some() {
        app.hints.events();
    } else {
        app.hints.news();
    }
    Ok(())
}

/// Nobody's rights are left to read with: the delivery waits, and the endpoint is switched off until
/// somebody who may resumes it. Nothing happens to an endpoint that was taken over meanwhile.
pub(super) async fn without_author(
    app: &App,
    worker: NodeId,
    judged: &Endpoint,
    delivery: &Delivery,
) -> Result<()> {
    let Some((mut tx, mut row)) = lock(app, delivery).await? else {
        return Ok(());
    };
    work::give_back(&mut tx, delivery, worker, app.now()).await?;
    let stands = row.author.0 == judged.author.0 && row.status != Status::Disabled;
    let happened = stands.then(|| {
        let kind = EventType::WebhookDisabled;
        stand(&mut row, Status::Disabled, Some(Reason::Author), kind)
    });
    conclude(app, tx, row, happened).await
}
