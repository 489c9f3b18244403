use chrono::TimeDelta;
use posthaste_core::{Error, ErrorCode, Result};
use posthaste_store::{
    Tx,
    person::{self as rows, Purpose, Token},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    App,
    mail::{self, Letter, Outgoing},
    session,
};

/// Longer texts are no token of ours.
const MAX_TOKEN: usize = 100;

/// What a token begins with.
pub(crate) fn prefix(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Register => "phv_",
        Purpose::Reset => "phw_",
        Purpose::Email => "phe_",
    }
}

fn life(purpose: Purpose) -> TimeDelta {
    match purpose {
        Purpose::Reset => TimeDelta::hours(1),
        Purpose::Register | Purpose::Email => TimeDelta::hours(24),
    }
}

/// What a token that opens nothing is told.
pub(super) fn invalid() -> Error {
    let code = ErrorCode::TokenInvalid;
    Error::new(code, code.title()).at(["token"])
}

/// The hash of a token of this purpose.
pub(super) fn hash(app: &App, purpose: Purpose, token: &str) -> Result<Vec<u8>> {
    if !token.starts_with(prefix(purpose)) || token.len() > MAX_TOKEN {
        return Err(invalid());
    }
    session::keyed_hash(&app.secret, token)
}

/// Mails a token of this purpose to an address.
pub(super) async fn send(
    app: &App,
    tx: &mut Tx,
    purpose: Purpose,
    to: &str,
    (user, data): (Option<Uuid>, Option<Value>),
    letter: Letter,
) -> Result<()> {
    let mail = mail::new_id(app);
    let token = mail::token(app, prefix(purpose), mail)?;
    let row = Token {
        hash: session::keyed_hash(&app.secret, token.expose())?,
        email: to.to_owned(),
        user_id: user,
        data,
        expires_at: app.now() + life(purpose),
    };
    rows::insert_token(tx, purpose, &row).await?;
    note(app, tx, Some(mail), to, letter).await
}

/// Writes down a mail to a person, without a token unless it has an id already.
pub(super) async fn note(
    app: &App,
    tx: &mut Tx,
    id: Option<posthaste_core::ids::MailId>,
    to: &str,
    letter: Letter,
) -> Result<()> {
    let id = id.unwrap_or_else(|| mail::new_id(app));
    let mail = Outgoing {
        id,
        workspace: None,
        to: to.to_owned(),
        about: id.uuid(),
        letter,
    };
    mail::queue(app, tx, mail).await
}
