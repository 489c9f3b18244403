use chrono::{DateTime, Utc};
use posthaste_core::{Result, event::EventType, ids::ConnectionId, target::State};
use posthaste_store::{
    Tx, event, lane,
    publish::{self, AttemptEnd},
    target::Target,
    timeline::{self, NewStep},
};
use serde_json::json;

use super::{
    obstacle::rescue,
    settle::system,
    verdict::{Circumstances, Verdict},
};
use crate::App;

/// How many lost leases are looked at in one go.
const BATCH: i64 = 100;

/// Takes targets from workers that gave no sign of life: what was not sent is scheduled again, what
/// may have been sent is read back. The old worker is fenced off by a new token. Each line in a
/// transaction of its own, so that one that cannot be had holds up none of the others.
pub(super) async fn sweep(app: &App) -> Result<usize> {
    let now = app.now();
    let lines = publish::lost_leases(&mut *app.db.get().await?, now, BATCH).await?;
    let mut count = 0;
    for line in lines {
        count += usize::from(take(app, line, now).await?);
    }
    if count > 0 {
        tracing::warn!(count, "took targets from workers that gave no sign of life");
        app.hints.committed();
    }
    Ok(count)
}

/// Takes over what was lost on a line; false when nothing was.
async fn take(app: &App, line: ConnectionId, now: DateTime<Utc>) -> Result<bool> {
    let mut tx = app.db.begin().await?;
    let lost = publish::take_lost(&mut tx, line, now).await?;
    let taken = lost.is_some();
    if let Some(target) = lost {
        take_over(app, &mut tx, target, now).await?;
    }
    tx.commit().await?;
    Ok(taken)
}

async fn take_over(app: &App, tx: &mut Tx, mut target: Target, now: DateTime<Utc>) -> Result<()> {
    let (from, old) = (target.state, target.token);
    publish::fence(tx, &mut target).await?;
    let own = app.connector(target.network).capabilities().settle;
    let settle = Circumstances::settle(&app.timing, own);
    let (Verdict { to, trouble, .. }, message) = rescue(&target, settle, now);
    let error = trouble.as_ref().map(|(code, _)| (code.as_str(), message));
    publish::advance(tx, &target, from, &to, error, now).await?;
    let (ended, end) = ((target.id, old, None), AttemptEnd::default());
    publish::finish_attempt(tx, ended, to.state(), &end, now).await?;
    let step = NewStep {
        at: now,
        kind: "LEASE_LOST",
        message: message.to_owned(),
        detail: json!({}),
    };
    timeline::add_steps(tx, target.workspace_id, target.id, target.attempt, &[step]).await?;
    lane::refresh(tx, &[target.connection_id]).await?;
    let kind = match to.state() {
        State::Uncertain => EventType::TargetUncertain,
        State::Held => EventType::TargetHeld,
        _ => EventType::TargetRetrying,
    };
    let data = json!({ "network": target.network, "message": message });
    let event = crate::post::target_event(app, &system(&target), kind, &target, data);
    event::append(tx, target.workspace_id, &[event]).await
}
