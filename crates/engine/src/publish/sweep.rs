use chrono::TimeDelta;
use posthaste_core::{ErrorCode, Result, ids::NodeId, target::State};
use posthaste_store::{
    event, lane, node,
    publish::{self, AttemptEnd, Move},
    target::Target,
    timeline::{self, NewStep},
};
use serde_json::json;

use super::{settle::system, verdict::Circumstances};
use crate::App;

/// How many lost leases are looked at in one go.
const BATCH: i64 = 100;

/// Takes targets from workers that gave no sign of life: what was not sent is scheduled again, what
/// may have been sent is read back. The old worker is fenced off by a new token.
pub(super) async fn sweep(app: &App) -> Result<usize> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    let lost = publish::lost_leases(&mut tx, now, BATCH).await?;
    for mut target in lost.clone() {
        let from = target.state;
        let old = target.token;
        publish::fence(&mut tx, &mut target).await?;
        let (to, message) = rescue(app, &target, from);
        let trouble = (ErrorCode::OutcomeUnknown.as_str(), message);
        let error = (to.state() == State::Uncertain).then_some(trouble);
        publish::advance(&mut tx, &target, from, &to, error, now).await?;
        publish::finish_attempt(
            &mut tx,
            (target.id, old, None),
            to.state(),
            &AttemptEnd::default(),
            now,
        )
        .await?;
        let step = NewStep {
            at: now,
            kind: "LEASE_LOST",
            message: message.to_owned(),
            detail: json!({}),
        };
        timeline::add_steps(
            &mut tx,
            target.workspace_id,
            target.id,
            target.attempt,
            &[step],
        )
        .await?;
        let kind = if to.state() == State::Uncertain {
            posthaste_core::event::EventType::TargetUncertain
        } else {
            posthaste_core::event::EventType::TargetRetrying
        };
        let data = json!({ "network": target.network, "message": message });
        let event = crate::post::target_event(app, &system(&target), kind, &target, data);
        event::append(&mut tx, target.workspace_id, &[event]).await?;
    }
    let touched: Vec<_> = lost.iter().map(|target| target.connection_id).collect();
    lane::refresh(&mut tx, &touched).await?;
    tx.commit().await?;
    if !lost.is_empty() {
        tracing::warn!(
            count = lost.len(),
            "took targets from workers that gave no sign of life"
        );
        app.hints.committed();
    }
    Ok(lost.len())
}

fn rescue(app: &App, target: &Target, from: State) -> (Move, &'static str) {
    let settle = Circumstances::settle(
        &app.timing,
        app.connector(target.network).capabilities().settle,
    );
    let later = app.now() + TimeDelta::from_std(settle).unwrap_or(TimeDelta::minutes(1));
    match from {
        State::Sending => (
            Move::Uncertain {
                read_back_at: later,
                misses: 0,
            },
            "The worker was lost after the intent; reading back whether the post is live.",
        ),
        State::Reconciling => (
            Move::Uncertain {
                read_back_at: later,
                misses: target.misses,
            },
            "The worker was lost while reading back; another one reads again.",
        ),
        _ => (
            Move::Again {
                counted: false,
                anew: false,
            },
            "The worker was lost before anything was sent; another one goes on.",
        ),
    }
}

/// Says that this worker lives, and forgets processes that have been gone for a day.
pub(super) async fn beat(
    app: &App,
    worker: NodeId,
    started_at: chrono::DateTime<chrono::Utc>,
) -> Result<()> {
    let mut conn = app.db.get().await?;
    node::beat(&mut conn, worker, "WORKER", started_at, app.now()).await?;
    node::sweep(&mut conn, app.now() - TimeDelta::days(1)).await
}
