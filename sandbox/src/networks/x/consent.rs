//! `x.com/i/oauth2/authorize`.

use std::collections::BTreeSet;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use sha2::{Digest, Sha256};

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

/// Life of a code.
const CODE: TimeDelta = TimeDelta::seconds(30);
/// Longest `state`.
const MAX_STATE: usize = 500;
const PARAMS: [&str; 7] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
];

/// A legal request for consent.
struct Request<'a> {
    client_id: &'a str,
    redirect_uri: &'a str,
    scopes: BTreeSet<String>,
    state: &'a str,
    /// Always as S256: a plain challenge is hashed here.
    challenge: String,
}

/// The page, and what the person decided on it.
pub fn answer(networks: &Networks, call: &Call) -> Answer {
    let request = match read(networks, call) {
        Ok(request) => request,
        Err(text) => {
            let text = format!("You weren't able to give access to the App. {text}");
            return Answer::html(400, pages::notice("Something went wrong", &text));
        }
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
    if client_id != networks.config().clients[&Network::X].id {
        return Err("Value passed for the client id was invalid.".into());
    }
    if need("response_type")? != "code" {
        return Err("The response_type must be code.".into());
    }
    let redirect_uri = need("redirect_uri")?;
    if redirect_url(redirect_uri, &[]).is_none() {
        return Err("The redirect_uri is not absolute.".into());
    }
    let state = need("state")?;
    if state.len() > MAX_STATE {
        return Err(format!("The state is longer than {MAX_STATE}."));
    }
    let scopes: BTreeSet<String> = need("scope")?
        .split(' ')
        .filter(|s| !s.is_empty())
        .map(str::to_owned)
        .collect();
    if let Some(unknown) = scopes.iter().find(|scope| words(scope).is_none()) {
        return Err(format!("Unknown scope: {unknown}."));
    }
    let challenge = need("code_challenge")?;
    let challenge = match need("code_challenge_method")? {
        "S256" => challenge.to_owned(),
        "plain" => s256(challenge),
        other => return Err(format!("Unknown code_challenge_method: {other}.")),
    };
    Ok(Request {
        client_id,
        redirect_uri,
        scopes,
        state,
        challenge,
    })
}

fn page(networks: &Networks, call: &Call, request: &Request<'_>) -> Answer {
    Consent {
        network: "X",
        app: request.client_id,
        person: PERSON_NAME,
        permissions: request
            .scopes
            .iter()
            .filter_map(|scope| Some(format!("{} ({scope})", words(scope)?)))
            .collect(),
        choices: choices(networks, Network::X),
        multiple: false,
    }
    .page(call)
}

fn allow(networks: &Networks, request: &Request<'_>, accounts: Vec<String>) -> Answer {
    let code = {
        let mut state = networks.state();
        let chosen = accounts
            .iter()
            .all(|id| state.accounts.get(Network::X, id).is_some());
        if accounts.len() != 1 || !chosen {
            return Answer::html(400, pages::notice("X", "Choose one account."));
        }
        let scopes = request.scopes.clone();
        let grant = state
            .tokens
            .add_grant(Network::X, request.client_id, accounts, scopes);
        state.tokens.add_code(Code {
            grant,
            redirect_uri: request.redirect_uri.into(),
            challenge: Some(request.challenge.clone()),
            expires_at: networks.now() + CODE,
        })
    };
    back(request, ("code", &code))
}

fn back(request: &Request<'_>, parameter: (&str, &str)) -> Answer {
    match redirect_url(request.redirect_uri, &[("state", request.state), parameter]) {
        Some(url) => Answer::redirect(url.as_str()),
        None => Answer::html(400, pages::notice("X", "The redirect_uri is not absolute.")),
    }
}

/// The S256 challenge of a verifier (RFC 7636).
pub fn s256(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// A scope in words; none for scopes X does not have.
fn words(scope: &str) -> Option<&'static str> {
    Some(match scope {
        "tweet.read" => "See the posts you can see",
        "tweet.write" => "Post and repost for you",
        "tweet.moderate.write" => "Hide and unhide replies to your posts",
        "users.read" => "See any account you can see",
        "media.write" => "Upload photos and videos for you",
        "offline.access" => "Stay connected until you take it back",
        "follows.read" => "See who you follow and who follows you",
        "follows.write" => "Follow and unfollow people for you",
        "like.read" => "See posts you liked",
        "like.write" => "Like and unlike posts for you",
        "list.read" => "See your Lists",
        "list.write" => "Create and manage Lists for you",
        "bookmark.read" => "See your bookmarks",
        "bookmark.write" => "Create and remove bookmarks for you",
        "block.read" => "See accounts you blocked",
        "mute.read" => "See accounts you muted",
        "mute.write" => "Mute and unmute accounts for you",
        "space.read" => "See the Spaces you can see",
        "timeline.read" => "See the timelines you can see",
        "dm.read" => "Read your Direct Messages",
        "dm.write" => "Send and manage Direct Messages for you",
        _ => return None,
    })
}
