use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// How long a request is repeated before it counts as failed. A server that died holds the keys of its
/// requests for a minute.
const PATIENCE: Duration = Duration::from_secs(90);
const BETWEEN: Duration = Duration::from_millis(150);
/// Of one try.
const TIME_OUT: Duration = Duration::from_secs(20);

/// A client of the API as they should be: it knows all servers, and repeats what may be repeated.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    urls: Arc<Vec<String>>,
    key: String,
    turn: Arc<AtomicUsize>,
    repeats: Arc<AtomicUsize>,
}

impl Client {
    pub fn new(urls: Vec<String>, key: String) -> anyhow::Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .timeout(TIME_OUT)
            .connect_timeout(Duration::from_secs(2))
            .build()?;
        Ok(Self {
            http,
            urls: Arc::new(urls),
            key,
            turn: Arc::default(),
            repeats: Arc::default(),
        })
    }

    /// How often something was sent again.
    pub fn repeats(&self) -> usize {
        self.repeats.load(Ordering::Relaxed)
    }

    /// The next server in turn.
    fn url(&self) -> &str {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        &self.urls[turn % self.urls.len()]
    }

    /// The data of a document. `once` makes repeats harmless.
    pub async fn graphql(
        &self,
        query: &str,
        variables: &Value,
        once: Option<&str>,
    ) -> anyhow::Result<Value> {
        let end = Instant::now() + PATIENCE;
        loop {
            let error = match self.ask(query, variables, once).await {
                Ok(answer) if answer["errors"].is_null() => return Ok(answer["data"].clone()),
                Ok(answer) => {
                    let all = answer["errors"].as_array().into_iter().flatten();
                    let code =
                        |error: &Value| error["extensions"]["code"] == "IDEMPOTENCY_IN_PROGRESS";
                    let again =
                        |error: &Value| error["extensions"]["retryable"] == true || code(error);
                    if !all.clone().all(again) {
                        bail!("{}", answer["errors"]);
                    }
                    answer["errors"].to_string()
                }
                Err(error) => format!("{error:#}"),
            };
            if Instant::now() > end {
                bail!("no answer in {PATIENCE:?}; the last: {error}");
            }
            self.repeats.fetch_add(1, Ordering::Relaxed);
            sleep(BETWEEN).await;
        }
    }

    async fn ask(
        &self,
        query: &str,
        variables: &Value,
        once: Option<&str>,
    ) -> anyhow::Result<Value> {
        let mut request = self
            .http
            .post(format!("{}/graphql", self.url()))
            .bearer_auth(&self.key)
            .json(&json!({ "query": query, "variables": variables }));
        if let Some(key) = once {
            request = request.header("idempotency-key", key);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let body: Value = answer
            .json()
            .await
            .with_context(|| format!("status {status}"))?;
        if body["data"].is_null() && body["errors"].is_null() {
            bail!("status {status}: {body}");
        }
        Ok(body)
    }

    /// The payload of a mutation; its errors are errors.
    pub async fn mutate(
        &self,
        query: &str,
        input: Value,
        once: Option<&str>,
    ) -> anyhow::Result<Value> {
        let data = self
            .graphql(query, &json!({ "input": input }), once)
            .await?;
        let payload = data
            .as_object()
            .and_then(|data| data.values().next())
            .context("no payload")?;
        if payload["errors"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
        {
            bail!("{}", payload["errors"]);
        }
        Ok(payload.clone())
    }

    /// Uploads a picture; its id.
    pub async fn upload(&self, bytes: Vec<u8>) -> anyhow::Result<String> {
        let request = self
            .http
            .post(format!("{}/media?altText=A%20pattern", self.urls[0]))
            .bearer_auth(&self.key)
            .header("content-type", "image/jpeg")
            .body(bytes);
        let media: Value = request.send().await?.error_for_status()?.json().await?;
        let id = media["id"].as_str().context("no id of the upload")?;
        Ok(id.to_owned())
    }

    /// The status of a small request to server `n`; none when it does not answer.
    pub async fn status(&self, n: usize) -> Option<u16> {
        let request = self
            .http
            .post(format!("{}/graphql", self.urls[n]))
            .bearer_auth(&self.key)
            .header("accept", "application/graphql-response+json")
            .json(&json!({ "query": "{ targets(first: 1) { totalCount } }" }));
        Some(request.send().await.ok()?.status().as_u16())
    }

    /// The status of a health address of server `n`; none when it does not answer.
    pub async fn health(&self, n: usize, path: &str) -> Option<u16> {
        let request = self.http.get(format!("{}{path}", self.urls[n]));
        Some(request.send().await.ok()?.status().as_u16())
    }
}
