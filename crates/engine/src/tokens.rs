//! Network tokens: opened for a call, refreshed ahead of time, one refresh at a time per connection,
//! given back when an account is removed.

mod ahead;
mod give_back;
mod refresh;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use posthaste_core::{
    Error, ErrorCode, Result,
    connector::{Session, TokenSet},
    ids::{ConnectionId, WorkspaceId},
    token::{reauthorize_by, renews},
};
use posthaste_store::connection::{Connection, Status};

use crate::{App, vault::place};

pub use ahead::{ask_in_time, refresh_due};
pub use give_back::give_back_due;
pub(crate) use give_back::{give_back, note};
pub use refresh::refresh;
pub(crate) use refresh::{refused, written};

/// A token that ends sooner is refreshed before it is used.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// Seals tokens for a connection's row.
pub(crate) async fn seal(
    app: &App,
    workspace: WorkspaceId,
    id: ConnectionId,
    tokens: &TokenSet,
) -> Result<Vec<u8>> {
    let json = serde_json::to_vec(tokens).map_err(Error::internal)?;
    app.cipher.seal(&json, &place::tokens(workspace, id)).await
}

/// Opens the tokens of a connection; a removed one has none.
pub(crate) async fn open(app: &App, row: &Connection) -> Result<TokenSet> {
    let sealed = row.tokens.as_deref().ok_or_else(|| {
        Error::new(
            ErrorCode::ConnectionUnusable,
            format!("{} was removed.", row.name),
        )
    })?;
    unseal(app, row.workspace_id, row.id, sealed).await
}

async fn unseal(
    app: &App,
    workspace: WorkspaceId,
    id: ConnectionId,
    sealed: &[u8],
) -> Result<TokenSet> {
    let place = place::tokens(workspace, id);
    let json = app.cipher.open(sealed, &place).await?;
    serde_json::from_slice(&json).map_err(Error::internal)
}

/// Whether two readings of a row hold the same tokens: a rename changes them as little as sealing them
/// anew does. Fails when it cannot be seen now: tokens must not be lost because their key could not be read.
async fn same(app: &App, one: &Connection, other: &Connection) -> Result<bool> {
    if one.tokens == other.tokens {
        return Ok(true);
    }
    if one.tokens.is_none() || other.tokens.is_none() {
        return Ok(false);
    }
    Ok(open(app, one).await? == open(app, other).await?)
}

/// Puts tokens into a row that is about to be written.
pub(crate) async fn put(app: &App, row: &mut Connection, tokens: &TokenSet) -> Result<()> {
    let sealed = seal(app, row.workspace_id, row.id, tokens).await?;
    put_sealed(row, tokens, sealed, app.now());
    Ok(())
}

fn put_sealed(row: &mut Connection, tokens: &TokenSet, sealed: Vec<u8>, now: DateTime<Utc>) {
    row.tokens = Some(sealed);
    // Whole microseconds, as the database keeps it.
    row.token_expires_at = tokens.expires_at.map(|end| end.trunc_subsecs(6));
    row.refresh_due_at = refresh_at(tokens, now);
    row.reauthorize_by = reauthorize_by(tokens).map(|end| end.trunc_subsecs(6));
    row.refreshing_since = None;
    if !tokens.scopes.is_empty() {
        row.scopes.clone_from(&tokens.scopes);
    }
    row.updated_at = now;
}

/// At 70 % of the token's life; never for tokens that do not end, or that nothing can renew: asking for
/// those ahead of time would only cost the rest of their life.
fn refresh_at(tokens: &TokenSet, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let end = tokens.expires_at.filter(|_| renews(tokens))?;
    Some(now + TimeDelta::milliseconds((end - now).num_milliseconds().max(0) / 10 * 7))
}

/// What a connector's calls are made with. A token that has ended or is about to is refreshed first.
pub async fn session(app: &App, row: &Connection) -> Result<Session> {
    let ends_soon = row
        .token_expires_at
        .is_some_and(|end| end <= app.now() + LEEWAY);
    if !ends_soon {
        return session_of(app, row).await;
    }
    let fresh = refresh(app, row, "the access token ends").await?;
    session_of(app, &fresh).await
}

/// As [`session`], with the token as it is; asks nobody.
pub async fn session_of(app: &App, row: &Connection) -> Result<Session> {
    if row.status == Status::Reconnect {
        return Err(reconnect_required(row));
    }
    let tokens = open(app, row).await?;
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
