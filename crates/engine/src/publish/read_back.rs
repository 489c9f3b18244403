use chrono::TimeDelta;
use posthaste_core::{
    ErrorCode, Network, Result, connector::FailureClass, ids::NodeId, target::State,
};
use posthaste_store::{
    publish::{self, AttemptEnd},
    target::Target,
};
use serde_json::json;

use super::{
    access::{has_other_tokens, refresh, without_token},
    attempt::{circumstances, end_of, new_attempts},
    crash::Point,
    journal::Journal,
    load::{Job, load},
    obstacle::{still_unknown, uncounted},
    settle::apply,
    verdict::{TOKEN, Verdict, after_failed_lookup, after_lookup, is_suspected, sent_at},
};
use crate::App;

/// Takes targets whose time to be read back has come.
pub(super) async fn claim(
    app: &App,
    worker: NodeId,
    networks: &[Network],
    limit: i64,
) -> Result<Vec<Target>> {
    let now = app.now();
    let lease_until = now + TimeDelta::from_std(app.timing.lease).unwrap_or(TimeDelta::seconds(90));
    let mut tx = app.db.begin().await?;
    let targets =
        publish::claim_read_backs(&mut tx, worker, networks, limit, now, lease_until).await?;
    if targets.is_empty() {
        return Ok(targets);
    }
    let new = new_attempts(app, &targets, true);
    publish::insert_attempts(&mut tx, worker, &new).await?;
    tx.commit().await?;
    Ok(targets)
}

/// Reads one target back and settles it.
pub(super) async fn read_back(app: &App, worker: NodeId, target: Target) -> Result<()> {
    app.crash.reach(Point::AfterReadingClaim, target.id);
    let journal = Journal::new(app.clock.clone());
    journal.note(
        "READ_BACK",
        format!("Looking on {} for what became of it.", target.network),
        json!({}),
    );
    match load(app, target, &journal, false).await? {
        Ok(mut job) => {
            let (verdict, end) = look(app, &mut job, &journal).await;
            apply(
                app,
                worker,
                &job.target,
                State::Reconciling,
                &verdict,
                end,
                &journal,
            )
            .await?;
        }
        Err((target, verdict)) => {
            let verdict = still_unknown(&target, verdict, &circumstances(app, &target));
            apply(
                app,
                worker,
                &target,
                State::Reconciling,
                &verdict,
                AttemptEnd::default(),
                &journal,
            )
            .await?;
        }
    }
    Ok(())
}

async fn look(app: &App, job: &mut Job, journal: &Journal) -> (Verdict, AttemptEnd) {
    let Some(intent) = job.target.intent.as_ref().map(|json| json.0.clone()) else {
        return (
            Verdict::held(ErrorCode::OutcomeUnknown, "The intent of this try is lost."),
            AttemptEnd::default(),
        );
    };
    // As it was sent: the connection may point elsewhere by now.
    let rendition = match intent.sent.clone() {
        Some(sent) => sent.put_into(job.rendition.clone()),
        None => job.rendition.clone(),
    };
    let suspected = is_suspected(&job.target);
    let since = sent_at(&intent);
    loop {
        let answer = job
            .connector
            .lookup(&job.ctx, &job.session, &rendition, &intent)
            .await;
        let at = circumstances(app, &job.target);
        match answer {
            Ok(lookup) => {
                let needed = job.capabilities().absence_readings;
                let verdict = after_lookup(
                    lookup,
                    &at,
                    job.target.misses,
                    needed,
                    job.target.if_absent,
                    since,
                    suspected,
                );
                // A marked target was not sent by this try.
                let verdict = match job.target.read_back_from {
                    Some(_) => uncounted(verdict),
                    None => verdict,
                };
                return (verdict, AttemptEnd::default());
            }
            Err(failure)
                if failure.class == FailureClass::Reauthorize
                    && job.refreshes.may_help(journal) =>
            {
                let verdict = match refresh(app, job, journal).await {
                    Ok(()) => continue,
                    Err(error) if error.code == ErrorCode::ReconnectRequired => {
                        after_failed_lookup(failure, &at, job.target.misses, since, suspected)
                    }
                    Err(error) => still_unknown(&job.target, without_token(app, error), &at),
                };
                return (verdict, AttemptEnd::default());
            }
            Err(failure) => {
                let end = end_of(&failure);
                let message = failure.message.clone();
                let verdict =
                    after_failed_lookup(failure, &at, job.target.misses, since, suspected);
                // No try is counted here, so a fresh token that is refused ends access at once.
                if verdict.reconnect && has_other_tokens(app, job, &message).await {
                    let again =
                        Verdict::put_back(at.now, TOKEN, ErrorCode::ReconnectRequired, message);
                    return (still_unknown(&job.target, again, &at), end);
                }
                return (verdict, end);
            }
        }
    }
}
