//! How live posts do: figures read from the networks, by plan.
//!
//! A target is watched from the moment it is live ([`begin`]). Its readings are a queue in the database,
//! beside the one of publishing: claimed with a lease and a token, no transaction open across a call.
//! A reading may be repeated, so a lost one is simply due again. What stands in its way is kept for
//! people to see, and the plan goes on: once it is mended, the next planned reading brings figures.

mod account;
mod settle;
mod worker;

use chrono::{DateTime, Utc};
use posthaste_core::{Result, access::Permission, ids::TargetId};
use posthaste_store::{
    Tx,
    metric::{self as rows, TargetMetrics},
    target::Target,
};

use crate::{Actor, App, post};

pub use worker::read_due;
pub(crate) use worker::run;

/// Begins to watch a target that went live as `remote_id`; without an id there is nothing to read.
pub(crate) async fn begin(
    app: &App,
    tx: &mut Tx,
    target: &Target,
    remote_id: Option<&str>,
    published_at: DateTime<Utc>,
) -> Result<()> {
    let rule = &app.connector(target.network).capabilities().metrics;
    let (Some(_), Some(first)) = (remote_id, rule.plan.first()) else {
        return Ok(());
    };
    let row = TargetMetrics::new(
        target.workspace_id,
        target.id,
        target.connection_id,
        target.network,
        Some(published_at + *first),
    );
    rows::insert(tx, &[row]).await
}

/// How targets do, in no order; those that are not watched are left out.
pub async fn of_targets(app: &App, actor: &Actor, ids: &[TargetId]) -> Result<Vec<TargetMetrics>> {
    actor.require(Permission::Read)?;
    let mut conn = app.db.get().await?;
    let ids = post::within(&mut conn, actor, ids).await?;
    rows::of_targets(&mut conn, actor.workspace, &ids).await
}
