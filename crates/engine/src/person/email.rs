use posthaste_core::{Error, ErrorCode, Result, ids::UserId, secret::Secret};
use posthaste_store::person::{self as rows, Purpose};

use super::{finish, me, to_address, token};
use crate::{
    Actor, App,
    mail::{self, Letter},
    session::{self, Client},
};

/// Asks for another address, which takes the password, and mails a token to it; until that comes back, the address stays.
/// The answer is the same when the new address is somebody's already: then the mail says so.
pub async fn change(
    app: &App,
    actor: &Actor,
    email: &str,
    password: Secret,
    client: &Client,
) -> Result<()> {
    let app = &app.everywhere();
    let user = me(app, actor).await?;
    mail::require(app)?;
    let email = session::address(email)?;
    if email == user.email {
        let message = "This is your address already.";
        return Err(Error::new(ErrorCode::InvalidInput, message).at(["email"]));
    }
    session::recognise_password(app, actor, &user, password, client).await?;
    if !to_address(app, "e-mail to", &email).await? {
        return Ok(());
    }
    let mut tx = app.db.begin().await?;
    rows::forget_tokens_of(&mut tx, user.id).await?;
    let of = (Some(user.id.uuid()), None);
    let letter = Letter::EmailChange { name: user.name };
    token::send(app, &mut tx, Purpose::Email, &email, of, letter).await?;
    finish(app, tx, "person.email_change_requested", user.id).await
}

/// Gives a person the address that a token came to, and tells the one before.
pub(super) async fn confirm(app: &App, text: &str) -> Result<UserId> {
    let hash = token::hash(app, Purpose::Email, text)?;
    let mut tx = app.db.begin().await?;
    let taken = rows::take_token(&mut tx, Purpose::Email, &hash, app.now()).await?;
    let row = taken.ok_or_else(token::invalid)?;
    let id = row.user_id.map(UserId::from).ok_or_else(token::invalid)?;
    let user = rows::get(&mut tx, id).await?.ok_or_else(token::invalid)?;
    let changed = rows::set_email(&mut tx, id, &row.email).await;
    changed.map_err(|error| match error.code {
        ErrorCode::AlreadyExists => token::invalid(),
        _ => error,
    })?;
    // What was mailed to either address before is worth nothing now.
    rows::forget_tokens(&mut tx, &user.email).await?;
    rows::forget_tokens(&mut tx, &row.email).await?;
    let letter = Letter::EmailChanged { to: row.email };
    token::note(app, &mut tx, None, &user.email, letter).await?;
    finish(app, tx, "person.email_changed", id).await?;
    Ok(id)
}
