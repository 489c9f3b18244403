//! Safe start after a failover or from a restored backup: the database may have lost its newest
//! writes, and then what is live looks as if it had never been sent.

use chrono::{DateTime, Utc};
use posthaste_core::{Result, connector::Intent, event::EventType, ids::NodeId, target::State};
use posthaste_store::{
    Tx, event,
    publish::{self, AttemptEnd},
    target::Target,
};
use serde_json::{Value, json};

use super::{
    attempt::{KNOWN, margin},
    journal::Journal,
    obstacle::doubtful,
    settle::apply,
    verdict::Circumstances,
};
use crate::{Actor, App};

/// Called at the first claim on a database that is not the one of the last claim: marks what may have
/// been sent by writes that are lost, so that it is read back first. One node does it, the others
/// wait.
pub(super) async fn safe_start(app: &App, mut tx: Tx) -> Result<()> {
    let before = publish::incarnation(&mut tx).await?;
    if publish::is_known(&mut tx).await? {
        return tx.rollback().await;
    }
    let mut marked = 0;
    if before.is_some() {
        marked = mark(app, &mut tx, None).await?;
    }
    publish::remember(&mut tx, app.now()).await?;
    tx.commit().await?;
    if let Some(before) = before {
        tracing::error!(
            ?before,
            marked,
            "another database than at the last claim: a standby was promoted or a backup restored, and its newest \
             writes may be lost; what was due is read back before anything is sent"
        );
        app.hints.committed();
    }
    Ok(())
}

/// Marks by hand what may have been sent since `since`, after a backup was restored: everything due by
/// now is read back before anything is sent. Tells how many targets that are.
pub async fn recover(app: &App, since: DateTime<Utc>) -> Result<i64> {
    let mut tx = app.db.begin().await?;
    let marked = mark(app, &mut tx, Some(since)).await?;
    tx.commit().await?;
    app.hints.committed();
    Ok(marked)
}

async fn mark(app: &App, tx: &mut Tx, since: Option<DateTime<Utc>>) -> Result<i64> {
    let mut all = 0;
    for (workspace, count) in publish::mark_all(tx, app.now(), since).await? {
        all += count;
        let data = json!({ "targets": count, "since": since });
        let event = app.event(
            &Actor::system(workspace),
            EventType::PublishingRecovered,
            data,
        );
        event::append(tx, workspace, &[event]).await?;
    }
    Ok(all)
}

/// A marked target: an intent is written down as for a call, but none is made; it is read back as if
/// the answer had been lost.
pub(super) async fn read_back_first(
    app: &App,
    worker: NodeId,
    target: &Target,
    since: DateTime<Utc>,
    journal: &Journal,
) -> Result<()> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    let known_ids = publish::known_ids(&mut tx, target.connection_id, KNOWN).await?;
    // What the lost try had prepared is lost too; what an earlier one had says nothing about it. What was
    // dropped in doubt is looked for as it was sent, though it may say something else by now.
    let sent = target.intent.as_ref().and_then(|json| json.0.sent.clone());
    let intent = Intent {
        at: since,
        committed_at: Some(now),
        ready: Value::Null,
        after_id: None,
        known_ids,
        sent,
    };
    if !publish::commit_intent(&mut tx, target, worker, &intent, now, margin(app)).await? {
        tracing::warn!(target_id = %target.id, token = target.token, "no reading back first: the target or its lease is gone");
        return Ok(());
    }
    tx.commit().await?;
    let own = app.connector(target.network).capabilities().settle;
    let verdict = doubtful(Circumstances::settle(&app.timing, own), now);
    let end = AttemptEnd::default();
    apply(app, worker, target, State::Sending, &verdict, end, journal).await?;
    Ok(())
}
