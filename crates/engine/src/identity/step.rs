//! What brings the steps of a sign-in.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use posthaste_core::{Error, ErrorCode, Result, secret::Secret};
use posthaste_store::provider_step::{self as rows, Stage, Step};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{
    App,
    session::{self, Client},
};

/// How long a sign-in may take until the provider sends the browser back.
pub(super) const LIFE: TimeDelta = TimeDelta::minutes(10);

/// How long a code may be used.
pub(super) const CODE_LIFE: TimeDelta = TimeDelta::seconds(60);

/// And how long where a person has to find a second factor first.
pub(super) const FACTOR_LIFE: TimeDelta = TimeDelta::minutes(5);

/// Longer texts are none of ours.
const LONGEST: usize = 100;

/// 256 bits as a word for an address.
pub(super) fn chance(app: &App) -> Secret {
    let mut bytes = [0; 32];
    app.random.fill(&mut bytes);
    Secret::new(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Ticket => "ticket",
        Stage::State => "state",
        Stage::Code => "code",
    }
}

/// What is kept of a word.
pub(super) fn hash(app: &App, stage: Stage, word: &Secret) -> Result<Vec<u8>> {
    let text = format!("provider {} {}", name(stage), word.expose());
    session::keyed_hash(&app.secret, &text)
}

/// What is kept of a browser's cookie.
pub(super) fn hash_browser(app: &App, browser: &Secret) -> Result<Vec<u8>> {
    session::keyed_hash(&app.secret, &format!("browser {}", browser.expose()))
}

/// A word that follows from the state, and that nobody else can make: the nonce, and the verifier of PKCE.
pub(super) fn derived(app: &App, what: &str, state: &Secret) -> Result<String> {
    let text = format!("provider {what} {}", state.expose());
    let bytes = session::keyed_hash(&app.secret, &text)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// What is told to whoever brings a step that is not there, or not theirs.
pub(super) fn invalid() -> Error {
    let code = ErrorCode::SignInInvalid;
    Error::new(code, code.title())
}

/// The step that a word brings; who guesses waits like who guesses passwords.
pub(super) async fn find(app: &App, stage: Stage, word: &Secret, client: &Client) -> Result<Step> {
    let now = app.now();
    app.guard.enter_from(client.address, now).await?;
    let found = if word.expose().len() > LONGEST {
        None
    } else {
        let hash = hash(app, stage, word)?;
        rows::get(&mut *app.db.get().await?, stage, &hash, now).await?
    };
    match found {
        Some(step) => Ok(step),
        None => Err(refused(app, client).await?),
    }
}

/// Counts a word that was not the caller's.
pub(super) async fn refused(app: &App, client: &Client) -> Result<Error> {
    let now = app.now();
    app.guard.failed_from(client.address, now).await?;
    Ok(invalid())
}

/// Takes a step: of two who bring the same, one gets it.
pub(super) async fn take(app: &App, step: &Step) -> Result<()> {
    let mut conn = app.db.get().await?;
    if rows::take(&mut conn, step, app.now()).await? {
        return Ok(());
    }
    Err(invalid())
}

/// Whether it is the browser that began.
pub(super) fn is_browser(app: &App, step: &Step, client: &Client) -> Result<bool> {
    let Some((kept, browser)) = step.browser.as_ref().zip(client.browser.as_ref()) else {
        return Ok(false);
    };
    Ok(kept.ct_eq(&hash_browser(app, browser)?).into())
}

/// Whether a code is brought by who began: the program that knows the word, or without one the browser.
pub(super) fn is_own(
    app: &App,
    step: &Step,
    verifier: Option<&Secret>,
    client: &Client,
) -> Result<bool> {
    let Some(challenge) = &step.challenge else {
        return is_browser(app, step, client);
    };
    let hashed = verifier.map(|word| Sha256::digest(word.expose().as_bytes()));
    Ok(hashed.is_some_and(|hashed| challenge.ct_eq(&hashed[..]).into()))
}
