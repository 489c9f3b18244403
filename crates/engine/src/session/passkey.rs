//! Passkeys (WebAuthn Level 3, <https://www.w3.org/TR/webauthn-3/>): a key in a person's device that shows who the person is. The
//! device asks for a finger, a face or a PIN each time, so a passkey is two factors by itself.

mod keep;
mod prove;
mod register;
mod relying;

use chrono::TimeDelta;
use posthaste_core::{
    Error, ErrorCode, Result,
    ids::{PasskeyCeremonyId, UserId},
};
use posthaste_store::passkey::{self as rows, Ceremony};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use webauthn_rs::prelude::WebauthnError;

use crate::App;

pub use keep::{list, remove, rename};
pub use prove::{reauthenticate, sign_in, start as start_proof};
pub use register::{finish as register, start as start_registration};

/// Until when an authenticator's answer is taken.
const PATIENCE: TimeDelta = TimeDelta::minutes(5);

/// What a browser hands to an authenticator.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Names the ceremony in the answer.
    pub ceremony: PasskeyCeremonyId,
    /// What `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON` takes.
    pub options: Value,
}

/// Keeps what an authenticator is asked for, for its answer.
async fn ask(
    app: &App,
    user: Option<UserId>,
    state: &impl Serialize,
    options: Value,
) -> Result<Asked> {
    let ceremony = Ceremony {
        id: PasskeyCeremonyId::new(&*app.clock, &*app.random),
        user,
        state: serde_json::to_value(state).map_err(Error::internal)?,
        expires_at: app.now() + PATIENCE,
    };
    rows::insert_ceremony(&mut *app.db.get().await?, &ceremony).await?;
    Ok(Asked {
        ceremony: ceremony.id,
        options,
    })
}

/// What was asked for, this once.
async fn asked<State: DeserializeOwned>(
    app: &App,
    ceremony: PasskeyCeremonyId,
    user: Option<UserId>,
) -> Result<State> {
    let mut conn = app.db.get().await?;
    let state = rows::take_ceremony(&mut conn, ceremony, user, app.now()).await?;
    let state = state.ok_or_else(|| {
        let message = "The passkey was not asked for, was used, or took longer than five minutes. Begin again.";
        Error::new(ErrorCode::PasskeyRefused, message).at(["ceremonyId"])
    })?;
    serde_json::from_value(state).map_err(Error::internal)
}

/// An authenticator's answer as the specification writes it.
fn answer<Answer: DeserializeOwned>(credential: Value) -> Result<Answer> {
    serde_json::from_value(credential).map_err(|error| {
        let message = format!("This is no answer of an authenticator: {error}.");
        Error::new(ErrorCode::InvalidInput, message).at(["credential"])
    })
}

/// What is said of an answer that is not right; why, only to the log.
fn refused(error: WebauthnError) -> Error {
    tracing::info!(%error, "a passkey was refused");
    let code = ErrorCode::PasskeyRefused;
    Error::new(code, code.title()).at(["credential"])
}
