//! Who asks: API keys, signed-in sessions, and the people and workspaces behind them.

mod guard;
mod pace;
mod password;
mod setup;

use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use posthaste_core::{
    Error, ErrorCode, Provenance, Result,
    access::Permission,
    ids::{SessionId, WorkspaceId},
    secret::Secret,
};
use posthaste_store::{
    Conn,
    access::{self, Session, User},
    key::{self, ApiKey},
    standing,
    workspace::Workspace,
};
use sha2::Sha256;

use crate::{Actor, App, idempotency};

pub use guard::Guard;
pub(crate) use password::hash as password_hash;
pub use setup::{
    Founded, KeyKind, NewKey, NewUser, NewWorkspace, add_member, create_key, create_user,
    create_workspace, found, sample_key,
};
pub(crate) use setup::{address, key_row, named, shown_prefix, user_row, workspace_row};

/// How long a session lasts.
const SESSION_LIFE: TimeDelta = TimeDelta::days(30);

/// What every session token begins with.
const SESSION_PREFIX: &str = "phs_";

/// Longer texts are no credential of ours and are not hashed.
const MAX_CREDENTIAL: usize = 200;

/// Says who presents a credential: an API key (`phk_…`) or a session token (`phs_…`).
/// Always asks the database, so that revoking works at once.
pub async fn authenticate(app: &App, credential: &str) -> Result<Actor> {
    let hash = credential_hash(app, credential)?;
    let mut conn = app.db.get().await?;
    if credential.starts_with(SESSION_PREFIX) {
        let (session, standing) = access::session_by_hash(&mut conn, &hash, app.now())
            .await?
            .ok_or_else(unauthenticated)?;
        let by = Provenance::Person {
            user: session.user_id,
        };
        return Ok(Actor::standing(session.workspace_id, standing, by));
    }
    let (key, standing) = key::by_hash(&mut conn, &hash, app.now())
        .await?
        .ok_or_else(unauthenticated)?;
    let by = Provenance::Key { key: key.id };
    Ok(Actor::standing(key.workspace_id, standing, by))
}

/// What a credential that opens nothing is told.
pub(crate) fn unauthenticated() -> Error {
    Error::new(
        ErrorCode::Unauthenticated,
        "The API key or session token is not valid: unknown, revoked or expired.",
    )
}

fn credential_hash(app: &App, credential: &str) -> Result<Vec<u8>> {
    let known = ["phk_live_", "phk_test_", SESSION_PREFIX]
        .iter()
        .any(|prefix| credential.starts_with(prefix));
    if !known || credential.len() > MAX_CREDENTIAL {
        return Err(unauthenticated());
    }
    keyed_hash(&app.secret, credential)
}

/// HMAC-SHA256 under the server's secret: a stolen table of hashes opens nothing.
pub(crate) fn keyed_hash(secret: &Secret, credential: &str) -> Result<Vec<u8>> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.expose().as_bytes())
        .map_err(Error::internal)?;
    mac.update(b"posthaste credential\0");
    mac.update(credential.as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

/// 256 bits behind a prefix.
pub(crate) fn credential(prefix: &str, seed: [u8; 32]) -> Secret {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    Secret::new(format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(seed)))
}

/// Signs a person in by e-mail and password; `workspace` chooses among several, else the one joined
/// first. After five failures it asks for a growing wait (`RATE_LIMITED`); an unknown e-mail
/// takes as long as a wrong password.
pub async fn sign_in(
    app: &App,
    email: &str,
    password: Secret,
    workspace: Option<WorkspaceId>,
) -> Result<(Secret, Session)> {
    let user = recognise(app, &email.trim().to_lowercase(), password).await?;
    open_session(app, &user, workspace).await
}

/// The person whose e-mail (in lower case) and password these are.
pub(crate) async fn recognise(app: &App, email: &str, password: Secret) -> Result<User> {
    let guard = &app.guard;
    guard.enter(email, app.now()).await?;
    let user = access::user_by_email(&mut *app.db.get().await?, email).await?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let right = password::verify(guard, password, hash).await?;
    let Some(user) = user.filter(|_| right) else {
        guard.failed(email, app.now()).await?;
        return Err(Error::new(
            ErrorCode::WrongCredentials,
            ErrorCode::WrongCredentials.title(),
        ));
    };
    guard.succeeded(email).await?;
    Ok(user)
}

async fn open_session(
    app: &App,
    user: &User,
    workspace: Option<WorkspaceId>,
) -> Result<(Secret, Session)> {
    let mut conn = app.db.get().await?;
    let memberships = access::memberships(&mut conn, user.id).await?;
    let (workspace_id, role) = memberships
        .into_iter()
        .find(|(id, _)| workspace.is_none_or(|wanted| wanted == *id))
        .ok_or_else(|| {
            Error::new(
                ErrorCode::Forbidden,
                "You are not a member of this workspace.",
            )
        })?;
    let now = app.now();
    let session = Session {
        id: SessionId::new(&*app.clock, &*app.random),
        user_id: user.id,
        workspace_id,
        role,
        expires_at: now + SESSION_LIFE,
    };
    let token = credential(SESSION_PREFIX, idempotency::seed(app, None)?);
    let hash = keyed_hash(&app.secret, token.expose())?;
    access::insert_session(&mut conn, &session, &hash, now).await?;
    Ok((token, session))
}

/// Ends the session of a token; a token that is no session of ours is `UNAUTHENTICATED`.
pub async fn sign_out(app: &App, token: &str) -> Result<SessionId> {
    let hash = credential_hash(app, token)?;
    let mut conn = app.db.get().await?;
    let (session, _) = access::session_by_hash(&mut conn, &hash, app.now())
        .await?
        .ok_or_else(|| {
            Error::new(
                ErrorCode::InvalidState,
                "The request carries an API key; only a session can be signed out.",
            )
        })?;
    access::revoke_session(&mut conn, session.id, app.now()).await?;
    Ok(session.id)
}

/// Who an actor is, by name.
#[derive(Clone, Debug)]
pub enum Identity {
    /// A signed-in person.
    Person(User),
    /// A program with a key.
    Key(ApiKey),
    /// Posthaste itself.
    System,
}

/// Whoever made a change, with the rights of this moment; none once removed, revoked or expired.
pub async fn present(
    app: &App,
    workspace: WorkspaceId,
    provenance: &Provenance,
) -> Result<Option<Actor>> {
    present_in(app, &mut *app.db.get().await?, workspace, provenance).await
}

/// As [`present`], inside a transaction.
pub(crate) async fn present_in(
    app: &App,
    conn: &mut Conn,
    workspace: WorkspaceId,
    provenance: &Provenance,
) -> Result<Option<Actor>> {
    let standing = standing::of(conn, workspace, provenance, app.now()).await?;
    Ok(standing.map(|standing| Actor::standing(workspace, standing, provenance.clone())))
}

/// The workspace an actor is in.
pub async fn workspace(app: &App, actor: &Actor) -> Result<Workspace> {
    actor.require(Permission::Read)?;
    posthaste_store::workspace::get(&mut *app.db.get().await?, actor.workspace).await
}

/// The person or key behind an actor.
pub async fn identity(app: &App, actor: &Actor) -> Result<Identity> {
    let mut conn = app.db.get().await?;
    match actor.provenance {
        Provenance::Person { user } => access::user(&mut conn, actor.workspace, user)
            .await?
            .map(Identity::Person)
            .ok_or_else(|| Error::not_found("person")),
        Provenance::Key { key: id } => key::get(&mut conn, actor.workspace, id)
            .await
            .map(Identity::Key),
        Provenance::System => Ok(Identity::System),
    }
}
