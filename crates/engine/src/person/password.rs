use std::net::IpAddr;

use posthaste_core::{Result, secret::Secret};
use posthaste_store::{
    access,
    person::{self as rows, Purpose},
};

use super::{finish, from_address, me, to_address, token};
use crate::{
    Actor, App,
    mail::{self, Letter},
    session::{self, Client},
};

/// Mails a token for another password. Answer and work are the same whether there is such a person: a mail to nobody
/// is dropped when it is to be sent.
pub async fn request_reset(app: &App, from: Option<IpAddr>, email: &str) -> Result<()> {
    let app = &app.everywhere();
    mail::require(app)?;
    from_address(app, "reset from", from).await?;
    let email = session::address(email)?;
    if !to_address(app, "reset to", &email).await? {
        return Ok(());
    }
    let mut tx = app.db.begin().await?;
    let nothing = (None, None);
    let letter = Letter::PasswordReset;
    token::send(app, &mut tx, Purpose::Reset, &email, nothing, letter).await?;
    tx.commit().await
}

/// Writes another password by a mailed token, once. Ends all sessions and opens none: who signs in then shows all
/// that signing in asks for. `TOKEN_INVALID` when the token is unknown, was used or is too old.
pub async fn reset(app: &App, text: &str, password: Secret) -> Result<()> {
    let app = &app.everywhere();
    let hash = token::hash(app, Purpose::Reset, text)?;
    let now = app.now();
    let mut conn = app.db.get().await?;
    let row = rows::token(&mut conn, Purpose::Reset, &hash, now).await?;
    let row = row.ok_or_else(token::invalid)?;
    let user = access::user_by_email(&mut conn, &row.email).await?;
    let user = user.ok_or_else(token::invalid)?;
    drop(conn);
    let new = session::password_hash(app, password, &[&user.email, &user.name]).await?;
    let mut tx = app.db.begin().await?;
    let taken = rows::take_token(&mut tx, Purpose::Reset, &hash, now).await?;
    taken.ok_or_else(token::invalid)?;
    rows::set_password(&mut tx, user.id, &new).await?;
    rows::forget_tokens(&mut tx, &user.email).await?;
    access::revoke_sessions_of(&mut tx, user.id, None, now).await?;
    token::note(app, &mut tx, None, &user.email, Letter::PasswordChanged).await?;
    finish(app, tx, "person.password_reset", user.id).await
}

/// Writes another password in the place of the current one, and ends the other sessions. `WRONG_CREDENTIALS` when the current one is another.
pub async fn change(
    app: &App,
    actor: &Actor,
    current: Secret,
    new: Secret,
    client: &Client,
) -> Result<()> {
    let app = &app.everywhere();
    let user = me(app, actor).await?;
    let (_, signed_in) = actor.signed_in()?;
    session::recognise_password(app, actor, &user, current, client).await?;
    let new = session::password_hash(app, new, &[&user.email, &user.name])
        .await
        .map_err(|error| error.at(["new"]))?;
    let now = app.now();
    let mut tx = app.db.begin().await?;
    let own = Some(signed_in.session);
    rows::set_password(&mut tx, user.id, &new).await?;
    rows::forget_tokens(&mut tx, &user.email).await?;
    access::revoke_sessions_of(&mut tx, user.id, own, now).await?;
    token::note(app, &mut tx, None, &user.email, Letter::PasswordChanged).await?;
    finish(app, tx, "person.password_changed", user.id).await
}
