//! Lists of a page's posts, in pages.

use serde_json::json;

use super::super::{Graph, auth, error::GraphError, listing::Asked, route::At};
use super::{post, state::Visibility};
use crate::networks::kinds::Network;

const PARAMS: [&str; 5] = ["include_hidden", "show_expired", "with", "order", "status"];

/// `GET /{page}/published_posts`, `/feed` and `/posts`: what people see, newest first.
pub fn published(at: &At<'_>, edge: &str) -> Graph {
    let asked = allowed(at)?;
    let state = at.networks.state();
    let (since, until) = (asked.since, asked.until);
    let before: u64 = asked.after.unwrap_or(u64::MAX);
    let mut posts = state
        .listed(Network::Facebook, at.account, at.call)
        .filter(|post| !post.kind.ends_with("_story") && post.seq < before)
        .filter(|post| until.is_none_or(|until| post.accepted_at <= until))
        .filter(|post| since.is_none_or(|since| post.accepted_at >= since));
    let shown: Vec<_> = posts.by_ref().take(asked.limit).collect();
    let more = posts.next().is_some();
    let nodes = shown
        .iter()
        .map(|post| post::node(&state, at.networks, &post.id, asked.wanted.as_deref()))
        .collect::<Result<Vec<_>, _>>()?;
    let cursors = shown
        .first()
        .zip(shown.last())
        .map(|(first, last)| (first.seq, last.seq));
    Ok(asked.answer(at, "graph.facebook.com", edge, nodes, cursors, more))
}

/// `GET /{page}/stories`: live stories with the photo or video they show, newest first.
pub fn stories(at: &At<'_>) -> Graph {
    let asked = allowed(at)?;
    let state = at.networks.state();
    let posts = &state.meta.facebook.posts;
    let before: u64 = asked.after.unwrap_or(u64::MAX);
    let mut stories = state
        .listed(Network::Facebook, at.account, at.call)
        .filter(|post| post.kind.ends_with("_story") && post.seq < before)
        .filter_map(|shown| Some((shown, posts.get(&shown.id)?)));
    let shown: Vec<_> = stories.by_ref().take(asked.limit).collect();
    let more = stories.next().is_some();
    let nodes = shown.iter().map(|(logged, post)| {
        let media = post.video.as_ref().or_else(|| post.photos.first());
        json!({
            "post_id": post.id,
            "status": "PUBLISHED",
            "creation_time": post.created_at.timestamp().to_string(),
            "media_type": if post.video.is_some() { "video" } else { "photo" },
            "media_id": media,
            "url": logged.url,
        })
    });
    let nodes = nodes.collect();
    let ends = shown.first().zip(shown.last());
    let cursors = ends.map(|((first, _), (last, _))| (first.seq, last.seq));
    Ok(asked.answer(at, "graph.facebook.com", "stories", nodes, cursors, more))
}

/// `GET /{page}/scheduled_posts`: what people will see, soonest first.
pub fn scheduled(at: &At<'_>) -> Graph {
    let asked = allowed(at)?;
    let state = at.networks.state();
    let skip = asked.after.unwrap_or(0) as usize;
    let posts = &state.meta.facebook.posts;
    let mut waiting = state
        .meta
        .facebook
        .scheduled
        .iter()
        .filter_map(|(_, id)| posts.get(id))
        .filter(|post| post.page == at.account)
        .filter(|post| matches!(post.visibility, Visibility::Scheduled(_)))
        .skip(skip);
    let nodes = waiting
        .by_ref()
        .take(asked.limit)
        .map(|post| post::node(&state, at.networks, &post.id, asked.wanted.as_deref()))
        .collect::<Result<Vec<_>, _>>()?;
    let more = waiting.next().is_some();
    let end = (skip + nodes.len()) as u64;
    let cursors = (!nodes.is_empty()).then_some((skip as u64, end));
    Ok(asked.answer(
        at,
        "graph.facebook.com",
        "scheduled_posts",
        nodes,
        cursors,
        more,
    ))
}

fn allowed(at: &At<'_>) -> Result<Asked, GraphError> {
    auth::page_token(&at.bearer, at.account)?;
    auth::scope(&at.bearer, "pages_read_engagement")?;
    Asked::read(at, &PARAMS)
}
