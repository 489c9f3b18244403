use posthaste_core::{Result, target::State};
use posthaste_store::{
    event, lane,
    publish::{self, AttemptEnd},
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
/// may have been sent is read back. The old worker is fenced off by a new token.
pub(super) async fn sweep(app: &App) -> Result<usize> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    let lost = publish::lost_leases(&mut tx, now, BATCH).await?;
    for mut target in lost.clone() {
        let (from, old) = (target.state, target.token);
        publish::fence(&mut tx, &mut target).await?;
        let own = app.connector(target.network).capabilities().settle;
        let settle = Circumstances::settle(&app.timing, own);
        let (Verdict { to, trouble, .. }, message) = rescue(&target, settle, now);
        let error = trouble.as_ref().map(|(code, _)| (code.as_str(), message));
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
