use posthaste_core::{
    Error, ErrorCode, Result,
    ids::{PasskeyCeremonyId, PasskeyId},
};
use posthaste_store::{
    access,
    passkey::{self as rows, Passkey},
};
use serde_json::{Value, json};
use webauthn_rs::prelude::PasskeyRegistration;

use super::{Asked, answer, ask, asked, refused, relying::party};
use crate::{
    Actor, App,
    session::{factor::commit, named, unauthenticated},
};

/// Most passkeys of a person.
const MOST: usize = 20;

/// Asks the person's authenticator for a passkey.
pub async fn start(app: &App, actor: &Actor) -> Result<Asked> {
    let app = &app.everywhere();
    let (user, _) = actor.signed_in()?;
    actor.require_fresh(app.now())?;
    let mut conn = app.db.get().await?;
    let person = access::user(&mut conn, actor.workspace, user).await?;
    let person = person.ok_or_else(unauthenticated)?;
    let known = rows::of(&mut conn, user).await?;
    drop(conn);
    require_room(&known)?;
    let known = known.into_iter().map(|key| key.credential_id);
    let (options, state) = party(app)?
        .start_passkey_registration(
            user.uuid(),
            &person.email,
            &person.name,
            Some(known.collect()),
        )
        .map_err(refused)?;
    let mut options = serde_json::to_value(options.public_key).map_err(Error::internal)?;
    // Found by the authenticator itself, so that nobody needs to say an e-mail first. The crate asks for none such because
    // old security keys have little room for them.
    let selection = &mut options["authenticatorSelection"];
    selection["residentKey"] = json!("required");
    selection["requireResidentKey"] = json!(true);
    ask(app, Some(user), &state, options).await
}

/// Takes a passkey of the person. The present session counts as opened with it.
pub async fn finish(
    app: &App,
    actor: &Actor,
    ceremony: PasskeyCeremonyId,
    name: &str,
    credential: Value,
) -> Result<Passkey> {
    let app = &app.everywhere();
    let (user, signed_in) = actor.signed_in()?;
    actor.require_fresh(app.now())?;
    let (name, answer) = (named(name)?, answer(credential)?);
    let state: PasskeyRegistration = asked(app, ceremony, Some(user)).await?;
    let made = party(app)?
        .finish_passkey_registration(&answer, &state)
        .map_err(refused)?;
    let passkey = Passkey {
        id: PasskeyId::new(&*app.clock, &*app.random),
        user_id: user,
        credential_id: made.cred_id().clone(),
        name,
        credential: serde_json::to_value(&made).map_err(Error::internal)?,
        created_at: app.now(),
        last_used_at: None,
    };
    let mut tx = app.db.begin().await?;
    require_room(&rows::of_locked(&mut tx, user).await?)?;
    rows::insert(&mut tx, &passkey).await?;
    access::set_second_factor(&mut tx, user, Some(signed_in.session), true).await?;
    commit(app, tx, user, "person.passkey_added").await?;
    Ok(passkey)
}

fn require_room(known: &[Passkey]) -> Result<()> {
    if known.len() < MOST {
        return Ok(());
    }
    let message = format!("You have {MOST} passkeys, which is the most; remove one first.");
    Err(Error::new(ErrorCode::InvalidState, message))
}
