//! What a provider answers to a code, and whether it holds (OpenID Connect Core 1.0, section 3.1.3).

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::{
    AccessTokenHash, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, Nonce, OAuth2TokenResponse, PkceCodeVerifier,
    RedirectUrl, RequestTokenError, SignatureVerificationError, UserInfoError,
    core::{
        CoreClient, CoreClientAuthMethod, CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier,
        CoreJwsSigningAlgorithm, CoreTokenResponse, CoreUserInfoClaims,
    },
};
use posthaste_core::{Error, ErrorCode, Result, secret::Secret};
use posthaste_store::provider_step::{Purpose, Step};

use super::{
    Provider,
    begin::redirect_uri,
    discover::{Metadata, unavailable},
    said::Said,
    step::derived,
};
use crate::{App, session};

/// How much the clocks of a provider and of this server may differ.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// Longest name of a person at a provider (OpenID Connect Core 1.0, section 2).
const LONGEST_SUBJECT: usize = 255;

/// Signatures that are believed: none without a key, and none whose key this server has too.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// This server as a provider's client.
pub(super) type Oidc = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// This server as it shows itself to a provider.
pub(super) fn client(app: &App, provider: &Provider, metadata: &Metadata) -> Result<Oidc> {
    let settings = &provider.settings;
    let secret = &settings.client_secret;
    let secret = (!secret.is_empty()).then(|| ClientSecret::new(secret.expose().to_owned()));
    let id = ClientId::new(settings.client_id.clone());
    let back = RedirectUrl::new(redirect_uri(app, &settings.name)).map_err(Error::internal)?;
    let client = CoreClient::from_provider_metadata(metadata.clone(), id, secret);
    let methods = metadata.token_endpoint_auth_methods_supported();
    let takes = |method| methods.is_none_or(|known| known.contains(&method));
    let how = if takes(CoreClientAuthMethod::ClientSecretBasic) {
        AuthType::BasicAuth
    } else {
        AuthType::RequestBody
    };
    Ok(client.set_redirect_uri(back).set_auth_type(how))
}

/// What is told when an answer does not hold.
pub(super) fn wrong(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let code = ErrorCode::ProviderAnswerInvalid;
    Error::new(code, code.title()).caused_by(cause)
}

/// What is told when a provider does not sign somebody in; `said` is its code for why.
pub(super) fn refused(said: &str) -> Error {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_. ".contains(char);
    let said: String = said.chars().filter(|char| plain(*char)).take(100).collect();
    let message = format!("The provider signed nobody in: it answered '{said}'.");
    Error::new(ErrorCode::ProviderRefused, message)
}

/// Exchanges a code, and says whom the provider has recognised.
pub(super) async fn exchange(
    app: &App,
    provider: &Provider,
    metadata: Arc<Metadata>,
    step: &Step,
    state: &Secret,
    code: Secret,
) -> Result<Said> {
    let http = provider.http(app);
    let oidc = client(app, provider, &metadata)?;
    let verifier = PkceCodeVerifier::new(derived(app, "verifier", state)?);
    let answer: CoreTokenResponse = oidc
        .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
        .map_err(wrong)?
        .set_pkce_verifier(verifier)
        .request_async(&http)
        .await
        .map_err(|error| match error {
            RequestTokenError::ServerResponse(said) => refused(said.error().as_ref()),
            RequestTokenError::Request(away) => unavailable(away),
            other => wrong(other),
        })?;
    let token = answer.extra_fields().id_token();
    let token = token.ok_or_else(|| wrong("there is no ID token in it"))?;
    let nonce = Nonce::new(derived(app, "nonce", state)?);
    let expected = Expected {
        app,
        provider,
        step,
        nonce: &nonce,
    };
    let claims = match expected.claims(token, &answer, &metadata) {
        Err(error) if is_about_keys(&error) => match provider.renewed(app).await? {
            Some(renewed) => expected.claims(token, &answer, &renewed).map_err(wrong)?,
            None => return Err(wrong(error)),
        },
        claims => claims.map_err(wrong)?,
    };
    let mut said = read(app, provider, claims)?;
    if said.email.is_none() {
        let asked = oidc.user_info(
            answer.access_token().clone(),
            Some(claims.subject().clone()),
        );
        // A provider that tells no more has still said who it is.
        if let Ok(asked) = asked {
            let more: Result<CoreUserInfoClaims, _> = asked.request_async(&http).await;
            match more {
                Ok(more) => add(&mut said, &more),
                Err(UserInfoError::ClaimsVerification(error)) => return Err(wrong(error)),
                Err(error) => tracing::warn!(%error, "a provider tells no more of a person"),
            }
        }
    }
    Ok(said)
}

/// The signature may be by a key that is newer than the keys that are known.
fn is_about_keys(error: &ClaimsVerificationError) -> bool {
    matches!(
        error,
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey | SignatureVerificationError::CryptoError(_)
        )
    )
}

/// What an ID token must say.
struct Expected<'a> {
    app: &'a App,
    provider: &'a Provider,
    step: &'a Step,
    nonce: &'a Nonce,
}

impl Expected<'_> {
    /// The claims of an ID token that holds: signed by a key of the provider, by it, for this server alone, now, and for this sign-in.
    fn claims<'t>(
        &self,
        token: &'t CoreIdToken,
        answer: &CoreTokenResponse,
        metadata: &Metadata,
    ) -> Result<&'t CoreIdTokenClaims, ClaimsVerificationError> {
        let now = self.app.now();
        let (begun, proves) = (self.step.begun_at, self.step.purpose == Purpose::Prove);
        let client = ClientId::new(self.provider.settings.client_id.clone());
        let verifier = CoreIdTokenVerifier::new_public_client(
            client.clone(),
            metadata.issuer().clone(),
            metadata.jwks().clone(),
        )
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || now - LEEWAY)
        .set_issue_time_verifier_fn(move |at| within(at, begun, now))
        .set_auth_time_verifier_fn(move |at| match at {
            Some(at) if proves => within(at, begun, now),
            None if proves => Err("it does not say when the person signed in".to_owned()),
            _ => Ok(()),
        });
        let claims = token.claims(&verifier, self.nonce)?;
        if claims
            .authorized_party()
            .is_some_and(|party| *party != client)
        {
            let told = "it was made for another client".to_owned();
            return Err(ClaimsVerificationError::InvalidAudience(told));
        }
        if let Some(expected) = claims.access_token_hash() {
            let signature = ClaimsVerificationError::SignatureVerification;
            let algorithm = token.signing_alg().map_err(signature)?;
            let key = token.signing_key(&verifier).map_err(signature)?;
            let other = |error: openidconnect::SigningError| {
                ClaimsVerificationError::Unsupported(error.to_string())
            };
            let made = AccessTokenHash::from_token(answer.access_token(), algorithm, key);
            if made.map_err(other)? != *expected {
                let told = "it belongs to another access token".to_owned();
                return Err(ClaimsVerificationError::Other(told));
            }
        }
        Ok(claims)
    }
}

/// Nothing of a sign-in is older than its beginning, or of the future.
fn within(at: DateTime<Utc>, begun: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), String> {
    if at < begun - LEEWAY || at > now + LEEWAY {
        return Err(format!("{at} is not between {begun} and {now}"));
    }
    Ok(())
}

fn read(app: &App, provider: &Provider, claims: &CoreIdTokenClaims) -> Result<Said> {
    let subject = claims.subject().as_str();
    if subject.is_empty() || subject.len() > LONGEST_SUBJECT {
        return Err(wrong("its name of the person is empty or too long"));
    }
    let name = claims.name().and_then(|name| name.get(None));
    let name = name.map(|name| name.as_str());
    let short = claims.preferred_username().map(|name| name.as_str());
    Ok(Said {
        issuer: provider.settings.issuer.clone(),
        subject: subject.to_owned(),
        email: claims.email().and_then(|email| address(email)),
        email_verified: claims.email_verified().unwrap_or_default(),
        name: name.or(short).map(str::to_owned),
        zone: claims.zoneinfo().map(|zone| zone.as_str().to_owned()),
        at: app.now(),
    })
}

/// What the provider tells where it is asked about the person.
fn add(said: &mut Said, more: &CoreUserInfoClaims) {
    said.email = more.email().and_then(|email| address(email));
    said.email_verified = more.email_verified().unwrap_or_default();
    if said.name.is_none() {
        let name = more.name().and_then(|name| name.get(None));
        let name = name.map(|name| name.as_str().to_owned());
        said.name = name.or_else(|| {
            more.preferred_username()
                .map(|name| name.as_str().to_owned())
        });
    }
    if said.zone.is_none() {
        said.zone = more.zoneinfo().map(|zone| zone.as_str().to_owned());
    }
}

/// An e-mail as it is kept; what is none is none.
fn address(email: &str) -> Option<String> {
    session::address(email).ok()
}
