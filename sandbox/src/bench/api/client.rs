use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::ensure;
use posthaste_store::connection::Connection;
use serde_json::{Value, json};

const CALENDAR: &str = "query { posts(first: 100, orderBy: DUE_AT_ASC,
    filter: { dueFrom: \"2026-01-01T00:00:00Z\", dueTo: \"2027-01-01T00:00:00Z\" }) { edges { node { id version content { text }
    targets { id state dueAt publishedAt permalink connection { id name }
        metrics { views reach likes comments shares saves clicks videoViews readAt } } } } } }";
const CREATE: &str = "mutation($input: PostCreateInput!) { postCreate(input: $input) { post { id } errors { code } } }";

/// A client with an API key.
pub struct Api {
    http: reqwest::Client,
    url: String,
    key: String,
    connections: Vec<String>,
    next: AtomicU64,
}

impl Api {
    /// A client of the server at `url`.
    pub fn new(url: &str, key: &str, connections: &[Connection]) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().build()?;
        let connections = connections.iter().map(|row| row.id.to_string()).collect();
        Ok(Self {
            http,
            url: format!("{url}/graphql"),
            key: key.to_owned(),
            connections,
            next: AtomicU64::new(0),
        })
    }

    async fn ask(&self, body: Value) -> anyhow::Result<Value> {
        let answer: Value = self
            .http
            .post(&self.url)
            .bearer_auth(&self.key)
            .json(&body)
            .send()
            .await?
            .json()
            .await?;
        ensure!(answer.get("errors").is_none(), "{answer}");
        Ok(answer)
    }

    /// A page of the calendar.
    pub async fn calendar(&self) -> anyhow::Result<()> {
        let answer = self.ask(json!({ "query": CALENDAR })).await?;
        let rows = answer["data"]["posts"]["edges"]
            .as_array()
            .map_or(0, Vec::len);
        ensure!(rows == 100, "{rows} posts instead of 100");
        Ok(())
    }

    /// A new post with four targets.
    pub async fn create(&self) -> anyhow::Result<()> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let targets: Vec<_> = self
            .connections
            .iter()
            .map(|id| json!({ "connectionId": id }))
            .collect();
        let input = json!({ "text": format!("Created {number}"), "targets": targets });
        let answer = self
            .ask(json!({ "query": CREATE, "variables": { "input": input } }))
            .await?;
        ensure!(
            answer["data"]["postCreate"]["post"]["id"].is_string(),
            "{answer}"
        );
        Ok(())
    }
}
