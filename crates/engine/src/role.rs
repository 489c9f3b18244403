//! Roles that a workspace makes from permissions. Nobody makes or changes a role that may do more than
//! they may; one that is held goes only when its holders get another.

use chrono::{DateTime, Utc};
use posthaste_core::{
    Error, ErrorCode, Result,
    access::{Permission, PermissionSet, Role},
    event::EventType,
    ids::{RoleId, UserId, WorkspaceId},
};
use posthaste_store::{
    Conn, Json, Page, PageRequest, Tx,
    event::NewEvent,
    role::{self as rows, CustomRole},
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    Actor, App,
    change::{self, finish},
    idempotency::Once,
    session::named,
    team,
};

/// A role that somebody is to get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A built-in one.
    BuiltIn(Role),
    /// One of the workspace's own.
    Custom(RoleId),
}

/// A role as a member holds it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub role: Role,
    pub role_id: Option<RoleId>,
    pub permissions: PermissionSet,
}

impl From<Role> for Held {
    fn from(role: Role) -> Self {
        Self {
            role,
            role_id: None,
            permissions: role.permissions(),
        }
    }
}

/// The role that was chosen, if it may not do more than the actor. Until the transaction ends it stays
/// what it is.
pub(crate) async fn choose(conn: &mut Conn, actor: &Actor, choice: Choice) -> Result<Held> {
    let (held, field) = match choice {
        Choice::BuiltIn(Role::Custom) => {
            let message = "CUSTOM is no role by itself; name one of the workspace's own.";
            return Err(Error::new(ErrorCode::InvalidInput, message).at(["role"]));
        }
        Choice::BuiltIn(role) => (Held::from(role), "role"),
        Choice::Custom(id) => {
            let field = "customRoleId";
            let found = rows::hold(conn, actor.workspace, id).await;
            let held = Held {
                role: Role::Custom,
                role_id: Some(id),
                permissions: found.map_err(|error| error.at([field]))?.permissions,
            };
            (held, field)
        }
    };
    let allowed = actor.require_all(held.permissions);
    allowed.map_err(|error| error.at([field]))?;
    Ok(held)
}

/// What a role that was given carries now.
pub(crate) async fn carries(
    conn: &mut Conn,
    workspace: WorkspaceId,
    role: Role,
    own: Option<RoleId>,
) -> Result<PermissionSet> {
    match own {
        None => Ok(role.permissions()),
        Some(id) => Ok(rows::hold(conn, workspace, id).await?.permissions),
    }
}

/// What a person may change; what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The name.
    pub name: Option<String>,
    /// What it carries.
    pub permissions: Option<PermissionSet>,
}

/// The position of a role in its list: when it was made, and its id.
pub type Key = (Option<DateTime<Utc>>, Uuid);

/// Makes a role. With `once` the request may have come this far in an earlier run: then the answer is
/// the role that was made there.
pub async fn create(
    app: &App,
    actor: &Actor,
    name: &str,
    permissions: PermissionSet,
    once: Option<&Once>,
) -> Result<CustomRole, Vec<Error>> {
    let one = |error: Error| vec![error];
    actor.require(Permission::ManageRoles).map_err(one)?;
    if let Some(made) = made_before(app, actor, once).await.map_err(one)? {
        return Ok(made);
    }
    let now = app.now();
    let mut row = CustomRole {
        id: once.map_or_else(|| RoleId::new(&*app.clock, &*app.random), Once::id),
        workspace_id: actor.workspace,
        name: String::new(),
        permissions: PermissionSet::EMPTY,
        version: 1,
        provenance: Json(actor.provenance.clone()),
        created_at: now,
        updated_at: now,
    };
    let change = Change {
        name: Some(name.to_owned()),
        permissions: Some(permissions),
    };
    let begun = change::begin(app, actor, Permission::ManageRoles).await;
    let (mut tx, actor) = begun.map_err(one)?;
    apply(&actor, &mut row, change)?;
    let written = rows::insert(&mut tx, &row).await;
    written.map_err(|error| one(at_name(error)))?;
    let event = happened(app, &actor, EventType::RoleCreated, &row);
    finish(app, &actor, tx, &[event]).await.map_err(one)?;
    Ok(row)
}

/// What an earlier run of the request made.
async fn made_before(app: &App, actor: &Actor, once: Option<&Once>) -> Result<Option<CustomRole>> {
    let Some(once) = once.filter(|once| once.is_repeat()) else {
        return Ok(None);
    };
    let mut conn = app.db.get().await?;
    let found = rows::by_ids(&mut conn, actor.workspace, &[once.id()]).await?;
    let is_ours = |row: &CustomRole| once.made(actor, &row.provenance, row.created_at);
    Ok(found.into_iter().find(is_ours))
}

/// A taken name is a mistake in the name.
pub(crate) fn at_name(error: Error) -> Error {
    if error.code == ErrorCode::AlreadyExists {
        return error.at(["name"]);
    }
    error
}

/// Judges a change and makes it on the row; all mistakes at once.
fn apply(actor: &Actor, row: &mut CustomRole, change: Change) -> Result<(), Vec<Error>> {
    let mut errors = Vec::new();
    match change.name.map(|name| named(&name)).transpose() {
        Ok(name) => row.name = name.unwrap_or_else(|| row.name.clone()),
        Err(error) => errors.push(error),
    }
    if let Some(permissions) = change.permissions {
        errors.extend(check(actor, permissions).err());
        row.permissions = permissions;
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

/// Refuses permissions that are more than the actor's, and those that nobody has by themselves: without `READ` the
/// others reach no connection.
pub(crate) fn check(actor: &Actor, permissions: PermissionSet) -> Result<()> {
    let wrong = |message: &str| Err(Error::new(ErrorCode::InvalidInput, message));
    let allowed = if !permissions.contains(Permission::Read) {
        wrong("READ is always among them: without it the others open nothing.")
    } else if permissions.contains(Permission::OwnWorkspace) {
        wrong("Only the role OWNER carries OWN_WORKSPACE.")
    } else {
        actor.require_all(permissions)
    };
    allowed.map_err(|error| error.at(["permissions"]))
}

fn happened(app: &App, actor: &Actor, kind: EventType, row: &CustomRole) -> NewEvent {
    let data =
        json!({ "roleId": row.id, "name": row.name, "permissions": row.permissions.names() });
    app.event(actor, kind, data)
}

/// A role locked for a change, behind the workspace. Nobody changes roles that may do more than they may.
async fn open(app: &App, actor: &Actor, id: RoleId) -> Result<(Tx, Actor, CustomRole)> {
    let (mut tx, actor) = change::begin(app, actor, Permission::ManageRoles).await?;
    let row = rows::lock(&mut tx, actor.workspace, id).await?;
    actor.require_all(row.permissions)?;
    Ok((tx, actor, row))
}

/// Renames a role or changes what it carries, for all who hold it; `version` is the one that was read.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: RoleId,
    version: i32,
    change: Change,
) -> Result<CustomRole, Vec<Error>> {
    let one = |error: Error| vec![error];
    let (mut tx, actor, mut row) = open(app, actor, id).await.map_err(one)?;
    let actor = &actor;
    if row.version != version {
        let message = format!("The role is at version {}, not {version}.", row.version);
        let conflict = Error::new(ErrorCode::VersionConflict, message).at(["version"]);
        return Err(one(conflict.about_version(row.id, row.version)));
    }
    apply(actor, &mut row, change)?;
    row.version += 1;
    row.updated_at = app.now();
    let written = rows::update(&mut tx, &row).await;
    written.map_err(|error| one(at_name(error)))?;
    let event = happened(app, actor, EventType::RoleUpdated, &row);
    finish(app, actor, tx, &[event]).await.map_err(one)?;
    Ok(row)
}

/// Removes a role. Whoever holds it gets `instead`, for which it takes `MANAGE_MEMBERS`, too; `ROLE_IN_USE` when
/// nothing is said of them.
pub async fn delete(
    app: &App,
    actor: &Actor,
    id: RoleId,
    instead: Option<Choice>,
) -> Result<RoleId> {
    let (mut tx, actor, row) = open(app, actor, id).await?;
    let actor = &actor;
    let mut gone = happened(app, actor, EventType::RoleDeleted, &row);
    let mut events = Vec::new();
    if let Some(choice) = instead {
        if choice == Choice::BuiltIn(Role::Owner) {
            let message = "Owners are made one by one, with memberUpdate.";
            return Err(Error::new(ErrorCode::InvalidInput, message).at(["role"]));
        }
        if choice == Choice::Custom(id) {
            let message = "A role cannot take its own place.";
            return Err(Error::new(ErrorCode::InvalidInput, message).at(["customRoleId"]));
        }
        if rows::holders(&mut tx, actor.workspace, id).await? > 0 {
            actor.require(Permission::ManageMembers)?;
        }
        let held = choose(&mut tx, actor, choice).await?;
        gone.data["instead"] = json!({ "role": held.role, "roleId": held.role_id });
        let (to, to_id) = (held.role, held.role_id);
        let holders = rows::hand_on(&mut tx, actor.workspace, id, to, to_id, app.now()).await?;
        let (users, teams) = holders;
        events.extend(users.into_iter().map(|user| got(app, actor, user, held)));
        events.extend(team::changed(app, actor, &mut tx, &teams).await?);
    } else {
        refuse_held(&mut tx, actor, &row).await?;
    }
    rows::delete(&mut tx, id).await?;
    events.push(gone);
    finish(app, actor, tx, &events).await?;
    Ok(id)
}

async fn refuse_held(conn: &mut Conn, actor: &Actor, row: &CustomRole) -> Result<()> {
    let holders = rows::holders(conn, actor.workspace, row.id).await?;
    if holders == 0 {
        return Ok(());
    }
    let message = format!(
        "{holders} members, teams and open invitations have the role {}.",
        row.name
    );
    Err(Error::new(ErrorCode::RoleInUse, message))
}

/// A member got another role.
pub(crate) fn got(app: &App, actor: &Actor, user: UserId, held: Held) -> NewEvent {
    let data = json!({ "userId": user, "role": held.role, "roleId": held.role_id });
    app.event(actor, EventType::MemberUpdated, data)
}

/// The role with an id.
pub async fn get(app: &App, actor: &Actor, id: RoleId) -> Result<CustomRole> {
    let mut found = by_ids(app, actor, &[id]).await?;
    found.pop().ok_or_else(|| Error::not_found("role"))
}

/// The roles with these ids, in no order.
pub async fn by_ids(app: &App, actor: &Actor, ids: &[RoleId]) -> Result<Vec<CustomRole>> {
    actor.require(Permission::Read)?;
    rows::by_ids(&mut *app.db.get().await?, actor.workspace, ids).await
}

/// A page of the workspace's own roles, in the order in which they were made.
pub async fn list(app: &App, actor: &Actor, page: &PageRequest<Key>) -> Result<Page<CustomRole>> {
    actor.require(Permission::Read)?;
    rows::list(&mut *app.db.get().await?, actor.workspace, page).await
}

/// How many roles of its own the workspace has.
pub async fn count(app: &App, actor: &Actor) -> Result<i64> {
    actor.require(Permission::Read)?;
    rows::count(&mut *app.db.get().await?, actor.workspace).await
}

/// Something a person can do with a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Rename it, or change what it carries.
    Update,
    /// Remove it.
    Delete,
}

/// What `actor` may do with a role now.
pub fn allowed_actions(actor: &Actor, row: &CustomRole) -> Vec<Action> {
    if actor.may(Permission::ManageRoles) && actor.rights.everywhere().covers(row.permissions) {
        vec![Action::Update, Action::Delete]
    } else {
        Vec::new()
    }
}
