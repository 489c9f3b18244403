use chrono::TimeDelta;
use posthaste_core::{
    Network, Result,
    connector::{Account, TokenSet},
    secret::Secret,
};
use posthaste_store::connection::{Connection, Filter, Status};
use serde::Deserialize;
use serde_json::json;

use super::Control;
use crate::{Actor, App, connection};

/// Most connections of a workspace that a sandbox cares for.
const MOST: i64 = 1_000;

#[derive(Deserialize)]
struct Grant {
    account: Known,
    token: Token,
}

/// An account on a simulated network.
#[derive(Deserialize)]
pub(super) struct Known {
    /// The network's id.
    pub id: String,
    username: String,
    name: String,
    #[serde(default)]
    boards: Vec<Board>,
}

#[derive(Deserialize)]
struct Board {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    #[serde(rename = "accessToken")]
    access: String,
    #[serde(default, rename = "refreshToken")]
    refresh: Option<String>,
    #[serde(default)]
    expires_in: Option<i64>,
    #[serde(default)]
    refresh_token_expires_in: Option<i64>,
    #[serde(default)]
    scopes: Vec<String>,
}

/// Connects an account of a simulated network as if its consent had been clicked, or gives its
/// connection new access; a new Pinterest connection posts to its first board by default.
pub async fn connect(
    app: &App,
    actor: &Actor,
    network: Network,
    account_id: &str,
) -> Result<Connection> {
    let order = json!({ "network": network, "accountId": account_id });
    let Grant { account, token } = Control::of(app)?.post("grants", order).await?;
    let after =
        |seconds: Option<i64>| seconds.map(|seconds| app.now() + TimeDelta::seconds(seconds));
    let known = Account {
        remote_id: account.id,
        name: account.name,
        username: Some(account.username),
        avatar_url: None,
        tokens: TokenSet {
            access: Secret::new(token.access),
            refresh: token.refresh.map(Secret::new),
            expires_at: after(token.expires_in),
            refresh_expires_at: after(token.refresh_token_expires_in),
            scopes: token.scopes,
        },
    };
    let row = connection::import(app, actor, network, &known).await?;
    let Some(board) = account
        .boards
        .first()
        .filter(|_| row.default_destination.is_none())
    else {
        return Ok(row);
    };
    let change = connection::Change {
        default_destination: Some(Some(board.id.clone())),
        ..Default::default()
    };
    connection::update(app, actor, row.id, row.version, change).await
}

/// The workspace's connections; all but removed ones.
pub(super) async fn connections(app: &App, actor: &Actor) -> Result<Vec<Connection>> {
    let page = posthaste_store::PageRequest::first(MOST);
    Ok(connection::list(app, actor, &Filter::default(), &page)
        .await?
        .rows)
}

/// Gives new access to connections that lost theirs.
pub(super) async fn reconnect(app: &App, actor: &Actor) -> Result<()> {
    for row in connections(app, actor).await? {
        if row.status == Status::Reconnect {
            connect(app, &in_charge(actor), row.network, &row.remote_id).await?;
        }
    }
    Ok(())
}

/// An editor may play with a sandbox, and that connects accounts.
pub(super) fn in_charge(actor: &Actor) -> Actor {
    Actor {
        provenance: actor.provenance.clone(),
        ..Actor::system(actor.workspace)
    }
}
