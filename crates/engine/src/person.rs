//! People, as they become, prove and change themselves: registering, passwords, e-mail addresses, being erased.
//! Signing in is [`crate::session`]'s.

mod email;
mod erase;
mod password;
mod register;
pub(crate) mod token;

use std::net::IpAddr;

use chrono::TimeDelta;
use posthaste_core::{Error, ErrorCode, Provenance, Result, ids::UserId};
use posthaste_store::{
    Tx,
    access::User,
    audit::{self, NewEntry},
    person as rows,
};
use serde_json::json;

use crate::{Actor, App, limit::Payer, session};

pub use email::change as change_email;
pub use erase::erase;
pub use password::{change as change_password, request_reset, reset};
pub(crate) use register::found;
pub use register::{Registration, Verified, register, verify};

/// What an operator decides about people.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// Whether anybody may register, with a workspace of their own.
    pub is_open: bool,
}

/// What strangers may ask for from one address, and for one e-mail, in an hour.
const MOST_FROM: u32 = 20;
const MOST_TO: u32 = 5;
const WINDOW: TimeDelta = TimeDelta::hours(1);

/// Refuses with `RATE_LIMITED` what comes too often from one address.
async fn from_address(app: &App, what: &str, from: Option<IpAddr>) -> Result<()> {
    let payer = Payer::new(None, from);
    let guard = &app.guard;
    if guard
        .allows(what, payer.as_str(), MOST_FROM, WINDOW, app.now())
        .await?
    {
        return Ok(());
    }
    let message = "Too many requests from your address. Try again in an hour.";
    let seconds = WINDOW.num_seconds() as u64;
    Err(Error::new(ErrorCode::RateLimited, message).retry_after(seconds))
}

/// Whether another mail may go to an address. Who asks is never told: it would say what others asked for.
async fn to_address(app: &App, what: &str, email: &str) -> Result<bool> {
    let guard = &app.guard;
    guard.allows(what, email, MOST_TO, WINDOW, app.now()).await
}

/// The signed-in person that an actor is.
async fn me(app: &App, actor: &Actor) -> Result<User> {
    let Provenance::Person { user } = actor.provenance else {
        let message = "Only a signed-in person can do this; the request carries an API key.";
        return Err(Error::new(ErrorCode::InvalidState, message));
    };
    rows::get(&mut *app.db.get().await?, user)
        .await?
        .ok_or_else(session::unauthenticated)
}

/// Writes into the server's audit log what a person did to themselves, and ends the transaction.
async fn finish(app: &App, mut tx: Tx, act: &'static str, user: UserId) -> Result<()> {
    let entry = NewEntry {
        at: app.now(),
        act,
        actor: Provenance::Person { user }.credential(),
        subject: Some(user.to_string()),
        detail: json!({}),
    };
    audit::append(&mut tx, None, &[entry]).await?;
    tx.commit().await
}

/// Gives oneself another name.
pub async fn rename(app: &App, actor: &Actor, name: &str) -> Result<User> {
    let app = &app.everywhere();
    let mut user = me(app, actor).await?;
    user.name = session::named(name)?;
    let mut tx = app.db.begin().await?;
    rows::set_name(&mut tx, user.id, &user.name).await?;
    finish(app, tx, "person.updated", user.id).await?;
    Ok(user)
}
