//! Facebook Login: consent, tokens and pages (networks.md, 2.2).

use posthaste_core::{
    Network,
    connector::{Account, Authorization, Ctx, Failure, FailureClass, TokenSet},
    ports::Request,
    secret::Secret,
};
use serde_json::Value;

use super::{GRAPH, Graph, VERSION, error::GraphError};
use crate::wire::{no_answer, tokens};

/// Pages of the list of accounts read at most.
const MOST_LISTS: usize = 20;

/// The consent page.
pub fn authorize_url(ctx: &Ctx, authorization: &Authorization, scopes: &[&str]) -> String {
    let dialog = ctx
        .hosts
        .url("www.facebook.com", &format!("/{VERSION}/dialog/oauth"));
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", &ctx.app.id)
        .append_pair("redirect_uri", &authorization.redirect_uri)
        .append_pair("state", &authorization.state)
        .append_pair("scope", &scopes.join(","))
        .append_pair("response_type", "code")
        .finish();
    format!("{dialog}?{query}")
}

/// A code becomes a token of hours, that one becomes a token of about 60 days; the granted
/// permissions are read, since people can leave some out.
pub async fn exchange(
    ctx: &Ctx,
    network: Network,
    authorization: &Authorization,
    code: &str,
) -> Result<TokenSet, Failure> {
    let code = code.trim_end_matches("#_");
    let redirect = [
        ("redirect_uri", &*authorization.redirect_uri),
        ("code", code),
    ];
    let short = ask_token(ctx, network, &redirect).await?;
    let long = [
        ("grant_type", "fb_exchange_token"),
        ("fb_exchange_token", short.access.expose()),
    ];
    let mut granted = ask_token(ctx, network, &long).await?;
    granted.scopes = permissions(ctx, network, &granted.access).await?;
    Ok(granted)
}

/// The pages of a person as the Graph lists them, each with its token in `access_token`.
pub async fn pages(
    ctx: &Ctx,
    network: Network,
    person: &TokenSet,
    fields: &str,
) -> Result<Vec<Value>, Failure> {
    let graph = Graph::new(ctx, network, &person.access);
    let request = graph.get("/me/accounts").query("fields", fields);
    Ok(graph.list(request, MOST_LISTS, |_| false).await?.items)
}

/// An account that publishes with its page's token. Such tokens have no end of their own.
pub fn account(
    profile: &Value,
    avatar: &Value,
    page_token: &str,
    person: &TokenSet,
) -> Option<Account> {
    let text = |name: &str| profile[name].as_str().filter(|text| !text.is_empty());
    let username = text("username");
    Some(Account {
        remote_id: text("id")?.to_owned(),
        name: text("name").or(username).unwrap_or_default().to_owned(),
        username: username.map(str::to_owned),
        avatar_url: avatar.as_str().map(str::to_owned),
        tokens: TokenSet {
            access: Secret::new(page_token),
            refresh: None,
            expires_at: None,
            refresh_expires_at: None,
            scopes: person.scopes.clone(),
        },
    })
}

/// Page tokens cannot be refreshed: they hold until the person takes the access back.
pub fn refresh(network: Network) -> Failure {
    let message = format!("{network} has no refresh of its tokens. Reconnect the account.");
    Failure::new(FailureClass::Reauthorize, message)
}

async fn ask_token(
    ctx: &Ctx,
    network: Network,
    query: &[(&str, &str)],
) -> Result<TokenSet, Failure> {
    let url = ctx
        .hosts
        .url(GRAPH, &format!("/{VERSION}/oauth/access_token"));
    let mut request = Request::get(url)
        .query("client_id", &ctx.app.id)
        .query("client_secret", ctx.app.secret.expose());
    for (name, value) in query {
        request = request.query(name, *value);
    }
    let response = ctx.http.send(request).await;
    let response = response.map_err(|error| no_answer(network, &error))?;
    let now = ctx.clock.now();
    if !response.is_success() {
        let error = GraphError::read(network, &response, now, &[&ctx.app.secret]);
        return Err(error.into_failure());
    }
    tokens(&response.json(), None, now).ok_or_else(|| {
        let message = format!("{network} answered without a token. Start connecting again.");
        Failure::new(FailureClass::Retry, message)
    })
}

async fn permissions(ctx: &Ctx, network: Network, token: &Secret) -> Result<Vec<String>, Failure> {
    let graph = Graph::new(ctx, network, token);
    let body = graph.call(graph.get("/me/permissions")).await?;
    let rows = body["data"].as_array().into_iter().flatten();
    let granted = rows.filter(|row| row["status"] == "granted");
    let names = granted.filter_map(|row| row["permission"].as_str());
    Ok(names.map(str::to_owned).collect())
}
