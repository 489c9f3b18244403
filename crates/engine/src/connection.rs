//! Accounts on the networks: connecting them by OAuth, and everything a person does with one.
//!
//! Connecting takes three steps. [`authorize`] makes a grant and says where the network asks for
//! consent; the network sends the browser to [`callback`], which keeps the accounts that the consent
//! opened; [`create`] connects the chosen ones. Reconnecting takes the first two: the callback
//! renews the connection it was asked for.

mod change;
mod consent;
mod create;
mod health;

use posthaste_core::{
    Error, ErrorCode, Network, Result,
    access::Permission,
    connector::Destination,
    event::EventType,
    ids::{ConnectionId, TargetId},
    network::health::LATELY,
    target::State,
};
use posthaste_store::{
    Page, PageRequest,
    connection::{self, Connection, Filter, Standing, Status},
    event::NewEvent,
    lane::{self, Lane},
    network_state::{self, NetworkState},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Actor, App, tokens};

pub(crate) use change::take_away;
pub use change::{Change, Removed, disable, enable, pause, remove, resume, update};
pub(crate) use consent::is_loopback;
pub use consent::{Consent, ConsentRequest, Outcome, authorize, callback, grant};
pub(crate) use create::regained;
pub use create::{Chosen, create, import};
pub use health::Health;

pub use crate::tokens::{ask_in_time, give_back_due, refresh_due};

/// The connection with an id.
pub async fn get(app: &App, actor: &Actor, id: ConnectionId) -> Result<Connection> {
    actor.require(Permission::Read)?;
    connection::get(&mut *app.db.get().await?, actor, id).await
}

/// The connections with these ids, in no order; unknown ones are left out.
pub async fn by_ids(app: &App, actor: &Actor, ids: &[ConnectionId]) -> Result<Vec<Connection>> {
    actor.require(Permission::Read)?;
    connection::by_ids(&mut *app.db.get().await?, actor, ids).await
}

/// The position of a connection in its list: when it was connected, and its id.
pub type Key = (chrono::DateTime<chrono::Utc>, Uuid);

/// A page of connections in the order in which they were connected.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    page: &PageRequest<Key>,
) -> Result<Page<Connection>> {
    actor.require(Permission::Read)?;
    connection::list(&mut *app.db.get().await?, actor, filter, page).await
}

/// How many connections the filter leaves.
pub async fn count(app: &App, actor: &Actor, filter: &Filter) -> Result<i64> {
    actor.require(Permission::Read)?;
    connection::count(&mut *app.db.get().await?, actor, filter).await
}

/// The publishing lines of connections, in no order.
pub async fn lanes(app: &App, actor: &Actor, ids: &[ConnectionId]) -> Result<Vec<Lane>> {
    actor.require(Permission::Read)?;
    lane::by_connections(&mut *app.db.get().await?, actor, ids).await
}

/// What holds each network back, for all workspaces of this server.
pub async fn networks(app: &App, actor: &Actor) -> Result<Vec<NetworkState>> {
    actor.require(Permission::Read)?;
    network_state::all(&mut *app.db.get().await?).await
}

/// How each network does, by its breaker and by what was tried lately on the actor's connections.
pub async fn health(app: &App, actor: &Actor) -> Result<Vec<(Network, Health)>> {
    actor.require(Permission::Read)?;
    let now = app.now();
    let mut conn = app.db.get().await?;
    let states = network_state::all(&mut conn).await?;
    let tries = network_state::tries_since(&mut conn, actor, now - LATELY).await?;
    Ok(Health::of_all(states, &tries, now))
}

/// How the workspace's accounts stand, by network; networks without an account are left out.
pub async fn standings(app: &App, actor: &Actor) -> Result<Vec<Standing>> {
    actor.require(Permission::Read)?;
    connection::standings(&mut *app.db.get().await?, actor, app.now()).await
}

/// The boards or the like of an account, asked from the network now.
pub async fn destinations(app: &App, actor: &Actor, row: &Connection) -> Result<Vec<Destination>> {
    actor.require(Permission::Read)?;
    if row.status != Status::Active {
        return Ok(Vec::new());
    }
    let ctx = app.network_ctx(row.network)?;
    let session = tokens::session(app, row).await?;
    let connector = app.connector(row.network);
    connector
        .destinations(&ctx, &session)
        .await
        .map_err(|failure| Error::new(failure.code(), failure.message))
}

/// An event about a connection, with what a feed needs to tell about it.
fn happened(app: &App, actor: &Actor, kind: EventType, row: &Connection, change: &str) -> NewEvent {
    let data =
        json!({ "network": row.network, "name": row.name, "status": row.status, "change": change });
    let mut event = app.event(actor, kind, data);
    event.connection = Some(row.id);
    event
}

/// An event about a target of a connection.
fn target_happened(
    app: &App,
    actor: &Actor,
    kind: EventType,
    target: &posthaste_store::target::Target,
    data: Value,
) -> NewEvent {
    let mut event = app.event(actor, kind, data);
    event.post = Some(target.post_id);
    event.target = Some(target.id);
    event.connection = Some(target.connection_id);
    event
}

/// Refuses while a post of the connection is on its way.
fn none_in_flight(targets: &[posthaste_store::target::Target]) -> Result<()> {
    let in_flight: Vec<TargetId> = targets
        .iter()
        .filter(|target| target.state.is_in_flight())
        .map(|t| t.id)
        .collect();
    match in_flight.first() {
        None => Ok(()),
        Some(id) => {
            let message = format!(
                "{id} is being published right now; remove the account when it is settled."
            );
            Err(Error::new(ErrorCode::InvalidState, message).retry_after(30))
        }
    }
}

/// What `actor` may do with a connection now, by name of the mutation.
pub fn allowed_actions(actor: &Actor, row: &Connection, paused: bool) -> Vec<Action> {
    if !actor.may_with(Permission::ManageConnections, [row.id]) || row.status == Status::Removed {
        return Vec::new();
    }
    let mut actions = vec![Action::Update, Action::Reconnect, Action::Remove];
    actions.push(if row.status == Status::Disabled {
        Action::Enable
    } else {
        Action::Disable
    });
    actions.push(if paused {
        Action::Resume
    } else {
        Action::Pause
    });
    actions
}

/// Something a person can do with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Rename it, or set its default board.
    Update,
    /// Give the consent again.
    Reconnect,
    /// Switch it on.
    Enable,
    /// Switch it off.
    Disable,
    /// Hold its posts back.
    Pause,
    /// Let its posts go on.
    Resume,
    /// Take it away.
    Remove,
}

/// Whether a target waits only for its account to be reconnected: for access, or for a permission that was
/// missing before anything was sent.
fn waits_for_reconnect(target: &posthaste_store::target::Target) -> bool {
    let code = target.error_code.as_deref();
    let permission = code == Some(ErrorCode::NetworkPermission.as_str());
    target.state == State::Held
        && (code == Some(ErrorCode::ReconnectRequired.as_str())
            || permission && target.intent.is_none())
}
