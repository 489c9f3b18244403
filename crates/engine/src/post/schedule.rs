use posthaste_core::{
    Error, ErrorCode,
    access::Permission,
    event::EventType,
    ids::{PostId, TargetId},
    target::State,
};
use posthaste_store::{
    Tx,
    post::{self, Post},
    target::{self, Target},
};
use serde_json::json;

use super::{
    TargetAction, Violations, When, Written,
    act::{act, given_time, note_all},
    create::booked,
    targets::{inspect, set_time},
    trial::trial,
    write::{cancel_row, finish, open, schedule_row, target_event},
};
use crate::{Actor, App, preflight::stamp};

/// Gives targets a time: those named, else all that are drafts, scheduled or cancelled.
pub async fn schedule(
    app: &App,
    actor: &Actor,
    id: PostId,
    version: Option<i32>,
    when: &When,
    only: Option<&[TargetId]>,
) -> Result<Written, Violations> {
    let actor = &actor.using(Permission::Publish).map_err(one)?;
    let chosen = when
        .resolve(app.now())
        .map_err(|error| one(error.within(["schedule"])))?;
    let mut tx = app.db.begin().await.map_err(one)?;
    let (post, mut rows) = open(&mut tx, actor, id, version, &[]).await.map_err(one)?;
    choose(&mut rows, only, TargetAction::Schedule, "scheduled")?;
    if rows.is_empty() {
        let error = Error::new(
            ErrorCode::TargetsRequired,
            "The post has no target that could be scheduled.",
        );
        return Err(one(error.at(["targets"])));
    }
    let plan: Vec<_> = rows
        .iter()
        .map(|row| (row.connection_id, row.settings.0.clone()))
        .collect();
    let mut seen = inspect(app, &mut tx, actor, &post.body, &plan, true)
        .await
        .map_err(one)?;
    let nth = |index: usize| rows.get(index);
    for error in &mut seen.violations {
        name(&mut error.path, nth, only);
    }
    for warning in &mut seen.warnings {
        name(&mut warning.path, nth, only);
    }
    if !seen.violations.is_empty() {
        return Err(seen.violations);
    }
    let mut planned = rows.clone();
    for (row, planned) in rows.iter_mut().zip(&mut planned) {
        if let Some(connection) = seen.connections.get(&row.connection_id) {
            stamp(app, &post.body, connection, row);
            stamp(app, &post.body, connection, planned);
        }
        set_time(planned, &chosen, app.now());
    }
    let booked = booked(app, actor, &mut tx, &planned, &seen.connections, &[]).await;
    let at = |place: usize| planned.iter().find(|row| row.position == place as i32);
    let mut booked = booked.map_err(|mut violations| {
        for error in &mut violations {
            name(&mut error.path, at, only);
        }
        violations
    })?;
    for warning in &mut booked.warnings {
        name(&mut warning.path, at, only);
    }
    let mut events = Vec::new();
    let before: Vec<_> = rows
        .iter()
        .map(|row| row.due_at.filter(|_| row.state == State::Scheduled))
        .collect();
    for row in &mut rows {
        let told = booked.told(row.id);
        events.push(
            schedule_row(app, actor, &mut tx, row, &chosen, false, told)
                .await
                .map_err(one)?,
        );
    }
    let steps: Vec<_> = rows
        .iter()
        .zip(before)
        .map(|(row, before)| (row, given_time(app, actor, row, before)))
        .collect();
    note_all(&mut tx, &steps).await.map_err(one)?;
    post::refresh_due(&mut tx, id, app.now())
        .await
        .map_err(one)?;
    let post = reread(&mut tx, actor, id).await.map_err(one)?;
    let trial = trial(app, actor, &mut tx, &post, booked.outlay)
        .await
        .map_err(one)?;
    finish(app, actor, tx, &rows, events).await.map_err(one)?;
    let mut warnings = seen.warnings;
    warnings.extend(booked.warnings);
    warnings.extend(chosen.warning());
    Ok(Written {
        post,
        warnings,
        trial,
    })
}

/// Publishes now: those named, else all that are drafts, scheduled or cancelled.
pub async fn publish_now(
    app: &App,
    actor: &Actor,
    id: PostId,
    version: Option<i32>,
    only: Option<&[TargetId]>,
) -> Result<Written, Violations> {
    schedule(app, actor, id, version, &When::Now, only).await
}

/// Takes the time away again; the targets are drafts.
pub async fn unschedule(
    app: &App,
    actor: &Actor,
    id: PostId,
    only: Option<&[TargetId]>,
) -> Result<Post, Violations> {
    let actor = &actor.using(Permission::Publish).map_err(one)?;
    let mut tx = app.db.begin().await.map_err(one)?;
    let (_, mut rows) = open(&mut tx, actor, id, None, &[]).await.map_err(one)?;
    choose(
        &mut rows,
        only,
        TargetAction::Unschedule,
        "taken off the schedule",
    )?;
    let mut events = Vec::new();
    for row in &mut rows {
        row.state = State::Draft;
        row.due_at = None;
        row.local_time = None;
        row.time_zone = None;
        row.updated_at = app.now();
        target::update(&mut tx, row, State::Scheduled)
            .await
            .map_err(one)?;
        events.push(target_event(
            app,
            actor,
            EventType::TargetCancelled,
            row,
            json!({ "draft": true }),
        ));
    }
    note(
        app,
        actor,
        &mut tx,
        &rows,
        "UNSCHEDULED",
        "Taken off the schedule.",
    )
    .await
    .map_err(one)?;
    post::refresh_due(&mut tx, id, app.now())
        .await
        .map_err(one)?;
    let post = reread(&mut tx, actor, id).await.map_err(one)?;
    finish(app, actor, tx, &rows, events).await.map_err(one)?;
    Ok(post)
}

/// Cancels targets that were not sent: those named, else all that can be.
pub async fn cancel(
    app: &App,
    actor: &Actor,
    id: PostId,
    only: Option<&[TargetId]>,
) -> Result<Post, Violations> {
    let actor = &actor.using(Permission::Publish).map_err(one)?;
    let mut tx = app.db.begin().await.map_err(one)?;
    let (_, mut rows) = open(&mut tx, actor, id, None, &[]).await.map_err(one)?;
    let all = rows.clone();
    choose(&mut rows, only, TargetAction::Cancel, "cancelled")?;
    if rows.is_empty() {
        let message = match all.iter().find(|row| row.state.is_in_flight()) {
            Some(row) => format!(
                "It is being published to {} at this moment and can no longer be stopped.",
                row.network
            ),
            None => "No target can be cancelled any more.".to_owned(),
        };
        return Err(one(Error::new(ErrorCode::InvalidState, message)));
    }
    let mut events = Vec::new();
    for row in &mut rows {
        events.push(cancel_row(app, actor, &mut tx, row).await.map_err(one)?);
    }
    note(app, actor, &mut tx, &rows, "CANCELLED", "Cancelled.")
        .await
        .map_err(one)?;
    post::refresh_due(&mut tx, id, app.now())
        .await
        .map_err(one)?;
    let post = reread(&mut tx, actor, id).await.map_err(one)?;
    finish(app, actor, tx, &rows, events).await.map_err(one)?;
    Ok(post)
}

/// Writes the same step into the timelines of targets.
async fn note(
    app: &App,
    actor: &Actor,
    tx: &mut Tx,
    rows: &[Target],
    kind: &'static str,
    message: &str,
) -> posthaste_core::Result<()> {
    let steps: Vec<_> = rows
        .iter()
        .map(|row| (row, act(app, actor, kind, message, json!({}))))
        .collect();
    note_all(tx, &steps).await
}

/// Keeps the named targets (each must have room for the action), else all that have.
fn choose(
    rows: &mut Vec<Target>,
    only: Option<&[TargetId]>,
    action: TargetAction,
    verb: &str,
) -> Result<(), Violations> {
    let Some(only) = only else {
        rows.retain(|row| action.fits(row));
        return Ok(());
    };
    let mut violations = Violations::new();
    for (index, id) in only.iter().enumerate() {
        let at = ["targetIds".to_owned(), index.to_string()];
        match rows.iter().find(|row| row.id == *id) {
            None => violations.push(Error::not_found("target of this post").at(at)),
            Some(row) if !action.fits(row) => {
                let message = format!("A target that is {} cannot be {verb}.", row.state.as_str());
                violations.push(Error::new(ErrorCode::InvalidState, message).at(at));
            }
            Some(_) => {}
        }
    }
    rows.retain(|row| only.contains(&row.id));
    if violations.is_empty() {
        Ok(())
    } else {
        Err(violations)
    }
}

/// Names a target as the input does: by its place among `targetIds`, else by its place in the post.
/// `found`: the target that the path speaks of by a number.
fn name<'a>(
    path: &mut Vec<String>,
    found: impl Fn(usize) -> Option<&'a Target>,
    only: Option<&[TargetId]>,
) {
    let [first, number, ..] = path.as_mut_slice() else {
        return;
    };
    let row = number.parse().ok().and_then(found);
    let Some(row) = row.filter(|_| first == "targets") else {
        return;
    };
    match only.and_then(|only| only.iter().position(|id| *id == row.id)) {
        Some(place) => *path = vec!["targetIds".to_owned(), place.to_string()],
        None => *number = row.position.to_string(),
    }
}

async fn reread(tx: &mut Tx, actor: &Actor, id: PostId) -> posthaste_core::Result<Post> {
    post::get(tx, actor, id).await
}

fn one(error: Error) -> Violations {
    vec![error]
}
