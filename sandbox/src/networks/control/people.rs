//! Accounts and grants.

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Refused;
use crate::networks::{Networks, accounts::Account, kinds::Network};

/// Most accounts that one call makes.
const MAX_COUNT: usize = 100_000;

#[derive(Deserialize)]
pub struct ListQuery {
    network: Option<Network>,
}

pub async fn list(
    State(networks): State<Networks>,
    Query(query): Query<ListQuery>,
) -> Json<Vec<Account>> {
    let state = networks.state();
    let chosen = Network::ALL
        .into_iter()
        .filter(|n| query.network.is_none_or(|q| q == *n));
    Json(
        chosen
            .flat_map(|network| state.accounts.of(network))
            .cloned()
            .collect(),
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateBody {
    network: Network,
    count: usize,
}

pub async fn create(
    State(networks): State<Networks>,
    Json(body): Json<CreateBody>,
) -> Result<(StatusCode, Json<Vec<Account>>), Refused> {
    if body.count > MAX_COUNT {
        return Err(Refused::bad(format!("count is at most {MAX_COUNT}")));
    }
    let made = networks
        .state()
        .accounts
        .add_numbered(body.network, body.count);
    Ok((StatusCode::CREATED, Json(made)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GrantBody {
    network: Network,
    account_id: String,
    #[serde(default)]
    scopes: Option<BTreeSet<String>>,
}

pub async fn grant(
    State(networks): State<Networks>,
    Json(body): Json<GrantBody>,
) -> Result<(StatusCode, Json<Value>), Refused> {
    let account = networks
        .state()
        .accounts
        .get(body.network, &body.account_id)
        .cloned();
    let account = account.ok_or_else(|| {
        Refused::missing(format!(
            "{} has no account {}",
            body.network.title(),
            body.account_id
        ))
    })?;
    let module = networks
        .module_of(body.network)
        .ok_or_else(|| Refused::missing(format!("{} is not simulated", body.network.title())))?;
    let token = module.grant(&networks, &account, body.scopes);
    Ok((
        StatusCode::CREATED,
        Json(json!({ "account": account, "token": token })),
    ))
}
