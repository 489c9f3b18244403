//! `oauth/token`. Refresh tokens are good once and rotate.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::super::{
    Networks,
    accounts::Account,
    answer::Answer,
    call::{Body, Call},
    kinds::Network,
};
use super::{Reply, problem::Problem};

/// Life of an access token.
const ACCESS: TimeDelta = TimeDelta::days(30);
/// Life of a refresh token.
const REFRESH: TimeDelta = TimeDelta::days(60);
/// Life of the refresh token of a grant made by the control API.
const SEEDED_REFRESH: TimeDelta = TimeDelta::days(365);
/// Scopes of such a grant.
const SCOPES: [&str; 5] = [
    "boards:read",
    "boards:write",
    "pins:read",
    "pins:write",
    "user_accounts:read",
];

/// `POST /v5/oauth/token`.
pub fn exchange(networks: &Networks, call: &Call) -> Answer {
    let reply = match call.form("grant_type") {
        Some("authorization_code") => by_code(networks, call),
        Some("refresh_token") => by_refresh(networks, call),
        Some("client_credentials") => Err(Problem::forbidden()),
        _ => Err(Problem::invalid("grant_type is missing or unknown")),
    };
    reply.unwrap_or_else(|problem| problem.answer())
}

/// A grant made by the control API.
pub fn control_grant(
    networks: &Networks,
    account: &Account,
    scopes: Option<BTreeSet<String>>,
) -> Value {
    let scopes = scopes.unwrap_or_else(|| SCOPES.map(str::to_owned).into());
    let client_id = &networks.config().clients[&Network::Pinterest].id;
    let accounts = vec![account.id.clone()];
    let grant =
        networks
            .state()
            .tokens
            .add_grant(Network::Pinterest, client_id, accounts, scopes.clone());
    let made = issue(networks, grant, &account.id, SEEDED_REFRESH);
    json!({
        "accessToken": made["access_token"],
        "tokenType": made["token_type"],
        "expiresIn": made["expires_in"],
        "refreshToken": made["refresh_token"],
        "refreshTokenExpiresIn": made["refresh_token_expires_in"],
        "scopes": scopes,
    })
}

fn by_code(networks: &Networks, call: &Call) -> Reply {
    known(
        call,
        &["grant_type", "code", "redirect_uri", "continuous_refresh"],
    )?;
    client(networks, call)?;
    let (code, redirect_uri) = (need(call, "code")?, need(call, "redirect_uri")?);
    let wrong = || Problem::invalid("the code is unknown, used or expired");
    let (grant, account) = {
        let mut state = networks.state();
        let used = state
            .tokens
            .take_code(code, networks.now())
            .ok_or_else(wrong)?;
        let grant = state.tokens.grant(used.grant);
        let grant = grant
            .filter(|grant| grant.network == Network::Pinterest)
            .ok_or_else(wrong)?;
        if used.redirect_uri != redirect_uri {
            return Err(Problem::invalid(
                "the redirect_uri is not the one of the code",
            ));
        }
        (
            used.grant,
            grant.accounts.first().cloned().ok_or_else(wrong)?,
        )
    };
    let mut made = issue(networks, grant, &account, REFRESH);
    made["response_type"] = "authorization_code".into();
    Ok(Answer::json(200, &made))
}

fn by_refresh(networks: &Networks, call: &Call) -> Reply {
    known(
        call,
        &["grant_type", "refresh_token", "scope", "continuous_refresh"],
    )?;
    client(networks, call)?;
    let token = need(call, "refresh_token")?;
    let used = networks.state().tokens.take_refresh(token, networks.now());
    let used = used.ok_or_else(Problem::unauthorized)?;
    let mut made = issue(networks, used.grant, &used.account, REFRESH);
    made["response_type"] = "refresh_token".into();
    Ok(Answer::json(200, &made))
}

fn issue(networks: &Networks, grant: u64, account: &str, refresh_life: TimeDelta) -> Value {
    let now = networks.now();
    let mut state = networks.state();
    let scopes = state
        .tokens
        .grant(grant)
        .map(|g| g.scopes.clone())
        .unwrap_or_default();
    let tokens = &mut state.tokens;
    let access = tokens.add_access("pina_", grant, Some(account.into()), now, Some(ACCESS));
    let refresh = tokens.add_refresh("pinr.", grant, account.into(), now + refresh_life);
    json!({
        "access_token": access,
        "token_type": "bearer",
        "expires_in": ACCESS.num_seconds(),
        "scope": scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
        "refresh_token": refresh,
        "refresh_token_expires_in": refresh_life.num_seconds(),
        "refresh_token_expires_at": (now + refresh_life).timestamp(),
    })
}

/// The application proves itself with Basic.
fn client(networks: &Networks, call: &Call) -> Result<(), Problem> {
    let client = &networks.config().clients[&Network::Pinterest];
    match call.basic() {
        Some((id, secret)) if id == client.id && secret == client.secret => Ok(()),
        _ => Err(Problem::unauthorized()),
    }
}

fn known(call: &Call, names: &[&str]) -> Result<(), Problem> {
    let Body::Form(fields) = &call.body else {
        return Err(Problem::invalid(
            "the body must be application/x-www-form-urlencoded",
        ));
    };
    match fields
        .iter()
        .find(|(name, _)| !names.contains(&name.as_str()))
    {
        Some((name, _)) => Err(Problem::invalid(format!("unknown parameter '{name}'"))),
        None => Ok(()),
    }
}

fn need<'a>(call: &'a Call, name: &str) -> Result<&'a str, Problem> {
    let value = call.form(name).filter(|value| !value.is_empty());
    value.ok_or_else(|| Problem::invalid(format!("'{name}' is a required property")))
}
