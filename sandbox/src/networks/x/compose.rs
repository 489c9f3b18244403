//! `POST /2/tweets` and `DELETE /2/tweets/{id}`.

use std::{collections::HashSet, sync::LazyLock};

use regex::Regex;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::super::{
    answer::Answer,
    kinds::Network,
    log::NewPost,
    media::hex,
    state::{State as Whole, post_media},
};
use super::{
    Reply,
    auth::At,
    body,
    length::{self, weighted_length},
    links::links,
    node::escaped,
    problem::Problem,
    state::{Post, Shape, Upload, Url},
    wish::Wish,
};

const SCOPES: [&str; 3] = ["tweet.write", "tweet.read", "users.read"];
/// Ids of posts start here; they grow.
const FIRST_ID: u64 = 1_900_000_000_000_000_000;
/// `$` and one to six letters, not inside a word.
static CASHTAG: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:^|[^\w$])\$[A-Za-z]{1,6}(?:[._][A-Za-z]{1,2})?\b").ok());

/// `POST /2/tweets`.
pub fn create(at: &At<'_>) -> Reply {
    at.needs(&SCOPES)?;
    let wish: Wish = body::read(at.call)?;
    wish.check()?;
    let mut guard = at.networks.state();
    let state = &mut *guard;
    if state.switches.x_credits_depleted {
        return Err(Problem::credits_depleted(&at.account.id));
    }
    let media = media_ids(at, state, &wish)?;
    permitted(at, state, &wish)?;
    let fingerprint = fingerprint(at, &wish);
    refuse_duplicate(at, state, fingerprint.as_ref())?;

    let id = (FIRST_ID + state.next_id()).to_string();
    let post = new_post(at, state, &wish, &id, media);
    let shown = escaped(&post.text);
    let new = NewPost {
        network: Network::X,
        account: at.account.reference(),
        id: id.clone(),
        url: permalink(at, &id),
        kind: if wish.reply_to().is_some() {
            "reply"
        } else {
            "post"
        },
        text: (!wish.text.is_empty()).then_some(wish.text),
        title: None,
        link: post
            .urls
            .iter()
            .find(|url| url.media_key.is_none())
            .map(|url| url.expanded.clone()),
        board: None,
        media: uploads(state, &post.media)
            .filter_map(|upload| Some((upload.media.as_ref()?, upload.alt_text.clone())))
            .map(|(file, alt_text)| post_media(at.networks.public_url(), file, alt_text))
            .collect(),
        lag_ms: 0,
    };
    state.x.posts.insert(id.clone(), post);
    if let Some(fingerprint) = fingerprint {
        state.x.newest_of_text.insert(fingerprint, id.clone());
    }
    state.accept(new, at.call.lag_ms, at.networks.now());
    let data = json!({
        "id": id,
        "text": shown,
        "edit_history_tweet_ids": [id],
        "edit_history_post_ids": [id],
    });
    Ok(Answer::json(201, &json!({ "data": data })).accepted())
}

/// `DELETE /2/tweets/{id}`.
pub fn delete(at: &At<'_>, id: &str) -> Reply {
    at.needs(&SCOPES)?;
    body::check_id("id", id)?;
    let mut state = at.networks.state();
    match state
        .log
        .get(Network::X, id)
        .filter(|post| post.deleted_at.is_none())
    {
        None => return Err(Problem::not_found("tweet", id)),
        Some(post) if post.account.id != at.account.id => return Err(Problem::not_permitted()),
        Some(_) => {}
    }
    state.log.delete(Network::X, id, at.networks.now());
    Ok(Answer::json(200, &json!({ "data": { "deleted": true } })))
}

/// The uploads, usable and of the caller: four photos, or one GIF, or one video.
fn media_ids(at: &At<'_>, state: &Whole, wish: &Wish) -> Result<Vec<String>, Problem> {
    let ids = wish.media_ids();
    let invalid = |id: &str| Problem::invalid("media.media_ids", id, "Your media IDs are invalid.");
    let now = at.networks.now();
    let mut shapes = Vec::new();
    for id in ids {
        let upload = state.x.uploads.get(id).filter(|upload| {
            upload.account == at.account.id && upload.expires_at > now && upload.usable()
        });
        shapes.push(upload.ok_or_else(|| invalid(id))?.shape());
    }
    let repeated = ids.iter().collect::<HashSet<_>>().len() < ids.len();
    if repeated || (ids.len() > 1 && shapes.iter().any(|shape| *shape != Shape::Photo)) {
        return Err(invalid(&ids.join(",")));
    }
    Ok(ids.to_vec())
}

/// What a self-serve application may do with an account without Premium.
fn permitted(at: &At<'_>, state: &Whole, wish: &Wish) -> Result<(), Problem> {
    if wish.is_beyond_plan() || weighted_length(&wish.text) > length::MAX {
        return Err(Problem::not_permitted());
    }
    let cashtags = CASHTAG
        .as_ref()
        .map_or(0, |tag| tag.find_iter(&wish.text).count());
    if cashtags > 1 {
        return Err(Problem::forbidden(
            "A post can contain a maximum of one cashtag.",
        ));
    }
    let Some(reply_to) = wish.reply_to() else {
        return Ok(());
    };
    let answered = state.log.get(Network::X, reply_to);
    match answered.filter(|post| post.deleted_at.is_none()) {
        None => Err(Problem::forbidden(
            "You attempted to reply to a Tweet that is deleted or not visible to you.",
        )),
        Some(post) if post.account.id != at.account.id || !state.switches.x_self_thread_replies => {
            Err(Problem::not_permitted())
        }
        Some(_) => Ok(()),
    }
}

/// Account, text and answered post; none without text.
fn fingerprint(at: &At<'_>, wish: &Wish) -> Option<String> {
    let text = wish.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let to = wish.reply_to().unwrap_or_default();
    let all = format!("{to} {text}");
    (!text.is_empty()).then(|| format!("{} {}", at.account.id, hex(&Sha256::digest(all))))
}

/// The same text within the window; a removed post does not count.
fn refuse_duplicate(
    at: &At<'_>,
    state: &Whole,
    fingerprint: Option<&String>,
) -> Result<(), Problem> {
    let same = fingerprint.and_then(|text| state.x.newest_of_text.get(text));
    let same = same.and_then(|id| state.log.get(Network::X, id));
    let window = state.switches.duplicate_window_seconds as i64;
    let recent = same.filter(|post| {
        post.deleted_at.is_none() && (at.networks.now() - post.accepted_at).num_seconds() < window
    });
    if recent.is_some() {
        Err(Problem::duplicate())
    } else {
        Ok(())
    }
}

/// The post with its links shortened, and a link for its media at the end.
fn new_post(at: &At<'_>, state: &Whole, wish: &Wish, id: &str, media: Vec<String>) -> Post {
    let mut urls = Vec::new();
    let mut text = String::new();
    let mut from = 0;
    for (n, link) in links(&wish.text).into_iter().enumerate() {
        let short = short(id, n);
        text += &wish.text[from..link.at.start];
        text += &short;
        from = link.at.end;
        urls.push(Url {
            short,
            display: display(&link.target),
            expanded: link.target,
            media_key: None,
        });
    }
    text += &wish.text[from..];
    if !media.is_empty() {
        let link = short(id, urls.len());
        if !text.is_empty() {
            text.push(' ');
        }
        text += &link;
        for (n, upload) in media.iter().enumerate() {
            let page = state
                .x
                .uploads
                .get(upload)
                .map_or("photo", |upload| match upload.shape() {
                    Shape::Video => "video",
                    Shape::Photo | Shape::Gif => "photo",
                });
            urls.push(Url {
                short: link.clone(),
                expanded: format!("{}/{page}/{}", permalink(at, id), n + 1),
                display: format!("pic.x.com/{}", &link[link.len() - 10..]),
                media_key: state
                    .x
                    .uploads
                    .get(upload)
                    .map(|file| file.media_key(upload)),
            });
        }
    }
    let reply_to = wish.reply_to().map(str::to_owned);
    let parent = reply_to
        .as_ref()
        .and_then(|parent| state.x.posts.get(parent));
    Post {
        text,
        urls,
        media,
        conversation: parent.map_or_else(|| id.to_owned(), |parent| parent.conversation.clone()),
        reply_to,
        reply_settings: wish
            .reply_settings
            .clone()
            .unwrap_or_else(|| "everyone".into()),
    }
}

fn uploads<'a>(state: &'a Whole, ids: &'a [String]) -> impl Iterator<Item = &'a Upload> {
    ids.iter().filter_map(|id| state.x.uploads.get(id))
}

fn permalink(at: &At<'_>, id: &str) -> String {
    at.networks
        .url("x.com", &format!("{}/status/{id}", at.account.username))
}

/// A `t.co` link of 23 characters, its own for every link.
fn short(id: &str, n: usize) -> String {
    let digest = hex(&Sha256::digest(format!("{id} {n}")));
    format!("https://t.co/{}", &digest[..10])
}

/// Without scheme and `www.`, cut to 26 characters.
fn display(url: &str) -> String {
    let bare = url.split_once("://").map_or(url, |(_, rest)| rest);
    let bare = bare
        .strip_prefix("www.")
        .unwrap_or(bare)
        .trim_end_matches('/');
    if bare.chars().count() <= 27 {
        return bare.to_owned();
    }
    bare.chars().take(26).chain(['…']).collect()
}
