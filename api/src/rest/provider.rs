#![expect(unused_qualifications, reason = "utoipa's macro writes types out")]

use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use posthaste_core::{Error, ErrorCode, Result, secret::Secret};
use posthaste_engine::identity::{
    begin::{self as engine, Sent},
    finish::{self, Answer},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{ApiState, Problem, Refusal, RequestId, address, toll};

/// How long a browser keeps what binds a sign-in to it, in seconds: until a code of the sign-in is of no use any more.
const KEPT: u32 = 1200;

/// Where a sign-in by a provider is to end.
#[derive(Debug, Deserialize, IntoParams)]
pub struct Beginning {
    /// Where the browser goes with a `code` in the end: a path or address of this server, of an origin of `server.cors_origins`, or on 127.0.0.1.
    return_to: Option<String>,
    /// The SHA-256, in base 64 for addresses, of a word that `sessionFromProvider` then takes. Needed elsewhere than at this server's own pages.
    challenge: Option<String>,
    /// What `identityLinkStart` or `identityProofStart` gave, in the place of both.
    ticket: Option<String>,
}

/// Begins to sign a person in by a provider (OpenID Connect): sends the browser there, and gives it a cookie by which it is
/// known when it comes back.
#[utoipa::path(get, path = "/auth/oidc/{provider}", tag = "sign-in", security(()),
    params(("provider" = String, Path, description = "Its name, as identityProviders tells it."), Beginning),
    responses(
        (status = 303, description = "To the provider's page."),
        (status = 400, description = "The address to return to is not allowed, or the ticket is unknown, used up or too old.", body = Problem),
        (status = 404, description = "There is no such provider.", body = Problem),
        (status = 429, description = "Too many from this address: RATE_LIMITED.", body = Problem),
        (status = 503, description = "The provider does not answer: PROVIDER_UNAVAILABLE.", body = Problem),
    ))]
pub async fn begin(
    State(state): State<ApiState>,
    id: RequestId,
    Path(provider): Path<String>,
    Query(beginning): Query<Beginning>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let sent = async {
        let (app, client) = (&state.app, address::client(&headers));
        toll::pay(app, client.address, toll::CALL).await?;
        let Beginning {
            return_to,
            challenge,
            ticket,
        } = beginning;
        if let Some(ticket) = ticket {
            let ticket = Secret::new(ticket);
            return engine::opened(app, &provider, &ticket, &client).await;
        }
        let missing = "Say where the sign-in is to end: ?return_to=/sign-in, for example.";
        let return_to = return_to
            .ok_or_else(|| Error::new(ErrorCode::InvalidInput, missing).at(["return_to"]))?;
        let challenge = challenge.as_deref();
        engine::sign_in(app, &provider, &return_to, challenge, &client).await
    };
    sent.await
        .and_then(|sent| to_provider(&sent))
        .map_err(|error| Refusal::new(&state.app, &id, error))
}

fn to_provider(sent: &Sent) -> Result<Response> {
    let cookie = format!(
        "{}={}; Path=/; Max-Age={KEPT}; Secure; HttpOnly; SameSite=Lax",
        address::BROWSER,
        sent.browser.expose()
    );
    let cookie = HeaderValue::try_from(cookie).map_err(Error::internal)?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&sent.address)).into_response())
}

/// What a provider adds to the address when it sends a browser back.
#[derive(Deserialize, IntoParams)]
pub struct Returned {
    /// The word that binds the answer to the question.
    state: Option<String>,
    /// What stands for the person.
    code: Option<String>,
    /// Why there is no code.
    error: Option<String>,
    /// Who answers (RFC 9207).
    iss: Option<String>,
}

/// Where a provider sends a browser back to. Leads on to where the sign-in was begun, with `code` for `sessionFromProvider`,
/// `identityLink` or `sessionReauthenticate`, or with `error`, a code of the table of errors.
#[utoipa::path(get, path = "/auth/oidc/{provider}/callback", tag = "sign-in", security(()),
    params(("provider" = String, Path, description = "Its name, as identityProviders tells it."), Returned),
    responses(
        (status = 303, description = "Back to where the sign-in was begun."),
        (status = 400, description = "It was not begun in this browser, was finished, or took too long: SIGN_IN_INVALID.", body = Problem),
        (status = 429, description = "Too many from this address: RATE_LIMITED.", body = Problem),
    ))]
pub async fn callback(
    State(state): State<ApiState>,
    id: RequestId,
    Path(provider): Path<String>,
    Query(returned): Query<Returned>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let back = async {
        let (app, client) = (&state.app, address::client(&headers));
        toll::pay(app, client.address, toll::CALL).await?;
        let answer = Answer {
            state: returned.state.map(Secret::new),
            code: returned.code.map(Secret::new),
            error: returned.error,
            issuer: returned.iss,
        };
        finish::callback(app, &provider, answer, &client).await
    };
    let back = back.await;
    back.map(|address| Redirect::to(&address).into_response())
        .map_err(|error| Refusal::new(&state.app, &id, error))
}
