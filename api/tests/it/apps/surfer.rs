//! A browser, as far as these pages need one: cookies, forms without scripts, and no following of redirects.

use std::collections::BTreeMap;

use reqwest::{Client, RequestBuilder, StatusCode, header::HeaderMap, redirect::Policy};
use serde_json::Value;
use tokio::net::TcpListener;

use super::*;

pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Page {
    pub fn location(&self) -> &str {
        self.headers["location"].to_str().unwrap()
    }

    /// The value of a hidden field.
    pub fn hidden(&self, name: &str) -> Option<String> {
        let (_, rest) = self.text.split_once(&format!("name=\"{name}\" value=\""))?;
        let value = rest.split('"').next()?;
        let plain = value.replace("&lt;", "<").replace("&gt;", ">");
        let plain = plain.replace("&quot;", "\"").replace("&#39;", "'");
        Some(plain.replace("&amp;", "&"))
    }
}

pub struct Surfer {
    client: Client,
    base: String,
    pub jar: BTreeMap<String, String>,
    /// What it says of where its forms come from.
    pub origin: (&'static str, &'static str),
}

impl Surfer {
    /// A browser in front of a server of its own.
    pub async fn new(world: &World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = world.router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await });
        // Another test of the process may have been faster.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().redirect(Policy::none()).no_proxy();
        Self {
            client: client.build().unwrap(),
            base,
            jar: BTreeMap::new(),
            origin: (PUBLIC_URL, "same-origin"),
        }
    }

    async fn send(&mut self, request: RequestBuilder) -> Page {
        let pairs = self
            .jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let cookies = pairs.collect::<Vec<_>>().join("; ");
        let request = if cookies.is_empty() {
            request
        } else {
            request.header("cookie", cookies)
        };
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        for set in headers.get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.jar.insert(name.to_owned(), value.to_owned());
        }
        let text = response.text().await.unwrap();
        Page {
            status,
            headers,
            text,
        }
    }

    /// Follows a link of another site.
    pub async fn get(&mut self, path: &str) -> Page {
        let request = self.client.get(format!("{}{path}", self.base));
        self.send(request.header("sec-fetch-site", "cross-site"))
            .await
    }

    /// Sends a form.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let (origin, site) = self.origin;
        let request = self.client.post(format!("{}{path}", self.base));
        let request = request
            .header("origin", origin)
            .header("sec-fetch-site", site);
        self.send(request.form(fields)).await
    }

    /// Sends the form of a page with what the person filled in.
    pub async fn submit(&mut self, page: &Page, path: &str, filled: &[(&str, &str)]) -> Page {
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        let names = ["request", "seal", "workspace"];
        let hidden = names.map(|name| page.hidden(name).map(|value| (name, value)));
        let hidden: Vec<(&str, String)> = hidden.into_iter().flatten().collect();
        let mut fields: Vec<(&str, &str)> = filled.to_vec();
        for (name, value) in &hidden {
            if !filled.iter().any(|(known, _)| known == name) {
                fields.push((name, value));
            }
        }
        self.post(path, &fields).await
    }

    /// Signs in on the pages of the web app.
    pub async fn sign_in(&mut self, email: &str) {
        let sent = json!({ "email": email, "password": PASSWORD }).to_string();
        let request = self.client.post(format!("{}/auth/session", self.base));
        let request = request
            .header("content-type", "application/json")
            .body(sent);
        let page = self.send(request).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    }

    /// What a program sends and is answered.
    pub async fn program(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, Value) {
        let request = self.client.post(format!("{}{path}", self.base));
        let response = request.form(fields).send().await.unwrap();
        assert_eq!(response.headers()["cache-control"], "no-store");
        let status = response.status();
        let text = response.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    /// As [`Surfer::program`], with what it shows of itself in the header.
    pub async fn with_basic(
        &self,
        path: &str,
        (id, secret): (&str, &str),
        fields: &[(&str, &str)],
    ) -> (StatusCode, HeaderMap, Value) {
        let request = self.client.post(format!("{}{path}", self.base));
        let request = request.basic_auth(id, Some(secret)).form(fields);
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        (
            status,
            headers,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    /// What a document at an address says.
    pub async fn document(&self, path: &str) -> Value {
        let response = self.client.get(format!("{}{path}", self.base)).send().await;
        serde_json::from_str(&response.unwrap().text().await.unwrap()).unwrap()
    }
}
