use std::collections::HashSet;

use posthaste_core::{
    Error, ErrorCode, Network, Result,
    access::Permission,
    connector::Account,
    event::EventType,
    ids::{ConnectionId, GrantId},
    target::State,
};
use posthaste_store::{
    Conn,
    connection::{self, Connection, Status},
    event::{self, NewEvent},
    grant::{self, Status as GrantStatus},
    lane, target, timeline,
};
use serde_json::json;

use super::{consent::accounts_of, happened, target_happened, waits_for_reconnect};
use crate::{Actor, App, post::act, tokens};

/// What a person chose on coming back from the network.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The consent.
    pub grant: GrantId,
    /// The networks' ids of the accounts to connect.
    pub accounts: Vec<String>,
    /// The board to use when a target names none.
    pub default_destination: Option<String>,
}

/// Connects the chosen accounts of a consent. An account that is connected already gets the new
/// access instead of a second connection. A grant serves once.
pub async fn create(app: &App, actor: &Actor, chosen: Chosen) -> Result<Vec<Connection>> {
    let actor = &actor.using(Permission::ManageConnections)?;
    actor.require_whole()?;
    let mut tx = app.db.begin().await?;
    let row = grant::lock(&mut tx, actor.workspace, chosen.grant)
        .await
        .map_err(|error| error.at(["grantId"]))?;
    let offered = match row.status {
        GrantStatus::Ready if row.expires_at > app.now() => accounts_of(app, &row).await?,
        GrantStatus::Pending => {
            let message = "The consent is not given yet; open authorizeUrl first.";
            return Err(Error::new(ErrorCode::InvalidState, message).at(["grantId"]));
        }
        _ => {
            let message = "The consent was refused, used up or is too old.";
            return Err(Error::new(ErrorCode::OauthStateInvalid, message).at(["grantId"]));
        }
    };
    let accounts = pick(offered, &chosen.accounts)?;
    let (mut rows, mut events) = (Vec::new(), Vec::new());
    for account in accounts {
        let board = chosen.default_destination.as_deref();
        let (row, mut more) = connect(app, actor, &mut tx, row.network, &account, board).await?;
        rows.push(row);
        events.append(&mut more);
    }
    grant::finish(&mut tx, row.id, GrantStatus::Used, None, None).await?;
    event::append(&mut tx, actor.workspace, &events).await?;
    tx.commit().await?;
    app.hints.committed();
    Ok(rows)
}

/// The chosen accounts among those offered, in the order in which they were chosen.
fn pick(offered: Vec<Account>, chosen: &[String]) -> Result<Vec<Account>> {
    if chosen.is_empty() {
        return Err(
            Error::new(ErrorCode::InvalidInput, "Choose at least one account.").at(["accountIds"]),
        );
    }
    let mut seen = HashSet::new();
    let mut picked = Vec::new();
    for (position, id) in chosen.iter().enumerate() {
        let path = ["accountIds".to_owned(), position.to_string()];
        if !seen.insert(id) {
            return Err(Error::new(
                ErrorCode::InvalidInput,
                "The account stands twice in the list.",
            )
            .at(path));
        }
        let account = offered
            .iter()
            .find(|account| account.remote_id == *id)
            .ok_or_else(|| {
                let names: Vec<&str> = offered
                    .iter()
                    .map(|account| account.remote_id.as_str())
                    .collect();
                let message = format!(
                    "The consent opened no account with this id, but {}.",
                    names.join(", ")
                );
                Error::new(ErrorCode::NotFound, message).at(path)
            })?;
        picked.push(account.clone());
    }
    Ok(picked)
}

/// Connects an account whose access is known already (seeds of the sandbox).
pub async fn import(
    app: &App,
    actor: &Actor,
    network: Network,
    account: &Account,
) -> Result<Connection> {
    let actor = &actor.using(Permission::ManageConnections)?;
    let mut tx = app.db.begin().await?;
    let (row, events) = connect(app, actor, &mut tx, network, account, None).await?;
    event::append(&mut tx, actor.workspace, &events).await?;
    tx.commit().await?;
    app.hints.committed();
    Ok(row)
}

async fn connect(
    app: &App,
    actor: &Actor,
    conn: &mut Conn,
    network: Network,
    account: &Account,
    default_destination: Option<&str>,
) -> Result<(Connection, Vec<NewEvent>)> {
    if let Some(known) =
        connection::by_account(conn, actor.workspace, network, &account.remote_id).await?
    {
        return renew(app, actor, conn, known.id, account).await;
    }
    let now = app.now();
    let mut row = Connection {
        id: ConnectionId::new(&*app.clock, &*app.random),
        workspace_id: actor.workspace,
        network,
        remote_id: account.remote_id.clone(),
        name: account.name.clone(),
        username: account.username.clone(),
        avatar_url: account.avatar_url.clone(),
        status: Status::Active,
        tokens: None,
        token_expires_at: None,
        refresh_due_at: None,
        reauthorize_by: None,
        refreshing_since: None,
        scopes: Vec::new(),
        default_destination: default_destination.map(str::to_owned),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    tokens::put(app, &mut row, &account.tokens).await?;
    connection::insert(conn, &row).await?;
    lane::insert(conn, actor.workspace, row.id, network).await?;
    let event = happened(app, actor, EventType::ConnectionCreated, &row, "connected");
    Ok((row, vec![event]))
}

/// Gives a connection new access, and lets the targets go on that waited only for that.
pub(super) async fn renew(
    app: &App,
    actor: &Actor,
    conn: &mut Conn,
    id: ConnectionId,
    account: &Account,
) -> Result<(Connection, Vec<NewEvent>)> {
    lane::lock(conn, &[id]).await?;
    let mut row = connection::lock(conn, actor, id).await?;
    if row.status == Status::Removed {
        return Err(Error::new(
            ErrorCode::ConnectionUnusable,
            format!("{} was removed.", row.name),
        ));
    }
    row.status = Status::Active;
    row.username.clone_from(&account.username);
    row.avatar_url.clone_from(&account.avatar_url);
    tokens::put(app, &mut row, &account.tokens).await?;
    connection::update(conn, &mut row).await?;
    let events = regained(app, actor, conn, &row).await?;
    Ok((row, events))
}

/// A connection has access again: the targets go on that waited only for that. Its line is locked.
pub(crate) async fn regained(
    app: &App,
    actor: &Actor,
    conn: &mut Conn,
    row: &Connection,
) -> Result<Vec<NewEvent>> {
    let mut events = vec![happened(
        app,
        actor,
        EventType::ConnectionUpdated,
        row,
        "reconnected",
    )];
    for target in target::open_of_connection(conn, actor.workspace, row.id).await? {
        if waits_for_reconnect(&target) {
            events.push(schedule_again(app, actor, conn, target).await?);
        }
    }
    lane::unblock(conn, row.id).await?;
    lane::refresh(conn, &[row.id]).await?;
    Ok(events)
}

/// Back to its time; if that has passed, its misfire policy decides.
async fn schedule_again(
    app: &App,
    actor: &Actor,
    conn: &mut Conn,
    mut target: target::Target,
) -> Result<NewEvent> {
    let now = app.now();
    target.state = State::Scheduled;
    target.due_at = target.due_at.or(Some(now));
    target.error_code = None;
    target.error_message = None;
    target.updated_at = now;
    target::update(conn, &mut target, State::Held).await?;
    let message = "The account was reconnected; the post goes out at its time.";
    let step = act(app, actor, "SCHEDULED", message, json!({}));
    timeline::add_steps(conn, actor.workspace, target.id, target.attempt, &[step]).await?;
    let data = json!({ "dueAt": target.due_at, "because": "reconnected" });
    Ok(target_happened(
        app,
        actor,
        EventType::TargetScheduled,
        &target,
        data,
    ))
}
