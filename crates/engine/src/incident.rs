//! Incidents: what looks like an attack, or like a mistake as bad as one, with what was done about it. Rules open them
//! ([`watch`], and where something is seen at once); people answer and close them.

mod answer;
pub mod operator;
mod see;
mod watch;

use posthaste_core::{Result, access::Permission, ids::IncidentId};
use posthaste_store::{
    Page, PageRequest,
    incident::{self as rows, Incident, Key, Step},
};

pub use answer::{act, actions, close};
pub(crate) use see::{Seen, see, see_alone};
pub use watch::watch;

use crate::{Actor, App};

/// The incidents of the workspace with these ids, in no order; unknown ones are left out.
pub async fn by_ids(app: &App, actor: &Actor, ids: &[IncidentId]) -> Result<Vec<Incident>> {
    actor.require(Permission::ReadAuditLog)?;
    rows::by_ids(&mut *app.db.get().await?, actor.workspace, ids).await
}

/// The incident of the workspace with an id.
pub async fn get(app: &App, actor: &Actor, id: IncidentId) -> Result<Incident> {
    let found = by_ids(app, actor, &[id]).await?;
    found
        .into_iter()
        .next()
        .ok_or_else(|| posthaste_core::Error::not_found("incident").at(["id"]))
}

/// A page of the workspace's incidents, or of those that are open, the newest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    only_open: bool,
    page: &PageRequest<Key>,
) -> Result<Page<Incident>> {
    actor.require(Permission::ReadAuditLog)?;
    let mut conn = app.db.get().await?;
    rows::list(&mut conn, actor.workspace, only_open, page).await
}

/// How many incidents the workspace has, or has open.
pub async fn count(app: &App, actor: &Actor, only_open: bool) -> Result<i64> {
    actor.require(Permission::ReadAuditLog)?;
    rows::count(&mut *app.db.get().await?, actor.workspace, only_open).await
}

/// What was done about incidents, in order.
pub async fn steps(app: &App, actor: &Actor, ids: &[IncidentId]) -> Result<Vec<Step>> {
    actor.require(Permission::ReadAuditLog)?;
    rows::steps(&mut *app.db.get().await?, ids).await
}
