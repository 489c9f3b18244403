//! Codes and tokens for tokens.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{
    super::{
        super::{
            Networks, accounts::Account, answer::Answer, call::Call, kinds::Network,
            switches::IgTokenShape, tokens::Code,
        },
        Graph, auth,
        error::GraphError,
        params::Params,
    },
    EAA, HOUR, IGAA, LONG, SHORT,
};

/// Scopes of a Facebook grant made by the control API.
const FACEBOOK_SCOPES: [&str; 5] = [
    "public_profile",
    "pages_show_list",
    "pages_manage_posts",
    "pages_read_engagement",
    "read_insights",
];
/// Scopes of an Instagram grant made by the control API (Facebook Login).
const INSTAGRAM_SCOPES: [&str; 6] = [
    "public_profile",
    "pages_show_list",
    "pages_read_engagement",
    "instagram_basic",
    "instagram_content_publish",
    "instagram_manage_insights",
];

/// `oauth/access_token`: a code, or a short-lived token, for a token.
pub fn facebook_token(networks: &Networks, call: &Call) -> Graph {
    let params = Params::read(call)?;
    params.only(&[
        "client_id",
        "client_secret",
        "redirect_uri",
        "code",
        "grant_type",
        "fb_exchange_token",
    ])?;
    client(networks, &params, &[Network::Facebook, Network::Instagram])?;
    match params.get_text("grant_type").as_deref() {
        Some("fb_exchange_token") => {
            let bearer = auth::check(networks, &params.required("fb_exchange_token")?)?;
            Ok(user_token(networks, bearer.grant_id, LONG))
        }
        None | Some("authorization_code") => {
            let code = used_code(networks, &params)?;
            Ok(user_token(networks, code.grant, SHORT))
        }
        Some(other) => Err(GraphError::param(format!("Invalid grant_type: {other}"))),
    }
}

fn user_token(networks: &Networks, grant: u64, life: TimeDelta) -> Answer {
    let now = networks.now();
    let token = networks
        .state()
        .tokens
        .add_access(EAA, grant, None, now, Some(life));
    let expires_in = life.num_seconds();
    Answer::json(
        200,
        &json!({ "access_token": token, "token_type": "bearer", "expires_in": expires_in }),
    )
}

/// `api.instagram.com/oauth/access_token`.
pub fn instagram_code(networks: &Networks, call: &Call) -> Graph {
    let params = Params::read(call)?;
    params.only(&[
        "client_id",
        "client_secret",
        "grant_type",
        "redirect_uri",
        "code",
    ])?;
    client(networks, &params, &[Network::Instagram])?;
    if params.required("grant_type")? != "authorization_code" {
        return Err(GraphError::param("grant_type must be authorization_code"));
    }
    let code = used_code(networks, &params)?;
    let now = networks.now();
    let mut state = networks.state();
    let grant = state.tokens.grant(code.grant).cloned();
    let grant = grant.ok_or_else(|| GraphError::param("This authorization code was revoked"))?;
    let account = grant
        .accounts
        .first()
        .cloned()
        .ok_or_else(|| GraphError::param("The person has chosen no Instagram account"))?;
    let token = state
        .tokens
        .add_access(IGAA, code.grant, Some(account.clone()), now, Some(HOUR));
    let scopes: Vec<_> = grant.scopes.iter().cloned().collect();
    let body = json!({ "access_token": token, "user_id": account, "permissions": scopes });
    Ok(match state.switches.ig_token_shape {
        IgTokenShape::Flat => Answer::json(200, &body),
        IgTokenShape::Data => Answer::json(200, &json!({ "data": [body] })),
    })
}

/// `graph.instagram.com/access_token`: the 60-day token.
pub fn instagram_long_lived(networks: &Networks, call: &Call) -> Graph {
    let params = Params::read(call)?;
    params.only(&["grant_type", "client_secret"])?;
    if params.required("grant_type")? != "ig_exchange_token" {
        return Err(GraphError::param("grant_type must be ig_exchange_token"));
    }
    if params.required("client_secret")? != networks.config().clients[&Network::Instagram].secret {
        return Err(GraphError::new(1, None, "Error validating client secret."));
    }
    let bearer = auth::bearer(networks, call, &params)?;
    instagram_login_token(networks, bearer.grant_id, bearer.account, false)
}

/// `graph.instagram.com/refresh_access_token`: for tokens of at least 24 hours.
pub fn instagram_refresh(networks: &Networks, call: &Call) -> Graph {
    let params = Params::read(call)?;
    params.only(&["grant_type"])?;
    if params.required("grant_type")? != "ig_refresh_token" {
        return Err(GraphError::param("grant_type must be ig_refresh_token"));
    }
    let bearer = auth::bearer(networks, call, &params)?;
    if networks.now() - bearer.issued_at < TimeDelta::hours(24) {
        return Err(GraphError::param(
            "The token must be at least 24 hours old to be refreshed",
        ));
    }
    instagram_login_token(networks, bearer.grant_id, bearer.account, true)
}

fn instagram_login_token(
    networks: &Networks,
    grant: u64,
    account: Option<String>,
    with_permissions: bool,
) -> Graph {
    let account = account.ok_or_else(|| GraphError::param("This is no Instagram token"))?;
    let (life, now) = (TimeDelta::days(60), networks.now());
    let mut state = networks.state();
    let token = state
        .tokens
        .add_access(IGAA, grant, Some(account), now, Some(life));
    let expires_in = life.num_seconds();
    let mut body =
        json!({ "access_token": token, "token_type": "bearer", "expires_in": expires_in });
    if let (true, Some(grant)) = (with_permissions, state.tokens.grant(grant)) {
        let scopes: Vec<_> = grant.scopes.iter().map(String::as_str).collect();
        body["permissions"] = scopes.join(",").into();
    }
    Ok(Answer::json(200, &body))
}

/// `debug_token`: what `input_token` is.
pub fn debug_token(networks: &Networks, call: &Call) -> Graph {
    let params = Params::read(call)?;
    params.only(&["input_token"])?;
    let token = params.required("input_token")?;
    let data = match auth::check(networks, &token) {
        Ok(bearer) => json!({
            "app_id": bearer.grant.client_id,
            "type": if bearer.account.is_some() { "PAGE" } else { "USER" },
            "is_valid": true,
            "issued_at": bearer.issued_at.timestamp(),
            "expires_at": bearer.expires_at.map_or(0, |end| end.timestamp()),
            "scopes": bearer.grant.scopes,
            "profile_id": bearer.account,
        }),
        Err(_) => json!({ "is_valid": false, "scopes": [] }),
    };
    Ok(Answer::json(200, &json!({ "data": data })))
}

/// A grant as if consent had been clicked: the Page token, without end as from a long-lived
/// person's token. With Instagram Login scopes, an Instagram Login token.
pub fn control_grant(
    networks: &Networks,
    account: &Account,
    scopes: Option<BTreeSet<String>>,
) -> Value {
    let network = account.network;
    let usual: &[&str] = if network == Network::Facebook {
        &FACEBOOK_SCOPES
    } else {
        &INSTAGRAM_SCOPES
    };
    let scopes = scopes.unwrap_or_else(|| usual.iter().map(|s| (*s).to_owned()).collect());
    let instagram_login = scopes
        .iter()
        .any(|scope| scope.starts_with("instagram_business_"));
    let (bearer, prefix, life) = match &account.linked {
        Some(page) if network == Network::Instagram && !instagram_login => (page, EAA, None),
        _ if instagram_login => (&account.id, IGAA, Some(TimeDelta::days(60))),
        _ => (&account.id, EAA, None),
    };
    let now = networks.now();
    let client_id = networks.config().clients[&network].id.clone();
    let mut state = networks.state();
    let accounts = vec![bearer.clone()];
    let grant = state
        .tokens
        .add_grant(network, &client_id, accounts, scopes.clone());
    let token = state
        .tokens
        .add_access(prefix, grant, Some(bearer.clone()), now, life);
    let user =
        (!instagram_login).then(|| state.tokens.add_access(EAA, grant, None, now, Some(LONG)));
    json!({
        "accessToken": token,
        "tokenType": "bearer",
        "expiresIn": life.map(|life| life.num_seconds()),
        "scopes": scopes,
        "userAccessToken": user,
    })
}

fn client(networks: &Networks, params: &Params, of: &[Network]) -> Result<(), GraphError> {
    let id = params.required("client_id")?;
    let secret = params.required("client_secret")?;
    let clients = &networks.config().clients;
    let known = of
        .iter()
        .map(|n| &clients[n])
        .find(|client| client.id == id)
        .ok_or_else(|| {
            GraphError::new(
                101,
                None,
                "Error validating application. Cannot get application info due to a system error.",
            )
        })?;
    if known.secret == secret {
        Ok(())
    } else {
        Err(GraphError::new(1, None, "Error validating client secret."))
    }
}

fn used_code(networks: &Networks, params: &Params) -> Result<Code, GraphError> {
    let value = params.required("code")?;
    let redirect_uri = params.required("redirect_uri")?;
    let client_id = params.required("client_id")?;
    let now = networks.now();
    let mut state = networks.state();
    // The browser may have kept the fragment: `#_` belongs to the address, not to the code.
    let code = state.tokens.take_code(value.trim_end_matches("#_"), now);
    let code = code.ok_or_else(|| {
        GraphError::new(
            100,
            Some(36009),
            "This authorization code has been used or has expired.",
        )
    })?;
    if code.redirect_uri != redirect_uri {
        let text = "Error validating verification code. Please make sure your redirect_uri is \
                    identical to the one you used in the OAuth dialog request";
        return Err(GraphError::new(100, Some(36008), text));
    }
    if state
        .tokens
        .grant(code.grant)
        .is_none_or(|grant| grant.client_id != client_id)
    {
        return Err(GraphError::new(
            100,
            Some(36009),
            "This code was issued to another app.",
        ));
    }
    Ok(code)
}
