//! Facebook Pages: posts, photos, videos, reels and stories.

mod feed;
mod insights;
mod lists;
mod photos;
mod post;
mod publish;
mod reels;
mod state;
mod video;
mod videos;

use axum::http::Method;

use super::{
    Graph,
    error::GraphError,
    oauth::page_node,
    rate,
    route::{At, Kind},
};
use crate::networks::{accounts::Account, answer::Answer, kinds::Network};

pub use publish::publish_due;
pub use state::State;
pub use videos::upload;

/// Fields of a page node.
const PAGE_FIELDS: [&str; 9] = [
    "id",
    "name",
    "username",
    "access_token",
    "category",
    "picture",
    "link",
    "tasks",
    "instagram_business_account",
];

/// Answers a call to a page, post, photo or video.
pub async fn handle(at: &At<'_>, kind: Kind, edge: Option<&str>) -> Graph {
    let usage = rate::count(at, Network::Facebook)?;
    let answer = match (at.call.method.clone(), kind, edge) {
        (Method::GET, Kind::Page, None) => page(at),
        (Method::GET, Kind::Page, Some("published_posts" | "feed" | "posts")) => {
            lists::published(at, edge.unwrap_or_default())
        }
        (Method::GET, Kind::Page, Some("scheduled_posts")) => lists::scheduled(at),
        (Method::GET, Kind::Page, Some("stories")) => lists::stories(at),
        (Method::POST, Kind::Page, Some("feed")) => feed::create(at),
        (Method::POST, Kind::Page, Some("photos")) => photos::create(at).await,
        (Method::POST, Kind::Page, Some("photo_stories")) => photos::story(at),
        (Method::POST, Kind::Page, Some("videos")) => videos::create(at).await,
        (Method::POST, Kind::Page, Some("video_reels")) => reels::create(at, &reels::REEL),
        (Method::POST, Kind::Page, Some("video_stories")) => reels::create(at, &reels::STORY),
        (Method::GET, Kind::Post, None) => post::read(at),
        (Method::GET, Kind::Post, Some("insights")) => insights::read(at),
        (Method::POST, Kind::Post, None) => post::update(at),
        (Method::DELETE, Kind::Post, None) => post::delete(at),
        (Method::GET, Kind::Photo, None) => photos::read(at),
        (Method::DELETE, Kind::Photo, None) => photos::delete(at),
        (Method::GET, Kind::Video, None) => video::read(at),
        (Method::DELETE, Kind::Video, None) => video::delete(at),
        _ => Err(at.no_object()),
    }?;
    Ok(usage.on(answer))
}

fn page(at: &At<'_>) -> Graph {
    let params = super::params(at.call, &[])?;
    let page = account(at)?;
    let reaches = at.bearer.account.as_deref() == Some(at.id) || at.bearer.covers(at.id);
    if !reaches {
        return Err(at.no_object());
    }
    let mut node = page_node(at.networks, &page, None);
    if !at.bearer.has("instagram_basic") {
        node["instagram_business_account"] = serde_json::Value::Null;
    }
    let wanted = params.text("fields")?;
    super::fields::select(
        &node,
        "Page",
        &PAGE_FIELDS,
        &["name", "id"],
        wanted.as_deref(),
    )
    .map(|node| Answer::json(200, &node))
}

/// The page of the call.
fn account(at: &At<'_>) -> Result<Account, GraphError> {
    let state = at.networks.state();
    state
        .accounts
        .get(Network::Facebook, at.account)
        .cloned()
        .ok_or_else(|| at.no_object())
}
