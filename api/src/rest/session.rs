//! Signing in and out for browsers: the session is a cookie.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use posthaste_core::{Error, ErrorCode, Result, ids::WorkspaceId, secret::Secret};
use posthaste_engine::session::{Proof, SignIn, browser};
use posthaste_store::access::{Session, User};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    ApiState, Problem, Refusal, RequestId, address,
    graphql::{check_type, read},
    request::Sender,
    toll,
};
use crate::cookie;

/// The routes of browsers' sessions.
pub fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(create, show, remove))
}

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Credentials {
    /// The e-mail.
    email: String,
    /// The password.
    password: String,
    /// The code of the authenticator app, if there is one.
    code: Option<String>,
    /// A recovery code in the place of that.
    recovery_code: Option<String>,
    /// The workspace to open; the one joined first when left out.
    workspace_id: Option<String>,
}

/// Who is signed in, and until when.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Present {
    /// The session's id (`ses_…`).
    id: String,
    /// The workspace's id.
    workspace_id: String,
    /// The role in the workspace.
    role: &'static str,
    /// The person.
    person: Somebody,
    /// When the person signed in.
    created_at: DateTime<Utc>,
    /// When it ends unless it is used before.
    expires_at: DateTime<Utc>,
    /// When the person last showed who they are.
    authenticated_at: DateTime<Utc>,
    /// Whether with a second factor.
    second_factor: bool,
}

/// A person.
#[derive(Serialize, ToSchema)]
pub struct Somebody {
    /// The id (`user_…`).
    id: String,
    /// The name.
    name: String,
    /// The e-mail, in lower case.
    email: String,
}

impl Present {
    fn new(user: User, session: &Session) -> Self {
        Self {
            id: session.id.to_string(),
            workspace_id: session.workspace_id.to_string(),
            role: session.role.as_str(),
            person: Somebody {
                id: user.id.to_string(),
                name: user.name,
                email: user.email,
            },
            created_at: session.created_at,
            expires_at: session.expires_at,
            authenticated_at: session.authenticated_at,
            second_factor: session.second_factor,
        }
    }
}

/// Signs a person in.
///
/// The session is the cookie `__Host-posthaste`, which no script can read. The session that the browser had before ends.
#[utoipa::path(
    post,
    path = "/auth/session",
    tag = "auth",
    security(()),
    request_body = Credentials,
    responses(
        (status = 200, description = "Signed in; Set-Cookie has the session.", body = Present),
        (status = 400, description = "BAD_REQUEST or INVALID_ID.", body = Problem),
        (status = 401, description = "WRONG_CREDENTIALS or SECOND_FACTOR_WRONG.", body = Problem),
        (status = 403, description = "SECOND_FACTOR_REQUIRED, ACCOUNT_DISABLED, FORBIDDEN or ORIGIN_NOT_ALLOWED.", body = Problem),
        (status = 415, description = "UNSUPPORTED_MEDIA_TYPE: not application/json.", body = Problem),
        (status = 429, description = "RATE_LIMITED, with Retry-After.", body = Problem),
    ),
)]
async fn create(
    State(state): State<ApiState>,
    id: RequestId,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let signed_in = sign_in(&state, &headers, body).await;
    signed_in.map_err(|error| Refusal::new(&state.app, &id, error))
}

async fn sign_in(state: &ApiState, headers: &HeaderMap, body: Body) -> Result<Response> {
    let app = &state.app;
    let client = address::client(headers);
    toll::pay(app, client.address, toll::CALL).await?;
    check_type(headers)?;
    let asked = parse(&read(headers, body).await?)?;
    let who = SignIn {
        email: &asked.email,
        proof: Proof {
            password: Secret::new(asked.password),
            code: asked.code.map(Secret::new),
            recovery_code: asked.recovery_code.map(Secret::new),
        },
        workspace: asked.workspace_id.as_deref().map(workspace).transpose()?,
    };
    let before = cookie::read(headers);
    let (user, entered) = browser::sign_in(app, who, before.as_ref(), &client).await?;
    let cookie = cookie::set(&entered, app.now())?;
    let present = Present::new(user, &entered.session);
    Ok(([(header::SET_COOKIE, cookie)], Json(present)).into_response())
}

fn parse(bytes: &[u8]) -> Result<Credentials> {
    serde_json::from_slice(bytes).map_err(|error| {
        let message = format!("The body does not fit: {error}");
        Error::new(ErrorCode::BadRequest, message)
    })
}

fn workspace(text: &str) -> Result<WorkspaceId> {
    text.parse()
        .map_err(|error: Error| error.at(["workspaceId"]))
}

/// Who is signed in, and until when.
#[utoipa::path(
    get,
    path = "/auth/session",
    tag = "auth",
    responses(
        (status = 200, description = "The session of the request.", body = Present),
        (status = 401, description = "UNAUTHENTICATED.", body = Problem),
        (status = 409, description = "INVALID_STATE: the request carries an API key.", body = Problem),
    ),
)]
async fn show(
    State(state): State<ApiState>,
    id: RequestId,
    Sender(app, actor): Sender,
) -> Result<Json<Present>, Refusal> {
    match browser::present(&app, &actor).await {
        Ok((user, session)) => Ok(Json(Present::new(user, &session))),
        Err(error) => Err(Refusal::new(&state.app, &id, error)),
    }
}

/// Signs out: ends the cookie's session and takes the cookie back. Does so too where the session is over already.
#[utoipa::path(
    delete,
    path = "/auth/session",
    tag = "auth",
    responses((status = 204, description = "Signed out; Set-Cookie takes the cookie back.")),
)]
async fn remove(
    State(state): State<ApiState>,
    id: RequestId,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    if let Some(token) = cookie::read(&headers) {
        let ended = browser::sign_out(&state.app, &token).await;
        ended.map_err(|error| Refusal::new(&state.app, &id, error))?;
    }
    let forget = [(header::SET_COOKIE, cookie::forget())];
    Ok((StatusCode::NO_CONTENT, forget).into_response())
}
