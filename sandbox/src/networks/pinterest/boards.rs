//! The own account and its boards.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{
    accounts::{Account, Board},
    answer::Answer,
    kinds::Network,
    state::State as Whole,
};
use super::{Reply, auth::At, body, node, page::Page, problem::Problem, state::BoardMore};

/// Ids of boards made through the API start here.
const FIRST_ID: u64 = 549_755_990_000_000_000;
/// Longest name; not in the specification, the site's own limit.
const MAX_NAME: usize = 180;
const PRIVACIES: [&str; 3] = ["PUBLIC", "PROTECTED", "SECRET"];

/// `GET /v5/user_account`.
pub fn user_account(at: &At<'_>) -> Reply {
    at.needs(&["user_accounts:read"])?;
    at.only(&["ad_account_id"])?;
    let state = at.networks.state();
    let account = own(at, &state)?;
    let picture = format!(
        "{}/avatars/PINTEREST/{}",
        at.networks.public_url(),
        account.id
    );
    let body = json!({
        "id": account.id,
        "username": account.username,
        "account_type": "BUSINESS",
        "business_name": account.name,
        "profile_image": picture,
        "website_url": "",
        "about": "",
        "board_count": account.boards.len(),
        "pin_count": state.listed(Network::Pinterest, &account.id, at.call).count(),
        "follower_count": 0,
        "following_count": 0,
        "monthly_views": 0,
    });
    Ok(Answer::json(200, &body))
}

/// `GET /v5/boards`.
pub fn list(at: &At<'_>) -> Reply {
    at.needs(&["boards:read"])?;
    at.only(&["ad_account_id", "bookmark", "page_size", "privacy"])?;
    let page = Page::read(at)?;
    let privacy = at.call.query("privacy").unwrap_or("ALL");
    if !PRIVACIES.contains(&privacy) && !matches!(privacy, "ALL" | "PUBLIC_AND_SECRET") {
        return Err(Problem::invalid(format!("'{privacy}' is not a privacy")));
    }
    let state = at.networks.state();
    let account = own(at, &state)?;
    let counts = pin_counts(at, &state);
    let boards = account
        .boards
        .iter()
        .enumerate()
        .skip(page.after.map_or(0, |n| n as usize + 1));
    let items = boards
        .map(|(n, board)| (n as u64, shown(&state, account, board, &counts)))
        .filter(|(_, node)| visible(at, node, privacy))
        .take(page.size + 1)
        .collect();
    Ok(page.answer(items))
}

/// `GET /v5/boards/{id}`.
pub fn read(at: &At<'_>, id: &str) -> Reply {
    at.needs(&["boards:read"])?;
    at.only(&["ad_account_id"])?;
    at.own_board(id)?;
    let state = at.networks.state();
    let account = own(at, &state)?;
    let board = account
        .boards
        .iter()
        .find(|board| board.id == id)
        .ok_or_else(Problem::no_board)?;
    let counts = pin_counts(at, &state);
    Ok(Answer::json(200, &shown(&state, account, board, &counts)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    name: String,
    description: Option<String>,
    privacy: Option<String>,
    #[serde(rename = "is_ads_only")]
    _is_ads_only: Option<bool>,
}

/// `POST /v5/boards`.
pub fn create(at: &At<'_>) -> Reply {
    at.needs(&["boards:read", "boards:write"])?;
    at.only(&["ad_account_id"])?;
    let wish: Wish = body::read(at.call)?;
    let privacy = wish.privacy.unwrap_or_else(|| "PUBLIC".into());
    if !PRIVACIES.contains(&privacy.as_str()) {
        return Err(Problem::invalid(format!(
            "'{privacy}' is not one of {PRIVACIES:?}"
        )));
    }
    if privacy != "PUBLIC" {
        at.needs(&["boards:write_secret"])?;
    }
    body::check_length("name", Some(&wish.name), MAX_NAME)?;
    body::check_length("description", wish.description.as_ref(), 500)?;
    let mut guard = at.networks.state();
    let state = &mut *guard;
    let taken = own(at, state)?
        .boards
        .iter()
        .any(|board| board.name == wish.name);
    if taken || wish.name.trim().is_empty() {
        return Err(Problem::invalid(
            "the name is empty, or you have a board of this name",
        ));
    }
    let board = Board {
        id: (FIRST_ID + state.next_id()).to_string(),
        name: wish.name,
    };
    let more = BoardMore {
        description: wish.description,
        privacy,
        created_at: at.networks.now(),
    };
    state.pinterest.boards.insert(board.id.clone(), more);
    if let Some(account) = state.accounts.get_mut(Network::Pinterest, &at.account.id) {
        account.boards.push(board.clone());
    }
    Ok(Answer::json(
        201,
        &node::board(state, &at.account, &board, 0),
    ))
}

fn own<'s>(at: &At<'_>, state: &'s Whole) -> Result<&'s Account, Problem> {
    let account = state.accounts.get(Network::Pinterest, &at.account.id);
    account.ok_or_else(Problem::unauthorized)
}

fn shown(
    state: &Whole,
    account: &Account,
    board: &Board,
    counts: &HashMap<String, usize>,
) -> Value {
    node::board(
        state,
        account,
        board,
        counts.get(&board.id).copied().unwrap_or(0),
    )
}

/// Secret boards only with their own scope.
fn visible(at: &At<'_>, board: &Value, privacy: &str) -> bool {
    let is = board["privacy"].as_str().unwrap_or("PUBLIC");
    let asked = match privacy {
        "ALL" => true,
        "PUBLIC_AND_SECRET" => is != "PROTECTED",
        one => is == one,
    };
    asked && (is != "SECRET" || at.bearer.has("boards:read_secret"))
}

fn pin_counts(at: &At<'_>, state: &Whole) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for post in state.listed(Network::Pinterest, &at.account.id, at.call) {
        *counts
            .entry(post.board.clone().unwrap_or_default())
            .or_default() += 1;
    }
    counts
}
