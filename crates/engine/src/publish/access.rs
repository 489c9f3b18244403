//! A network refuses our token while a target is prepared, sent or read back.

use posthaste_core::{Error, ErrorCode, Result};
use serde_json::json;

use super::{
    journal::Journal,
    load::Job,
    obstacle::{token_trouble, was_refused, with_fresh_token},
    verdict::Verdict,
};
use crate::{App, tokens};

/// Gives a job whose token was refused a fresh one.
pub(super) async fn refresh(app: &App, job: &mut Job, journal: &Journal) -> Result<()> {
    journal.note(
        "TOKEN",
        "The network refused the access token; refreshing it.",
        json!({}),
    );
    let reason = "the network refused the access token";
    let fresh = tokens::refresh(app, &job.connection, reason).await?;
    job.session = tokens::session(app, &fresh).await?;
    job.connection = fresh;
    job.refreshes.count(journal);
    Ok(())
}

/// No fresh token for now: that the network, or the database, is away says nothing about the access.
pub(super) fn without_token(app: &App, error: Error) -> Verdict {
    token_trouble(error, app.now(), &app.timing, &*app.random)
}

/// The network refused the token at the visible call, so nothing went out: refresh once and let the
/// next try go on from what is prepared; without a fresh token the account must be reconnected.
pub(super) async fn after_refusal_of_token(
    app: &App,
    job: &mut Job,
    verdict: Verdict,
    journal: &Journal,
) -> Verdict {
    if !job.refreshes.may_help(journal) {
        return after_refusal_of_fresh_token(app, job, verdict).await;
    }
    if was_refused(&job.target) && journal.accepted() == 0 {
        return disconnected(app, job, verdict).await;
    }
    match refresh(app, job, journal).await {
        Ok(()) => with_fresh_token(verdict, job.target.attempt),
        Err(error) if error.code == ErrorCode::ReconnectRequired => verdict,
        Err(error) => without_token(app, error),
    }
}

/// The network refused a token that it gave in this very try: access stands, so a later try may go through;
/// refused in several, another fresh token is no help.
pub(super) async fn after_refusal_of_fresh_token(
    app: &App,
    job: &Job,
    verdict: Verdict,
) -> Verdict {
    if was_refused(&job.target) {
        return disconnected(app, job, verdict).await;
    }
    let later = app.now() + app.timing.back_off(1, &*app.random);
    with_fresh_token(verdict, job.target.attempt).at_token(later)
}

/// The network refuses tokens that cannot be made better: the account is marked, unless it has others by
/// now; with those the next try goes on.
async fn disconnected(app: &App, job: &Job, verdict: Verdict) -> Verdict {
    let message = verdict
        .trouble
        .as_ref()
        .map(|(_, message)| message.as_str())
        .unwrap_or_default();
    if has_other_tokens(app, job, message).await {
        with_fresh_token(verdict, job.target.attempt)
    } else {
        verdict
    }
}

/// Marks the account of a job whose token is refused; true when it was reconnected meanwhile instead.
pub(super) async fn has_other_tokens(app: &App, job: &Job, message: &str) -> bool {
    match tokens::refused(app, &job.connection, message).await {
        Ok(still) => !still,
        // What is known is written down all the same; the account's next post finds out again.
        Err(error) => {
            tracing::warn!(connection = %job.connection.id, %error, cause = ?error.cause, "cannot mark the account");
            false
        }
    }
}
