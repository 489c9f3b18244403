//! Opening sessions, and the next tokens of one.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Error, ErrorCode, Provenance, Result,
    ids::{SessionId, WorkspaceId},
    secret::Secret,
};
use posthaste_store::{
    access::{self, Session, User},
    audit::{self, NewEntry},
};
use serde_json::json;

use super::{
    password, refusal,
    token::{self, Kind, Token},
    unauthenticated,
};
use crate::{Actor, App, actor::SignedIn, idempotency};

/// How long the tokens before a refresh still get the same ones again: an answer was lost, or two windows asked.
const GRACE: TimeDelta = TimeDelta::seconds(30);

/// Characters kept of what a program calls itself.
const LONGEST_NAME: usize = 200;

/// How long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// From the last refresh on.
    pub idle: TimeDelta,
    /// From signing in on, however often it is refreshed.
    pub absolute: TimeDelta,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            idle: TimeDelta::days(14),
            absolute: TimeDelta::days(90),
        }
    }
}

impl Rules {
    fn end(self, opened_at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
        (now + self.idle).min(opened_at + self.absolute)
    }
}

/// What is known of the program that asks.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// Where it is.
    pub address: Option<IpAddr>,
    /// What it calls itself.
    pub user_agent: Option<String>,
}

impl Client {
    /// What it calls itself, as far as that is shown to people: one short line.
    fn name(&self) -> Option<String> {
        let plain = |char: char| if char.is_control() { ' ' } else { char };
        let name = self.user_agent.as_deref()?.chars().take(LONGEST_NAME);
        let name = name.map(plain).collect::<String>();
        Some(name.trim().to_owned()).filter(|name| !name.is_empty())
    }
}

/// Who signs in, and to what.
#[derive(Clone, Debug)]
pub struct SignIn<'a> {
    /// The e-mail.
    pub email: &'a str,
    /// The password.
    pub password: Secret,
    /// The workspace to open; the one joined first without.
    pub workspace: Option<WorkspaceId>,
}

/// A session with its present tokens.
#[derive(Clone, Debug)]
pub struct Opened {
    /// For requests (`phs_…`).
    pub access: Secret,
    /// Until when that works.
    pub access_ends: DateTime<Utc>,
    /// For the next tokens (`phr_…`).
    pub refresh: Secret,
    /// The session.
    pub session: Session,
}

impl Opened {
    fn new(app: &App, session: Session) -> Result<Self> {
        let ends = token::access_ends(&session, session.generation);
        Ok(Self {
            access: token::make(&app.secret, Kind::Access, &session)?,
            access_ends: ends.ok_or_else(unauthenticated)?,
            refresh: token::make(&app.secret, Kind::Refresh, &session)?,
            session,
        })
    }
}

/// Signs a person in by e-mail and password. After five failures for an e-mail, and twenty from an address, it asks
/// for a growing wait (`RATE_LIMITED`); an unknown e-mail takes as long as a wrong password.
pub async fn sign_in(app: &App, who: SignIn<'_>, client: &Client) -> Result<Opened> {
    let app = &app.everywhere();
    let email = who.email.trim().to_lowercase();
    let user = recognise(app, &email, who.password, client).await?;
    open(app, &user, who.workspace, client).await
}

/// The person whose e-mail (in lower case) and password these are; `ACCOUNT_DISABLED` for one who is shut out.
pub(crate) async fn recognise(
    app: &App,
    email: &str,
    password: Secret,
    client: &Client,
) -> Result<User> {
    let (guard, now) = (&app.guard, app.now());
    // Whoever must wait takes no place from others.
    guard.enter(email, client.address, now).await?;
    let place = guard.place().await?;
    // Many that came at once have all passed until here; now each knows of the failures before it.
    guard.enter(email, client.address, app.now()).await?;
    let user = access::user_by_email(&mut *app.db.get().await?, email).await?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let known = user.as_ref().map(|user| user.id);
    let right = password::verify(password.clone(), hash).await?;
    let Some(user) = user.filter(|_| right) else {
        let failures = guard.failed(email, client.address, app.now()).await?;
        drop(place);
        refusal::note(app, email, known, client, failures).await;
        let code = ErrorCode::WrongCredentials;
        return Err(Error::new(code, code.title()));
    };
    guard.succeeded(email).await?;
    if user.disabled_at.is_some() {
        let code = ErrorCode::AccountDisabled;
        return Err(Error::new(code, code.title()));
    }
    if password::is_outdated(&user.password_hash)? {
        let hash = password::hash_again(app, password).await?;
        access::replace_password_hash(&mut *app.db.get().await?, &user, &hash).await?;
    }
    Ok(user)
}

async fn open(
    app: &App,
    user: &User,
    workspace: Option<WorkspaceId>,
    client: &Client,
) -> Result<Opened> {
    let mut conn = app.db.get().await?;
    let memberships = access::memberships(&mut conn, user.id).await?;
    let (workspace_id, role) = memberships
        .into_iter()
        .find(|(id, _)| workspace.is_none_or(|wanted| wanted == *id))
        .ok_or_else(|| {
            let message = "You are not a member of this workspace.";
            Error::new(ErrorCode::Forbidden, message)
        })?;
    let now = app.now();
    let session = Session {
        id: SessionId::new(&*app.clock, &*app.random),
        user_id: user.id,
        workspace_id,
        role,
        created_at: now,
        expires_at: app.sessions.end(now, now),
        salt: idempotency::seed(app, None)?.to_vec(),
        generation: 1,
        refreshed_at: now,
        before_at: None,
        authenticated_at: now,
        second_factor: false,
        user_agent: client.name(),
        address: client.address.map(|address| address.to_string()),
    };
    access::insert_session(&mut conn, &session).await?;
    Opened::new(app, session)
}

/// The actor behind an access token, if it is one.
pub(super) async fn by_token(app: &App, text: &str) -> Result<Option<Actor>> {
    let Some(token) = Token::read(Kind::Access, text) else {
        return Ok(None);
    };
    let now = app.now();
    let found = access::session(&mut *app.db.get().await?, token.session, now).await?;
    let Some((session, standing)) = found else {
        return Ok(None);
    };
    let ends = token::access_ends(&session, token.generation);
    if !token.is_of(&app.secret, &session)? || ends.is_none_or(|end| end <= now) {
        return Ok(None);
    }
    let by = Provenance::Person {
        user: session.user_id,
    };
    let mut actor = Actor::standing(session.workspace_id, standing, by);
    actor.session = Some(SignedIn::from(&session));
    Ok(Some(actor))
}

/// The next tokens of a session, for the refresh token of its present ones. The one before gets the same again
/// for 30 seconds; any other was used before, so somebody has a copy: the session ends, and the audit log says so.
pub async fn refresh(app: &App, text: &str) -> Result<Opened> {
    let app = &app.everywhere();
    let token = Token::read(Kind::Refresh, text).ok_or_else(no_refresh)?;
    // Once more for whoever lost a race: then the token is the one before.
    for _ in 0..2 {
        let now = app.now();
        let mut conn = app.db.get().await?;
        let found = access::session(&mut conn, token.session, now).await?;
        let (session, _) = found.ok_or_else(no_refresh)?;
        if !token.is_of(&app.secret, &session)? {
            return Err(no_refresh());
        }
        let is_before = session.generation.checked_sub(1) == Some(token.generation);
        if is_before && now < session.refreshed_at + GRACE {
            return Opened::new(app, session);
        }
        if token.generation < session.generation {
            drop(conn);
            end_copied(app, &session).await?;
            return Err(no_refresh());
        }
        // A higher number is the server's own too: the database has lost the refresh that made it.
        let mut next = following(app, &session, token.generation)?;
        next.before_at = Some(session.refreshed_at);
        if access::rotate_session(&mut conn, &session, &next, now).await? {
            return Opened::new(app, next);
        }
    }
    Err(no_refresh())
}

/// A session behind its next refresh.
fn following(app: &App, session: &Session, generation: i32) -> Result<Session> {
    let now = app.now();
    Ok(Session {
        generation: generation.checked_add(1).ok_or_else(no_refresh)?,
        refreshed_at: now,
        expires_at: app.sessions.end(session.created_at, now),
        ..session.clone()
    })
}

fn no_refresh() -> Error {
    let message = "The refresh token is not valid: used, revoked or expired. Sign in again.";
    Error::new(ErrorCode::Unauthenticated, message)
}

async fn end_copied(app: &App, session: &Session) -> Result<()> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    if access::revoke_session(&mut tx, session.user_id, session.id, now).await? {
        let entry = NewEntry {
            at: now,
            act: "session.refresh_reused",
            actor: session.user_id.to_string(),
            subject: Some(session.id.to_string()),
            detail: json!({ "address": session.address, "userAgent": session.user_agent }),
        };
        audit::append(&mut tx, Some(session.workspace_id), &[entry]).await?;
    }
    tx.commit().await
}

/// Has the person show again who they are. The session goes on with new tokens; those before open nothing any more.
pub async fn reauthenticate(
    app: &App,
    actor: &Actor,
    password: Secret,
    client: &Client,
) -> Result<Opened> {
    let app = &app.everywhere();
    let (user, signed_in) = actor.signed_in()?;
    let mut conn = app.db.get().await?;
    let known = access::user(&mut conn, actor.workspace, user).await?;
    let known = known.ok_or_else(unauthenticated)?;
    drop(conn);
    recognise(app, &known.email, password, client).await?;
    let now = app.now();
    let mut conn = app.db.get().await?;
    let found = access::session(&mut conn, signed_in.session, now).await?;
    let (session, _) = found.ok_or_else(unauthenticated)?;
    let mut next = following(app, &session, session.generation)?;
    (next.before_at, next.authenticated_at) = (None, now);
    if access::rotate_session(&mut conn, &session, &next, now).await? {
        return Opened::new(app, next);
    }
    let message = "The session was refreshed meanwhile; take its new tokens.";
    Err(Error::new(ErrorCode::VersionConflict, message))
}
