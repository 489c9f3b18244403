//! OAuth 2.0 (networks.md, 4.1).

use posthaste_core::{
    Network,
    connector::{
        Account, Authorization, Ctx, Destination, Failure, FailureClass, Session, TokenSet,
    },
    ports::Request,
};

use super::{
    api::{self, Board, Page, User},
    capabilities::CAPABILITIES,
};
use crate::oauth2;

/// At most so many pages of 250 boards.
const MAX_PAGES: usize = 20;

/// The consent page; Pinterest knows no PKCE.
pub fn authorize_url(ctx: &Ctx, authorization: &Authorization) -> String {
    let parameters = [
        ("client_id", ctx.app.id.as_str()),
        ("redirect_uri", &authorization.redirect_uri),
        ("response_type", "code"),
        ("scope", &CAPABILITIES.scopes.join(",")),
        ("state", &authorization.state),
    ];
    oauth2::page(&ctx.hosts.url("www.pinterest.com", "/oauth/"), &parameters)
}

/// Tokens for a code.
pub async fn exchange(
    ctx: &Ctx,
    authorization: &Authorization,
    code: &str,
) -> Result<TokenSet, Failure> {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &authorization.redirect_uri),
    ];
    ask(ctx, &fields, None).await
}

/// Fresh tokens; the refresh token changes each time.
pub async fn refresh(ctx: &Ctx, tokens: &TokenSet) -> Result<TokenSet, Failure> {
    let fields = oauth2::refresh_form(Network::Pinterest, tokens)?;
    ask(ctx, &fields, Some(tokens)).await
}

/// The one account behind the tokens.
pub async fn accounts(ctx: &Ctx, tokens: &TokenSet) -> Result<Vec<Account>, Failure> {
    let request = Request::get(api::url(ctx, "/user_account")).bearer(&tokens.access);
    let user: User = api::read(&api::send(ctx, request).await?)?;
    Ok(vec![Account {
        remote_id: user.id,
        name: user.business_name.unwrap_or_else(|| user.username.clone()),
        username: Some(user.username),
        avatar_url: user.profile_image,
        tokens: tokens.clone(),
    }])
}

/// The account's boards.
pub async fn boards(ctx: &Ctx, session: &Session) -> Result<Vec<Destination>, Failure> {
    let first = Request::get(api::url(ctx, "/boards")).query("page_size", "250");
    let mut boards = Vec::new();
    let mut request = first.clone();
    for _ in 0..MAX_PAGES {
        let page: Page<Board> = api::read(&api::call(ctx, session, request).await?)?;
        let next = page
            .next()
            .map(|bookmark| first.clone().query("bookmark", bookmark));
        let items = page.items.into_iter();
        boards.extend(items.map(|Board { id, name }| Destination { id, name }));
        match next {
            Some(next) => request = next,
            None => break,
        }
    }
    Ok(boards)
}

async fn ask(
    ctx: &Ctx,
    fields: &[(&str, &str)],
    before: Option<&TokenSet>,
) -> Result<TokenSet, Failure> {
    let request = Request::post(api::url(ctx, "/oauth/token"))
        .header("authorization", oauth2::basic(&ctx.app))
        .form(fields.iter().copied());
    let response = api::send(ctx, request).await.map_err(dead_grant)?;
    oauth2::tokens(ctx, Network::Pinterest, &response, before)
}

/// A refused code or refresh token.
fn dead_grant(failure: Failure) -> Failure {
    match failure.status {
        Some(400 | 401) => Failure {
            class: FailureClass::Reauthorize,
            ..failure
        },
        _ => failure,
    }
}
