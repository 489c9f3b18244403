use posthaste_core::{
    Error, ErrorCode, Result,
    ids::{PasskeyCeremonyId, WorkspaceId},
};
use posthaste_store::{
    access::{Session, User},
    passkey::{self as rows, Passkey},
    person,
};
use serde_json::Value;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey as Credential, PublicKeyCredential,
};

use super::{Asked, answer, ask, asked, refused, relying::party};
use crate::{
    Actor, App,
    session::{Client, open::open, refresh::renew, unauthenticated},
};

/// Asks any authenticator which of its passkeys for this server it has.
pub async fn start(app: &App) -> Result<Asked> {
    let app = &app.everywhere();
    let party = party(app)?;
    let (options, state) = party.start_discoverable_authentication().map_err(refused)?;
    let options = serde_json::to_value(options.public_key).map_err(Error::internal)?;
    ask(app, None, &state, options).await
}

/// Signs in whoever has the passkey.
pub async fn sign_in(
    app: &App,
    ceremony: PasskeyCeremonyId,
    credential: Value,
    workspace: Option<WorkspaceId>,
    client: &Client,
) -> Result<Session> {
    let app = &app.everywhere();
    let user = recognise(app, ceremony, credential).await?;
    open(app, &user, workspace, client, true).await
}

/// As [`crate::session::reauthenticate`], by a passkey of the person who is signed in.
pub async fn reauthenticate(
    app: &App,
    actor: &Actor,
    ceremony: PasskeyCeremonyId,
    credential: Value,
) -> Result<Session> {
    let app = &app.everywhere();
    let (user, _) = actor.signed_in()?;
    let shown = recognise(app, ceremony, credential).await?;
    if shown.id != user {
        return Err(unknown());
    }
    renew(app, actor, true).await
}

/// Whose passkey signed what was asked for.
async fn recognise(app: &App, ceremony: PasskeyCeremonyId, credential: Value) -> Result<User> {
    let answer: PublicKeyCredential = answer(credential)?;
    let state: DiscoverableAuthentication = asked(app, ceremony, None).await?;
    let party = party(app)?;
    let (user, credential_id) = party
        .identify_discoverable_authentication(&answer)
        .map_err(refused)?;
    let mut conn = app.db.get().await?;
    let known = rows::by_credential(&mut conn, credential_id).await?;
    let known = known.filter(|known| known.user_id.uuid() == user);
    let known = known.ok_or_else(unknown)?;
    let person = person::get(&mut conn, known.user_id).await?;
    let mut key: Credential =
        serde_json::from_value(known.credential.clone()).map_err(Error::internal)?;
    let shown = party
        .finish_discoverable_authentication_v2(&answer, state, &key)
        .map_err(refused)?;
    key.update_credential(&shown);
    note(app, &known, &key).await?;
    let person = person.ok_or_else(unauthenticated)?;
    if person.disabled_at.is_some() {
        let code = ErrorCode::AccountDisabled;
        return Err(Error::new(code, code.title()));
    }
    Ok(person)
}

/// A counter that two answers have raised at once may be one of a copy.
async fn note(app: &App, known: &Passkey, key: &Credential) -> Result<()> {
    let key = serde_json::to_value(key).map_err(Error::internal)?;
    let mut conn = app.db.get().await?;
    if rows::used(&mut conn, known, &key, app.now()).await? {
        return Ok(());
    }
    let message = "The passkey was used elsewhere at the same moment. Begin again.";
    Err(Error::new(ErrorCode::PasskeyRefused, message))
}

fn unknown() -> Error {
    let message = "Nobody has this passkey here: it was removed, or it is another person's.";
    Error::new(ErrorCode::PasskeyRefused, message).at(["credential"])
}
