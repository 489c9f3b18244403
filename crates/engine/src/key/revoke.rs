//! Taking keys back.

use posthaste_core::{
    Result,
    access::Permission,
    event::EventType,
    ids::{ApiKeyId, UserId},
};
use posthaste_store::{
    Conn, Tx,
    event::NewEvent,
    key::{self, ApiKey},
};

use super::{happened, is_own, refuse_revoked};
use crate::{Actor, App, change};

/// Takes a key back, and with it the keys that it made, and so on: requests with them are refused from now
/// on, and their open subscriptions end. A person may do so with their own keys, and a key with itself, whatever
/// they may otherwise.
pub async fn revoke(app: &App, actor: &Actor, id: ApiKeyId) -> Result<ApiKey> {
    let (mut tx, actor, row) = revocable(app, actor, id).await?;
    let (mut revoked, mut events) = (Vec::new(), Vec::new());
    let mut keys = vec![row];
    while !keys.is_empty() {
        events.extend(take_back(app, &actor, &mut tx, &mut keys).await?);
        let makers: Vec<ApiKeyId> = keys.iter().map(|row| row.id).collect();
        revoked.append(&mut keys);
        keys = key::lock_made_by(&mut tx, actor.workspace, &makers).await?;
    }
    change::finish(app, &actor, tx, &events).await?;
    Ok(revoked.swap_remove(0))
}

async fn revocable(app: &App, actor: &Actor, id: ApiKeyId) -> Result<(Tx, Actor, ApiKey)> {
    let needs = if actor.may(Permission::ManageKeys) {
        Permission::ManageKeys
    } else {
        Permission::Read
    };
    let (mut tx, actor) = change::begin(app, actor, needs).await?;
    let found = key::lock(&mut tx, actor.workspace, id).await;
    if !found.as_ref().is_ok_and(|row| is_own(&actor, row)) {
        // Before it is told whether there is such a key.
        actor.require(Permission::ManageKeys)?;
        if let Ok(row) = &found {
            actor.require_all(row.permissions())?;
        }
    }
    let row = found?;
    refuse_revoked(app, &row)?;
    Ok((tx, actor, row))
}

/// Takes the keys of a person back who is no longer a member; the service accounts that they made are the
/// workspace's and stay. The events are to be written in the same transaction.
pub(crate) async fn revoke_of_person(
    app: &App,
    actor: &Actor,
    conn: &mut Conn,
    user: UserId,
) -> Result<Vec<NewEvent>> {
    let mut keys = key::lock_of_person(conn, actor.workspace, user).await?;
    take_back(app, actor, conn, &mut keys).await
}

async fn take_back(
    app: &App,
    actor: &Actor,
    conn: &mut Conn,
    keys: &mut [ApiKey],
) -> Result<Vec<NewEvent>> {
    let mut events = Vec::new();
    for row in keys {
        row.revoked_at = Some(app.now());
        key::update(conn, row).await?;
        events.push(happened(app, actor, EventType::ApiKeyRevoked, row));
    }
    Ok(events)
}
