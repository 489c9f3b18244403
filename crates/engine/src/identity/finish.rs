//! The browser comes back from the provider.

use posthaste_core::{Error, ErrorCode, Result, secret::Secret};
use posthaste_store::provider_step::{self as rows, Purpose, Stage, Step};

use super::{
    Provider, return_to,
    said::Said,
    step::{CODE_LIFE, chance, find, hash, invalid, is_browser, refused, take},
    verify::{self, wrong},
};
use crate::{App, session::Client};

/// What a provider adds to the address when it sends a browser back.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The word that binds it to what was asked.
    pub state: Option<Secret>,
    /// What stands for the person.
    pub code: Option<Secret>,
    /// Why there is none.
    pub error: Option<String>,
    /// Who answers (RFC 9207).
    pub issuer: Option<String>,
}

/// Looks at what a browser brings back from a provider, and says where it goes on: to where the sign-in was begun, with a `code`
/// that [`super::redeem`] takes within a minute, or with the `error` that stood in the way. What was not begun in this browser
/// goes nowhere (`SIGN_IN_INVALID`).
pub async fn callback(
    app: &App,
    provider: &str,
    answer: Answer,
    client: &Client,
) -> Result<String> {
    let app = &app.everywhere();
    let state = answer.state.clone().ok_or_else(invalid)?;
    let step = find(app, Stage::State, &state, client).await?;
    if step.provider != provider || !is_browser(app, &step, client)? {
        return Err(refused(app, client).await?);
    }
    let known = app.providers.get(provider)?;
    take(app, &step).await?;
    let outcome = async {
        let said = recognise(app, known, &step, &state, answer).await?;
        if step.purpose == Purpose::SignIn {
            // Whoever is nobody here learns it at once.
            said.who(app, &known.settings, client).await?;
        }
        hand_out(app, &step, &said).await
    };
    match outcome.await {
        Ok(code) => return_to::with(&step.return_to, "code", code.expose()),
        Err(error) if is_ours(error.code) => Err(error),
        Err(error) => {
            tracing::warn!(provider, %error, cause = ?error.cause, "a sign-in by a provider was refused");
            return_to::with(&step.return_to, "error", error.code.as_str())
        }
    }
}

/// What the server itself could not do is told here, not to the page.
fn is_ours(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::Internal | ErrorCode::Unavailable | ErrorCode::RateLimited
    )
}

async fn recognise(
    app: &App,
    provider: &Provider,
    step: &Step,
    state: &Secret,
    answer: Answer,
) -> Result<Said> {
    let metadata = provider.metadata(app).await?;
    // Before anything else is believed: who answers must be whom the browser was sent to.
    let tells = metadata.additional_metadata();
    let must = tells.authorization_response_iss_parameter_supported;
    let is_other = |issuer: &String| *issuer != provider.settings.issuer;
    if answer.issuer.as_ref().map_or(must, is_other) {
        return Err(wrong(
            "the answer comes from another issuer, or does not say from whom",
        ));
    }
    if let Some(error) = answer.error {
        return Err(verify::refused(&error));
    }
    let code = answer
        .code
        .ok_or_else(|| wrong("it sent neither a code nor a reason"))?;
    verify::exchange(app, provider, metadata, step, state, code).await
}

/// A code for whoever began, which works once.
async fn hand_out(app: &App, step: &Step, said: &Said) -> Result<Secret> {
    let code = chance(app);
    let next = Step {
        hash: hash(app, Stage::Code, &code)?,
        stage: Stage::Code,
        data: Some(serde_json::to_value(said).map_err(Error::internal)?),
        expires_at: app.now() + CODE_LIFE,
        ..step.clone()
    };
    rows::insert(&mut *app.db.get().await?, &next).await?;
    Ok(code)
}
