//! Members of a workspace: other roles and limits, leaving, being removed, and who owns it. Nobody changes a member
//! who may do more than they may, and a workspace whose owner is a person never loses its last one.

pub mod invitation;

use chrono::{DateTime, Utc};
use posthaste_core::{
    Error, ErrorCode, Provenance, Result,
    access::{Permission, Reach, Role},
    event::EventType,
    ids::{ConnectionId, RoleId, UserId},
};
use posthaste_store::{
    Conn, Page, PageRequest, Tx, connection,
    event::NewEvent,
    member::{self as rows, Member},
    team as teams,
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    Actor, App,
    change::{self, finish},
    key,
    role::{self, Choice, Held},
    team,
};

/// The position of a member in the list: since when, and the person's id.
pub type Key = (DateTime<Utc>, Uuid);

/// The signed-in person that an actor is; a key may do much, but not leave a workspace or say whose it is.
fn person(actor: &Actor) -> Result<UserId> {
    match actor.provenance {
        Provenance::Person { user } => Ok(user),
        _ => Err(Error::new(
            ErrorCode::InvalidState,
            "Only a signed-in person can do this; the request carries an API key.",
        )),
    }
}

/// A member that the actor is about to change.
async fn reached(conn: &mut Conn, actor: &Actor, user: UserId) -> Result<Member> {
    let row = rows::get(conn, actor.workspace, user).await?;
    actor.require_all(row.holds())?;
    Ok(row)
}

/// Refuses to take the role of the only owner away.
async fn keep_an_owner(conn: &mut Conn, actor: &Actor, row: &Member) -> Result<()> {
    if row.role != Role::Owner || rows::owners(conn, actor.workspace).await? > 1 {
        return Ok(());
    }
    let message = format!("{} is the only owner.", row.name);
    Err(Error::new(ErrorCode::LastOwner, message))
}

/// What a person may change of a member; what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The role.
    pub role: Option<Choice>,
    /// The connections that the member is limited to; the inner `None` lifts the limit.
    pub connections: Option<Option<Vec<ConnectionId>>>,
}

/// Gives a member another role, not above the actor's own, or another limit. Only a person makes an owner, or an
/// owner something else, and has shown lately who they are.
pub async fn update(app: &App, actor: &Actor, user: UserId, change: Change) -> Result<Member> {
    let (mut tx, actor) = change::begin(app, actor, Permission::ManageMembers).await?;
    let actor = &actor;
    let row = reached(&mut tx, actor, user).await?;
    let held = match change.role {
        Some(choice) => role::choose(&mut tx, actor, choice).await?,
        None => Held {
            role: row.role,
            role_id: row.role_id.map(RoleId::from),
            permissions: row.holds(),
        },
    };
    let reach = match change.connections {
        Some(ids) => limit(&mut tx, actor, held.role, ids).await?,
        None => row.reach(),
    };
    refuse_limited_owner(held.role, &reach)?;
    // A key stays when owners change: it would make and unmake them for ever.
    if (row.role == Role::Owner) != (held.role == Role::Owner) {
        person(actor)?;
        actor.require_fresh(app.now())?;
    }
    if held.role != Role::Owner {
        keep_an_owner(&mut tx, actor, &row).await?;
    }
    let event = give(app, actor, &mut tx, user, held, &reach).await?;
    let row = rows::get(&mut tx, actor.workspace, user).await?;
    finish(app, actor, tx, &[event]).await?;
    Ok(row)
}

async fn give(
    app: &App,
    actor: &Actor,
    conn: &mut Conn,
    user: UserId,
    held: Held,
    reach: &Reach,
) -> Result<NewEvent> {
    rows::set_role(conn, actor.workspace, user, held.role, held.role_id, reach).await?;
    let mut event = role::got(app, actor, user, held);
    event.data["connectionIds"] = json!(reach.ids().map(|ids| {
        let ids = ids.into_iter().map(ConnectionId::from);
        ids.collect::<Vec<_>>()
    }));
    Ok(event)
}

/// Most connections in a limit.
const MOST: usize = 500;

/// A limit as it is kept: connections of the workspace, one at least.
pub(crate) async fn limit(
    conn: &mut Conn,
    actor: &Actor,
    role: Role,
    ids: Option<Vec<ConnectionId>>,
) -> Result<Reach> {
    let Some(ids) = ids else {
        return Ok(Reach::All);
    };
    let path = "connectionIds";
    if ids.is_empty() || ids.len() > MOST {
        let message = format!("Name 1 to {MOST} connections, or none at all for all of them.");
        return Err(Error::new(ErrorCode::InvalidInput, message).at([path]));
    }
    let known = connection::by_ids(conn, actor, &ids).await?;
    for (position, id) in ids.iter().enumerate() {
        if !known.iter().any(|row| row.id == *id) {
            return Err(Error::not_found("connection").at([path, &position.to_string()]));
        }
    }
    let reach = Reach::Only(ids.into());
    refuse_limited_owner(role, &reach)?;
    Ok(reach)
}

fn refuse_limited_owner(role: Role, reach: &Reach) -> Result<()> {
    if role != Role::Owner || reach.is_whole() {
        return Ok(());
    }
    let message = "An owner is not limited to some connections.";
    Err(Error::new(ErrorCode::InvalidInput, message).at(["connectionIds"]))
}

/// Ends another's membership. The sessions in this workspace end with it, and the person's keys. Only a person
/// removes an owner.
pub async fn remove(app: &App, actor: &Actor, user: UserId) -> Result<UserId> {
    actor.require(Permission::ManageMembers)?;
    if actor.provenance == (Provenance::Person { user }) {
        let message = "This is you; to go yourself, use workspaceLeave.";
        return Err(Error::new(ErrorCode::InvalidState, message));
    }
    let (mut tx, actor) = change::begin(app, actor, Permission::ManageMembers).await?;
    let actor = &actor;
    let row = reached(&mut tx, actor, user).await?;
    if row.role == Role::Owner {
        person(actor)?;
    }
    end(app, actor, tx, &row, EventType::MemberRemoved).await?;
    Ok(user)
}

/// Ends the actor's own membership.
pub async fn leave(app: &App, actor: &Actor) -> Result<UserId> {
    let user = person(actor)?;
    let (mut tx, actor) = change::begin(app, actor, Permission::Read).await?;
    let actor = &actor;
    let row = rows::get(&mut tx, actor.workspace, user).await?;
    end(app, actor, tx, &row, EventType::MemberLeft).await?;
    Ok(user)
}

async fn end(app: &App, actor: &Actor, mut tx: Tx, row: &Member, kind: EventType) -> Result<()> {
    keep_an_owner(&mut tx, actor, row).await?;
    let events = ended(app, actor, &mut tx, row, kind).await?;
    finish(app, actor, tx, &events).await
}

/// Ends a membership with all that hangs on it, and says what is to be told of it.
pub(crate) async fn ended(
    app: &App,
    actor: &Actor,
    tx: &mut Tx,
    row: &Member,
    kind: EventType,
) -> Result<Vec<NewEvent>> {
    let mut events = key::revoke_of_person(app, actor, tx, row.user_id).await?;
    let left = teams::leave_all(tx, actor.workspace, row.user_id, app.now()).await?;
    events.extend(team::changed(app, actor, tx, &left).await?);
    rows::delete(tx, actor.workspace, row.user_id).await?;
    let role_id = row.role_id.map(RoleId::from);
    let data = json!({ "userId": row.user_id, "role": row.role, "roleId": role_id });
    events.push(app.event(actor, kind, data));
    Ok(events)
}

/// Hands the workspace over: another member becomes owner, and the owner who asks becomes an admin.
pub async fn transfer(app: &App, actor: &Actor, to: UserId) -> Result<Member> {
    actor.require(Permission::OwnWorkspace)?;
    let from = person(actor)?;
    actor.require_fresh(app.now())?;
    if from == to {
        let message = "This is you, who own the workspace already.";
        return Err(Error::new(ErrorCode::InvalidInput, message).at(["personId"]));
    }
    let (mut tx, actor) = change::begin(app, actor, Permission::OwnWorkspace).await?;
    let actor = &actor;
    rows::get(&mut tx, actor.workspace, to).await?;
    let (owner, admin) = (Held::from(Role::Owner), Held::from(Role::Admin));
    let gets = give(app, actor, &mut tx, to, owner, &Reach::All).await?;
    let gives = give(app, actor, &mut tx, from, admin, &Reach::All).await?;
    let data = json!({ "fromUserId": from, "toUserId": to });
    let handed_over = app.event(actor, EventType::WorkspaceTransferred, data);
    let row = rows::get(&mut tx, actor.workspace, to).await?;
    finish(app, actor, tx, &[handed_over, gets, gives]).await?;
    Ok(row)
}

/// The member with a person's id.
pub async fn get(app: &App, actor: &Actor, user: UserId) -> Result<Member> {
    actor.require(Permission::Read)?;
    rows::get(&mut *app.db.get().await?, actor.workspace, user).await
}

/// A page of members, who came first first.
pub async fn list(app: &App, actor: &Actor, page: &PageRequest<Key>) -> Result<Page<Member>> {
    actor.require(Permission::Read)?;
    rows::list(&mut *app.db.get().await?, actor.workspace, page).await
}

/// How many members the workspace has.
pub async fn count(app: &App, actor: &Actor) -> Result<i64> {
    actor.require(Permission::Read)?;
    rows::count(&mut *app.db.get().await?, actor.workspace).await
}

/// A member's e-mail, for those who manage members and for the member.
pub fn email<'a>(actor: &Actor, row: &'a Member) -> Option<&'a str> {
    let own = Provenance::Person { user: row.user_id };
    let seen = actor.may(Permission::ManageMembers) || actor.provenance == own;
    seen.then_some(row.email.as_str())
}

/// Something a person can do with a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Give another role.
    Update,
    /// End the membership.
    Remove,
    /// Make the member the owner in one's own place.
    Transfer,
}

/// What `actor` may do with a member now; who is the only owner keeps the role all the same.
pub fn allowed_actions(actor: &Actor, row: &Member) -> Vec<Action> {
    let is_self = actor.provenance == (Provenance::Person { user: row.user_id });
    let manages =
        actor.may(Permission::ManageMembers) && actor.rights.everywhere().covers(row.holds());
    let owns = actor.may(Permission::OwnWorkspace) && person(actor).is_ok();
    [
        (Action::Update, manages),
        (Action::Remove, manages && !is_self),
        (Action::Transfer, owns && !is_self),
    ]
    .into_iter()
    .filter_map(|(action, may)| may.then_some(action))
    .collect()
}
