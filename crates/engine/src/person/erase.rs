use posthaste_core::{
    Error, ErrorCode, Provenance, Result,
    access::{Permission, Role},
    event::EventType,
    ids::{UserId, WorkspaceId},
    secret::Secret,
};
use posthaste_store::{
    Conn,
    access::{self, User},
    audit::{self, NewEntry},
    member as members, person as rows, workspace,
};
use serde_json::json;

use super::me;
use crate::{
    Actor, App, change, member,
    session::{self, Client},
};

/// Erases oneself, which takes the password: memberships, sessions and keys end, and what the logs tell of the person is
/// erased. `LAST_OWNER` while a workspace would be left without an owner.
pub async fn erase(app: &App, actor: &Actor, password: Secret, client: &Client) -> Result<UserId> {
    let app = &app.everywhere();
    let user = me(app, actor).await?;
    session::recognise_password(app, actor, &user, password, client).await?;
    let by = Provenance::Person { user: user.id };
    let others = elsewhere(app, actor, &user).await?;
    for id in others {
        // Where they are no member any more, there is nothing to end.
        if let Some(there) = session::present(app, id, &by).await? {
            member::leave(app, &there).await?;
        }
    }
    let (mut tx, actor) = change::begin(app, actor, Permission::Read).await?;
    let row = members::get(&mut tx, actor.workspace, user.id).await?;
    leaves_an_owner(&mut tx, actor.workspace, row.role).await?;
    let events = member::ended(app, &actor, &mut tx, &row, EventType::MemberLeft).await?;
    rows::erase(&mut tx, &user).await?;
    let entry = NewEntry {
        at: app.now(),
        act: "person.erased",
        actor: by.credential(),
        subject: Some(user.id.to_string()),
        detail: json!({}),
    };
    audit::append(&mut tx, None, &[entry]).await?;
    change::finish(app, &actor, tx, &events).await?;
    Ok(user.id)
}

/// The other workspaces that the person belongs to and that stay; `LAST_OWNER` when any that stays has no other owner.
async fn elsewhere(app: &App, actor: &Actor, user: &User) -> Result<Vec<WorkspaceId>> {
    let mut conn = app.db.get().await?;
    let mut others = Vec::new();
    for (id, role) in access::memberships(&mut conn, user.id).await? {
        let stays = leaves_an_owner(&mut conn, id, role).await?;
        if stays && id != actor.workspace {
            others.push(id);
        }
    }
    Ok(others)
}

/// Whether a workspace stays; `LAST_OWNER` when it would without an owner.
async fn leaves_an_owner(conn: &mut Conn, id: WorkspaceId, role: Role) -> Result<bool> {
    let there = workspace::get(conn, id).await?;
    if there.deleted_at.is_some() {
        return Ok(false);
    }
    if role == Role::Owner && members::owners(conn, id).await? < 2 {
        let message = format!("{} has no other owner.", there.name);
        return Err(Error::new(ErrorCode::LastOwner, message).about(id));
    }
    Ok(true)
}
