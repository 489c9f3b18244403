//! A person's sessions, as the person sees and ends them.

use posthaste_core::{Error, Result, ids::SessionId};
use posthaste_store::{
    Page, PageRequest,
    access::{self, Key, Session},
};

use crate::{Actor, App};

/// A page of the person's open sessions, in all workspaces, the newest first.
pub async fn list(app: &App, actor: &Actor, page: &PageRequest<Key>) -> Result<Page<Session>> {
    let (user, _) = actor.signed_in()?;
    access::sessions_of(
        &mut *app.everywhere().db.get().await?,
        user,
        page,
        app.now(),
    )
    .await
}

/// How many open sessions the person has.
pub async fn count(app: &App, actor: &Actor) -> Result<i64> {
    let (user, _) = actor.signed_in()?;
    access::count_sessions(&mut *app.everywhere().db.get().await?, user, app.now()).await
}

/// Ends one of the person's sessions; another's is not found.
pub async fn revoke(app: &App, actor: &Actor, id: SessionId) -> Result<SessionId> {
    let (user, _) = actor.signed_in()?;
    let mut conn = app.everywhere().db.get().await?;
    if access::revoke_session(&mut conn, user, id, app.now()).await? {
        return Ok(id);
    }
    Err(Error::not_found("session").at(["id"]))
}

/// Ends all of the person's sessions but the present one; how many there were.
pub async fn revoke_others(app: &App, actor: &Actor) -> Result<usize> {
    let (user, signed_in) = actor.signed_in()?;
    let mut conn = app.everywhere().db.get().await?;
    access::revoke_sessions_of(&mut conn, user, Some(signed_in.session), app.now()).await
}

/// Signs out: ends the present session.
pub async fn sign_out(app: &App, actor: &Actor) -> Result<SessionId> {
    let (_, signed_in) = actor.signed_in()?;
    revoke(app, actor, signed_in.session).await
}
