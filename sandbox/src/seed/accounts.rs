use posthaste_core::Network;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::networks::accounts;

/// The control API of running simulated networks.
pub struct Control {
    url: String,
    http: reqwest::Client,
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

    /// Puts a fault in force, see [`crate::networks`].
    pub async fn fault(&self, rule: Value) -> anyhow::Result<()> {
        self.posted("faults", &rule).await.map(drop)
    }

    /// The faults in force, with how many calls each hit.
    pub async fn faults(&self) -> anyhow::Result<Vec<Value>> {
        let request = self.http.get(format!("{}/faults", self.url));
        Ok(sent(request).await?.json().await?)
    }

    /// Takes all faults back.
    pub async fn clear_faults(&self) -> anyhow::Result<()> {
        let request = self.http.delete(format!("{}/faults", self.url));
        sent(request).await.map(drop)
    }

    /// The last requests that the networks got, oldest first.
    pub async fn requests(&self) -> anyhow::Result<Vec<Value>> {
        let url = format!("{}/requests", self.url.trim_end_matches("/control"));
        Ok(sent(self.http.get(url)).await?.json().await?)
    }

    /// Every accepted post, oldest first.
    pub async fn log(&self) -> anyhow::Result<Vec<Value>> {
        let url = format!("{}/log", self.url.trim_end_matches("/control"));
        Ok(sent(self.http.get(url)).await?.json().await?)
    }

    /// Accepted posts after the first `since` of them.
    pub async fn log_since(&self, since: usize) -> anyhow::Result<Vec<Value>> {
        let url = format!(
            "{}/log?since={since}",
            self.url.trim_end_matches("/control")
        );
        Ok(sent(self.http.get(url)).await?.json().await?)
    }

    async fn posted(&self, path: &str, body: &Value) -> anyhow::Result<Response> {
        sent(self.http.post(format!("{}/{path}", self.url)).json(body)).await
    }
}

async fn sent(request: RequestBuilder) -> anyhow::Result<Response> {
    Ok(request.send().await?.error_for_status()?)
}
