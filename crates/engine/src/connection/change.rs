use posthaste_core::{
    Error, ErrorCode, Result, access::Permission, event::EventType, ids::ConnectionId,
    post::Problem, target::State,
};
use posthaste_store::{
    Conn, Tx,
    connection::{self, Connection, Status},
    event::{self, NewEvent},
    lane, post, target, timeline,
};
use serde_json::json;

use super::{happened, none_in_flight, target_happened};
use crate::{
    Actor, App,
    post::{Trial, act},
    tokens,
};

/// What a person may change; what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Its display name.
    pub name: Option<String>,
    /// The board to use when a target names none; the inner `None` takes it away.
    pub default_destination: Option<Option<String>>,
}

/// A connection locked for a change, and the transaction that holds it.
async fn begin(app: &App, actor: &Actor, id: ConnectionId) -> Result<(Tx, Connection)> {
    let actor = &actor.using(Permission::ManageConnections)?;
    let mut tx = app.db.begin().await?;
    lane::lock(&mut tx, &[id]).await?;
    let row = connection::lock(&mut tx, actor, id).await?;
    if row.status == Status::Removed {
        return Err(Error::new(
            ErrorCode::ConnectionUnusable,
            format!("{} was removed.", row.name),
        ));
    }
    Ok((tx, row))
}

async fn finish(
    app: &App,
    actor: &Actor,
    mut tx: Tx,
    mut row: Connection,
    events: Vec<NewEvent>,
) -> Result<Connection> {
    row.updated_at = app.now();
    connection::update(&mut tx, &mut row).await?;
    event::append(&mut tx, actor.workspace, &events).await?;
    tx.commit().await?;
    app.hints.committed();
    Ok(row)
}

/// Renames a connection or sets its default board; `version` is the one that was read.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: ConnectionId,
    version: i32,
    change: Change,
) -> Result<Connection> {
    let (tx, mut row) = begin(app, actor, id).await?;
    if row.version != version {
        let message = format!(
            "The connection is at version {}, not {version}.",
            row.version
        );
        return Err(Error::new(ErrorCode::VersionConflict, message)
            .at(["version"])
            .about_version(row.id, row.version));
    }
    if let Some(name) = change.name {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 100 {
            return Err(
                Error::new(ErrorCode::InvalidInput, "A name has 1 to 100 characters.").at(["name"]),
            );
        }
        name.clone_into(&mut row.name);
    }
    if let Some(destination) = change.default_destination {
        row.default_destination = destination;
    }
    let event = happened(app, actor, EventType::ConnectionUpdated, &row, "updated");
    finish(app, actor, tx, row, vec![event]).await
}

/// Switches a connection off: nothing goes out until it is switched on; its schedule stays.
pub async fn disable(app: &App, actor: &Actor, id: ConnectionId) -> Result<Connection> {
    switch(app, actor, id, Status::Disabled, "disabled").await
}

/// Switches a connection on again. It stays in need of a reconnect if it was.
pub async fn enable(app: &App, actor: &Actor, id: ConnectionId) -> Result<Connection> {
    switch(app, actor, id, Status::Active, "enabled").await
}

async fn switch(
    app: &App,
    actor: &Actor,
    id: ConnectionId,
    to: Status,
    change: &str,
) -> Result<Connection> {
    let (mut tx, mut row) = begin(app, actor, id).await?;
    let changes = if to == Status::Disabled {
        row.status != to
    } else {
        row.status == Status::Disabled
    };
    if !changes {
        return Ok(row);
    }
    row.status = to;
    let paused_at = (to == Status::Disabled).then(|| app.now());
    lane::set_paused(&mut tx, id, paused_at).await?;
    let event = happened(app, actor, EventType::ConnectionUpdated, &row, change);
    finish(app, actor, tx, row, vec![event]).await
}

/// Holds the posts of a connection back until [`resume`].
pub async fn pause(app: &App, actor: &Actor, id: ConnectionId) -> Result<Connection> {
    set_paused(app, actor, id, true).await
}

/// Lets the posts of a connection go on.
pub async fn resume(app: &App, actor: &Actor, id: ConnectionId) -> Result<Connection> {
    set_paused(app, actor, id, false).await
}

async fn set_paused(
    app: &App,
    actor: &Actor,
    id: ConnectionId,
    paused: bool,
) -> Result<Connection> {
    let (mut tx, row) = begin(app, actor, id).await?;
    if row.status == Status::Disabled {
        let message = format!("{} is disabled; enable it instead.", row.name);
        return Err(Error::new(ErrorCode::InvalidState, message));
    }
    let lane = lane::get(&mut tx, actor, id).await?;
    if lane.paused_at.is_some() == paused {
        return Ok(row);
    }
    lane::set_paused(&mut tx, id, paused.then(|| app.now())).await?;
    let change = if paused { "paused" } else { "resumed" };
    let event = happened(app, actor, EventType::ConnectionUpdated, &row, change);
    finish(app, actor, tx, row, vec![event]).await
}

/// What came of taking a connection away.
#[derive(Debug)]
pub struct Removed {
    /// The connection as it is now; of a dry run, as it would be.
    pub connection: Connection,
    /// What a person should know: how many scheduled targets are cancelled.
    pub warnings: Vec<Problem>,
    /// What a dry run would have cancelled, soonest first; nothing when it was none.
    pub trial: Option<Trial>,
}

/// Takes a connection away: its scheduled targets are cancelled, its tokens dropped and given back
/// to the network where it has a call for that. Refused while a post is on its way.
pub async fn remove(app: &App, actor: &Actor, id: ConnectionId) -> Result<Removed> {
    let (removed, access) = take_away(app, actor, id).await?;
    if let Some(sealed) = access {
        tokens::give_back(app, &removed.connection, &sealed).await;
    }
    Ok(removed)
}

/// As [`remove`], without asking the network: whoever calls it may give the access back, and a worker does so
/// in any case.
pub(crate) async fn take_away(
    app: &App,
    actor: &Actor,
    id: ConnectionId,
) -> Result<(Removed, Option<Vec<u8>>)> {
    let (mut tx, row) = begin(app, actor, id).await?;
    let open = target::open_of_connection(&mut tx, actor.workspace, id).await?;
    none_in_flight(&open)?;
    let mut events = Vec::new();
    let mut scheduled: Vec<_> = open
        .into_iter()
        .filter(|target| target.state == State::Scheduled)
        .collect();
    let warnings = cancelling(&row, scheduled.len());
    if app.is_dry_run() {
        for target in &mut scheduled {
            target.state = State::Cancelled;
        }
        let connection = gone(row);
        tx.rollback().await?;
        let removed = Removed {
            connection,
            warnings,
            trial: Some(shown(scheduled)),
        };
        return Ok((removed, None));
    }
    for target in scheduled {
        events.push(cancel(app, actor, &mut tx, target).await?);
    }
    lane::refresh(&mut tx, &[id]).await?;
    let access = row.tokens.clone();
    if let Some(sealed) = access.clone() {
        tokens::note(&mut tx, &row, sealed, app.now()).await?;
    }
    let row = gone(row);
    let kind = EventType::ConnectionRemoved;
    events.push(happened(app, actor, kind, &row, "removed"));
    let removed = Removed {
        connection: finish(app, actor, tx, row, events).await?,
        warnings,
        trial: None,
    };
    Ok((removed, access))
}

fn gone(row: Connection) -> Connection {
    Connection {
        status: Status::Removed,
        tokens: None,
        token_expires_at: None,
        refresh_due_at: None,
        reauthorize_by: None,
        refreshing_since: None,
        ..row
    }
}

/// Most cancelled targets that a dry run shows; the warning counts all.
const SHOWN: usize = 100;

fn shown(mut cancelled: Vec<target::Target>) -> Trial {
    cancelled.sort_by_key(|target| (target.due_at, target.id));
    cancelled.truncate(SHOWN);
    Trial::away(cancelled)
}

fn cancelling(row: &Connection, count: usize) -> Vec<Problem> {
    let posts = match count {
        0 => return Vec::new(),
        1 => "1 scheduled post is".to_owned(),
        _ => format!("{count} scheduled posts are"),
    };
    let message = format!("{posts} cancelled when {} is removed.", row.name);
    vec![Problem::warning(
        ErrorCode::TargetsCancelled,
        message,
        ["id"],
    )]
}

async fn cancel(
    app: &App,
    actor: &Actor,
    conn: &mut Conn,
    mut target: target::Target,
) -> Result<NewEvent> {
    let now = app.now();
    target.state = State::Cancelled;
    target.updated_at = now;
    target::update(conn, &mut target, State::Scheduled).await?;
    post::refresh_due(conn, target.post_id, now).await?;
    let message = "Cancelled: the account was removed from the workspace.";
    let step = act(app, actor, "CANCELLED", message, json!({}));
    timeline::add_steps(conn, actor.workspace, target.id, target.attempt, &[step]).await?;
    Ok(target_happened(
        app,
        actor,
        EventType::TargetCancelled,
        &target,
        json!({ "because": "connection removed" }),
    ))
}
