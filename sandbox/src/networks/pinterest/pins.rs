//! Reading, listing, changing and removing pins.

use serde::Deserialize;
use serde_json::Value;

use super::super::{answer::Answer, kinds::Network, log::Post as Logged, switches::ListOrder};
use super::{
    Reply,
    auth::{At, check_id},
    body::{self, check_length, check_link},
    create::{MAX_ALT_TEXT, MAX_DESCRIPTION, MAX_LINK, MAX_TITLE},
    node,
    page::Page,
    problem::Problem,
};

const READ: [&str; 2] = ["boards:read", "pins:read"];
const WRITE: [&str; 4] = ["boards:read", "boards:write", "pins:read", "pins:write"];
const CREATIVE_TYPES: [&str; 13] = [
    "REGULAR",
    "VIDEO",
    "SHOPPING",
    "CAROUSEL",
    "MAX_VIDEO",
    "SHOP_THE_PIN",
    "COLLECTION",
    "IDEA",
    "SHOWCASE",
    "QUIZ",
    "COLLAGE",
    "MAX_WIDTH_REGULAR_COLLECTION",
    "MAX_WIDTH_VIDEO_COLLECTION",
];

/// `GET /v5/pins`.
pub fn list(at: &At<'_>) -> Reply {
    at.needs(&READ)?;
    at.only(&[
        "ad_account_id",
        "bookmark",
        "page_size",
        "pin_filter",
        "pin_metrics",
        "pin_type",
        "include_protected_pins",
        "creative_types",
    ])?;
    listed(at, None)
}

/// `GET /v5/boards/{id}/pins`.
pub fn of_board(at: &At<'_>, board: &str) -> Reply {
    at.needs(&READ)?;
    at.only(&[
        "ad_account_id",
        "bookmark",
        "page_size",
        "pin_metrics",
        "creative_types",
    ])?;
    at.own_board(board)?;
    listed(at, Some(board))
}

/// `GET /v5/pins/{id}`.
pub fn read(at: &At<'_>, id: &str) -> Reply {
    at.needs(&READ)?;
    at.only(&["ad_account_id", "pin_metrics"])?;
    check_id(id)?;
    let state = at.networks.state();
    let post = state
        .readable(Network::Pinterest, id, at.call)
        .ok_or_else(Problem::no_pin)?;
    let pin = node::pin(&state, at.networks, post, &at.account.id).ok_or_else(Problem::no_pin)?;
    Ok(Answer::json(200, &pin))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    title: Option<String>,
    description: Option<String>,
    link: Option<String>,
    alt_text: Option<String>,
    board_id: Option<String>,
    board_section_id: Option<String>,
    carousel_slots: Option<Vec<Slot>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Slot {
    link: Option<String>,
    #[serde(rename = "title")]
    _title: Option<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
}

/// `PATCH /v5/pins/{id}`: absent and null fields stay.
pub fn update(at: &At<'_>, id: &str) -> Reply {
    at.needs(&WRITE)?;
    at.only(&["ad_account_id"])?;
    let change: Change = body::read(at.call)?;
    check_length("title", change.title.as_ref(), MAX_TITLE)?;
    check_length("description", change.description.as_ref(), MAX_DESCRIPTION)?;
    check_length("link", change.link.as_ref(), MAX_LINK)?;
    check_length("alt_text", change.alt_text.as_ref(), MAX_ALT_TEXT)?;
    check_link("link", change.link.as_ref())?;
    own_pin(at, id)?;
    if let Some(board) = &change.board_id {
        at.own_board(board)?;
    }
    let mut guard = at.networks.state();
    let state = &mut *guard;
    let pin = state
        .pinterest
        .pins
        .get_mut(id)
        .ok_or_else(Problem::no_pin)?;
    let post = state
        .log
        .get_mut(Network::Pinterest, id)
        .ok_or_else(Problem::no_pin)?;
    set(&mut post.title, change.title);
    set(&mut post.text, change.description);
    set(&mut post.link, change.link);
    set(&mut post.board, change.board_id);
    set(&mut pin.section, change.board_section_id);
    if let Some(alt_text) = change.alt_text {
        for media in &mut post.media {
            media.alt_text = Some(alt_text.clone());
        }
        pin.alt_text = Some(alt_text);
    }
    for (image, slot) in pin
        .images
        .iter_mut()
        .zip(change.carousel_slots.unwrap_or_default())
    {
        set(&mut image.link, slot.link);
    }
    let post = state
        .log
        .get(Network::Pinterest, id)
        .ok_or_else(Problem::no_pin)?;
    let pin = node::pin(state, at.networks, post, &at.account.id).ok_or_else(Problem::no_pin)?;
    Ok(Answer::json(200, &pin))
}

/// `DELETE /v5/pins/{id}`.
pub fn delete(at: &At<'_>, id: &str) -> Reply {
    at.needs(&WRITE)?;
    at.only(&["ad_account_id"])?;
    own_pin(at, id)?;
    at.networks
        .state()
        .log
        .delete(Network::Pinterest, id, at.networks.now());
    Ok(Answer::empty(204))
}

fn set(field: &mut Option<String>, wish: Option<String>) {
    if wish.is_some() {
        *field = wish;
    }
}

/// Refuses a pin that is gone or not the caller's.
fn own_pin(at: &At<'_>, id: &str) -> Result<(), Problem> {
    check_id(id)?;
    let state = at.networks.state();
    match state
        .log
        .get(Network::Pinterest, id)
        .filter(|post| post.deleted_at.is_none())
    {
        None => Err(Problem::no_pin()),
        Some(post) if post.account.id != at.account.id => Err(Problem::forbidden()),
        Some(_) => Ok(()),
    }
}

/// The caller's pins, of one board or all.
fn listed(at: &At<'_>, board: Option<&str>) -> Reply {
    let page = Page::read(at)?;
    let types = creative_types(at)?;
    let state = at.networks.state();
    let newest_first = state.switches.pinterest_list_order == ListOrder::NewestFirst;
    let posts = state.listed(Network::Pinterest, &at.account.id, at.call);
    let ordered: Box<dyn Iterator<Item = &Logged>> = if newest_first {
        Box::new(posts)
    } else {
        Box::new(posts.rev())
    };
    let is_next = |seq: u64| match page.after {
        None => true,
        Some(after) if newest_first => seq < after,
        Some(after) => seq > after,
    };
    let wanted = |post: &&Logged| {
        is_next(post.seq) && board.is_none_or(|board| post.board.as_deref() == Some(board))
    };
    let node = |post: &Logged| {
        Some((
            post.seq,
            node::pin(&state, at.networks, post, &at.account.id)?,
        ))
    };
    let is_type = |node: &Value| {
        types.is_empty()
            || types
                .iter()
                .any(|kind| node["creative_type"] == kind.as_str())
    };
    let items = ordered
        .filter(wanted)
        .filter_map(node)
        .filter(|(_, node)| is_type(node))
        .take(page.size + 1)
        .collect();
    Ok(page.answer(items))
}

/// The parameter may be repeated or hold a comma list.
fn creative_types(at: &At<'_>) -> Result<Vec<String>, Problem> {
    let given = at
        .call
        .query
        .iter()
        .filter(|(name, _)| name == "creative_types");
    let types: Vec<String> = given
        .flat_map(|(_, value)| value.split(','))
        .map(str::to_owned)
        .collect();
    match types
        .iter()
        .find(|kind| !CREATIVE_TYPES.contains(&kind.as_str()))
    {
        Some(kind) => Err(Problem::invalid(format!("'{kind}' is not a creative type"))),
        None => Ok(types),
    }
}
