//! The next tokens of a session.

use posthaste_core::{Error, ErrorCode, Result, incident::Rule};
use posthaste_store::{
    access::{self, Session},
    audit::{self, NewEntry},
};
use serde_json::json;

use super::{
    Client, Opened, Proof,
    open::recognise,
    token::{Kind, Line, Token, Turn},
    unauthenticated,
};
use crate::{
    Actor, App,
    incident::{Seen, see},
};

/// The next tokens of a session, for the refresh token of its present ones. The one before gets the same again
/// for 30 seconds; any other was used before, so somebody has a copy: the session ends, and the audit log says so.
pub async fn refresh(app: &App, text: &str) -> Result<Opened> {
    let app = &app.everywhere();
    let token = Token::read(Kind::Refresh, text).ok_or_else(no_refresh)?;
    // Once more for whoever lost a race: then the token is the one before.
    for _ in 0..2 {
        let now = app.now();
        let mut conn = app.db.get().await?;
        let found = access::session(&mut conn, token.id.into(), now).await?;
        let (session, _) = found.ok_or_else(no_refresh)?;
        let line = Line::from(&session);
        if !token.is_of(&app.secret, &line)? {
            return Err(no_refresh());
        }
        match line.turn(token.generation, now) {
            Turn::Again => return Opened::new(app, session),
            Turn::Copied => {
                drop(conn);
                end_copied(app, &session).await?;
                return Err(no_refresh());
            }
            Turn::Next => {}
        }
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
        let seen = Seen {
            workspace: Some(session.workspace_id),
            rule: Rule::RefreshTokenReused,
            subject: session.user_id.to_string(),
            detail: json!({
                "sessionId": session.id, "address": session.address, "userAgent": session.user_agent,
            }),
        };
        see(app, &mut tx, seen).await?;
    }
    tx.commit().await?;
    app.hints.events();
    Ok(())
}

/// Has the person show again who they are. The session goes on behind the next tokens; those before open nothing any more.
pub async fn reauthenticate(
    app: &App,
    actor: &Actor,
    proof: Proof,
    client: &Client,
) -> Result<Session> {
    let app = &app.everywhere();
    let (user, _) = actor.signed_in()?;
    let mut conn = app.db.get().await?;
    let known = access::user(&mut conn, actor.workspace, user).await?;
    let known = known.ok_or_else(unauthenticated)?;
    drop(conn);
    let (_, second_factor) = recognise(app, &known.email, proof, client).await?;
    renew(app, actor, second_factor).await
}

/// The session of a person who has just shown who they are, behind its next tokens; those before open nothing any more.
pub(crate) async fn renew(app: &App, actor: &Actor, second_factor: bool) -> Result<Session> {
    let (_, signed_in) = actor.signed_in()?;
    let now = app.now();
    let mut conn = app.db.get().await?;
    let found = access::session(&mut conn, signed_in.session, now).await?;
    let (session, _) = found.ok_or_else(unauthenticated)?;
    let mut next = following(app, &session, session.generation)?;
    (next.before_at, next.authenticated_at) = (None, now);
    next.second_factor = second_factor;
    if access::rotate_session(&mut conn, &session, &next, now).await? {
        return Ok(next);
    }
    let message = "The session was refreshed meanwhile; take its new tokens.";
    Err(Error::new(ErrorCode::VersionConflict, message))
}
