//! New tokens for old ones.

use std::time::Duration;

use posthaste_core::{
    Error, ErrorCode, Result,
    connector::{FailureClass, TokenSet},
    event::EventType,
    secret::Secret,
};
use posthaste_store::{
    connection::{self, Connection, Status},
    event, lane, mutex,
};
use serde_json::json;
use tokio::{sync::Semaphore, time::sleep};

use super::{note, open, put_sealed, reconnect_required, same, seal};
use crate::{Actor, App, connection as accounts};

/// How long a caller waits for somebody else's refresh, or for a database that is away.
const PATIENCE: u32 = 40;

/// How often it looks meanwhile.
const LOOK: Duration = Duration::from_millis(250);

/// How often tokens are written down that nobody waits for any more.
const LATER: Duration = Duration::from_secs(1);

/// Refreshes at once.
pub(super) const AT_ONCE: usize = 4;

/// Each refresh holds a connection for its lock; the pool must not be used up by them.
static REFRESHES: Semaphore = Semaphore::const_new(AT_ONCE);

/// When to try again after a network could not be asked.
const TRY_AGAIN: chrono::TimeDelta = chrono::TimeDelta::minutes(5);

/// Refreshes the tokens of a connection and returns its row. `seen` is the row whose token did not
/// serve: when it has others by now, somebody else has refreshed them and nothing is asked.
/// `RECONNECT_REQUIRED` when the network gives no new token; the connection then stands as such.
pub async fn refresh(app: &App, seen: &Connection, reason: &str) -> Result<Connection> {
    // A task of its own: a caller that goes away must not leave the lock or a rotated token behind.
    let (own, seen, reason) = (app.clone(), seen.clone(), reason.to_owned());
    let task = async move { refresh_in_turn(&own, &seen, &reason).await };
    app.tasks.spawn(task).await.map_err(Error::internal)?
}

async fn refresh_in_turn(app: &App, seen: &Connection, reason: &str) -> Result<Connection> {
    let _slot = REFRESHES.acquire().await.map_err(Error::internal)?;
    let id = seen.id;
    for _ in 0..PATIENCE {
        let mut conn = app.db.get().await?;
        if mutex::try_lock(&mut conn, id.uuid()).await? {
            let outcome = refresh_locked(app, seen, reason).await;
            // What came of it stands; the lock ends with its connection, if not here.
            if let Err(error) = mutex::unlock(&mut conn, id.uuid()).await {
                tracing::warn!(connection = %id, cause = ?error.cause, "the lock of a refresh was not let go");
            }
            return outcome;
        }
        drop(conn);
        sleep(LOOK).await;
        let row = connection::get(&mut *app.db.get().await?, seen.workspace_id, id).await?;
        if !same(app, &row, seen).await? {
            return usable(row);
        }
    }
    Err(Error::new(
        ErrorCode::NetworkUnavailable,
        "Another process is still refreshing the access.",
    )
    .retry_after(10))
}

async fn refresh_locked(app: &App, seen: &Connection, reason: &str) -> Result<Connection> {
    let (workspace, id) = (seen.workspace_id, seen.id);
    let row = connection::get(&mut *app.db.get().await?, workspace, id).await?;
    if row.status == Status::Reconnect || !same(app, &row, seen).await? {
        return usable(row);
    }
    let old = open(app, &row).await?;
    let ctx = app.network_ctx(row.network)?;
    // Written down first: a crash before the answer is kept may cost the token the network gave.
    connection::begin_refresh(&mut *app.db.get().await?, workspace, id, app.now()).await?;
    match app.connector(row.network).refresh(&ctx, &old).await {
        Ok(fresh) => {
            let (before, tokens) = (row, kept(old, fresh));
            keep(app, Fresh { before, tokens }).await
        }
        Err(failure) if failure.class == FailureClass::Reauthorize => {
            let message = in_truth(&row, failure.message);
            let now = lose(app, &row, &message, reason).await?;
            if same(app, &now, &row).await? {
                return Err(reconnect_required(&now));
            }
            usable(now)
        }
        Err(failure) => {
            postpone(app, &row, &failure.class).await?;
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

/// Tokens that a network gave and that are not written down yet.
struct Fresh {
    /// The row as it was when the network was asked.
    before: Connection,
    tokens: TokenSet,
}

/// Writes fresh tokens down. The old refresh token may be void by now: a database that is away must not
/// cost us the new one. The caller waits for a while; the writing goes on until the process ends.
async fn keep(app: &App, fresh: Fresh) -> Result<Connection> {
    let mut tries = 1;
    let error = loop {
        match swap(app, &fresh).await {
            Ok(row) => return usable(row),
            Err(error) if is_final(&error) => return Err(error),
            Err(error) if tries >= PATIENCE => break error,
            Err(_) => {}
        }
        tries += 1;
        sleep(LOOK / app.timing.pace).await;
    };
    tracing::error!(
        connection = %fresh.before.id, cause = ?error.cause,
        "fresh tokens cannot be written down yet; this process must not be ended before they are"
    );
    let own = app.clone();
    app.tasks
        .spawn(async move { keep_at_last(&own, &fresh).await });
    Err(error)
}

async fn keep_at_last(app: &App, fresh: &Fresh) {
    loop {
        sleep(LATER / app.timing.pace).await;
        match swap(app, fresh).await {
            Ok(_) => break,
            Err(error) if is_final(&error) => break,
            Err(_) => {}
        }
    }
    tracing::info!(connection = %fresh.before.id, "fresh tokens are written down at last");
}

/// Whether writing again is of no use: the workspace is gone, or the database can never keep it.
fn is_final(error: &Error) -> bool {
    matches!(error.code, ErrorCode::NotFound | ErrorCode::InvalidInput)
}

/// Waits until all tokens that networks gave are written down, for so long at most.
pub(crate) async fn written(app: &App, within: Duration) {
    app.tasks.close();
    if tokio::time::timeout(within, app.tasks.wait())
        .await
        .is_err()
    {
        tracing::error!(
            "fresh tokens could not be written down; their accounts may have to be reconnected"
        );
    }
}

/// Writes fresh tokens once. The row is locked and only its tokens are set, so that a change meanwhile (a
/// rename, a pause) stays. A row with other tokens was reconnected meanwhile, or has these already.
async fn swap(app: &App, fresh: &Fresh) -> Result<Connection> {
    let before = &fresh.before;
    // Each time: the key they are sealed with lies in the database too.
    let sealed = seal(app, before.workspace_id, before.id, &fresh.tokens).await?;
    let mut tx = app.db.begin().await?;
    lane::lock(&mut tx, &[before.id]).await?;
    let mut row = connection::lock(&mut tx, before.workspace_id, before.id).await?;
    if row.status == Status::Removed {
        // What was given back were the old ones.
        note(&mut tx, &row, sealed, app.now()).await?;
        tx.commit().await?;
        return Ok(row);
    }
    if !same(app, &row, before).await? {
        return Ok(row);
    }
    put_sealed(&mut row, &fresh.tokens, sealed, app.now());
    // Somebody asked with the old tokens while these could not be written down.
    let was_lost = row.status == Status::Reconnect;
    if was_lost {
        row.status = Status::Active;
    }
    connection::update(&mut tx, &mut row).await?;
    if was_lost {
        let events =
            accounts::regained(app, &Actor::system(row.workspace_id), &mut tx, &row).await?;
        event::append(&mut tx, row.workspace_id, &events).await?;
    }
    tx.commit().await?;
    if was_lost {
        app.hints.committed();
    }
    Ok(row)
}

/// The network refused the tokens of `seen`, and refreshing them is no help: the connection is marked,
/// unless it has others by now. Whether it has those still.
pub(crate) async fn refused(app: &App, seen: &Connection, message: &str) -> Result<bool> {
    let row = lose(
        app,
        seen,
        message,
        "the network refused a fresh access token",
    )
    .await?;
    same(app, &row, seen).await
}

/// Only a person can help, if the row still has the tokens that are refused.
async fn lose(app: &App, seen: &Connection, message: &str, reason: &str) -> Result<Connection> {
    let mut tx = app.db.begin().await?;
    let mut row = connection::lock(&mut tx, seen.workspace_id, seen.id).await?;
    if row.status != Status::Active || !same(app, &row, seen).await? {
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
async fn postpone(app: &App, seen: &Connection, class: &FailureClass) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let mut row = connection::lock(&mut tx, seen.workspace_id, seen.id).await?;
    if same(app, &row, seen).await? {
        let now = app.now();
        let again_at = now + app.timing.paced(TRY_AGAIN);
        row.refresh_due_at = row.refresh_due_at.map(|_| again_at);
        if *class != FailureClass::Retry {
            // It was answered, with a no: no token was given that could be lost.
            row.refreshing_since = seen.refreshing_since;
        }
        row.updated_at = now;
        connection::update(&mut tx, &mut row).await?;
    }
    tx.commit().await
}
