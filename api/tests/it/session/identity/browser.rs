//! A browser, as far as signing in by a provider needs one: it keeps cookies, and goes where it is sent.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use posthaste_core::{
    outgoing::Reach,
    ports::{Method, Request as Outgoing},
};
use serde_json::{Value, json};
use url::Url;

use crate::world::{PUBLIC_URL, World, body};

/// Where a page stands.
#[derive(Debug)]
pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Page {
    /// Where it leads to.
    pub fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }
}

/// Cookies by host, and by name.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    cookies: BTreeMap<String, BTreeMap<String, String>>,
}

/// A parameter of an address.
pub fn parameter(address: &str, name: &str) -> Option<String> {
    let url = Url::parse(address).unwrap();
    let mut pairs = url.query_pairs();
    pairs.find_map(|(known, value)| (known == name).then(|| value.into_owned()))
}

fn host(url: &Url) -> String {
    url[..url::Position::BeforePath].to_owned()
}

impl Browser {
    fn cookie(&self, url: &Url) -> String {
        let known = self.cookies.get(&host(url)).into_iter().flatten();
        let pairs: Vec<_> = known
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    fn keep(&mut self, url: &Url, headers: &HeaderMap) {
        let jar = self.cookies.entry(host(url)).or_default();
        for value in headers.get_all(header::SET_COOKIE) {
            let pair = value.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            // What is emptied is forgotten.
            if value.is_empty() {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Opens an address, of this server or of another, with a form or without.
    pub async fn open(
        &mut self,
        world: &World,
        address: &str,
        form: Option<&[(&str, &str)]>,
    ) -> Page {
        let url = Url::parse(PUBLIC_URL).unwrap().join(address).unwrap();
        let page = if host(&url) == PUBLIC_URL {
            let path = &url[url::Position::BeforePath..];
            let request = Request::get(path).header(header::COOKIE, self.cookie(&url));
            let response = world.send(request.body(Body::empty()).unwrap()).await;
            let (status, headers) = (response.status(), response.headers().clone());
            let text = body(response).await.1.to_string();
            Page {
                status,
                headers,
                text,
            }
        } else {
            let method = if form.is_some() {
                Method::Post
            } else {
                Method::Get
            };
            let mut request = Outgoing::new(method, url.as_str()).reaching(Reach::Anywhere);
            request = request.header("cookie", self.cookie(&url));
            if let Some(fields) = form {
                request = request.form(fields.iter().copied());
            }
            let answer = world.app.http.send(request).await.unwrap();
            let pairs = answer.headers.iter();
            let pairs = pairs.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            Page {
                status: StatusCode::from_u16(answer.status).unwrap(),
                headers: pairs.collect(),
                text: String::from_utf8_lossy(&answer.body).into_owned(),
            }
        };
        self.keep(&url, &page.headers);
        page
    }

    /// Opens an address of this server, which must lead on; where to.
    pub async fn follow(&mut self, world: &World, address: &str) -> String {
        let page = self.open(world, address, None).await;
        assert_eq!(
            page.status,
            StatusCode::SEE_OTHER,
            "{address}: {}",
            page.text
        );
        page.location().to_owned()
    }

    /// Executes a mutation as a page of this server does: with the browser's cookies, and with a token if there is one. The whole answer.
    pub async fn ask(
        &self,
        world: &World,
        token: Option<&str>,
        name: &str,
        fields: &str,
        input: Value,
    ) -> Value {
        let document = crate::world::mutation(name, fields);
        let mut request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header("sec-fetch-site", "same-origin")
            .header(
                header::COOKIE,
                self.cookie(&Url::parse(PUBLIC_URL).unwrap()),
            );
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let text = json!({ "query": document, "variables": { "input": input } }).to_string();
        let response = world.send(request.body(Body::from(text)).unwrap()).await;
        body(response).await.1
    }

    /// As [`Browser::ask`]; the payload.
    pub async fn change(
        &self,
        world: &World,
        token: Option<&str>,
        name: &str,
        fields: &str,
        input: Value,
    ) -> Value {
        let mut answer = self.ask(world, token, name, fields, input).await;
        assert_eq!(answer["errors"], Value::Null, "{name}: {answer}");
        answer["data"][name].take()
    }

    /// Turns a code into a session; the payload.
    pub async fn redeem(&self, world: &World, input: Value) -> Value {
        let fields = "token session { secondFactor workspaceId authenticatedAt }";
        self.change(world, None, "sessionFromProvider", fields, input)
            .await
    }
}

/// The code of a payload's refusal; null without one.
pub fn refusal(payload: &Value) -> &Value {
    &payload["errors"][0]["code"]
}
