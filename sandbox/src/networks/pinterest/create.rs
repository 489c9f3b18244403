//! `POST /v5/pins`.

use serde::Deserialize;

use super::super::{
    answer::Answer,
    kinds::Network,
    log::{NewPost, PostMedia},
    state::post_media,
};
use super::{
    Reply,
    auth::{At, check_id},
    body::{self, check_length, check_link},
    node,
    problem::Problem,
    source::{Content, Source},
    state::Pin,
};

/// Longest texts, in characters.
pub const MAX_TITLE: usize = 100;
/// Longest description.
pub const MAX_DESCRIPTION: usize = 800;
/// Longest link.
pub const MAX_LINK: usize = 2048;
/// Longest alt text.
pub const MAX_ALT_TEXT: usize = 500;
/// Ids of pins start here; they grow.
const FIRST_ID: u64 = 813_744_226_000_000_000;
const SCOPES: [&str; 4] = ["boards:read", "boards:write", "pins:read", "pins:write"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    board_id: Option<String>,
    board_section_id: Option<String>,
    media_source: Option<Source>,
    title: Option<String>,
    description: Option<String>,
    link: Option<String>,
    alt_text: Option<String>,
    dominant_color: Option<String>,
    parent_pin_id: Option<String>,
    sponsor_id: Option<String>,
}

/// `POST /v5/pins`.
pub async fn create(at: &At<'_>) -> Reply {
    at.needs(&SCOPES)?;
    at.only(&["ad_account_id"])?;
    let wish: Wish = body::read(at.call)?;
    check(&wish)?;
    let board = wish.board_id.as_deref();
    let board = board.ok_or_else(|| Problem::invalid("'board_id' is a required property"))?;
    at.own_board(board)?;
    let source = wish.media_source.as_ref();
    let source = source.ok_or_else(|| Problem::invalid("'media_source' is a required property"))?;
    let content = source.content(at).await?;

    let mut guard = at.networks.state();
    let state = &mut *guard;
    let id = (FIRST_ID + state.next_id()).to_string();
    let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let new = NewPost {
        network: Network::Pinterest,
        account: at.account.reference(),
        id: id.clone(),
        url: at.networks.url("www.pinterest.com", &format!("pin/{id}/")),
        kind: content.kind(),
        text: filled(&wish.description),
        title: filled(&wish.title),
        link: filled(&wish.link),
        board: wish.board_id.clone(),
        media: media(at, &content, wish.alt_text.as_ref()),
        lag_ms: 0,
    };
    let pin = Pin {
        section: wish.board_section_id,
        dominant_color: wish.dominant_color,
        parent: wish.parent_pin_id,
        alt_text: wish.alt_text,
        images: content.images,
        video: content.video,
    };
    state.pinterest.pins.insert(id.clone(), pin);
    state.accept(new, at.call.lag_ms, at.networks.now());
    let post = state
        .log
        .get(Network::Pinterest, &id)
        .ok_or_else(Problem::no_pin)?;
    let node = node::pin(state, at.networks, post, &at.account.id).ok_or_else(Problem::no_pin)?;
    Ok(Answer::json(201, &node).accepted())
}

/// What the body alone tells.
fn check(wish: &Wish) -> Result<(), Problem> {
    check_length("title", wish.title.as_ref(), MAX_TITLE)?;
    check_length("description", wish.description.as_ref(), MAX_DESCRIPTION)?;
    check_length("link", wish.link.as_ref(), MAX_LINK)?;
    check_length("alt_text", wish.alt_text.as_ref(), MAX_ALT_TEXT)?;
    check_link("link", wish.link.as_ref())?;
    for id in [
        &wish.board_id,
        &wish.board_section_id,
        &wish.parent_pin_id,
        &wish.sponsor_id,
    ] {
        id.as_deref().map_or(Ok(()), check_id)?;
    }
    Ok(())
}

/// What people see: the pictures, or the video.
fn media(at: &At<'_>, content: &Content, alt_text: Option<&String>) -> Vec<PostMedia> {
    let base = at.networks.public_url();
    if let Some(video) = &content.video {
        return vec![post_media(base, video, alt_text.cloned())];
    }
    let shown = content.images.iter();
    shown
        .map(|image| post_media(base, &image.media, alt_text.cloned()))
        .collect()
}
