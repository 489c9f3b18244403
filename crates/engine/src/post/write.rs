use std::mem;

use chrono::{DateTime, Utc};
use posthaste_core::{
    Error, ErrorCode,
    access::Permission,
    event::EventType,
    ids::{ConnectionId, PostId},
    post::{PostBody, Problem, TargetSettings},
    target::State,
};
use posthaste_store::{
    Json, Tx,
    event::{self, NewEvent},
    lane,
    post::{self, Post},
    preflight::stamp as write_stamp,
    publish::{self, AttemptEnd},
    target::{self, Target},
};
use serde_json::json;

use super::{
    NewTarget, Violations, When,
    act::{act, note_all},
    actions::is_live_everywhere,
    create::booked,
    preview::by_id,
    targets::{Inspection, inspect, row, set_time},
    trial::{Trial, trial},
    validate::together,
};
use crate::{Actor, App, preflight::restamp};

/// A post to be written.
#[derive(Debug, Default)]
pub struct NewPost {
    /// Id chosen by the client, which makes a repeat harmless.
    pub id: Option<PostId>,
    /// What it says.
    pub body: PostBody,
    /// Where it goes.
    pub targets: Vec<NewTarget>,
    /// When; without it the targets are drafts.
    pub schedule: Option<When>,
    /// What the caller could not read, told together with what the rules forbid.
    pub unread: Violations,
}

impl NewPost {
    /// Whether it is meant to go out, also when its time could not be read.
    pub(super) fn is_scheduled(&self) -> bool {
        let about_time = |error: &Error| error.path.first().is_some_and(|part| part == "schedule");
        self.schedule.is_some() || self.unread.iter().any(about_time)
    }
}

/// A change of a post.
pub struct Change {
    /// The version the person saw; without it the last writer wins.
    pub version: Option<i32>,
    /// Changes the body.
    pub edit: Box<dyn FnOnce(&mut PostBody) + Send>,
    /// The new list of targets, if it changes: what is missing is removed, what is new is added.
    pub targets: Option<Vec<NewTarget>>,
    /// What the caller could not read, told together with what the rules forbid.
    pub unread: Violations,
}

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// The post.
    pub post: Post,
    /// What a person should know.
    pub warnings: Vec<Problem>,
    /// What would have been written, of a dry run.
    pub trial: Option<Trial>,
}

/// Changes body or targets of a post none of whose targets is being published at this moment.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: PostId,
    change: Change,
) -> Result<Written, Violations> {
    let actor = &actor.using(Permission::Write).map_err(one)?;
    let mut tx = app.db.begin().await.map_err(one)?;
    let added = known(&mut tx, actor, change.targets.as_deref())
        .await
        .map_err(one)?;
    let (mut post, mut rows) = open(&mut tx, actor, id, change.version, &added)
        .await
        .map_err(one)?;
    refuse_in_flight(&rows).map_err(one)?;
    refuse_live(&rows).map_err(one)?;
    (change.edit)(&mut post.body.0);
    let wanted = change.targets.as_deref();
    let plan = match wanted {
        Some(targets) => connections(targets),
        None => rows
            .iter()
            .map(|row| (row.connection_id, row.settings.0.clone()))
            .collect(),
    };
    let strict = rows.iter().any(|row| row.state == State::Scheduled);
    if strict {
        let publisher = actor.using(Permission::Publish).map_err(one)?;
        if !plan.iter().all(|(id, _)| publisher.reach.has(*id)) {
            return Err(one(Permission::Publish.refusal()));
        }
    }
    let mut seen = inspect(app, &mut tx, actor, &post.body, &plan, strict)
        .await
        .map_err(one)?;
    let violations = together(change.unread, mem::take(&mut seen.violations));
    if !violations.is_empty() {
        return Err(violations);
    }
    let place = |row: &Target| plan.iter().position(|(id, _)| *id == row.connection_id);
    let before = rows.clone();
    let mut changed = Vec::new();
    for (index, row) in rows.iter_mut().enumerate() {
        // What is live somewhere stays what it said and cost there.
        if row.state.is_editable()
            && let Some(connection) = seen.connections.get(&row.connection_id)
            && restamp(app, &post.body, connection, row)
        {
            changed.push(index);
        }
    }
    let kept = rows.iter().filter_map(|row| {
        let position = place(row)? as i32;
        Some(Target {
            position,
            ..row.clone()
        })
    });
    let kept: Vec<Target> = kept.collect();
    let mut booked = booked(app, actor, &mut tx, &kept, &seen.connections, &before).await?;
    for &index in &changed {
        let row = &mut rows[index];
        row.risks = booked.told(row.id);
    }
    post.updated_at = app.now();
    let touched = lanes_of(&rows);
    post::update(&mut tx, &mut post).await.map_err(one)?;
    let changed: Vec<&Target> = changed.into_iter().map(|index| &rows[index]).collect();
    write_stamp(&mut tx, &changed).await.map_err(one)?;
    if let Some(wanted) = wanted {
        retarget(app, &mut tx, &post, &mut rows, wanted, &seen).await?;
    }
    lane::refresh(&mut tx, &touched).await.map_err(one)?;
    post::refresh_due(&mut tx, post.id, post.updated_at)
        .await
        .map_err(one)?;
    let steps: Vec<_> = rows
        .iter()
        .filter(|row| row.state.is_editable())
        .map(|row| {
            (
                row,
                act(app, actor, "EDITED", "The post was edited.", json!({})),
            )
        })
        .collect();
    note_all(&mut tx, &steps).await.map_err(one)?;
    let events = vec![about(app, actor, EventType::PostUpdated, post.id)];
    let trial = trial(app, actor, &mut tx, &post, booked.outlay)
        .await
        .map_err(one)?;
    finish(app, actor, tx, &rows, events).await.map_err(one)?;
    let mut warnings = seen.warnings;
    warnings.extend(booked.warnings);
    Ok(Written {
        post,
        warnings,
        trial,
    })
}

async fn retarget(
    app: &App,
    tx: &mut Tx,
    post: &Post,
    rows: &mut Vec<Target>,
    wanted: &[NewTarget],
    seen: &Inspection,
) -> Result<(), Violations> {
    for row in rows.extract_if(.., |row| {
        !wanted.iter().any(|new| new.connection == row.connection_id)
    }) {
        if !matches!(
            row.state,
            State::Draft | State::Scheduled | State::Cancelled
        ) || row.attempt > 0
        {
            let message = format!(
                "A target that was tried already ({}) stays with its post.",
                row.state.as_str()
            );
            return Err(one(
                Error::new(ErrorCode::InvalidState, message).at(["targets"])
            ));
        }
        target::delete(tx, row.workspace_id, row.id)
            .await
            .map_err(one)?;
    }
    for (position, new) in wanted.iter().enumerate() {
        let Some(connection) = seen.connections.get(&new.connection) else {
            continue;
        };
        if let Some(row) = rows
            .iter_mut()
            .find(|row| row.connection_id == connection.id)
        {
            row.position = position as i32;
            row.settings = Json(new.settings.clone());
            row.misfire = new.misfire;
            row.if_absent = new.if_absent;
            row.updated_at = app.now();
            let state = row.state;
            target::update(tx, row, state).await.map_err(one)?;
        } else {
            let row = row(app, post, connection, position, new, None);
            target::insert(tx, std::slice::from_ref(&row))
                .await
                .map_err(one)?;
            rows.push(row);
        }
    }
    Ok(())
}

/// Removes a post whose targets are neither on their way nor live; scheduled ones are cancelled.
pub async fn delete(app: &App, actor: &Actor, id: PostId) -> posthaste_core::Result<()> {
    let actor = &actor.using(Permission::Write)?;
    let mut tx = app.db.begin().await?;
    let (post, mut rows) = open(&mut tx, actor, id, None, &[]).await?;
    refuse_in_flight(&rows)?;
    if rows.iter().any(|row| row.state == State::Published) {
        let message =
            "The post is live. Delete it on the networks first; its history stays otherwise.";
        return Err(Error::new(ErrorCode::InvalidState, message));
    }
    let mut events = Vec::new();
    for row in rows
        .iter_mut()
        .filter(|row| matches!(row.state, State::Scheduled | State::Held | State::Failed))
    {
        events.push(cancel_row(app, actor, &mut tx, row).await?);
        let message = "Cancelled: the post was deleted.";
        let step = act(app, actor, "CANCELLED", message, json!({}));
        note_all(&mut tx, &[(&*row, step)]).await?;
    }
    post::delete(&mut tx, post.id, app.now()).await?;
    events.push(about(app, actor, EventType::PostDeleted, post.id));
    finish(app, actor, tx, &rows, events).await
}

/// Cancels one target and returns its event.
pub(super) async fn cancel_row(
    app: &App,
    actor: &Actor,
    tx: &mut Tx,
    row: &mut Target,
) -> posthaste_core::Result<NewEvent> {
    let (from, token) = (row.state, row.token);
    row.state = State::Cancelled;
    row.updated_at = app.now();
    target::update(tx, row, from).await?;
    if from == State::Claimed {
        // Its worker is fenced off and writes nothing more: the try ends here, and the line is free.
        let (ours, end) = ((row.id, token, None), AttemptEnd::default());
        publish::finish_attempt(tx, ours, row.state, &end, row.updated_at).await?;
        lane::vacate(tx, row.connection_id).await?;
    }
    Ok(NewEvent {
        connection: Some(row.connection_id),
        ..target_event(app, actor, EventType::TargetCancelled, row, json!({}))
    })
}

/// Puts one target on the schedule and returns its event. `told`: the codes of the risks that the person is
/// told with it.
pub(super) async fn schedule_row(
    app: &App,
    actor: &Actor,
    tx: &mut Tx,
    row: &mut Target,
    chosen: &super::Chosen,
    late_ok: bool,
    told: Vec<String>,
) -> posthaste_core::Result<NewEvent> {
    let from = row.state;
    let over_budget = row.error_code.as_deref() == Some(ErrorCode::BudgetExceeded.as_str());
    set_time(row, chosen, app.now());
    row.late_ok = late_ok;
    // Who knows that the money is gone and sends it all the same has decided about that, too.
    row.budget_ok = late_ok && over_budget;
    row.risks = told;
    row.updated_at = app.now();
    target::update(tx, row, from).await?;
    Ok(scheduled(app, actor, row))
}

/// The post and its targets, their lanes and those of `added` connections locked first, all in one order,
/// then the post.
pub(super) async fn open(
    tx: &mut Tx,
    actor: &Actor,
    id: PostId,
    version: Option<i32>,
    added: &[ConnectionId],
) -> posthaste_core::Result<(Post, Vec<Target>)> {
    let before = target::of_posts(tx, actor, &[id]).await?;
    lane::lock(tx, &[&lanes_of(&before)[..], added].concat()).await?;
    let post = post::lock(tx, actor, id).await?;
    if let Some(version) = version
        && version != post.version
    {
        let message = format!(
            "The post is at version {} now, not {version}.",
            post.version
        );
        return Err(Error::new(ErrorCode::VersionConflict, message)
            .at(["version"])
            .about_version(post.id, post.version));
    }
    let rows = target::of_posts(tx, actor, &[id]).await?;
    Ok((post, rows))
}

/// The workspace's connections among those a post is to go to.
async fn known(
    tx: &mut Tx,
    actor: &Actor,
    wanted: Option<&[NewTarget]>,
) -> posthaste_core::Result<Vec<ConnectionId>> {
    let wanted: Vec<_> = wanted
        .into_iter()
        .flatten()
        .map(|new| new.connection)
        .collect();
    if wanted.is_empty() {
        return Ok(wanted);
    }
    let known = by_id(tx, actor, &wanted).await?;
    Ok(known.into_keys().collect())
}

pub(super) fn refuse_in_flight(rows: &[Target]) -> posthaste_core::Result<()> {
    match rows.iter().find(|row| row.state.is_in_flight()) {
        None => Ok(()),
        Some(row) => {
            let message = format!("It is being published to {} at this moment.", row.network);
            Err(Error::new(ErrorCode::InvalidState, message).retry_after(5))
        }
    }
}

/// A change never reaches a network where the post is live, so one that could only be meant so is
/// refused; a new post says something new.
fn refuse_live(rows: &[Target]) -> posthaste_core::Result<()> {
    if !is_live_everywhere(rows) {
        return Ok(());
    }
    let message =
        "The post is live everywhere it was to go; changing it here would not change it there.";
    Err(Error::new(ErrorCode::InvalidState, message))
}

/// Updates lanes and the log, commits, and wakes whoever waits; undoes everything at the end of a dry run.
pub(super) async fn finish(
    app: &App,
    actor: &Actor,
    mut tx: Tx,
    rows: &[Target],
    events: Vec<NewEvent>,
) -> posthaste_core::Result<()> {
    lane::refresh(&mut tx, &lanes_of(rows)).await?;
    event::append(&mut tx, actor.workspace, &events).await?;
    if app.is_dry_run() {
        return tx.rollback().await;
    }
    tx.commit().await?;
    app.hints.committed();
    Ok(())
}

fn lanes_of(rows: &[Target]) -> Vec<ConnectionId> {
    rows.iter().map(|row| row.connection_id).collect()
}

pub(super) fn connections(targets: &[NewTarget]) -> Vec<(ConnectionId, TargetSettings)> {
    targets
        .iter()
        .map(|target| (target.connection, target.settings.clone()))
        .collect()
}

pub(super) fn about(app: &App, actor: &Actor, kind: EventType, post: PostId) -> NewEvent {
    NewEvent {
        post: Some(post),
        ..app.event(actor, kind, json!({}))
    }
}

/// An event about a target.
pub(crate) fn target_event(
    app: &App,
    actor: &Actor,
    kind: EventType,
    row: &Target,
    data: serde_json::Value,
) -> NewEvent {
    NewEvent {
        post: Some(row.post_id),
        target: Some(row.id),
        connection: Some(row.connection_id),
        ..app.event(actor, kind, data)
    }
}

pub(super) fn scheduled(app: &App, actor: &Actor, row: &Target) -> NewEvent {
    let due: Option<DateTime<Utc>> = row.due_at;
    target_event(
        app,
        actor,
        EventType::TargetScheduled,
        row,
        json!({ "dueAt": due, "network": row.network }),
    )
}

pub(super) fn one(error: Error) -> Violations {
    vec![error]
}
