//! Switches, reset, snapshot, and what the walls poll.

use axum::{
    Json,
    body::Bytes,
    extract::{Query, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Refused;
use crate::networks::{
    Networks, fresh_seed, kinds::Network, snapshot as disk, state::State as Whole,
    switches::Switches,
};

/// Posts that the walls get at once.
const WALL_POSTS: usize = 100;

pub async fn switches(State(networks): State<Networks>) -> Json<Switches> {
    Json(networks.state().switches.clone())
}

/// Merges the given fields into the switches; objects are merged field by field.
pub async fn patch_switches(
    State(networks): State<Networks>,
    Json(patch): Json<Value>,
) -> Result<Json<Switches>, Refused> {
    let mut state = networks.state();
    let mut merged = serde_json::to_value(&state.switches).map_err(Refused::failed)?;
    merge(&mut merged, patch);
    let switches: Switches =
        serde_json::from_value(merged).map_err(|error| Refused::bad(error.to_string()))?;
    if switches.seed != state.switches.seed {
        state.faults.reseed(switches.seed);
    }
    state.switches = switches.clone();
    Ok(Json(switches))
}

fn merge(into: &mut Value, patch: Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, patch) => *into = patch,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct ResetBody {
    keep_accounts: bool,
}

impl Default for ResetBody {
    fn default() -> Self {
        Self {
            keep_accounts: true,
        }
    }
}

/// Back to empty walls, no faults and default switches. Accounts and their tokens stay, so that
/// what is connected stays connected, unless `keepAccounts` is false. Ids go on: no post ever gets
/// the id of an earlier one.
pub async fn reset(State(networks): State<Networks>, body: Bytes) -> Result<StatusCode, Refused> {
    let body: ResetBody = if body.is_empty() {
        ResetBody::default()
    } else {
        serde_json::from_slice(&body).map_err(|error| Refused::bad(error.to_string()))?
    };
    let mut fresh = Whole::seeded(fresh_seed());
    let mut state = networks.state();
    fresh.continue_ids(&state);
    fresh.log.take_file(&mut state.log);
    if body.keep_accounts {
        std::mem::swap(&mut fresh.accounts, &mut state.accounts);
        std::mem::swap(&mut fresh.tokens, &mut state.tokens);
    }
    *state = fresh;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn snapshot(State(networks): State<Networks>) -> Result<Json<Value>, Refused> {
    serde_json::to_value(&*networks.state())
        .map(Json)
        .map_err(Refused::failed)
}

pub async fn write_snapshot(State(networks): State<Networks>) -> Result<Json<Value>, Refused> {
    let path = networks
        .write_snapshot()
        .map_err(|error| Refused::bad(error.to_string()))?;
    Ok(Json(json!({ "path": path })))
}

pub async fn restore(State(networks): State<Networks>, body: Bytes) -> Result<StatusCode, Refused> {
    let snapshot = serde_json::from_slice(&body).map_err(|e| Refused::bad(e.to_string()))?;
    disk::restore(&mut networks.state(), snapshot).map_err(|e| Refused::bad(e.to_string()))?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
pub struct WallQuery {
    #[serde(default)]
    since: u64,
}

/// New posts since a position, removed ones, totals, clock and faults in one answer.
pub async fn wall(State(networks): State<Networks>, Query(query): Query<WallQuery>) -> Json<Value> {
    let state = networks.state();
    let posts = state.log.posts();
    let since = usize::try_from(query.since)
        .unwrap_or(usize::MAX)
        .min(posts.len());
    let new = &posts[since.max(posts.len().saturating_sub(WALL_POSTS * Network::ALL.len()))..];
    let recent = &posts[posts.len().saturating_sub(WALL_POSTS * Network::ALL.len())..];
    let deleted = recent.iter().filter(|post| post.deleted_at.is_some());
    Json(json!({
        "posts": new,
        "deleted": deleted.map(|p| json!({ "network": p.network, "id": p.id })).collect::<Value>(),
        "lastSeq": posts.len(),
        "totals": state.log.totals(),
        "now": networks.now(),
        "offsetMs": networks.clock().offset_ms(),
        "faults": state.faults.active(),
    }))
}
