//! One set of simulated networks per test, on a port of its own.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use posthaste_sandbox::networks::{Config, Networks, serve};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Seeded main accounts.
pub const PAGE: &str = "104857601000001";
pub const SECOND_PAGE: &str = "104857601000002";

/// A running simulator and a client.
pub struct World {
    pub base: String,
    pub networks: Networks,
    pub folder: PathBuf,
    pub client: Client,
}

/// Status and JSON body.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    pub body: Value,
    pub headers: reqwest::header::HeaderMap,
}

impl Answered {
    /// The body of a 2xx.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(
            (200..300).contains(&self.status),
            "{} {}",
            self.status,
            self.body
        );
        self.body
    }

    /// Status, code and subcode of a Graph error.
    pub fn graph_error(&self) -> (u16, i64, Option<i64>) {
        let error = &self.body["error"];
        (
            self.status,
            error["code"].as_i64().unwrap_or_default(),
            error["error_subcode"].as_i64(),
        )
    }
}

impl World {
    pub async fn start() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let folder = std::env::temp_dir().join(format!(
            "posthaste-sandbox-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        ));
        std::fs::create_dir_all(&folder).unwrap();
        let world = Self::open(folder).await;
        // The same time of day whenever the tests run: quotas of a day end at midnight.
        world.clock(json!({ "now": "2027-06-01T09:00:00Z" })).await;
        world
    }

    /// Starts with what `folder` holds.
    pub async fn open(folder: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let networks = Networks::open(Config {
            public_url: base.clone(),
            state_dir: Some(folder.join("state")),
            clock_file: Some(folder.join("clock")),
            log_file: Some(folder.join("log")),
            ..Config::default()
        })
        .unwrap();
        tokio::spawn(serve(listener, networks.clone(), std::future::pending()));
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .build()
            .unwrap();
        Self {
            base,
            networks,
            folder,
            client,
        }
    }

    pub fn url(&self, path: &str) -> String {
        if path.starts_with("http") {
            path.into()
        } else {
            format!("{}{path}", self.base)
        }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub async fn send(&self, request: RequestBuilder) -> Answered {
        answered(request.send().await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answered {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answered {
        self.send(self.request(Method::POST, path).form(form)).await
    }

    pub async fn post_json(&self, path: &str, body: Value) -> Answered {
        self.send(self.request(Method::POST, path).json(&body))
            .await
    }

    pub async fn delete(&self, path: &str) -> Answered {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub async fn switch(&self, patch: Value) {
        self.send(
            self.request(Method::PATCH, "/control/switches")
                .json(&patch),
        )
        .await
        .ok();
    }

    pub async fn fault(&self, rule: Value) -> u64 {
        self.post_json("/control/faults", rule).await.ok()["id"]
            .as_u64()
            .unwrap()
    }

    pub async fn advance(&self, seconds: f64) {
        self.clock(json!({ "advanceSeconds": seconds })).await;
    }

    pub async fn clock(&self, change: Value) {
        self.post_json("/control/clock", change).await.ok();
    }

    /// The access token of a new grant.
    pub async fn token(&self, network: &str, account: &str) -> String {
        let grant = json!({ "network": network, "accountId": account });
        let made = self.post_json("/control/grants", grant).await.ok();
        made["token"]["accessToken"].as_str().unwrap().to_owned()
    }

    pub async fn log(&self) -> Vec<Value> {
        self.get("/log").await.ok().as_array().unwrap().clone()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub async fn answered(response: reqwest::Response) -> Answered {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answered {
        status,
        body,
        headers,
    }
}
