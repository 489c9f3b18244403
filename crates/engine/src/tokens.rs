//! Network tokens: opened for a call, refreshed ahead of time, one refresh at a time per connection.

use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use futures::{StreamExt, stream};
use posthaste_core::{
    Error, ErrorCode, Result,
    connector::{FailureClass, Session, TokenSet},
    event::EventType,
    ids::{ConnectionId, WorkspaceId},
    secret::Secret,
    token::reauthorize_by,
};
use posthaste_store::{
    connection::{self, Connection, Status},
    event, mutex,
};
use serde_json::json;
use tokio::{sync::Semaphore, time::sleep};

use crate::{App, actor::Actor};

/// A token that ends sooner is refreshed before it is used.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// How long a caller waits for somebody else's refresh.
const PATIENCE: u32 = 40;

/// How often it looks meanwhile.
const LOOK: Duration = Duration::from_millis(250);

/// Refreshes ahead of time in one pass, and how many of them at once.
const BATCH: i64 = 50;
const AT_ONCE: usize = 4;

/// Each refresh holds a connection for its lock; the pool must not be used up by them.
static REFRESHES: Semaphore = Semaphore::const_new(AT_ONCE);

/// When to try again after a network could not be asked.
const TRY_AGAIN: TimeDelta = TimeDelta::minutes(5);

/// Seals tokens for a connection's row.
pub(crate) fn seal(app: &App, id: ConnectionId, tokens: &TokenSet) -> Result<Vec<u8>> {
    let json = serde_json::to_vec(tokens).map_err(Error::internal)?;
    app.cipher.seal(&json, &id.to_string())
}

/// Opens the tokens of a connection; a removed one has none.
pub(crate) fn open(app: &App, row: &Connection) -> Result<TokenSet> {
    let sealed = row.tokens.as_deref().ok_or_else(|| {
        Error::new(
            ErrorCode::ConnectionUnusable,
            format!("{} was removed.", row.name),
        )
    })?;
    let json = app.cipher.open(sealed, &row.id.to_string())?;
    serde_json::from_slice(&json).map_err(Error::internal)
}

/// Puts tokens into a row that is about to be written.
pub(crate) fn put(app: &App, row: &mut Connection, tokens: &TokenSet) -> Result<()> {
    let now = app.now();
    row.tokens = Some(seal(app, row.id, tokens)?);
    // Whole microseconds, as the database keeps it.
    row.token_expires_at = tokens.expires_at.map(|end| end.trunc_subsecs(6));
    row.refresh_due_at = refresh_at(tokens, now);
    row.reauthorize_by = reauthorize_by(tokens).map(|end| end.trunc_subsecs(6));
    row.refreshing_since = None;
    if !tokens.scopes.is_empty() {
        row.scopes.clone_from(&tokens.scopes);
    }
    row.updated_at = now;
    Ok(())
}

/// At 70 % of the token's life; never for tokens that do not end.
fn refresh_at(tokens: &TokenSet, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let end = tokens.expires_at?;
    Some(now + TimeDelta::milliseconds((end - now).num_milliseconds().max(0) / 10 * 7))
}

/// What a connector's calls are made with. A token that has ended or is about to is refreshed first.
pub async fn session(app: &App, row: &Connection) -> Result<Session> {
    let ends_soon = row
        .token_expires_at
        .is_some_and(|end| end <= app.now() + LEEWAY);
    if !ends_soon {
        return session_of(app, row);
    }
    let fresh = refresh(
        app,
        row.workspace_id,
        row.id,
        "the access token ends",
        row.version,
    )
    .await?;
    session_of(app, &fresh)
}

/// As [`session`], with the token as it is; asks nobody.
pub fn session_of(app: &App, row: &Connection) -> Result<Session> {
    if row.status == Status::Reconnect {
        return Err(reconnect_required(row));
    }
    let tokens = open(app, row)?;
    Ok(Session {
        account_id: row.remote_id.clone(),
        username: row.username.clone(),
        access: tokens.access,
    })
}

fn reconnect_required(row: &Connection) -> Error {
    let message = format!(
        "{} no longer accepts our access to {}.",
        row.network, row.name
    );
    Error::new(ErrorCode::ReconnectRequired, message).about(row.id)
}

/// Refreshes the tokens of a connection and returns its row. `seen` is the version whose token did
/// not serve: when the row has gone on since, somebody else has refreshed it and nothing is asked.
/// `RECONNECT_REQUIRED` when the network gives no new token; the connection then stands as such.
pub async fn refresh(
    app: &App,
    workspace: WorkspaceId,
    id: ConnectionId,
    reason: &str,
    seen: i32,
) -> Result<Connection> {
    // A task of its own: a caller that goes away must not leave the lock or a rotated token behind.
    let (app, reason) = (app.clone(), reason.to_owned());
    tokio::spawn(async move { refresh_alone(&app, workspace, id, &reason, seen).await })
        .await
        .map_err(Error::internal)?
}

async fn refresh_alone(
    app: &App,
    workspace: WorkspaceId,
    id: ConnectionId,
    reason: &str,
    seen: i32,
) -> Result<Connection> {
    let _slot = REFRESHES.acquire().await.map_err(Error::internal)?;
    for _ in 0..PATIENCE {
        let mut conn = app.db.get().await?;
        if mutex::try_lock(&mut conn, id.uuid()).await? {
            let outcome = refresh_locked(app, workspace, id, reason, seen).await;
            mutex::unlock(&mut conn, id.uuid()).await?;
            return outcome;
        }
        drop(conn);
        sleep(LOOK).await;
        let row = connection::get(&mut *app.db.get().await?, workspace, id).await?;
        if row.version != seen {
            return usable(row);
        }
    }
    Err(Error::new(
        ErrorCode::NetworkUnavailable,
        "Another process is still refreshing the access.",
    )
    .retry_after(10))
}

async fn refresh_locked(
    app: &App,
    workspace: WorkspaceId,
    id: ConnectionId,
    reason: &str,
    seen: i32,
) -> Result<Connection> {
    let row = connection::get(&mut *app.db.get().await?, workspace, id).await?;
    if row.version != seen {
        return usable(row);
    }
    let old = open(app, &row)?;
    let ctx = app.network_ctx(row.network)?;
    // Written down first: a crash before the answer is kept may cost the token the network gave.
    connection::begin_refresh(&mut *app.db.get().await?, workspace, id, app.now()).await?;
    match app.connector(row.network).refresh(&ctx, &old).await {
        Ok(fresh) => swap_surely(app, &row, &kept(old, fresh)).await,
        Err(failure) if failure.class == FailureClass::Reauthorize => {
            let message = in_truth(&row, failure.message);
            let row = lose(app, row, &message, reason).await?;
            Err(reconnect_required(&row))
        }
        Err(failure) => {
            postpone(app, row).await?;
            Err(Error::new(failure.code(), failure.message))
        }
    }
}

/// X and Pinterest take each refresh token once. When the answer to an earlier refresh was lost (a crash,
/// a connection cut), it is that which cost the access, and nobody took it away.
fn in_truth(row: &Connection, message: String) -> String {
    match row.refreshing_since {
        None => message,
        Some(since) => format!(
            "The answer to a refresh was lost at {}, and {} takes each refresh token once. {message}",
            since.format("%Y-%m-%d %H:%M UTC"),
            row.network
        ),
    }
}

fn usable(row: Connection) -> Result<Connection> {
    if row.status == Status::Reconnect {
        Err(reconnect_required(&row))
    } else {
        Ok(row)
    }
}

/// The fresh tokens, with what the network left out taken over from the old ones.
fn kept(old: TokenSet, mut fresh: TokenSet) -> TokenSet {
    if fresh.refresh.as_ref().is_none_or(Secret::is_empty) {
        fresh.refresh = old.refresh;
        fresh.refresh_expires_at = fresh.refresh_expires_at.or(old.refresh_expires_at);
    }
    if fresh.scopes.is_empty() {
        fresh.scopes = old.scopes;
    }
    fresh
}

/// The old refresh token may be void by now: a database that is away for a moment must not cost us
/// the new one.
async fn swap_surely(app: &App, row: &Connection, tokens: &TokenSet) -> Result<Connection> {
    for _ in 0..PATIENCE {
        match swap(app, row, tokens).await {
            Err(error) if error.code == ErrorCode::Unavailable => sleep(LOOK).await,
            outcome => return outcome,
        }
    }
    swap(app, row, tokens).await
}

/// Writes fresh tokens. The row is locked and only its tokens are set, so that a change meanwhile (a
/// rename, a pause) stays.
async fn swap(app: &App, row: &Connection, tokens: &TokenSet) -> Result<Connection> {
    let mut tx = app.db.begin().await?;
    let mut row = connection::lock(&mut tx, row.workspace_id, row.id).await?;
    if row.status == Status::Removed {
        return Err(Error::new(
            ErrorCode::ConnectionUnusable,
            format!("{} was removed.", row.name),
        ));
    }
    put(app, &mut row, tokens)?;
    if row.status == Status::Reconnect {
        row.status = Status::Active;
    }
    connection::update(&mut tx, &mut row).await?;
    tx.commit().await?;
    Ok(row)
}

/// The network gives no new token: only a person can help.
async fn lose(app: &App, row: Connection, message: &str, reason: &str) -> Result<Connection> {
    let mut tx = app.db.begin().await?;
    let mut row = connection::lock(&mut tx, row.workspace_id, row.id).await?;
    if row.status != Status::Active {
        return Ok(row);
    }
    row.status = Status::Reconnect;
    row.refresh_due_at = None;
    row.refreshing_since = None;
    row.updated_at = app.now();
    connection::update(&mut tx, &mut row).await?;
    let data =
        json!({ "network": row.network, "name": row.name, "reason": reason, "message": message });
    let mut happened = app.event(
        &Actor::system(row.workspace_id),
        EventType::ConnectionReconnectRequired,
        data,
    );
    happened.connection = Some(row.id);
    event::append(&mut tx, row.workspace_id, &[happened]).await?;
    tx.commit().await?;
    app.hints.committed();
    Ok(row)
}

/// The network could not be asked: the connection stays as it is, and the next pass tries again.
async fn postpone(app: &App, row: Connection) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let mut row = connection::lock(&mut tx, row.workspace_id, row.id).await?;
    if row.refresh_due_at.is_some() {
        let now = app.now();
        row.refresh_due_at = Some(now + app.timing.paced(TRY_AGAIN));
        row.updated_at = now;
        connection::update(&mut tx, &mut row).await?;
    }
    tx.commit().await
}

/// Refreshes the tokens whose time has come, oldest first; one pass. Returns how many it looked at.
pub async fn refresh_due(app: &App) -> Result<usize> {
    let due = connection::due_for_refresh(&mut *app.db.get().await?, app.now(), BATCH).await?;
    let count = due.len();
    stream::iter(due)
        .for_each_concurrent(AT_ONCE, |(workspace, id)| async move {
            if let Err(error) = refresh_ahead(app, workspace, id).await {
                tracing::warn!(connection = %id, %error, "a token was not refreshed ahead of time");
            }
        })
        .await;
    Ok(count)
}

async fn refresh_ahead(app: &App, workspace: WorkspaceId, id: ConnectionId) -> Result<()> {
    let row = connection::get(&mut *app.db.get().await?, workspace, id).await?;
    refresh(
        app,
        workspace,
        id,
        "70 % of the token's life are over",
        row.version,
    )
    .await?;
    Ok(())
}
