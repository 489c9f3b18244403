//! `oauth2/token` and `oauth2/revoke`. Refresh tokens are good once and rotate.

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
use super::consent::s256;

/// Life of an access token.
const ACCESS: TimeDelta = TimeDelta::hours(2);
/// Life of a refresh token: six months.
const REFRESH: TimeDelta = TimeDelta::days(182);
/// Scopes of a grant made by the control API.
const SCOPES: [&str; 5] = [
    "tweet.read",
    "tweet.write",
    "users.read",
    "media.write",
    "offline.access",
];

/// Refusal of the token endpoints (RFC 6749 shape).
struct Refused(u16, &'static str, String);

impl Refused {
    fn request(text: impl Into<String>) -> Self {
        Self(400, "invalid_request", text.into())
    }

    fn value_of(what: &str) -> Self {
        Self::request(format!("Value passed for the {what} was invalid."))
    }
}

type Reply = Result<Value, Refused>;

/// `POST /2/oauth2/token`.
pub fn exchange(networks: &Networks, call: &Call) -> Answer {
    answer((|| {
        known(
            call,
            &[
                "grant_type",
                "code",
                "redirect_uri",
                "code_verifier",
                "refresh_token",
                "client_id",
                "scope",
            ],
        )?;
        client(networks, call)?;
        match need(call, "grant_type")? {
            "authorization_code" => by_code(networks, call),
            "refresh_token" => by_refresh(networks, call),
            other => {
                let text = format!("grant_type {other} is not supported.");
                Err(Refused(400, "unsupported_grant_type", text))
            }
        }
    })())
}

/// `POST /2/oauth2/revoke`: one token, access or refresh.
pub fn revoke(networks: &Networks, call: &Call) -> Answer {
    answer((|| {
        known(call, &["token", "token_type_hint", "client_id"])?;
        client(networks, call)?;
        let token = need(call, "token")?;
        let mut state = networks.state();
        if !state.tokens.revoke_refresh(token) {
            state.tokens.revoke_access(token);
        }
        Ok(json!({ "revoked": true }))
    })())
}

/// A grant made by the control API.
pub fn control_grant(
    networks: &Networks,
    account: &Account,
    scopes: Option<BTreeSet<String>>,
) -> Value {
    let scopes = scopes.unwrap_or_else(|| SCOPES.map(str::to_owned).into());
    let client_id = &networks.config().clients[&Network::X].id;
    let accounts = vec![account.id.clone()];
    let grant = networks
        .state()
        .tokens
        .add_grant(Network::X, client_id, accounts, scopes.clone());
    let made = issue(networks, grant, &account.id);
    json!({
        "accessToken": made["access_token"],
        "tokenType": made["token_type"],
        "expiresIn": made["expires_in"],
        "refreshToken": made["refresh_token"],
        "scopes": scopes,
    })
}

fn by_code(networks: &Networks, call: &Call) -> Reply {
    let (code, redirect_uri) = (need(call, "code")?, need(call, "redirect_uri")?);
    let verifier = need(call, "code_verifier")?;
    let (grant, account) = {
        let mut state = networks.state();
        let used = state.tokens.take_code(code, networks.now());
        let used = used.ok_or_else(|| Refused::value_of("authorization code"))?;
        let grant = state
            .tokens
            .grant(used.grant)
            .filter(|grant| grant.network == Network::X);
        let account = grant.and_then(|grant| grant.accounts.first().cloned());
        let account = account.ok_or_else(|| Refused::value_of("authorization code"))?;
        if used.redirect_uri != redirect_uri {
            return Err(Refused::request(
                "Value passed for the redirect uri did not match the uri of the authorization code.",
            ));
        }
        if used.challenge != Some(s256(verifier)) {
            return Err(Refused::request(
                "Value passed for the code verifier did not match the code challenge.",
            ));
        }
        (used.grant, account)
    };
    Ok(issue(networks, grant, &account))
}

fn by_refresh(networks: &Networks, call: &Call) -> Reply {
    let token = need(call, "refresh_token")?;
    let used = networks.state().tokens.take_refresh(token, networks.now());
    let used = used.ok_or_else(|| Refused::value_of("token"))?;
    Ok(issue(networks, used.grant, &used.account))
}

/// New tokens; a refresh token only with `offline.access`.
fn issue(networks: &Networks, grant: u64, account: &str) -> Value {
    let now = networks.now();
    let mut state = networks.state();
    let scopes = state
        .tokens
        .grant(grant)
        .map(|g| g.scopes.clone())
        .unwrap_or_default();
    let tokens = &mut state.tokens;
    let access = tokens.add_access("", grant, Some(account.into()), now, Some(ACCESS));
    let mut made = json!({
        "token_type": "bearer",
        "expires_in": ACCESS.num_seconds(),
        "access_token": access,
        "scope": scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
    });
    if scopes.contains("offline.access") {
        made["refresh_token"] = tokens
            .add_refresh("", grant, account.into(), now + REFRESH)
            .into();
    }
    made
}

/// A confidential application proves itself with Basic; without a secret its id is enough.
fn client(networks: &Networks, call: &Call) -> Result<(), Refused> {
    let client = &networks.config().clients[&Network::X];
    let known = match call.basic() {
        Some((id, secret)) => id == client.id && secret == client.secret,
        None if client.secret.is_empty() => call.form("client_id") == Some(&client.id),
        None => {
            let text = "Missing valid authorization header";
            return Err(Refused(401, "unauthorized_client", text.into()));
        }
    };
    if known {
        Ok(())
    } else {
        Err(Refused(
            401,
            "invalid_client",
            "Value passed for the client was invalid.".into(),
        ))
    }
}

fn known(call: &Call, names: &[&str]) -> Result<(), Refused> {
    let Body::Form(fields) = &call.body else {
        return Err(Refused::request(
            "The body must be application/x-www-form-urlencoded.",
        ));
    };
    match fields
        .iter()
        .find(|(name, _)| !names.contains(&name.as_str()))
    {
        Some((name, _)) => Err(Refused::request(format!("Unknown parameter [{name}]."))),
        None => Ok(()),
    }
}

fn need<'a>(call: &'a Call, name: &str) -> Result<&'a str, Refused> {
    let value = call.form(name).filter(|value| !value.is_empty());
    value.ok_or_else(|| Refused::request(format!("Missing required parameter [{name}].")))
}

fn answer(reply: Reply) -> Answer {
    let answer = match reply {
        Ok(body) => Answer::json(200, &body),
        Err(Refused(status, error, text)) => Answer::json(
            status,
            &json!({ "error": error, "error_description": text }),
        ),
    };
    answer.with("cache-control", "no-store")
}
