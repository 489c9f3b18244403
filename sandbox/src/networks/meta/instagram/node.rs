//! Accounts and published media as the Graph shows them.

use serde_json::{Value, json};

use super::super::{Graph, error::GraphError, fields, listing::Asked, params, route::At, success};
use super::{
    Right, allowed,
    state::{Published, Shape},
};
use crate::networks::{
    answer::Answer,
    clock::Clock,
    growth::Growth,
    kinds::Network,
    log::{Post, PostMedia},
    state::State as Whole,
};

const ACCOUNT_FIELDS: [&str; 12] = [
    "id",
    "ig_id",
    "user_id",
    "username",
    "name",
    "biography",
    "website",
    "account_type",
    "profile_picture_url",
    "followers_count",
    "follows_count",
    "media_count",
];
const MEDIA_FIELDS: [&str; 18] = [
    "id",
    "ig_id",
    "caption",
    "media_type",
    "media_product_type",
    "media_url",
    "thumbnail_url",
    "permalink",
    "shortcode",
    "timestamp",
    "username",
    "owner",
    "alt_text",
    "like_count",
    "comments_count",
    "is_comment_enabled",
    "is_shared_to_feed",
    "children",
];

/// `GET /{ig}`.
pub fn account(at: &At<'_>) -> Graph {
    let params = params(at.call, &[])?;
    allowed(at, Right::Read)?;
    let wanted = params.text("fields")?;
    let state = at.networks.state();
    let account = state.accounts.get(Network::Instagram, at.account);
    let account = account.ok_or_else(|| at.no_object())?;
    let picture = format!(
        "{}/avatars/INSTAGRAM/{}",
        at.networks.public_url(),
        account.id
    );
    let node = json!({
        "id": account.id,
        "ig_id": account.id,
        "user_id": account.id,
        "username": account.username,
        "name": account.name,
        "biography": "",
        "website": "",
        "account_type": "BUSINESS",
        "profile_picture_url": picture,
        "followers_count": 1284,
        "follows_count": 97,
        "media_count": state.listed(Network::Instagram, at.account, at.call).count(),
    });
    fields::select(&node, "IGUser", &ACCOUNT_FIELDS, &["id"], wanted.as_deref())
        .map(|node| Answer::json(200, &node))
}

/// `GET /{ig}/media` and `/stories`, newest first.
pub fn list(at: &At<'_>, stories: bool) -> Graph {
    allowed(at, Right::Read)?;
    let asked = Asked::read(at, &[])?;
    let state = at.networks.state();
    let before = asked.after.unwrap_or(u64::MAX);
    let mut posts = state
        .listed(Network::Instagram, at.account, at.call)
        .filter(|post| (post.kind == "story") == stories && post.seq < before)
        .filter(|post| asked.until.is_none_or(|until| post.accepted_at <= until))
        .filter(|post| asked.since.is_none_or(|since| post.accepted_at >= since));
    let shown: Vec<_> = posts.by_ref().take(asked.limit).collect();
    let more = posts.next().is_some();
    let nodes = shown
        .iter()
        .map(|post| node(at, &state, post, asked.wanted.as_deref()))
        .collect::<Result<Vec<_>, _>>()?;
    let cursors = shown
        .first()
        .zip(shown.last())
        .map(|(first, last)| (first.seq, last.seq));
    let edge = if stories { "stories" } else { "media" };
    Ok(asked.answer(at, &at.call.host, edge, nodes, cursors, more))
}

/// `GET /{media}`.
pub fn read(at: &At<'_>) -> Graph {
    let params = params(at.call, &[])?;
    allowed(at, Right::Read)?;
    let wanted = params.text("fields")?;
    let state = at.networks.state();
    let post = visible(at, &state)?;
    node(at, &state, post, wanted.as_deref()).map(|node| Answer::json(200, &node))
}

/// `POST /{media}` with `comment_enabled`.
pub fn update(at: &At<'_>) -> Graph {
    let params = params(at.call, &["comment_enabled"])?;
    allowed(at, Right::Publish)?;
    let enabled = params.flag("comment_enabled")?;
    let enabled = enabled.ok_or_else(|| GraphError::missing("comment_enabled"))?;
    let mut state = at.networks.state();
    let media = state
        .meta
        .instagram
        .media
        .get_mut(at.id)
        .ok_or_else(|| at.no_object())?;
    media.comments_enabled = enabled;
    Ok(success())
}

/// `DELETE /{media}`.
pub fn delete(at: &At<'_>) -> Graph {
    allowed(at, Right::Publish)?;
    let now = at.networks.now();
    let mut state = at.networks.state();
    visible(at, &state)?;
    state.log.delete(Network::Instagram, at.id, now);
    state.meta.instagram.media.remove(at.id);
    Ok(success())
}

/// The post of the call, unless it is gone or not listed yet.
pub fn visible<'a>(at: &At<'_>, state: &'a Whole) -> Result<&'a Post, GraphError> {
    let seen_until = Clock::real_ms().saturating_sub(at.call.lag_ms as i64);
    state
        .log
        .get(Network::Instagram, at.id)
        .filter(|post| post.deleted_at.is_none() && post.listed_from_ms <= seen_until)
        .ok_or_else(|| at.no_object())
}

fn node(
    at: &At<'_>,
    state: &Whole,
    post: &Post,
    wanted: Option<&str>,
) -> Result<Value, GraphError> {
    let media = state
        .meta
        .instagram
        .media
        .get(&post.id)
        .ok_or_else(|| at.no_object())?;
    let growth = Growth::of(state, post, at.networks.now());
    let node = full(post, media, &growth);
    fields::select(&node, "IGMedia", &MEDIA_FIELDS, &["id"], wanted)
}

/// A reel reads back as `VIDEO`.
fn full(post: &Post, media: &Published, growth: &Growth) -> Value {
    let first = post.media.first();
    let (kind, product) = match media.shape {
        Shape::Image => ("IMAGE", "FEED"),
        Shape::Video => ("VIDEO", "FEED"),
        Shape::Reel => ("VIDEO", "REELS"),
        Shape::Carousel => ("CAROUSEL_ALBUM", "FEED"),
        Shape::Story => (type_of(first), "STORY"),
    };
    let children: Vec<_> = media
        .children
        .iter()
        .zip(&post.media)
        .map(|(id, part)| {
            json!({ "id": id, "media_type": type_of(Some(part)), "media_url": part.url })
        })
        .collect();
    json!({
        "id": post.id,
        "ig_id": post.id,
        "caption": post.text,
        "media_type": kind,
        "media_product_type": product,
        "media_url": first.map(|media| &media.url),
        "thumbnail_url": first.filter(|_| kind == "VIDEO").map(|media| &media.url),
        "permalink": post.url,
        "shortcode": media.shortcode,
        "timestamp": post.accepted_at.format("%Y-%m-%dT%H:%M:%S+0000").to_string(),
        "username": post.account.username,
        "owner": { "id": post.account.id },
        "alt_text": first.and_then(|media| media.alt_text.as_deref()),
        "like_count": growth.likes,
        "comments_count": growth.comments,
        "is_comment_enabled": media.comments_enabled,
        "is_shared_to_feed": media.share_to_feed,
        "children": (!children.is_empty()).then(|| json!({ "data": children })),
    })
}

fn type_of(media: Option<&PostMedia>) -> &'static str {
    match media {
        Some(media) if media.kind == "video" => "VIDEO",
        _ => "IMAGE",
    }
}
