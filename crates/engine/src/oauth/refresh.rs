use posthaste_core::{Result, access::PermissionSet, secret::Secret};
use posthaste_store::oauth::{self as rows, OauthApp, OauthGrant};

use super::{
    ABSOLUTE, IDLE, Tokens,
    grant::{self, Why},
    refusal::{Failure, Reason, Refusal},
};
use crate::{
    App,
    session::token::{Kind, Line, Token, Turn},
};

/// The next tokens of a grant, by the rules of sessions: a refresh token works once, the one before gets the same
/// again for 30 seconds, and any other was used before, so that somebody has a copy and the grant ends. `scope` may only repeat what was given.
pub async fn refresh(
    app: &App,
    client: &OauthApp,
    text: &Secret,
    scope: Option<PermissionSet>,
) -> Result<Tokens, Failure> {
    let app = &app.everywhere();
    let token = Token::read(Kind::AppRefresh, text.expose()).ok_or_else(refused)?;
    // Once more for whoever lost a race: then the token is the one before.
    for _ in 0..2 {
        let now = app.now();
        let mut conn = app.db.get().await?;
        let found = rows::grant_by_id(&mut conn, token.id.into()).await?;
        let row = found.filter(|row| row.app_id == client.id && row.expires_at > now);
        let row = row.ok_or_else(refused)?;
        let line = Line::from(&row);
        if !token.is_of(&app.secret, &line)? {
            return Err(refused().into());
        }
        // A person who is shut out uses nothing up.
        let standing = rows::may_now(&mut conn, row.workspace_id, row.id, now).await?;
        standing.ok_or_else(refused)?;
        if scope.is_some_and(|scope| scope != row.permissions) {
            let description = "A refresh gives what the person agreed to; leave scope out.";
            return Err(Refusal::new(Reason::InvalidScope, description).into());
        }
        match line.turn(token.generation, now) {
            Turn::Again => return Ok(Tokens::new(app, &row)?),
            Turn::Copied => {
                drop(conn);
                let tx = app.db.begin().await?;
                grant::end(app, tx, row.id, Why::RefreshReused).await?;
                return Err(refused().into());
            }
            Turn::Next => {
                let next = following(app, &row, token.generation).ok_or_else(refused)?;
                if rows::rotate_grant(&mut conn, &row, &next).await? {
                    return Ok(Tokens::new(app, &next)?);
                }
            }
        }
    }
    Err(refused().into())
}

fn following(app: &App, row: &OauthGrant, generation: i32) -> Option<OauthGrant> {
    let now = app.now();
    Some(OauthGrant {
        generation: generation.checked_add(1)?,
        refreshed_at: now,
        before_at: Some(row.refreshed_at),
        expires_at: (now + IDLE).min(row.created_at + ABSOLUTE),
        ..row.clone()
    })
}

fn refused() -> Refusal {
    let description = "The refresh token is wrong, used, revoked, too old or another app's.";
    Refusal::new(Reason::InvalidGrant, description)
}
