use std::collections::HashMap;

use posthaste_core::{
    Result,
    access::Permission,
    event::EventType,
    ids::{ConnectionId, PostId},
    post::Problem,
    target::State,
};
use posthaste_store::{
    Json, Tx,
    connection::Connection,
    event::NewEvent,
    lane,
    post::{self, Post},
    target::{self, Target},
};

use super::{
    Chosen, NewPost, Violations, Written,
    act::{first, note_all},
    targets::{Inspection, row},
    trial::trial,
    validate::{Judgement, judge},
    write::{about, finish, one, scheduled},
};
use crate::{
    Actor, App,
    governor::Outlay,
    preflight::{Booked, book},
};

/// Writes a post with its targets, scheduled if a time is given. All or nothing.
pub async fn create(app: &App, actor: &Actor, new: NewPost) -> Result<Written, Violations> {
    let mut tx = app.db.begin().await.map_err(one)?;
    let created = create_in(app, actor, &mut tx, new).await?;
    created.finish(app, actor, tx).await.map_err(one)
}

/// A post that is written but not committed.
pub(crate) struct Created {
    pub written: Written,
    rows: Vec<Target>,
    events: Vec<NewEvent>,
}

impl Created {
    /// Updates lines and the log, and commits.
    pub async fn finish(self, app: &App, actor: &Actor, tx: Tx) -> Result<Written> {
        finish(app, actor, tx, &self.rows, self.events).await?;
        Ok(self.written)
    }
}

/// Writes a post as [`create`] does, as a part of a transaction.
pub(crate) async fn create_in(
    app: &App,
    actor: &Actor,
    tx: &mut Tx,
    new: NewPost,
) -> Result<Created, Violations> {
    let Planned {
        post,
        rows,
        warnings,
        outlay,
    } = plan(app, actor, tx, new).await?;
    insert(tx, &post, &rows).await.map_err(one)?;
    let mut events = vec![about(app, actor, EventType::PostCreated, post.id)];
    events.extend(
        rows.iter()
            .filter(|row| row.state == State::Scheduled)
            .map(|row| scheduled(app, actor, row)),
    );
    let steps: Vec<_> = rows
        .iter()
        .map(|row| (row, first(app, actor, row)))
        .collect();
    note_all(tx, &steps).await.map_err(one)?;
    let trial = trial(app, actor, tx, &post, outlay).await.map_err(one)?;
    Ok(Created {
        written: Written {
            post,
            warnings,
            trial,
        },
        rows,
        events,
    })
}

/// Judges a post as [`create`] does and writes nothing; tells what a person should know.
pub(crate) async fn rehearse(
    app: &App,
    actor: &Actor,
    tx: &mut Tx,
    new: NewPost,
) -> Result<Vec<Problem>, Violations> {
    Ok(plan(app, actor, tx, new).await?.warnings)
}

/// A post that nothing forbids, not written yet.
struct Planned {
    post: Post,
    rows: Vec<Target>,
    warnings: Vec<Problem>,
    outlay: Outlay,
}

async fn plan(
    app: &App,
    actor: &Actor,
    tx: &mut Tx,
    mut new: NewPost,
) -> Result<Planned, Violations> {
    let Judgement { seen, chosen, .. } = judge_new(app, actor, tx, &mut new).await?;
    let (post, mut rows) = draw(app, actor, new, &seen, chosen.as_ref());
    let lines: Vec<_> = rows.iter().map(|row| row.connection_id).collect();
    lane::lock(tx, &lines).await.map_err(one)?;
    let mut booked = booked(app, actor, tx, &rows, &seen.connections, &[]).await?;
    for row in &mut rows {
        row.risks = booked.told(row.id);
    }
    let mut warnings = seen.warnings;
    warnings.extend(booked.warnings);
    Ok(Planned {
        post,
        rows,
        warnings,
        outlay: booked.outlay,
    })
}

/// The rows of a new post, not written.
pub(super) fn draw(
    app: &App,
    actor: &Actor,
    new: NewPost,
    seen: &Inspection,
    chosen: Option<&Chosen>,
) -> (Post, Vec<Target>) {
    let now = app.now();
    let post = Post {
        id: new
            .id
            .unwrap_or_else(|| PostId::new(&*app.clock, &*app.random)),
        workspace_id: actor.workspace,
        body: Json(new.body),
        version: 1,
        due_at: chosen.map(|chosen| chosen.instant),
        provenance: Json(actor.provenance.clone()),
        created_at: now,
        updated_at: now,
    };
    let targets = new.targets.iter().enumerate();
    let rows = targets
        .filter_map(|(position, target)| {
            let connection = seen.connections.get(&target.connection)?;
            Some(row(app, &post, connection, position, target, chosen))
        })
        .collect();
    (post, rows)
}

/// What scheduling these rows uses up, when nothing forbids it; `before` as in [`book`].
pub(super) async fn booked(
    app: &App,
    actor: &Actor,
    tx: &mut Tx,
    rows: &[Target],
    connections: &HashMap<ConnectionId, Connection>,
    before: &[Target],
) -> Result<Booked, Violations> {
    let pairs: Vec<_> = rows
        .iter()
        .filter(|row| row.state == State::Scheduled)
        .filter_map(|row| Some((row, connections.get(&row.connection_id)?)))
        .collect();
    let booked = book(app, &actor.into(), tx, &pairs, before, true).await;
    let mut booked = booked.map_err(one)?;
    match std::mem::take(&mut booked.violations) {
        violations if violations.is_empty() => Ok(booked),
        violations => Err(violations),
    }
}

/// The judgement of a post that nothing forbids.
async fn judge_new(
    app: &App,
    actor: &Actor,
    tx: &mut Tx,
    new: &mut NewPost,
) -> Result<Judgement, Violations> {
    let strict = new.is_scheduled();
    let mut actor = actor.using(Permission::Write).map_err(one)?;
    if strict {
        actor = actor.using(Permission::Publish).map_err(one)?;
    }
    let judgement = judge(app, tx, &actor, new, strict).await.map_err(one)?;
    if judgement.violations.is_empty() {
        Ok(judgement)
    } else {
        Err(judgement.violations)
    }
}

async fn insert(tx: &mut Tx, post: &Post, rows: &[Target]) -> Result<()> {
    post::insert(tx, post).await?;
    target::insert(tx, rows)
        .await
        .map_err(|error| error.at(["targets"]))
}
