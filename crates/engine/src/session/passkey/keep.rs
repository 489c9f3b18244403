use posthaste_core::{Error, Result, ids::PasskeyId};
use posthaste_store::{
    access,
    passkey::{self as rows, Passkey},
    second_factor,
};

use crate::{
    Actor, App,
    session::{factor::commit, named},
};

/// The person's passkeys, the oldest first.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Passkey>> {
    let (user, _) = actor.signed_in()?;
    rows::of(&mut *app.everywhere().db.get().await?, user).await
}

/// Calls a passkey of the person otherwise.
pub async fn rename(app: &App, actor: &Actor, id: PasskeyId, name: &str) -> Result<Passkey> {
    let (user, _) = actor.signed_in()?;
    let name = named(name)?;
    let mut conn = app.everywhere().db.get().await?;
    let renamed = rows::rename(&mut conn, user, id, &name).await?;
    renamed.ok_or_else(|| Error::not_found("passkey").at(["id"]))
}

/// Takes a passkey from the person: it opens nothing any more.
pub async fn remove(app: &App, actor: &Actor, id: PasskeyId) -> Result<PasskeyId> {
    let app = &app.everywhere();
    let (user, _) = actor.signed_in()?;
    actor.require_fresh(app.now())?;
    let mut tx = app.db.begin().await?;
    if !rows::remove(&mut tx, user, id).await? {
        return Err(Error::not_found("passkey").at(["id"]));
    }
    let left = rows::of_locked(&mut tx, user).await?;
    let has_totp = second_factor::get(&mut tx, user)
        .await?
        .is_some_and(|known| known.confirmed_at.is_some());
    if left.is_empty() && !has_totp {
        access::set_second_factor(&mut tx, user, None, false).await?;
    }
    commit(app, tx, user, "person.passkey_removed").await?;
    Ok(id)
}
