use posthaste_core::{
    Error, ErrorCode, Result,
    access::PermissionSet,
    ids::OauthAppId,
    oauth::{is_redirect, permissions},
};
use posthaste_store::oauth::{self as rows, OauthApp};
use url::Url;

use super::refusal::{Reason, Refusal};
use crate::App;

/// Longest state that is sent back.
const LONGEST: usize = 2000;

/// What an app asks a person for, as it came with the address.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The app.
    pub client_id: Option<String>,
    /// Where it wants the answer.
    pub redirect_uri: Option<String>,
    /// `code`.
    pub response_type: Option<String>,
    /// What it wants to do.
    pub scope: Option<String>,
    /// What it wants to find in the answer again.
    pub state: Option<String>,
    /// SHA-256 of what it will show to get the tokens (RFC 7636).
    pub code_challenge: Option<String>,
    /// `S256`.
    pub code_challenge_method: Option<String>,
    /// The server that the tokens are for (RFC 8707).
    pub resource: Option<String>,
    /// Whether something stands there twice.
    pub is_ambiguous: bool,
}

/// What a known app asks a person for, at an address that is its own.
#[derive(Clone, Debug)]
pub struct Request {
    /// The app.
    pub app: OauthApp,
    /// The name of the workspace that registered it.
    pub publisher: String,
    /// Where it wants the answer.
    pub redirect_uri: String,
    /// What it wants to do.
    pub permissions: PermissionSet,
    pub(super) state: Option<String>,
    pub(super) challenge: String,
}

/// Why a person is not asked.
#[derive(Debug)]
pub enum Wrong {
    /// It is not sure that the app is at this address: only the person is told.
    Page(Error),
    /// The app is told, at this address.
    Redirect(String),
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Self {
        Self::Page(error)
    }
}

/// Judges what an app asks for.
pub async fn check(app: &App, asked: Asked) -> Result<Request, Wrong> {
    let unknown = || {
        let message = "No app of this server has this client_id.";
        Error::new(ErrorCode::NotFound, message).at(["client_id"])
    };
    let id = asked.client_id.as_deref().unwrap_or_default();
    let id: OauthAppId = id.parse().map_err(|_| unknown())?;
    let mut conn = app.everywhere().db.get().await?;
    let found = rows::named_app(&mut conn, id).await?;
    let (row, publisher) = found.ok_or_else(unknown)?;
    let wanted = asked.redirect_uri.clone().unwrap_or_default();
    if !row
        .redirect_uris
        .iter()
        .any(|one| is_redirect(one, &wanted))
    {
        let message = "The app asks for the answer at an address that it did not register.";
        return Err(Error::new(ErrorCode::InvalidInput, message)
            .at(["redirect_uri"])
            .into());
    }
    let state = asked.state.clone().filter(|state| state.len() <= LONGEST);
    match judge(app, &row, &asked) {
        Ok((permissions, challenge)) => Ok(Request {
            app: row,
            publisher,
            redirect_uri: wanted,
            permissions,
            state,
            challenge,
        }),
        Err(refusal) => Err(Wrong::Redirect(refused(
            app,
            &wanted,
            state.as_deref(),
            &refusal,
        )?)),
    }
}

fn judge(app: &App, row: &OauthApp, asked: &Asked) -> Result<(PermissionSet, String), Refusal> {
    let refuse = |reason, description| Err(Refusal::new(reason, description));
    if asked.is_ambiguous {
        return refuse(Reason::InvalidRequest, "A parameter stands there twice.");
    }
    if asked
        .state
        .as_ref()
        .is_some_and(|state| state.len() > LONGEST)
    {
        return refuse(Reason::InvalidRequest, "state has at most 2000 characters.");
    }
    if asked.response_type.as_deref() != Some("code") {
        return refuse(
            Reason::UnsupportedResponseType,
            "response_type must be code.",
        );
    }
    let challenge = asked.code_challenge.clone().unwrap_or_default();
    if asked.code_challenge_method.as_deref() != Some("S256") || !is_challenge(&challenge) {
        let description =
            "PKCE is asked of every app: code_challenge with code_challenge_method=S256.";
        return refuse(Reason::InvalidRequest, description);
    }
    if asked
        .resource
        .as_deref()
        .is_some_and(|resource| !is_here(app, resource))
    {
        return refuse(Reason::InvalidTarget, "resource is not this server.");
    }
    let wanted = match asked.scope.as_deref().map(str::trim) {
        None | Some("") => Some(row.permissions),
        Some(scope) => permissions(scope),
    };
    match wanted {
        Some(wanted) if row.permissions.covers(wanted) => Ok((wanted, challenge)),
        _ => refuse(
            Reason::InvalidScope,
            "scope is more than the app registered, or no scope of this server.",
        ),
    }
}

/// SHA-256 in base64 without padding.
fn is_challenge(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.len() == 43 && text.bytes().all(is_word)
}

/// Whether a resource is this server: its address, or that of its GraphQL.
pub fn is_here(app: &App, resource: &str) -> bool {
    let rest = resource.strip_prefix(&app.public_url);
    rest.is_some_and(|rest| ["", "/", "/graphql"].contains(&rest))
}

/// Where the app is told that nothing came of it.
pub(super) fn refused(
    app: &App,
    redirect_uri: &str,
    state: Option<&str>,
    refusal: &Refusal,
) -> Result<String> {
    let told = [
        ("error", refusal.reason.as_str()),
        ("error_description", refusal.description),
    ];
    answered(app, redirect_uri, state, &told)
}

/// An app's address with an answer, who gives it (RFC 9207), and what the app wanted to find again.
pub(super) fn answered(
    app: &App,
    redirect_uri: &str,
    state: Option<&str>,
    told: &[(&str, &str)],
) -> Result<String> {
    let mut url = Url::parse(redirect_uri).map_err(Error::internal)?;
    let mut pairs = url.query_pairs_mut();
    pairs.extend_pairs(told);
    pairs.extend_pairs(state.map(|state| ("state", state)));
    pairs.append_pair("iss", &app.public_url);
    drop(pairs);
    Ok(url.into())
}
