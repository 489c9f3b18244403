//! `www.pinterest.com/oauth/`.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::super::{
    Networks,
    accounts::PERSON_NAME,
    answer::Answer,
    call::Call,
    consent::{Consent, Decision, choices, decision, redirect_url},
    kinds::Network,
    pages,
    tokens::Code,
};

/// Life of a code; not documented.
const CODE: TimeDelta = TimeDelta::minutes(10);
const PARAMS: [&str; 5] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
];

/// A legal request for consent.
struct Request<'a> {
    client_id: &'a str,
    redirect_uri: &'a str,
    scopes: BTreeSet<String>,
    state: Option<&'a str>,
}

/// The page, and what the person decided on it.
pub fn answer(networks: &Networks, call: &Call) -> Answer {
    let request = match read(networks, call) {
        Ok(request) => request,
        Err(text) => return Answer::html(400, pages::notice("Oops! Something went wrong", &text)),
    };
    match decision(call) {
        None => page(networks, call, &request),
        Some(Decision::Deny) => back(&request, ("error", "access_denied")),
        Some(Decision::Allow(accounts)) => allow(networks, &request, accounts),
    }
}

fn read<'a>(networks: &Networks, call: &'a Call) -> Result<Request<'a>, String> {
    let need = |name: &str| {
        let value = call.query(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| format!("Missing parameter: {name}."))
    };
    if let Some((name, _)) = call
        .query
        .iter()
        .find(|(name, _)| !PARAMS.contains(&name.as_str()))
    {
        return Err(format!("Unknown parameter: {name}."));
    }
    let client_id = need("client_id")?;
    if client_id != networks.config().clients[&Network::Pinterest].id {
        return Err(format!("There is no application {client_id}."));
    }
    if need("response_type")? != "code" {
        return Err("The response_type must be code.".into());
    }
    let redirect_uri = need("redirect_uri")?;
    if redirect_url(redirect_uri, &[]).is_none() {
        return Err("The redirect_uri is not absolute.".into());
    }
    let scopes: BTreeSet<String> = need("scope")?
        .split([',', ' '])
        .filter(|s| !s.is_empty())
        .map(str::to_owned)
        .collect();
    if let Some(unknown) = scopes.iter().find(|scope| words(scope).is_none()) {
        return Err(format!("Unknown scope: {unknown}."));
    }
    Ok(Request {
        client_id,
        redirect_uri,
        scopes,
        state: call.query("state"),
    })
}

fn page(networks: &Networks, call: &Call, request: &Request<'_>) -> Answer {
    Consent {
        network: "Pinterest",
        app: request.client_id,
        person: PERSON_NAME,
        permissions: request
            .scopes
            .iter()
            .filter_map(|scope| Some(format!("{} ({scope})", words(scope)?)))
            .collect(),
        choices: choices(networks, Network::Pinterest),
        multiple: false,
    }
    .page(call)
}

fn allow(networks: &Networks, request: &Request<'_>, accounts: Vec<String>) -> Answer {
    let code = {
        let mut state = networks.state();
        let chosen = accounts
            .iter()
            .all(|id| state.accounts.get(Network::Pinterest, id).is_some());
        if accounts.len() != 1 || !chosen {
            return Answer::html(400, pages::notice("Pinterest", "Choose one account."));
        }
        let scopes = request.scopes.clone();
        let client = request.client_id;
        let grant = state
            .tokens
            .add_grant(Network::Pinterest, client, accounts, scopes);
        state.tokens.add_code(Code {
            grant,
            redirect_uri: request.redirect_uri.into(),
            challenge: None,
            expires_at: networks.now() + CODE,
        })
    };
    back(request, ("code", &code))
}

fn back(request: &Request<'_>, parameter: (&str, &str)) -> Answer {
    let state = request.state.map(|state| ("state", state));
    let all: Vec<_> = [parameter].into_iter().chain(state).collect();
    match redirect_url(request.redirect_uri, &all) {
        Some(url) => Answer::redirect(url.as_str()),
        None => Answer::html(
            400,
            pages::notice("Pinterest", "The redirect_uri is not absolute."),
        ),
    }
}

/// A scope in words; none for scopes Pinterest does not have.
fn words(scope: &str) -> Option<&'static str> {
    Some(match scope {
        "boards:read" => "See your public boards",
        "boards:read_secret" => "See your secret boards",
        "boards:write" => "Create, update or delete your public boards",
        "boards:write_secret" => "Create, update or delete your secret boards",
        "pins:read" => "See your public Pins",
        "pins:read_secret" => "See your secret Pins",
        "pins:write" => "Create, update or delete your public Pins",
        "pins:write_secret" => "Create, update or delete your secret Pins",
        "user_accounts:read" => "See your account and followers",
        "user_accounts:write" => "Update your account and followers",
        "ads:read" => "See your advertising data",
        "catalogs:read" => "See your catalogs",
        _ => return None,
    })
}
