//! `x.com/i/oauth2/authorize`.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use super::super::{
    Networks,
    answer::Answer,
    call::Call,
    consent::{Request, need, only, return_address, scopes},
    kinds::Network,
    pages,
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

/// The page, and what the person decided on it.
pub fn answer(networks: &Networks, call: &Call) -> Answer {
    match read(networks, call) {
        Ok(request) => request.answer(networks, call, words),
        Err(text) => {
            let text = format!("You weren't able to give access to the App. {text}");
            Answer::html(400, pages::notice("Something went wrong", &text))
        }
    }
}

fn read<'a>(networks: &Networks, call: &'a Call) -> Result<Request<'a>, String> {
    only(call, &PARAMS)?;
    let client_id = need(call, "client_id")?;
    if client_id != networks.config().clients[&Network::X].id {
        return Err("Value passed for the client id was invalid.".into());
    }
    if need(call, "response_type")? != "code" {
        return Err("The response_type must be code.".into());
    }
    let redirect_uri = return_address(call)?;
    let state = need(call, "state")?;
    if state.len() > MAX_STATE {
        return Err(format!("The state is longer than {MAX_STATE}."));
    }
    Ok(Request {
        network: Network::X,
        client_id,
        redirect_uri,
        scopes: scopes(call, &[' '], words)?,
        state: Some(state),
        challenge: Some(challenge(call)?),
        code_life: CODE,
    })
}

/// The challenge as S256: a plain one is hashed here.
fn challenge(call: &Call) -> Result<String, String> {
    let challenge = need(call, "code_challenge")?;
    match need(call, "code_challenge_method")? {
        "S256" => Ok(challenge.to_owned()),
        "plain" => Ok(s256(challenge)),
        other => Err(format!("Unknown code_challenge_method: {other}.")),
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
