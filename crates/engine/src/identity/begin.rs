//! The first step: the browser is sent to the provider.

use chrono::{DateTime, Utc};
use openidconnect::{
    CsrfToken, Nonce, PkceCodeChallenge, PkceCodeVerifier, Scope,
    core::{CoreAuthPrompt, CoreAuthenticationFlow},
};
use posthaste_core::{Result, secret::Secret};
use posthaste_store::provider_step::{self as rows, Purpose, Stage, Step};
use uuid::Uuid;

use super::{
    Provider,
    return_to::Destination,
    step::{LIFE, chance, derived, find, hash, hash_browser, take},
    verify,
};
use crate::{Actor, App, session::Client};

/// A browser on its way to a provider.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Where to.
    pub address: String,
    /// What it must show when it comes back: the value of a cookie.
    pub browser: Secret,
}

/// An address that a signed-in person is to open.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The address; it works once.
    pub address: Secret,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// What begins, and for whom.
struct Aim {
    purpose: Purpose,
    of: Option<(Uuid, Uuid)>,
    to: Destination,
}

/// Where a browser goes to sign in by a provider, and what it must show when it comes back. `PROVIDER_UNAVAILABLE` when the provider does not
/// answer.
pub async fn sign_in(
    app: &App,
    provider: &str,
    return_to: &str,
    challenge: Option<&str>,
    client: &Client,
) -> Result<Sent> {
    let app = &app.everywhere();
    let provider = app.providers.get(provider)?;
    let aim = Aim {
        purpose: Purpose::SignIn,
        of: None,
        to: Destination::new(app, return_to, challenge)?,
    };
    send(app, provider, aim, client).await
}

/// The address for a signed-in person to open, who then signs in at a provider with an identity that is to be linked
/// ([`super::redeem::link`]). Takes a fresh proof.
pub async fn link(
    app: &App,
    actor: &Actor,
    provider: &str,
    return_to: &str,
    challenge: Option<&str>,
) -> Result<Opening> {
    actor.signed_in()?;
    actor.require_fresh(app.now())?;
    open(app, actor, Purpose::Link, provider, return_to, challenge).await
}

/// The address for a signed-in person to open, who then shows at a provider again who they are ([`super::redeem::reauthenticate`]).
pub async fn prove(
    app: &App,
    actor: &Actor,
    provider: &str,
    return_to: &str,
    challenge: Option<&str>,
) -> Result<Opening> {
    open(app, actor, Purpose::Prove, provider, return_to, challenge).await
}

async fn open(
    app: &App,
    actor: &Actor,
    purpose: Purpose,
    provider: &str,
    return_to: &str,
    challenge: Option<&str>,
) -> Result<Opening> {
    let app = &app.everywhere();
    let (user, signed_in) = actor.signed_in()?;
    let name = &app.providers.get(provider)?.settings.name;
    let aim = Aim {
        purpose,
        of: Some((user.uuid(), signed_in.session.uuid())),
        to: Destination::new(app, return_to, challenge)?,
    };
    let word = chance(app);
    let step = step(app, Stage::Ticket, &word, name, aim)?;
    rows::insert(&mut *app.db.get().await?, &step).await?;
    let address = format!(
        "{}/auth/oidc/{name}?ticket={}",
        app.public_url,
        word.expose()
    );
    Ok(Opening {
        address: Secret::new(address),
        expires_at: step.expires_at,
    })
}

/// As [`sign_in`], for an address that [`link`] or [`prove`] gave; it works once.
pub async fn opened(app: &App, provider: &str, ticket: &Secret, client: &Client) -> Result<Sent> {
    let app = &app.everywhere();
    let ticket = find(app, Stage::Ticket, ticket, client).await?;
    let known = app.providers.get(provider)?;
    if ticket.provider != provider {
        return Err(super::step::refused(app, client).await?);
    }
    take(app, &ticket).await?;
    let aim = Aim {
        purpose: ticket.purpose,
        of: ticket.user_id.zip(ticket.session_id),
        to: Destination {
            address: ticket.return_to,
            challenge: ticket.challenge,
        },
    };
    send(app, known, aim, client).await
}

fn step(app: &App, stage: Stage, word: &Secret, provider: &str, aim: Aim) -> Result<Step> {
    let now = app.now();
    Ok(Step {
        hash: hash(app, stage, word)?,
        stage,
        purpose: aim.purpose,
        provider: provider.to_owned(),
        browser: None,
        challenge: aim.to.challenge,
        return_to: aim.to.address,
        user_id: aim.of.map(|(user, _)| user),
        session_id: aim.of.map(|(_, session)| session),
        data: None,
        begun_at: now,
        expires_at: now + LIFE,
    })
}

async fn send(app: &App, provider: &Provider, aim: Aim, client: &Client) -> Result<Sent> {
    app.guard.enter_from(client.address, app.now()).await?;
    let state = chance(app);
    let address = address(app, provider, &state, aim.purpose).await?;
    // One for all that the browser begins: two windows may be on their way.
    let browser = client.browser.clone().unwrap_or_else(|| chance(app));
    let mut step = step(app, Stage::State, &state, &provider.settings.name, aim)?;
    step.browser = Some(hash_browser(app, &browser)?);
    rows::insert(&mut *app.db.get().await?, &step).await?;
    Ok(Sent { address, browser })
}

async fn address(
    app: &App,
    provider: &Provider,
    state: &Secret,
    purpose: Purpose,
) -> Result<String> {
    let metadata = provider.metadata(app).await?;
    let oidc = verify::client(app, provider, &metadata)?;
    let nonce = Nonce::new(derived(app, "nonce", state)?);
    let verifier = PkceCodeVerifier::new(derived(app, "verifier", state)?);
    let said = CsrfToken::new(state.expose().to_owned());
    let scopes = provider.settings.scopes.iter().cloned().map(Scope::new);
    let mut request = oidc
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || said, || nonce)
        .add_scopes(scopes)
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    if purpose == Purpose::Prove {
        // Whoever sits there signs in anew, and the provider tells when that was.
        request = request
            .add_prompt(CoreAuthPrompt::Login)
            .set_max_age(std::time::Duration::ZERO);
    }
    let (url, ..) = request.url();
    Ok(url.into())
}

/// Where a provider sends browsers back to.
pub(super) fn redirect_uri(app: &App, provider: &str) -> String {
    format!("{}/auth/oidc/{provider}/callback", app.public_url)
}
