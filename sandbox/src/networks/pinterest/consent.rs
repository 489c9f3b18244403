//! `www.pinterest.com/oauth/`.

use chrono::TimeDelta;

use super::super::{
    Networks,
    answer::Answer,
    call::Call,
    consent::{Request, need, only, return_address, scopes},
    kinds::Network,
    pages,
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

/// The page, and what the person decided on it.
pub fn answer(networks: &Networks, call: &Call) -> Answer {
    match read(networks, call) {
        Ok(request) => request.answer(networks, call, words),
        Err(text) => Answer::html(400, pages::notice("Oops! Something went wrong", &text)),
    }
}

fn read<'a>(networks: &Networks, call: &'a Call) -> Result<Request<'a>, String> {
    only(call, &PARAMS)?;
    let client_id = need(call, "client_id")?;
    if client_id != networks.config().clients[&Network::Pinterest].id {
        return Err(format!("There is no application {client_id}."));
    }
    if need(call, "response_type")? != "code" {
        return Err("The response_type must be code.".into());
    }
    Ok(Request {
        network: Network::Pinterest,
        client_id,
        redirect_uri: return_address(call)?,
        scopes: scopes(call, &[',', ' '], words)?,
        state: call.query("state"),
        challenge: None,
        code_life: CODE,
    })
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
