//! Sessions of browsers: one token, which lies in a cookie that no script reads.

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{Error, Result, secret::Secret};
use posthaste_store::access::{self, Session, User};

use super::{
    Client, SignIn,
    open::{self, begin},
    token::{self, Kind, Line},
    unauthenticated,
};
use crate::{Actor, App};

/// What a browser's token begins with. It is taken from the cookie only.
pub const PREFIX: &str = token::BROWSER;

/// How often the use of a session is written down at most.
const NOTED: TimeDelta = TimeDelta::hours(1);

/// A browser's session with its present token.
#[derive(Clone, Debug)]
pub struct Entered {
    /// For the cookie (`phb_…`).
    pub token: Secret,
    /// When the session is over however much it is used.
    pub ends: DateTime<Utc>,
    /// The session.
    pub session: Session,
}

impl Entered {
    /// The present token of a session.
    pub fn new(app: &App, session: Session) -> Result<Self> {
        Ok(Self {
            token: token::make(&app.secret, Kind::Browser, &Line::from(&session))?,
            ends: session.created_at + app.sessions.absolute,
            session,
        })
    }
}

/// Signs a person in as [`sign_in`](super::sign_in) does. The session that the browser had `before` ends.
pub async fn sign_in(
    app: &App,
    who: SignIn<'_>,
    before: Option<&Secret>,
    client: &Client,
) -> Result<(User, Entered)> {
    let app = &app.everywhere();
    let (user, session) = begin(app, who, client).await?;
    if let Some(before) = before {
        sign_out(app, before).await?;
    }
    Ok((user, Entered::new(app, session)?))
}

/// Ends the session of a token; whatever else it is, nothing happens.
pub async fn sign_out(app: &App, token: &Secret) -> Result<()> {
    let app = &app.everywhere();
    let Some((session, _)) = open::of_token(app, token.expose()).await? else {
        return Ok(());
    };
    let mut conn = app.db.get().await?;
    access::revoke_session(&mut conn, session.user_id, session.id, app.now()).await?;
    Ok(())
}

/// The person who asks and the session they ask with; `INVALID_STATE` for a key.
pub async fn present(app: &App, actor: &Actor) -> Result<(User, Session)> {
    let app = &app.everywhere();
    let (user, signed_in) = actor.signed_in()?;
    let mut conn = app.db.get().await?;
    let found = access::session(&mut conn, signed_in.session, app.now()).await?;
    let (session, _) = found.ok_or_else(unauthenticated)?;
    let user = access::user(&mut conn, session.workspace_id, user).await?;
    Ok((user.ok_or_else(|| Error::not_found("person"))?, session))
}

/// Moves the end of a session that is used.
pub(super) async fn used(app: &App, session: &Session) -> Result<()> {
    let now = app.now();
    if now < session.refreshed_at + NOTED {
        return Ok(());
    }
    let end = app.sessions.end(session.created_at, now);
    access::extend_session(&mut *app.db.get().await?, session, end, now).await
}
