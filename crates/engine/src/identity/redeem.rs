//! What a code is turned into: a session, a linked identity, or a fresh proof.

use posthaste_core::{
    Error, ErrorCode, Result,
    ids::{UserId, WorkspaceId},
    secret::Secret,
};
use posthaste_store::{
    access::{Session, User},
    identity::{self as rows, Identity},
    person as people,
    provider_step::{self as steps, Purpose, Stage, Step},
};

use super::{
    Newcomer, Settings, newcomer, note,
    said::{Said, Who},
    step::{FACTOR_LIFE, find, invalid, is_own, refused, take},
};
use crate::{
    Actor, App,
    session::{self, Client, Codes},
};

/// Most identities of a person.
const MOST: usize = 20;

/// A code, and what shows that it is brought by who began.
#[derive(Clone, Debug)]
pub struct Redemption {
    /// The code.
    pub code: Secret,
    /// The word of which the challenge was the SHA-256. Without a challenge the browser's cookie counts.
    pub verifier: Option<Secret>,
    /// A code of the authenticator app.
    pub totp: Option<Secret>,
    /// A recovery code in the place of that.
    pub recovery_code: Option<Secret>,
}

impl Redemption {
    fn codes(&self) -> Codes<'_> {
        Codes {
            code: self.totp.as_ref(),
            recovery_code: self.recovery_code.as_ref(),
        }
    }
}

/// A code that is the caller's, for this purpose, and what the provider said; it is not used up yet.
async fn brought<'a>(
    app: &'a App,
    purpose: Purpose,
    of: Option<&Actor>,
    with: &Redemption,
    client: &Client,
) -> Result<(Step, Said, &'a Settings)> {
    let step = find(app, Stage::Code, &with.code, client).await?;
    let whose = of.map(Actor::signed_in).transpose()?;
    let whose = whose.map(|(user, signed_in)| (user.uuid(), signed_in.session.uuid()));
    let is_theirs = step.purpose == purpose && step.user_id.zip(step.session_id) == whose;
    if !is_theirs || !is_own(app, &step, with.verifier.as_ref(), client)? {
        // Whoever has it without what belongs to it has it from somebody else.
        take(app, &step).await?;
        return Err(refused(app, client).await?);
    }
    let provider = app.providers.get(&step.provider).map_err(|_| invalid())?;
    let data = step.data.clone().unwrap_or_default();
    let said = serde_json::from_value(data).map_err(Error::internal)?;
    Ok((step, said, &provider.settings))
}

/// Looks at the second factor of a person whom a provider has recognised; whether the session counts as opened with one. Whoever has to
/// find it first may bring the code again.
async fn second_factor(
    app: &App,
    (step, said, by): (&Step, &Said, &Settings),
    user: &User,
    with: &Redemption,
    client: &Client,
) -> Result<bool> {
    app.guard
        .enter(&user.email, client.address, app.now())
        .await?;
    let checked = session::second_factor(app, user, with.codes(), client).await;
    let is_asked = |error: &Error| error.code == ErrorCode::SecondFactorRequired;
    if checked.as_ref().is_err_and(is_asked) {
        let until = said.at + FACTOR_LIFE;
        steps::prolong(&mut *app.db.get().await?, step, until).await?;
    }
    let is_right = checked?;
    if is_right {
        app.guard.succeeded(&user.email).await?;
    }
    Ok(is_right || by.second_factor)
}

/// Opens a session for whoever a provider has recognised; a newcomer becomes a person. `SIGN_IN_INVALID` for a code that is unknown, used up,
/// too old or not the caller's, `SECOND_FACTOR_REQUIRED` when the person has an authenticator app and its code is missing: then the
/// same code works again, for five minutes.
pub async fn sign_in(
    app: &App,
    with: Redemption,
    workspace: Option<WorkspaceId>,
    newcomer: &Newcomer,
    client: &Client,
) -> Result<Session> {
    newcomer.check()?;
    let app = &app.everywhere();
    let (step, said, by) = brought(app, Purpose::SignIn, None, &with, client).await?;
    let who = said.who(app, by, client).await?;
    let checked = match who.user() {
        Some(user) => second_factor(app, (&step, &said, by), user, &with, client).await?,
        None => by.second_factor,
    };
    take(app, &step).await?;
    let user = match who {
        Who::Linked(user, row) => {
            let mut conn = app.db.get().await?;
            rows::touch(&mut conn, row.id, said.email.as_deref(), app.now()).await?;
            user
        }
        Who::Trusted(user) => {
            let row = newcomer::identity(app, by, &said, user.id);
            add(app, user.id, row).await?;
            user
        }
        Who::Newcomer(email) => newcomer::arrive(app, by, &said, &email, newcomer).await?,
    };
    session::open(app, &user, workspace, client, checked).await
}

/// Links the identity that a person has shown at a provider. `IDENTITY_TAKEN` when it is another's.
pub async fn link(app: &App, actor: &Actor, with: Redemption, client: &Client) -> Result<Identity> {
    let app = &app.everywhere();
    let (user, _) = actor.signed_in()?;
    let (step, said, by) = brought(app, Purpose::Link, Some(actor), &with, client).await?;
    take(app, &step).await?;
    let row = Identity {
        last_used_at: None,
        ..newcomer::identity(app, by, &said, user)
    };
    add(app, user, row).await
}

/// Writes an identity of a person down, unless it is somebody's; the person's own is the answer then.
async fn add(app: &App, user: UserId, row: Identity) -> Result<Identity> {
    let mut tx = app.db.begin().await?;
    rows::lock_ways(&mut tx, user).await?.ok_or_else(invalid)?;
    if let Some(known) = rows::find(&mut tx, &row.issuer, &row.subject).await? {
        if known.user_id == user {
            return Ok(known);
        }
        let code = ErrorCode::IdentityTaken;
        return Err(Error::new(code, code.title()));
    }
    if rows::of(&mut tx, user).await?.len() >= MOST {
        let message = format!("There are {MOST} identities already; unlink one first.");
        return Err(Error::new(ErrorCode::InvalidState, message));
    }
    let taken = |error: Error| match error.code {
        ErrorCode::AlreadyExists => {
            Error::new(ErrorCode::IdentityTaken, ErrorCode::IdentityTaken.title())
        }
        _ => error,
    };
    rows::insert(&mut tx, &row).await.map_err(taken)?;
    note(app, &mut tx, "person.identity_linked", user, &row).await?;
    tx.commit().await?;
    Ok(row)
}

/// A person has shown anew at a provider who they are: the session goes on with new tokens, as with
/// [`session::reauthenticate`]. `IDENTITY_UNKNOWN` when it is somebody else who did.
pub async fn reauthenticate(
    app: &App,
    actor: &Actor,
    with: Redemption,
    client: &Client,
) -> Result<Session> {
    let app = &app.everywhere();
    let (id, _) = actor.signed_in()?;
    let (step, said, by) = brought(app, Purpose::Prove, Some(actor), &with, client).await?;
    let mut conn = app.db.get().await?;
    let row = rows::find(&mut conn, &said.issuer, &said.subject).await?;
    let user = people::get(&mut conn, id).await?.ok_or_else(invalid)?;
    drop(conn);
    let Some(row) = row.filter(|row| row.user_id == id) else {
        take(app, &step).await?;
        let message = "Somebody else signed in at the provider.";
        return Err(Error::new(ErrorCode::IdentityUnknown, message));
    };
    let checked = second_factor(app, (&step, &said, by), &user, &with, client).await?;
    take(app, &step).await?;
    let mut conn = app.db.get().await?;
    rows::touch(&mut conn, row.id, said.email.as_deref(), app.now()).await?;
    drop(conn);
    session::renew(app, actor, checked).await
}
