//! OAuth 2.0 with PKCE (networks.md, 1.2).

use posthaste_core::{
    Network,
    connector::{Account, Authorization, Ctx, Failure, FailureClass, TokenSet},
    ports::{Request, Response},
};

use super::{
    api::{self, User},
    capabilities::CAPABILITIES,
};
use crate::oauth2;

/// The consent page.
pub fn authorize_url(ctx: &Ctx, authorization: &Authorization) -> String {
    let parameters = [
        ("response_type", "code"),
        ("client_id", &ctx.app.id),
        ("redirect_uri", &authorization.redirect_uri),
        ("scope", &CAPABILITIES.scopes.join(" ")),
        ("state", &authorization.state),
        (
            "code_challenge",
            &oauth2::challenge(&authorization.verifier),
        ),
        ("code_challenge_method", "S256"),
    ];
    oauth2::page(&ctx.hosts.url("x.com", "/i/oauth2/authorize"), &parameters)
}

/// Tokens for a code, which lives 30 seconds.
pub async fn exchange(
    ctx: &Ctx,
    authorization: &Authorization,
    code: &str,
) -> Result<TokenSet, Failure> {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &authorization.redirect_uri),
        ("code_verifier", &authorization.verifier),
    ];
    let response = ask(ctx, "/oauth2/token", &fields).await?;
    oauth2::tokens(ctx, Network::X, &response, None)
}

/// Fresh tokens; the refresh token is used up by it and another one comes back.
pub async fn refresh(ctx: &Ctx, tokens: &TokenSet) -> Result<TokenSet, Failure> {
    let fields = oauth2::refresh_form(Network::X, tokens)?;
    let response = ask(ctx, "/oauth2/token", &fields).await?;
    oauth2::tokens(ctx, Network::X, &response, Some(tokens))
}

/// Ends the refresh token first, so that nothing new can be had, then the access token. One that has ended
/// already is no failure.
pub async fn revoke(ctx: &Ctx, tokens: &TokenSet) -> Result<(), Failure> {
    let refresh = tokens.refresh.iter().filter(|token| !token.is_empty());
    for token in refresh.chain([&tokens.access]) {
        let fields = [("token", token.expose())];
        match ask(ctx, "/oauth2/revoke", &fields).await {
            Err(failure) if failure.class != FailureClass::Reauthorize => return Err(failure),
            _ => {}
        }
    }
    Ok(())
}

/// The one account behind the tokens.
pub async fn accounts(ctx: &Ctx, tokens: &TokenSet) -> Result<Vec<Account>, Failure> {
    let request = Request::get(api::url(ctx, "/users/me"))
        .query("user.fields", "profile_image_url")
        .bearer(&tokens.access);
    let user: User = api::data(&api::send(ctx, request).await?)?;
    Ok(vec![Account {
        remote_id: user.id,
        name: user.name,
        username: Some(user.username),
        avatar_url: user.profile_image_url,
        tokens: tokens.clone(),
    }])
}

/// Confidential apps sign in with their secret, public ones name themselves.
async fn ask(ctx: &Ctx, path: &str, fields: &[(&str, &str)]) -> Result<Response, Failure> {
    let request = Request::post(api::url(ctx, path));
    let fields = fields.iter().copied();
    let request = if ctx.app.secret.is_empty() {
        request.form(fields.chain([("client_id", ctx.app.id.as_str())]))
    } else {
        request
            .header("authorization", oauth2::basic(&ctx.app))
            .form(fields)
    };
    api::send(ctx, request).await.map_err(dead_grant)
}

/// A refused code or token is 400, a refused app 401.
fn dead_grant(failure: Failure) -> Failure {
    let class = match failure.status {
        Some(400) => FailureClass::Reauthorize,
        Some(401) => FailureClass::Operator,
        _ => return failure,
    };
    Failure { class, ..failure }
}
