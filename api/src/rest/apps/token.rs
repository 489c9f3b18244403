//! Where apps get tokens, and give them back.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use posthaste_core::{Error, ErrorCode, access::PermissionSet, oauth as scopes, secret::Secret};
use posthaste_engine::oauth::{self, Failure, Reason, Refusal, Tokens};
use posthaste_store::oauth::OauthApp;
use serde_json::json;

use super::{
    super::{ApiState, Refusal as Problem, RequestId, address, toll},
    client,
    form::Form,
};

/// What stands in a request once.
const FIELDS: [&str; 10] = [
    "grant_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "scope",
    "resource",
    "client_id",
    "client_secret",
    "token",
];

/// Tokens for a code or refresh token (RFC 6749, 4.1.3 and 6).
pub async fn give(
    State(state): State<ApiState>,
    id: RequestId,
    headers: HeaderMap,
    body: String,
) -> Response {
    let given = async {
        let (form, app) = read(&state, &headers, &body).await?;
        tokens(&state, &form, &app).await
    };
    match given.await {
        Ok(tokens) => Json(json!({
            "access_token": tokens.access.expose(),
            "token_type": "Bearer",
            "expires_in": tokens.seconds,
            "refresh_token": tokens.refresh.expose(),
            "scope": scopes::scope(tokens.permissions),
        }))
        .into_response(),
        Err(failure) => refuse(&state, &id, &headers, failure).await,
    }
}

/// Ends what a token is of (RFC 7009). What is no token of the app is answered the same way.
pub async fn take_back(
    State(state): State<ApiState>,
    id: RequestId,
    headers: HeaderMap,
    body: String,
) -> Response {
    let ended = async {
        let (form, app) = read(&state, &headers, &body).await?;
        let token = needed(&form, "token", "token is missing.")?;
        oauth::forget(&state.app, &app, &token).await
    };
    match ended.await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(failure) => refuse(&state, &id, &headers, failure).await,
    }
}

/// What an app sends, and which one it is.
async fn read(
    state: &ApiState,
    headers: &HeaderMap,
    body: &str,
) -> Result<(Form, OauthApp), Failure> {
    let form = Form::of_body(headers, body)?;
    if form.repeats(&FIELDS) {
        return Err(wrong(
            Reason::InvalidRequest,
            "A parameter stands there twice.",
        ));
    }
    let Some(shown) = client::read(headers, &form) else {
        let description = "Show the app's secret in the header or in the body, once.";
        return Err(wrong(Reason::InvalidRequest, description));
    };
    let app = oauth::client(&state.app, &shown).await?;
    Ok((form, app))
}

async fn tokens(state: &ApiState, form: &Form, client: &OauthApp) -> Result<Tokens, Failure> {
    let app = &state.app;
    if form
        .get("resource")
        .is_some_and(|resource| !oauth::is_here(app, &resource))
    {
        return Err(wrong(Reason::InvalidTarget, "resource is not this server."));
    }
    match form.get("grant_type").as_deref() {
        Some("authorization_code") => {
            let code = needed(form, "code", "code is missing.")?;
            let verifier = needed(form, "code_verifier", "code_verifier is missing.")?;
            let address = form.get("redirect_uri");
            oauth::exchange(app, client, &code, address.as_deref(), &verifier).await
        }
        Some("refresh_token") => {
            let token = needed(form, "refresh_token", "refresh_token is missing.")?;
            oauth::refresh(app, client, &token, scope(form)?).await
        }
        None => Err(wrong(Reason::InvalidRequest, "grant_type is missing.")),
        Some(_) => {
            let description = "grant_type is authorization_code or refresh_token.";
            Err(wrong(Reason::UnsupportedGrantType, description))
        }
    }
}

fn scope(form: &Form) -> Result<Option<PermissionSet>, Failure> {
    let Some(scope) = form.get("scope") else {
        return Ok(None);
    };
    match scopes::permissions(&scope) {
        Some(permissions) => Ok(Some(permissions)),
        None => Err(wrong(
            Reason::InvalidScope,
            "This is no scope of this server.",
        )),
    }
}

fn needed(form: &Form, name: &str, description: &'static str) -> Result<Secret, Failure> {
    let value = form.get(name).map(Secret::new);
    value.ok_or_else(|| wrong(Reason::InvalidRequest, description))
}

fn wrong(reason: Reason, description: &'static str) -> Failure {
    Failure::Refused(Refusal {
        reason,
        description,
    })
}

/// The answer to an app that gets nothing (RFC 6749, 5.2). Guesses are paid for by the address.
async fn refuse(
    state: &ApiState,
    id: &RequestId,
    headers: &HeaderMap,
    failure: Failure,
) -> Response {
    let refusal = match failure {
        Failure::Refused(refusal) => refusal,
        Failure::Error(error) => return Problem::new(&state.app, id, error).into_response(),
    };
    let is_guess = matches!(refusal.reason, Reason::InvalidClient | Reason::InvalidGrant);
    let error = Error::new(ErrorCode::Unauthenticated, refusal.description);
    if is_guess {
        let told = toll::guessed(&state.app, address::of(headers), error).await;
        if told.code != ErrorCode::Unauthenticated {
            return Problem::new(&state.app, id, told).into_response();
        }
    }
    let is_unknown = refusal.reason == Reason::InvalidClient;
    let status = if is_unknown {
        StatusCode::UNAUTHORIZED
    } else {
        StatusCode::BAD_REQUEST
    };
    let body =
        json!({ "error": refusal.reason.as_str(), "error_description": refusal.description });
    let mut response = (status, Json(body)).into_response();
    if is_unknown {
        let basic = HeaderValue::from_static("Basic realm=\"Posthaste\"");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, basic);
    }
    response
}
