//! Where a person is asked whether an app may work for them.

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use posthaste_core::{
    Error, ErrorCode, Result,
    ids::{ConnectionId, WorkspaceId},
    secret::Secret,
};
use posthaste_engine::{
    Actor, App, connection,
    oauth::{self, Asked, Choice, Request, Wrong},
    session::{self, Proof, SignIn, browser},
};
use posthaste_store::{PageRequest, connection::Filter};

use super::{
    super::{ApiState, address, toll},
    AUTHORIZE,
    form::Form,
    pages::{self, Bound},
};
use crate::cookie;

/// What an app may ask for.
const FIELDS: [&str; 8] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "resource",
];

/// How many accounts a person can choose from.
const SHOWN: i64 = 100;

/// Shows a person what an app asks for, or first asks who they are.
pub async fn show(
    State(state): State<ApiState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let request = query.unwrap_or_default();
    let shown = async {
        toll::pay(&state.app, address::of(&headers), toll::CALL).await?;
        let asked = judged(&state.app, &request).await?;
        match signed_in(&state, &headers).await? {
            Some((token, actor)) => ask(&state.app, &actor, &token, &asked, &request, None).await,
            None => Ok(greet(&state.app, &headers, &asked, &request, None)?),
        }
    };
    answer(shown.await)
}

/// Signs a person in who is asked.
pub async fn sign_in(State(state): State<ApiState>, headers: HeaderMap, body: String) -> Response {
    let signed_in = async {
        let client = address::client(&headers);
        toll::pay(&state.app, client.address, toll::CALL).await?;
        let form = Form::of_body(&headers, &body)?;
        let request = form.get("request").unwrap_or_default();
        let asked = judged(&state.app, &request).await?;
        sealed(&state.app, visitor(&headers).as_ref(), &form, &request)?;
        let email = form.get("email").unwrap_or_default();
        let who = SignIn {
            email: &email,
            proof: proof(&form),
            workspace: None,
        };
        let before = cookie::read(&headers);
        match browser::sign_in(&state.app, who, before.as_ref(), &client).await {
            Ok((_, entered)) => {
                let cookie = [(header::SET_COOKIE, cookie::set(&entered, state.app.now())?)];
                Ok((cookie, Redirect::to(&format!("{AUTHORIZE}?{request}"))).into_response())
            }
            Err(error) if error.code == ErrorCode::Internal => Err(error.into()),
            Err(error) => Ok(greet(&state.app, &headers, &asked, &request, Some(&error))?),
        }
    };
    answer(signed_in.await)
}

/// Does what a person decided.
pub async fn decide(State(state): State<ApiState>, headers: HeaderMap, body: String) -> Response {
    let decided = async {
        let form = Form::of_body(&headers, &body)?;
        let request = form.get("request").unwrap_or_default();
        let asked = judged(&state.app, &request).await?;
        let Some((token, actor)) = signed_in(&state, &headers).await? else {
            return Ok(Redirect::to(&format!("{AUTHORIZE}?{request}")).into_response());
        };
        sealed(&state.app, Some(&token), &form, &request)?;
        let workspace = workspace(&form)?;
        let address = match form.get("decision").as_deref() {
            Some("elsewhere") => {
                return ask(
                    &state.app,
                    &actor,
                    &token,
                    &asked,
                    &request,
                    Some(workspace),
                )
                .await;
            }
            Some("allow") => {
                let choice = Choice {
                    workspace,
                    connections: connections(&form)?,
                };
                oauth::allow(&state.app, &actor, &asked, choice).await?
            }
            _ => oauth::deny(&state.app, &asked)?,
        };
        Ok(Redirect::to(&address).into_response())
    };
    answer(decided.await)
}

fn answer(shown: Result<Response, Wrong>) -> Response {
    match shown {
        Ok(response) => response,
        Err(Wrong::Redirect(address)) => Redirect::to(&address).into_response(),
        Err(Wrong::Page(error)) => {
            if error.code == ErrorCode::Internal {
                tracing::error!(cause = ?error.cause, "a page could not be shown");
            }
            pages::refused(&error)
        }
    }
}

async fn judged(app: &App, request: &str) -> Result<Request, Wrong> {
    let form = Form::of_query(request);
    // Which app it is, and where it is, is not guessed.
    let only = |name| form.get(name).filter(|_| !form.repeats(&[name]));
    let asked = Asked {
        client_id: only("client_id"),
        redirect_uri: only("redirect_uri"),
        response_type: form.get("response_type"),
        scope: form.get("scope"),
        state: form.get("state"),
        code_challenge: form.get("code_challenge"),
        code_challenge_method: form.get("code_challenge_method"),
        resource: form.get("resource"),
        is_ambiguous: form.repeats(&FIELDS),
    };
    oauth::check(app, asked).await
}

/// Who is signed in here, by the cookie only: a program cannot agree for a person.
async fn signed_in(state: &ApiState, headers: &HeaderMap) -> Result<Option<(Secret, Actor)>> {
    let Some(token) = cookie::read(headers) else {
        return Ok(None);
    };
    match session::authenticate(&state.app, token.expose()).await {
        Ok(actor) => Ok(Some((token, actor))),
        Err(error) if error.code == ErrorCode::Unauthenticated => Ok(None),
        Err(error) => Err(error),
    }
}

async fn ask(
    app: &App,
    actor: &Actor,
    token: &Secret,
    asked: &Request,
    request: &str,
    wanted: Option<WorkspaceId>,
) -> Result<Response, Wrong> {
    let places = oauth::places(app, actor, asked).await?;
    let mut those = places.iter();
    let chosen = match wanted {
        Some(wanted) => those.find(|place| place.workspace == wanted),
        None => those.next(),
    };
    let chosen = chosen.ok_or_else(|| {
        let message = "There is no workspace that you could let an app into.";
        Error::new(ErrorCode::Forbidden, message)
    })?;
    let there = app.within(chosen.workspace);
    let page = PageRequest::first(SHOWN);
    let found = connection::list(&there, &chosen.actor, &Filter::default(), &page).await?;
    let (user, _) = browser::present(app, actor).await?;
    let seal = oauth::seal(app, token, request)?;
    let bound = Bound {
        request,
        seal: &seal,
    };
    Ok(pages::consent(
        asked,
        &bound,
        &user.email,
        &places,
        chosen,
        &found.rows,
    ))
}

/// Asks who the person is. A cookie of its own binds the form to the browser.
fn greet(
    app: &App,
    headers: &HeaderMap,
    asked: &Request,
    request: &str,
    wrong: Option<&Error>,
) -> Result<Response> {
    let known = visitor(headers);
    let visitor = known.clone().unwrap_or_else(|| fresh(app));
    let seal = oauth::seal(app, &visitor, request)?;
    let bound = Bound {
        request,
        seal: &seal,
    };
    let mut response = pages::sign_in(asked, &bound, wrong);
    if known.is_none() {
        let text = format!(
            "{VISITOR}={}; Path=/; Secure; HttpOnly; SameSite=Lax",
            visitor.expose()
        );
        let value = HeaderValue::from_str(&text).map_err(Error::internal)?;
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// The cookie of a browser in which nobody is signed in yet.
const VISITOR: &str = "__Host-posthaste-visitor";

fn visitor(headers: &HeaderMap) -> Option<Secret> {
    cookie::named(headers, VISITOR).map(Secret::new)
}

fn fresh(app: &App) -> Secret {
    let mut bytes = [0; 32];
    app.random.fill(&mut bytes);
    Secret::new(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Refuses a form that did not come with a page of ours in this browser.
fn sealed(app: &App, browser: Option<&Secret>, form: &Form, request: &str) -> Result<()> {
    let seal = form.get("seal").unwrap_or_default();
    let is_ours = match browser {
        Some(browser) => oauth::is_sealed(app, browser, request, &seal)?,
        None => false,
    };
    if is_ours {
        return Ok(());
    }
    let message =
        "The form is not of this browser, or too old. Go back to the app and begin again.";
    Err(Error::new(ErrorCode::OriginNotAllowed, message))
}

/// Codes of an app are digits; whatever else stands there is a recovery code.
fn proof(form: &Form) -> Proof {
    let code = form.get("code").map(Secret::new);
    let is_digit = |char: char| char.is_ascii_digit() || char.is_whitespace();
    let is_of_app = |code: &Secret| code.expose().chars().all(is_digit);
    let (code, recovery_code) = match code {
        Some(code) if is_of_app(&code) => (Some(code), None),
        other => (None, other),
    };
    Proof {
        password: Secret::new(form.get("password").unwrap_or_default()),
        code,
        recovery_code,
    }
}

fn workspace(form: &Form) -> Result<WorkspaceId> {
    form.get("workspace").unwrap_or_default().parse()
}

/// The accounts that were ticked; all of them when none was.
fn connections(form: &Form) -> Result<Option<Vec<ConnectionId>>> {
    let ticked: Result<Vec<ConnectionId>> = form.all("connection").map(str::parse).collect();
    Ok(Some(ticked?).filter(|ids| !ids.is_empty()))
}
