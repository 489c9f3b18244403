use anyhow::Context;
use chrono::TimeDelta;
use posthaste_core::{
    Network,
    connector::{Account, TokenSet},
    secret::Secret,
};
use posthaste_engine::{Actor, App, connection};
use posthaste_store::connection::Connection;
use reqwest::{RequestBuilder, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::networks::accounts;

/// The control API of running simulated networks.
pub struct Control {
    url: String,
    http: reqwest::Client,
}

#[derive(Deserialize)]
struct Grant {
    account: accounts::Account,
    token: Token,
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

impl Control {
    /// The control API under the networks' address.
    pub fn new(networks_url: &str) -> anyhow::Result<Self> {
        // The first of several clients in a process installs it; the others find it there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().build()?;
        Ok(Self {
            url: format!("{networks_url}/control"),
            http,
        })
    }

    /// The accounts of a network, oldest first.
    pub async fn accounts(&self, network: Network) -> anyhow::Result<Vec<accounts::Account>> {
        let url = format!("{}/accounts?network={}", self.url, network.as_str());
        Ok(sent(self.http.get(url)).await?.json().await?)
    }

    /// Makes `count` more accounts.
    pub async fn add_accounts(
        &self,
        network: Network,
        count: usize,
    ) -> anyhow::Result<Vec<accounts::Account>> {
        let body = json!({ "network": network.as_str(), "count": count });
        Ok(self.posted("accounts", &body).await?.json().await?)
    }

    /// Sends any other control call.
    pub async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        let answer = self.posted(path, &body).await?;
        Ok(answer.json().await.unwrap_or_default())
    }

    /// Changes switches.
    pub async fn switch(&self, body: Value) -> anyhow::Result<()> {
        let request = self.http.patch(format!("{}/switches", self.url));
        sent(request.json(&body)).await.map(drop)
    }

    /// Every accepted post, oldest first.
    pub async fn log(&self) -> anyhow::Result<Vec<Value>> {
        let url = format!("{}/log", self.url.trim_end_matches("/control"));
        Ok(sent(self.http.get(url)).await?.json().await?)
    }

    async fn grant(&self, network: Network, account: &str) -> anyhow::Result<Grant> {
        let body = json!({ "network": network.as_str(), "accountId": account });
        Ok(self.posted("grants", &body).await?.json().await?)
    }

    async fn posted(&self, path: &str, body: &Value) -> anyhow::Result<Response> {
        sent(self.http.post(format!("{}/{path}", self.url)).json(body)).await
    }
}

async fn sent(request: RequestBuilder) -> anyhow::Result<Response> {
    Ok(request.send().await?.error_for_status()?)
}

/// Connects an account as if its consent had been clicked; a Pinterest account posts to its first
/// board by default.
pub async fn connect(
    app: &App,
    actor: &Actor,
    control: &Control,
    network: Network,
    account_id: &str,
) -> anyhow::Result<Connection> {
    let Grant { account, token } = control
        .grant(network, account_id)
        .await
        .with_context(|| format!("no grant for {network} account {account_id}"))?;
    let after =
        |seconds: Option<i64>| seconds.map(|seconds| app.now() + TimeDelta::seconds(seconds));
    let known = Account {
        remote_id: account.id.clone(),
        name: account.name.clone(),
        username: Some(account.username.clone()),
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
    let Some(board) = account.boards.first() else {
        return Ok(row);
    };
    let change = connection::Change {
        default_destination: Some(Some(board.id.clone())),
        ..Default::default()
    };
    Ok(connection::update(app, actor, row.id, row.version, change).await?)
}
