use posthaste_core::{
    Error, ErrorCode, Result,
    access::Permission,
    event::EventType,
    ids::{ConnectionId, TargetId},
    post::Problem,
    target::State,
};
use posthaste_store::{
    Tx,
    connection::{self, Connection},
    lane, post,
    target::{self, Target},
    timeline,
};
use serde_json::json;

use super::{
    Changed, TargetAction, When,
    act::act,
    actions::is_outcome_unknown,
    trial::trial_of,
    write::{cancel_row, finish, schedule_row, target_event},
};
use crate::{Actor, App, metric, preflight::book};

/// What a person says about a target that waits for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It is live.
    Live {
        /// Its public address, if known.
        permalink: Option<String>,
        /// The network's id, if known.
        remote_id: Option<String>,
    },
    /// Publish it (again), now.
    Publish,
    /// Drop it.
    Drop,
}

/// Tries a failed or held target again, now. One whose outcome is unknown must be settled instead,
/// because only a person can see whether that would publish it twice.
pub async fn retry(app: &App, actor: &Actor, id: TargetId) -> Result<Changed> {
    let actor = &actor.using(Permission::Publish)?;
    let (mut tx, mut row) = open(app, actor, id).await?;
    if row.state == State::Held && is_outcome_unknown(&row) {
        let message = "It is not certain whether this target is live; a retry could publish it twice. Settle it instead.";
        return Err(Error::new(ErrorCode::OutcomeUnknown, message));
    }
    if !TargetAction::Retry.fits(&row) {
        return Err(wrong_state(&row, "retried"));
    }
    let account = publish_again(app, actor, &mut tx, &mut row, "Retried by a person.").await?;
    let pairs = [(&row, &account)];
    let booked = book(app, &actor.into(), &mut tx, &pairs, &[], true).await?;
    let forbidden = booked.violations.into_iter().map(as_warning);
    let warnings = forbidden.chain(booked.warnings).collect();
    let trial = trial_of(app, actor, &mut tx, &row, booked.outlay).await?;
    let target = done(app, actor, tx, row, Vec::new()).await?;
    Ok(Changed {
        target,
        warnings,
        trial,
    })
}

/// The person who tries again has decided; what is in the way is told, and judged when it goes out.
fn as_warning(error: Error) -> Problem {
    Problem::warning(error.code, error.message, error.path)
}

/// Settles by hand a target that is held, failed or uncertain (or was published elsewhere).
pub async fn settle(app: &App, actor: &Actor, id: TargetId, how: Settlement) -> Result<Target> {
    let actor = &actor.using(Permission::Publish)?;
    let (mut tx, mut row) = open(app, actor, id).await?;
    let mut events = Vec::new();
    match how {
        Settlement::Live {
            permalink,
            remote_id,
        } => {
            if !TargetAction::Settle.fits(&row) {
                return Err(wrong_state(&row, "settled as live"));
            }
            if let Some(link) = &permalink
                && !link.starts_with("https://")
                && !link.starts_with("http://")
            {
                return Err(Error::new(
                    ErrorCode::LinkInvalid,
                    "The permalink must be a web address.",
                )
                .at(["permalink"]));
            }
            let from = row.state;
            row.state = State::Published;
            row.published_at = Some(app.now());
            if row.intent.is_none() {
                // The network was never asked, so it charges nothing.
                row.price = row.price.map(|_| 0);
            }
            row.permalink = permalink;
            row.remote_id = remote_id;
            row.error_code = None;
            row.error_message = None;
            row.updated_at = app.now();
            target::update(&mut tx, &mut row, from).await?;
            metric::begin(app, &mut tx, &row, row.remote_id.as_deref(), app.now()).await?;
            note(
                app,
                actor,
                &mut tx,
                &row,
                "SETTLED",
                "A person says that it is live.",
            )
            .await?;
            events.push(target_event(
                app,
                actor,
                EventType::TargetPublished,
                &row,
                json!({ "permalink": row.permalink, "byHand": true }),
            ));
        }
        Settlement::Publish => {
            if !matches!(row.state, State::Held | State::Failed) {
                return Err(wrong_state(&row, "published again"));
            }
            // Whoever looked and decides so answers for it.
            if is_outcome_unknown(&row) {
                row.error_code = None;
            }
            row.read_back_from = None;
            publish_again(
                app,
                actor,
                &mut tx,
                &mut row,
                "A person chose to publish it.",
            )
            .await?;
        }
        Settlement::Drop => {
            if !matches!(row.state, State::Held | State::Failed) {
                return Err(wrong_state(&row, "dropped"));
            }
            events.push(cancel_row(app, actor, &mut tx, &mut row).await?);
            note(app, actor, &mut tx, &row, "DROPPED", "A person dropped it.").await?;
        }
    }
    done(app, actor, tx, row, events).await
}

async fn publish_again(
    app: &App,
    actor: &Actor,
    tx: &mut Tx,
    row: &mut Target,
    why: &str,
) -> Result<Connection> {
    let account = connection::get(tx, actor, row.connection_id).await?;
    if account.status != connection::Status::Active {
        let message = format!(
            "{} must be usable first; it is {}.",
            account.name,
            account.status.as_str()
        );
        return Err(Error::new(ErrorCode::ConnectionUnusable, message));
    }
    let chosen = When::Now.resolve(app.now())?;
    let event = schedule_row(app, actor, tx, row, &chosen, true, Vec::new()).await?;
    lane::unblock(tx, row.connection_id).await?;
    note(app, actor, tx, row, "RETRIED", why).await?;
    posthaste_store::event::append(tx, actor.workspace, &[event]).await?;
    Ok(account)
}

async fn open(app: &App, actor: &Actor, id: TargetId) -> Result<(Tx, Target)> {
    let mut tx = app.db.begin().await?;
    let connection: ConnectionId = target::get(&mut tx, actor, id).await?.connection_id;
    lane::lock(&mut tx, &[connection]).await?;
    let row = target::get(&mut tx, actor, id).await?;
    Ok((tx, row))
}

async fn note(
    app: &App,
    actor: &Actor,
    tx: &mut Tx,
    row: &Target,
    kind: &'static str,
    message: &str,
) -> Result<()> {
    let step = act(app, actor, kind, message, json!({}));
    timeline::add_steps(tx, row.workspace_id, row.id, row.attempt, &[step]).await
}

async fn done(
    app: &App,
    actor: &Actor,
    mut tx: Tx,
    row: Target,
    events: Vec<posthaste_store::event::NewEvent>,
) -> Result<Target> {
    post::refresh_due(&mut tx, row.post_id, app.now()).await?;
    finish(app, actor, tx, std::slice::from_ref(&row), events).await?;
    Ok(row)
}

pub(super) fn wrong_state(row: &Target, verb: &str) -> Error {
    Error::new(
        ErrorCode::InvalidState,
        format!("A target that is {} cannot be {verb}.", row.state.as_str()),
    )
}
