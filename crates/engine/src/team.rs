//! Teams: named groups of members, each with a role that its members have beside their own, for some
//! connections or all. Nobody makes or changes a team whose role may do more than they may.

use chrono::{DateTime, Utc};
use posthaste_core::{
    Error, ErrorCode, Result,
    access::{Permission, Role},
    event::EventType,
    ids::{ConnectionId, TeamId, UserId},
};
use posthaste_store::{
    Conn, Json, Page, PageRequest, Tx,
    event::NewEvent,
    member as members,
    team::{self as rows, Team},
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    Actor, App,
    change::{self, finish},
    idempotency::Once,
    member,
    role::{self, Choice, at_name},
    session::named,
};

/// Most members of a team.
const MOST: usize = 500;

/// The position of a team in its list: when it was made, and its id.
pub type Key = (Option<DateTime<Utc>>, Uuid);

/// A team to be made.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The name.
    pub name: String,
    /// The role that it gives.
    pub role: Choice,
    /// The connections that the role is limited to; all without.
    pub connections: Option<Vec<ConnectionId>>,
    /// Who belongs to it.
    pub users: Vec<UserId>,
}

/// What a person may change; what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The name.
    pub name: Option<String>,
    /// The role that it gives.
    pub role: Option<Choice>,
    /// The connections that the role is limited to; the inner `None` lifts the limit.
    pub connections: Option<Option<Vec<ConnectionId>>>,
    /// Who belongs to it.
    pub users: Option<Vec<UserId>>,
}

impl From<Wanted> for Change {
    fn from(wanted: Wanted) -> Self {
        Self {
            name: Some(wanted.name),
            role: Some(wanted.role),
            connections: Some(wanted.connections),
            users: Some(wanted.users),
        }
    }
}

fn happened(app: &App, actor: &Actor, kind: EventType, row: &Team) -> NewEvent {
    let connections = row.reach().ids().map(|ids| {
        let ids = ids.into_iter().map(ConnectionId::from);
        ids.collect::<Vec<_>>()
    });
    let data = json!({
        "teamId": row.id, "name": row.name, "role": row.role, "roleId": row.custom_role(),
        "connectionIds": connections, "userIds": row.users(),
    });
    app.event(actor, kind, data)
}

/// Tells of teams that the change of a member or a role has changed.
pub(crate) async fn changed(
    app: &App,
    actor: &Actor,
    conn: &mut Conn,
    ids: &[TeamId],
) -> Result<Vec<NewEvent>> {
    let mut rows = rows::by_ids(conn, actor.workspace, ids).await?;
    rows.sort_by_key(|row| row.id);
    let told = rows
        .iter()
        .map(|row| happened(app, actor, EventType::TeamUpdated, row));
    Ok(told.collect())
}

/// Makes a team. With `once` the request may have come this far in an earlier run: then the answer is the
/// team that was made there.
pub async fn create(
    app: &App,
    actor: &Actor,
    wanted: Wanted,
    once: Option<&Once>,
) -> Result<Team, Vec<Error>> {
    let one = |error: Error| vec![error];
    actor.require(Permission::ManageMembers).map_err(one)?;
    if let Some(made) = made_before(app, actor, once).await.map_err(one)? {
        return Ok(made);
    }
    let now = app.now();
    let mut row = Team {
        id: once.map_or_else(|| TeamId::new(&*app.clock, &*app.random), Once::id),
        workspace_id: actor.workspace,
        name: String::new(),
        role: Role::Viewer,
        role_id: None,
        connection_ids: None,
        version: 1,
        provenance: Json(actor.provenance.clone()),
        created_at: now,
        updated_at: now,
        user_ids: Vec::new(),
    };
    let begun = change::begin(app, actor, Permission::ManageMembers).await;
    let (mut tx, actor) = begun.map_err(one)?;
    let actor = &actor;
    apply(&mut tx, actor, &mut row, wanted.into()).await?;
    let written = rows::insert(&mut tx, &row).await;
    written.map_err(|error| one(at_name(error)))?;
    let event = happened(app, actor, EventType::TeamCreated, &row);
    finish(app, actor, tx, &[event]).await.map_err(one)?;
    Ok(row)
}

/// What an earlier run of the request made.
async fn made_before(app: &App, actor: &Actor, once: Option<&Once>) -> Result<Option<Team>> {
    let Some(once) = once.filter(|once| once.is_repeat()) else {
        return Ok(None);
    };
    let mut conn = app.db.get().await?;
    let found = rows::by_ids(&mut conn, actor.workspace, &[once.id()]).await?;
    let is_ours = |row: &Team| once.made(actor, &row.provenance, row.created_at);
    Ok(found.into_iter().find(is_ours))
}

/// Judges a change and makes it on the row; all mistakes at once.
async fn apply(
    conn: &mut Conn,
    actor: &Actor,
    row: &mut Team,
    change: Change,
) -> Result<(), Vec<Error>> {
    let mut errors = Vec::new();
    match change.name.map(|name| named(&name)).transpose() {
        Ok(name) => row.name = name.unwrap_or_else(|| row.name.clone()),
        Err(error) => errors.push(error),
    }
    if let Some(choice) = change.role {
        match role::choose(conn, actor, choice).await.and_then(not_owner) {
            Ok(held) => (row.role, row.role_id) = (held.role, held.role_id.map(Into::into)),
            Err(error) => errors.push(error),
        }
    }
    if let Some(ids) = change.connections {
        match member::limit(conn, actor, row.role, ids).await {
            Ok(reach) => row.connection_ids = reach.ids(),
            Err(error) => errors.push(error),
        }
    }
    if let Some(users) = change.users {
        errors.extend(check_users(conn, actor, &users).await.err());
        row.user_ids = users.into_iter().map(UserId::uuid).collect();
        row.user_ids.sort_unstable();
        row.user_ids.dedup();
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

/// Owners are named one by one: the last of them must be known.
fn not_owner(held: role::Held) -> Result<role::Held> {
    if held.role != Role::Owner {
        return Ok(held);
    }
    let message = "A team makes nobody an owner; use memberUpdate or workspaceTransfer.";
    Err(Error::new(ErrorCode::InvalidInput, message).at(["role"]))
}

async fn check_users(conn: &mut Conn, actor: &Actor, users: &[UserId]) -> Result<()> {
    let path = "memberIds";
    if users.len() > MOST {
        let message = format!("A team has at most {MOST} members.");
        return Err(Error::new(ErrorCode::InvalidInput, message).at([path]));
    }
    let known = members::by_ids(conn, actor.workspace, users).await?;
    let unknown = |user: &UserId| !known.iter().any(|member| member.user_id == *user);
    match users.iter().position(unknown) {
        None => Ok(()),
        Some(position) => Err(Error::not_found("member").at([path, &position.to_string()])),
    }
}

/// A team locked for a change. Nobody changes teams whose role may do more than they may.
async fn open(app: &App, actor: &Actor, id: TeamId) -> Result<(Tx, Actor, Team)> {
    let (mut tx, actor) = change::begin(app, actor, Permission::ManageMembers).await?;
    let row = rows::lock(&mut tx, actor.workspace, id).await?;
    let given = role::carries(&mut tx, actor.workspace, row.role, row.custom_role()).await?;
    actor.require_all(given)?;
    Ok((tx, actor, row))
}

/// Changes a team, for its members from their next request on; `version` is the one that was read.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: TeamId,
    version: i32,
    change: Change,
) -> Result<Team, Vec<Error>> {
    let one = |error: Error| vec![error];
    let (mut tx, actor, mut row) = open(app, actor, id).await.map_err(one)?;
    let actor = &actor;
    if row.version != version {
        let message = format!("The team is at version {}, not {version}.", row.version);
        let conflict = Error::new(ErrorCode::VersionConflict, message).at(["version"]);
        return Err(one(conflict.about_version(row.id, row.version)));
    }
    apply(&mut tx, actor, &mut row, change).await?;
    row.version += 1;
    row.updated_at = app.now();
    let written = rows::update(&mut tx, &row).await;
    written.map_err(|error| one(at_name(error)))?;
    let event = happened(app, actor, EventType::TeamUpdated, &row);
    finish(app, actor, tx, &[event]).await.map_err(one)?;
    Ok(row)
}

/// Removes a team; its members stay members, with their own roles.
pub async fn delete(app: &App, actor: &Actor, id: TeamId) -> Result<TeamId> {
    let (mut tx, actor, row) = open(app, actor, id).await?;
    rows::delete(&mut tx, id).await?;
    let event = happened(app, &actor, EventType::TeamDeleted, &row);
    finish(app, &actor, tx, &[event]).await?;
    Ok(id)
}

/// The team with an id.
pub async fn get(app: &App, actor: &Actor, id: TeamId) -> Result<Team> {
    let mut found = by_ids(app, actor, &[id]).await?;
    found.pop().ok_or_else(|| Error::not_found("team"))
}

/// The teams with these ids, in no order.
pub async fn by_ids(app: &App, actor: &Actor, ids: &[TeamId]) -> Result<Vec<Team>> {
    actor.require(Permission::Read)?;
    rows::by_ids(&mut *app.db.get().await?, actor.workspace, ids).await
}

/// A page of teams, in the order in which they were made.
pub async fn list(app: &App, actor: &Actor, page: &PageRequest<Key>) -> Result<Page<Team>> {
    actor.require(Permission::Read)?;
    rows::list(&mut *app.db.get().await?, actor.workspace, page).await
}

/// How many teams the workspace has.
pub async fn count(app: &App, actor: &Actor) -> Result<i64> {
    actor.require(Permission::Read)?;
    rows::count(&mut *app.db.get().await?, actor.workspace).await
}
