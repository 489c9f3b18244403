#![expect(unused_qualifications, reason = "utoipa's macro writes types out")]

use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use posthaste_core::{Error, ErrorCode, Network, Result};
use posthaste_engine::connection::{self, Consent, Outcome};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{ApiState, Problem, Refusal, RequestId, address, page, toll};

/// What a network adds to the address when it sends a person back.
#[derive(Debug, Deserialize, IntoParams)]
pub struct Answer {
    /// The word that binds the answer to the question.
    state: Option<String>,
    /// The code to exchange, when access was given.
    code: Option<String>,
    /// Why access was not given.
    error: Option<String>,
    /// The same in words.
    error_description: Option<String>,
}

/// Where a network sends a person back after a consent. Redirects to `returnTo` with `grant` (and
/// `error` when it failed), or shows a page.
#[utoipa::path(get, path = "/oauth/{network}/callback", tag = "oauth",
    params(("network" = String, Path, description = "facebook, instagram, pinterest or x"), Answer),
    responses(
        (status = 200, description = "A page that says what happened.", content_type = "text/html", body = String),
        (status = 303, description = "Back to where the consent was asked for."),
        (status = 400, description = "The state is unknown, used up or too old.", body = Problem),
        (status = 429, description = "Too many from this address: RATE_LIMITED.", body = Problem),
    ))]
pub async fn callback(
    State(state): State<ApiState>,
    id: RequestId,
    Path(network): Path<String>,
    Query(answer): Query<Answer>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let paid = toll::pay(&state.app, address::of(&headers), toll::CALL);
    let settled = match paid.await {
        Ok(()) => settle(&state, &network, answer).await,
        Err(error) => Err(error),
    };
    settled
        .map(show)
        .map_err(|error| Refusal::new(&state.app, &id, error))
}

async fn settle(state: &ApiState, network: &str, answer: Answer) -> Result<Consent> {
    let network: Network = network
        .parse()
        .map_err(|_| Error::new(ErrorCode::NotFound, "There is no such network."))?;
    let word = answer.state.ok_or_else(|| {
        Error::new(
            ErrorCode::OauthStateInvalid,
            "The network sent no state back.",
        )
        .at(["state"])
    })?;
    let result = match (answer.code, answer.error_description.or(answer.error)) {
        (Some(code), None) => Ok(code),
        (_, said) => Err(said.unwrap_or_else(|| "it sent neither a code nor a reason".to_owned())),
    };
    connection::callback(&state.app, network, &word, result).await
}

fn show(consent: Consent) -> Response {
    let code = match &consent.outcome {
        Outcome::Refused { code, .. } => Some(code.as_str()),
        Outcome::Ready | Outcome::Reconnected(_) => None,
    };
    if let Some(address) = &consent.return_to {
        let separator = if address.contains('?') { '&' } else { '?' };
        let error = code
            .map(|code| format!("&error={code}"))
            .unwrap_or_default();
        return Redirect::to(&format!(
            "{address}{separator}grant={}{error}",
            consent.grant
        ))
        .into_response();
    }
    let (title, text) = match consent.outcome {
        Outcome::Ready => (
            format!("{} gave access", consent.network),
            format!(
                "Go back and choose the accounts to connect. The grant is {}.",
                consent.grant
            ),
        ),
        Outcome::Reconnected(_) => (
            format!("{} is connected again", consent.network),
            "Posts that waited for it go out now. You can close this page.".to_owned(),
        ),
        Outcome::Refused { message, .. } => {
            (format!("{} was not connected", consent.network), message)
        }
    };
    page(&title, &text)
}

fn page(title: &str, text: &str) -> Response {
    let body = format!(
        "<h1>{}</h1><p>{}</p>",
        page::escape(title),
        page::escape(text)
    );
    let headers: [(HeaderName, HeaderValue); 1] =
        [(header::CONTENT_SECURITY_POLICY, page::CSP.clone())];
    (headers, Html(page::page(title, &body))).into_response()
}
