//! Posts, users and media as the API shows them.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::super::{
    Networks, accounts::Account, growth::Growth, kinds::Network, log::Post as Logged,
    state::State as Whole,
};
use super::{
    query::Fields,
    state::{Post, Shape, Url},
};

/// Fields of a post without a wish; ids of its versions under both names.
const POST: [&str; 4] = [
    "id",
    "text",
    "edit_history_tweet_ids",
    "edit_history_post_ids",
];
const USER: [&str; 3] = ["id", "name", "username"];
const MEDIA: [&str; 2] = ["media_key", "type"];

/// The API's way to write times.
pub fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Text as the API sends it.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A post.
pub fn post(state: &Whole, logged: &Logged, fields: &Fields, now: DateTime<Utc>) -> Option<Value> {
    let post = state.x.posts.get(&logged.id)?;
    let text = escaped(&post.text);
    let keys: Vec<String> = media_keys(state, post);
    let replied = post
        .reply_to
        .as_ref()
        .map(|id| json!([{ "type": "replied_to", "id": id }]));
    let author_of = |id: &String| Some(state.log.get(Network::X, id)?.account.id.clone());
    let full = json!({
        "id": logged.id,
        "text": text,
        "edit_history_tweet_ids": [logged.id],
        "edit_history_post_ids": [logged.id],
        "author_id": logged.account.id,
        "created_at": time(logged.accepted_at),
        "conversation_id": post.conversation,
        "in_reply_to_user_id": post.reply_to.as_ref().and_then(author_of),
        "referenced_tweets": replied,
        "referenced_posts": replied,
        "reply_settings": post.reply_settings,
        "attachments": (!keys.is_empty()).then(|| json!({ "media_keys": keys })),
        "entities": entities(&text, &post.urls),
        "display_text_range": [0, text.chars().count()],
        "lang": "en",
        "possibly_sensitive": false,
        "edit_controls": {
            "edits_remaining": 5,
            "is_edit_eligible": false,
            "editable_until": time(logged.accepted_at + chrono::TimeDelta::hours(1)),
        },
        "public_metrics": metrics(&Growth::of(state, logged, now)),
    });
    let mut wanted = fields.post.clone();
    for (expansion, field) in [
        ("author_id", "author_id"),
        ("attachments.media_keys", "attachments"),
        ("referenced_tweets.id", "referenced_tweets"),
        ("referenced_posts", "referenced_posts"),
        ("in_reply_to_user_id", "in_reply_to_user_id"),
    ] {
        if fields.expansions.contains(expansion) {
            wanted.insert(field.into());
        }
    }
    if wanted.contains("referenced_tweets") {
        wanted.insert("referenced_posts".into());
    }
    Some(select(full, &POST, &wanted))
}

/// Reposts go by both their names.
fn metrics(growth: &Growth) -> Value {
    json!({
        "retweet_count": growth.shares,
        "repost_count": growth.shares,
        "reply_count": growth.comments,
        "like_count": growth.likes,
        "quote_count": growth.quotes,
        "bookmark_count": growth.saves,
        "impression_count": growth.views,
    })
}

/// A user.
pub fn user(networks: &Networks, account: &Account, wanted: &BTreeSet<String>) -> Value {
    let picture = format!("{}/avatars/X/{}", networks.public_url(), account.id);
    let full = json!({
        "id": account.id,
        "name": account.name,
        "username": account.username,
        "profile_image_url": picture,
        "created_at": "2019-05-01T08:00:00.000Z",
        "description": "",
        "protected": false,
        "verified": false,
        "verified_type": "none",
        "subscription_type": "None",
        "url": "",
        "public_metrics": {
            "followers_count": 0, "following_count": 0, "tweet_count": 0, "listed_count": 0,
            "like_count": 0, "media_count": 0,
        },
    });
    select(full, &USER, wanted)
}

/// The `includes` of a list of posts; none when nothing was asked for or found.
pub fn includes(
    state: &Whole,
    networks: &Networks,
    posts: &[&Logged],
    fields: &Fields,
) -> Option<Value> {
    let mut all = Map::new();
    if fields.expansions.contains("author_id") {
        let ids: BTreeSet<&str> = posts.iter().map(|post| post.account.id.as_str()).collect();
        let accounts = ids
            .into_iter()
            .filter_map(|id| state.accounts.get(Network::X, id));
        let users: Vec<_> = accounts
            .map(|account| user(networks, account, &fields.user))
            .collect();
        all.insert("users".into(), users.into());
    }
    if fields.expansions.contains("attachments.media_keys") {
        let uploads = posts.iter().filter_map(|post| state.x.posts.get(&post.id));
        let ids: BTreeSet<&String> = uploads.flat_map(|post| &post.media).collect();
        let media: Vec<_> = ids
            .into_iter()
            .filter_map(|id| media(state, networks, id, &fields.media))
            .collect();
        if !media.is_empty() {
            all.insert("media".into(), media.into());
        }
    }
    (!all.is_empty()).then(|| all.into())
}

fn media(state: &Whole, networks: &Networks, id: &str, wanted: &BTreeSet<String>) -> Option<Value> {
    let upload = state.x.uploads.get(id)?;
    let file = upload.media.as_ref()?;
    let url = format!("{}/media/{}", networks.public_url(), file.sha256);
    let kind = match upload.shape() {
        Shape::Photo => "photo",
        Shape::Gif => "animated_gif",
        Shape::Video => "video",
    };
    let full = json!({
        "media_key": upload.media_key(id),
        "type": kind,
        "url": (kind == "photo").then_some(&url),
        "preview_image_url": (kind != "photo").then_some(&url),
        "width": file.width,
        "height": file.height,
        "duration_ms": file.duration_ms,
        "alt_text": upload.alt_text,
    });
    Some(select(full, &MEDIA, wanted))
}

fn media_keys(state: &Whole, post: &Post) -> Vec<String> {
    let key = |id: &String| Some(state.x.uploads.get(id)?.media_key(id));
    post.media.iter().filter_map(key).collect()
}

/// Links with their place in the escaped text, in characters.
fn entities(text: &str, urls: &[Url]) -> Option<Value> {
    let entity = |url: &Url| {
        let at = text.find(&url.short)?;
        let start = text[..at].chars().count();
        let end = start + url.short.chars().count();
        let mut entity = json!({
            "start": start,
            "end": end,
            "url": url.short,
            "expanded_url": url.expanded,
            "display_url": url.display,
        });
        if let Some(key) = &url.media_key {
            entity["media_key"] = key.clone().into();
        }
        Some(entity)
    };
    let urls: Vec<_> = urls.iter().filter_map(entity).collect();
    (!urls.is_empty()).then(|| json!({ "urls": urls }))
}

/// The usual and the wanted fields; what a thing does not have is left out.
fn select(full: Value, usual: &[&str], wanted: &BTreeSet<String>) -> Value {
    let Value::Object(fields) = full else {
        return full;
    };
    fields
        .into_iter()
        .filter(|(name, value)| {
            !value.is_null() && (usual.contains(&name.as_str()) || wanted.contains(name))
        })
        .collect::<Map<_, _>>()
        .into()
}
