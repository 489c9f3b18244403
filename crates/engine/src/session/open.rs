//! Opening sessions.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Error, ErrorCode, Provenance, Result,
    access::Permission,
    ids::{SessionId, WorkspaceId},
    secret::Secret,
};
use posthaste_store::{
    access::{self, Session, User},
    standing::Standing,
};
use tokio::sync::SemaphorePermit;

use super::{
    Proof, browser,
    factor::{self, Checked, Codes},
    password, refusal,
    token::{self, Kind, Line, Token},
    unauthenticated,
};
use crate::{Actor, App, actor::SignedIn, idempotency};

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
    pub(super) fn end(self, opened_at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
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
    /// What a browser was given that began to sign in by a provider.
    pub browser: Option<Secret>,
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
    /// The password, and a code where the person has a second factor.
    pub proof: Proof,
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
    /// The present tokens of a session.
    pub fn new(app: &App, session: Session) -> Result<Self> {
        let line = Line::from(&session);
        let ends = token::access_ends(&line, session.generation);
        Ok(Self {
            access: token::make(&app.secret, Kind::Access, &line)?,
            access_ends: ends.ok_or_else(unauthenticated)?,
            refresh: token::make(&app.secret, Kind::Refresh, &line)?,
            session,
        })
    }
}

/// Signs a person in by e-mail and password. After five failures for an e-mail, and twenty from an address, it asks
/// for a growing wait (`RATE_LIMITED`); an unknown e-mail takes as long as a wrong password. `SECOND_FACTOR_REQUIRED` when
/// all is right and a code is missing.
pub async fn sign_in(app: &App, who: SignIn<'_>, client: &Client) -> Result<Opened> {
    let app = &app.everywhere();
    let (_, session) = begin(app, who, client).await?;
    Opened::new(app, session)
}

/// Recognises a person and begins a session.
pub(super) async fn begin(app: &App, who: SignIn<'_>, client: &Client) -> Result<(User, Session)> {
    let email = who.email.trim().to_lowercase();
    let (user, second_factor) = recognise(app, &email, who.proof, client).await?;
    let session = open(app, &user, who.workspace, client, second_factor).await?;
    Ok((user, session))
}

/// The person whose e-mail (in lower case) and proof these are, and whether a second factor was among it;
/// `ACCOUNT_DISABLED` for one who is shut out.
pub(crate) async fn recognise(
    app: &App,
    email: &str,
    proof: Proof,
    client: &Client,
) -> Result<(User, bool)> {
    let (user, _place) = by_password(app, email, proof.password.clone(), client).await?;
    let second_factor = second_factor(app, &user, Codes::from(&proof), client).await?;
    app.guard.succeeded(email).await?;
    Ok((user, second_factor))
}

/// Looks at the second factor of a person who has shown otherwise who they are; whether there was one.
pub(crate) async fn second_factor(
    app: &App,
    user: &User,
    codes: Codes<'_>,
    client: &Client,
) -> Result<bool> {
    let code = match factor::check(app, user, codes).await? {
        Checked::Unneeded => return Ok(false),
        Checked::Right => return Ok(true),
        Checked::Missing => ErrorCode::SecondFactorRequired,
        Checked::Wrong => ErrorCode::SecondFactorWrong,
    };
    if code == ErrorCode::SecondFactorWrong {
        let email = &user.email;
        let failures = app.guard.failed(email, client.address, app.now()).await?;
        refusal::note(app, email, Some(user.id), client, failures).await;
    }
    Err(Error::new(code, code.title()))
}

/// Looks at the password again of a person who is signed in. Whoever has none must have shown otherwise within ten minutes who they are.
pub(crate) async fn recognise_password(
    app: &App,
    actor: &Actor,
    user: &User,
    password: Secret,
    client: &Client,
) -> Result<()> {
    if user.password_hash.is_none() {
        return actor.require_fresh(app.now());
    }
    let (_, _place) = by_password(app, &user.email, password, client).await?;
    app.guard.succeeded(&user.email).await
}

/// The place is held until the second factor is known, too.
async fn by_password<'a>(
    app: &'a App,
    email: &str,
    password: Secret,
    client: &Client,
) -> Result<(User, SemaphorePermit<'a>)> {
    let (guard, now) = (&app.guard, app.now());
    // Whoever must wait takes no place from others.
    guard.enter(email, client.address, now).await?;
    let place = guard.place().await?;
    // Many that came at once have all passed until here; now each knows of the failures before it.
    guard.enter(email, client.address, app.now()).await?;
    let user = access::user_by_email(&mut *app.db.get().await?, email).await?;
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    let known = user.as_ref().map(|user| user.id);
    let right = password::verify(password.clone(), hash.clone()).await?;
    let found = user.filter(|_| right);
    let Some((user, hash)) = found.zip(hash) else {
        let failures = guard.failed(email, client.address, app.now()).await?;
        drop(place);
        refusal::note(app, email, known, client, failures).await;
        let code = ErrorCode::WrongCredentials;
        return Err(Error::new(code, code.title()));
    };
    if user.disabled_at.is_some() {
        let code = ErrorCode::AccountDisabled;
        return Err(Error::new(code, code.title()));
    }
    if password::is_outdated(&hash)? {
        let hash = password::hash_again(app, password).await?;
        access::replace_password_hash(&mut *app.db.get().await?, &user, &hash).await?;
    }
    Ok((user, place))
}

/// Opens a session of a person who has shown who they are.
pub(crate) async fn open(
    app: &App,
    user: &User,
    workspace: Option<WorkspaceId>,
    client: &Client,
    second_factor: bool,
) -> Result<Session> {
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
        second_factor,
        user_agent: client.name(),
        address: client.address.map(|address| address.to_string()),
    };
    access::insert_session(&mut conn, &session).await?;
    tracing::info!(
        user = %session.user_id, session = %session.id, workspace = %session.workspace_id,
        address = session.address, second_factor, "signed in"
    );
    Ok(session)
}

/// The actor behind a token that requests carry, if it is one. Each use of a browser's moves the session's end.
pub(super) async fn by_token(app: &App, text: &str) -> Result<Option<Actor>> {
    let Some((session, found)) = of_token(app, text).await? else {
        return Ok(None);
    };
    if found.is_browser {
        browser::used(app, &session).await?;
    }
    let by = Provenance::Person {
        user: session.user_id,
    };
    let mut actor = Actor::standing(session.workspace_id, found.standing, by);
    // A role carries something always: there is nothing left of it where a second factor is missing.
    let is_short = !actor.may(Permission::Read);
    actor.session = Some(SignedIn {
        session: session.id,
        authenticated_at: session.authenticated_at,
        is_short,
        is_browser: found.is_browser,
    });
    Ok(Some(actor))
}

/// What a token opens beside its session.
pub(super) struct Found {
    standing: Standing,
    is_browser: bool,
}

/// The session that a token opens now.
pub(super) async fn of_token(app: &App, text: &str) -> Result<Option<(Session, Found)>> {
    let kinds = [Kind::Access, Kind::Browser];
    let Some(token) = kinds.into_iter().find_map(|kind| Token::read(kind, text)) else {
        return Ok(None);
    };
    let now = app.now();
    let found = access::session(&mut *app.db.get().await?, token.id.into(), now).await?;
    let Some((session, standing)) = found else {
        return Ok(None);
    };
    let line = Line::from(&session);
    let is_over = token::ends(&line, &token).is_none_or(|end| end <= now);
    if !token.is_of(&app.secret, &line)? || is_over {
        return Ok(None);
    }
    let is_browser = token.kind == Kind::Browser;
    Ok(Some((
        session,
        Found {
            standing,
            is_browser,
        },
    )))
}
