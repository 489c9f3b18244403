//! The audit log: who did what that concerns security. `docs/audit.md` tells operators what they need to know.
//!
//! Entries come with the events that they tell of (`store::event::append`); what is no event of a workspace is
//! appended in the transaction of its act (`store::audit::append`).

mod verify;

use posthaste_core::{Result, access::Permission, audit::Entry};
use posthaste_store::{
    Page, PageRequest,
    audit::{self as rows, Filter},
};

use crate::{Actor, App};

pub use verify::{Check, End, chains, export, verify};

/// A page of the workspace's audit log, newest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    page: &PageRequest<i64>,
) -> Result<Page<Entry>> {
    actor.require(Permission::ReadAuditLog)?;
    rows::list(&mut *app.db.get().await?, actor.workspace, filter, page).await
}

/// How many entries the filter leaves.
pub async fn count(app: &App, actor: &Actor, filter: &Filter) -> Result<i64> {
    actor.require(Permission::ReadAuditLog)?;
    rows::count(&mut *app.db.get().await?, actor.workspace, filter).await
}
