//! Webhooks: events of the log, sent to addresses that people named.
//!
//! A worker turns new events into deliveries in order (`fan_out`) and sends what is due (`deliver`),
//! at least once: a delivery keeps its id through all tries, so that receivers can drop what they have.
//! What a try means for delivery and endpoint is written in one transaction (`settle`). What is sent
//! comes from a payload document that [`Payloads`] executes with the present rights of its author.
//!
//! Who has MANAGE_WEBHOOKS manages endpoints; every member may read them and their deliveries, never a secret.

mod deliver;
mod fan_out;
mod manage;
mod payload;
mod secret;
mod settle;
mod trial;
mod worker;

use chrono::{DateTime, Utc};
use posthaste_core::{
    Result,
    access::Permission,
    ids::{WebhookDeliveryId, WebhookEndpointId},
};
use posthaste_store::{
    Page, PageRequest,
    webhook::{
        Attempt, Delivery, Endpoint,
        delivery::{self, Filter},
        endpoint::{self, Reason, Status},
    },
};
use uuid::Uuid;

use crate::{Actor, App};

pub use deliver::deliver_due;
pub use manage::{
    Change, NewEndpoint, create, delete, pause, redeliver, replay, resume, rotate_secret, update,
    violations,
};
pub use payload::{Payloads, PlainPayloads};
pub use trial::{Trial, test};
pub use worker::{Settings, run};

/// What an operator decides about webhooks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// Whether http and addresses of private networks are taken: for sandboxes and tests.
    pub allow_private: bool,
}

/// Whoever reads endpoints reads what they were sent, whatever connection it concerns.
fn reader(actor: &Actor) -> Result<()> {
    actor.require(Permission::Read)?;
    actor.require_whole()
}

/// The endpoint with an id.
pub async fn get(app: &App, actor: &Actor, id: WebhookEndpointId) -> Result<Endpoint> {
    reader(actor)?;
    endpoint::get(&mut *app.db.get().await?, actor.workspace, id).await
}

/// The endpoints with these ids, in no order; unknown ones are left out.
pub async fn by_ids(app: &App, actor: &Actor, ids: &[WebhookEndpointId]) -> Result<Vec<Endpoint>> {
    reader(actor)?;
    endpoint::by_ids(&mut *app.db.get().await?, actor.workspace, ids).await
}

/// A page of endpoints in the order in which they were added.
pub async fn list(
    app: &App,
    actor: &Actor,
    page: &PageRequest<(DateTime<Utc>, Uuid)>,
) -> Result<Page<Endpoint>> {
    reader(actor)?;
    endpoint::list(&mut *app.db.get().await?, actor.workspace, page).await
}

/// How many endpoints there are.
pub async fn count(app: &App, actor: &Actor) -> Result<i64> {
    reader(actor)?;
    endpoint::count(&mut *app.db.get().await?, actor.workspace).await
}

/// The delivery with an id.
pub async fn delivery(app: &App, actor: &Actor, id: WebhookDeliveryId) -> Result<Delivery> {
    reader(actor)?;
    delivery::get(&mut *app.db.get().await?, actor.workspace, id).await
}

/// The deliveries with these ids, in no order; unknown ones are left out.
pub async fn deliveries_by_ids(
    app: &App,
    actor: &Actor,
    ids: &[WebhookDeliveryId],
) -> Result<Vec<Delivery>> {
    reader(actor)?;
    delivery::by_ids(&mut *app.db.get().await?, actor.workspace, ids).await
}

/// A page of deliveries, newest first.
pub async fn deliveries(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    page: &PageRequest<(Option<DateTime<Utc>>, Uuid)>,
) -> Result<Page<Delivery>> {
    reader(actor)?;
    delivery::list(&mut *app.db.get().await?, actor.workspace, filter, page).await
}

/// How many deliveries the filter leaves.
pub async fn delivery_count(app: &App, actor: &Actor, filter: &Filter) -> Result<i64> {
    reader(actor)?;
    delivery::count(&mut *app.db.get().await?, actor.workspace, filter).await
}

/// The tries of deliveries, each delivery's in order.
pub async fn attempts(app: &App, actor: &Actor, ids: &[WebhookDeliveryId]) -> Result<Vec<Attempt>> {
    reader(actor)?;
    delivery::attempts_of(&mut *app.db.get().await?, actor.workspace, ids).await
}

/// Something a person can do with an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Change it.
    Update,
    /// Replace its secret.
    RotateSecret,
    /// Send a test.
    Test,
    /// Hold its events back.
    Pause,
    /// Let it go on.
    Resume,
    /// Send earlier events again.
    Replay,
    /// Remove it.
    Delete,
}

/// What `actor` may do with an endpoint now.
pub fn allowed_actions(actor: &Actor, row: &Endpoint) -> Vec<Action> {
    if !actor.may(Permission::ManageWebhooks) {
        return Vec::new();
    }
    let mut actions = vec![Action::Update, Action::RotateSecret, Action::Test];
    if may_pause(row) {
        actions.push(Action::Pause);
    }
    if row.status != Status::Enabled {
        actions.push(Action::Resume);
    }
    actions.extend([Action::Replay, Action::Delete]);
    actions
}

/// Whether a person can pause it: while events are sent or it is probed.
fn may_pause(row: &Endpoint) -> bool {
    row.status == Status::Enabled || row.reason() == Some(Reason::Failures)
}

/// Whether `actor` may send a delivery of this endpoint again now.
pub fn may_redeliver(app: &App, actor: &Actor, endpoint: &Endpoint, row: &Delivery) -> bool {
    let in_flight = row.worker.is_some() && row.due_at > Some(app.now());
    actor.may(Permission::ManageWebhooks) && endpoint.status == Status::Enabled && !in_flight
}
