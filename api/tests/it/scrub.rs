//! Secrets are planted and then looked for in everything that the server writes (docs/security.md, row 29).

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use axum::{
    body::Body,
    http::{Request, header},
};
use posthaste_core::{Network, access::Role, hex, ports::ScriptedHttp, secret::Secret};
use posthaste_engine::session::{self, NewUser};
use serde_json::{Value, json};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;
use url::Url;

use crate::world::{World, body, mutation};

const PASSWORD: &str = "planted-password-1";
const WRONG: &str = "planted-wrong-password-2";
const ACCESS: &str = "planted-access-token-3";
/// Of the account that the world begins with.
const OLD_ACCESS: &str = "Home-Pinterest-access";
const REFRESH: &str = "planted-refresh-token-4";
const CODE: &str = "planted-consent-code-5";
const STRANGE_KEY: &str = "phk_live_planted-unknown-key-6";

/// A log that is kept.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Kept {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Kept {
    /// Keeps what is logged by this thread until the guard is dropped.
    pub fn begin() -> (Self, DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(log.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// Every row of every table as JSON; bytes in it are hexadecimal.
pub async fn tables(world: &World) -> String {
    let (client, connection) = world.app.db.address().wire().await.unwrap();
    tokio::spawn(connection);
    let named = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
    let mut dump = String::new();
    for row in client.query(named, &[]).await.unwrap() {
        let name: &str = row.get(0);
        let rows = format!("SELECT to_jsonb(row)::text FROM \"{name}\" AS row");
        for row in client.query(&rows, &[]).await.unwrap() {
            dump.extend([name, " ", row.get(0), "\n"]);
        }
    }
    dump
}

async fn sign_in(world: &World, password: &str) -> Value {
    let query = "mutation($input: SessionCreateInput!) { sessionCreate(input: $input) { token errors { code message } } }";
    let variables = json!({ "input": { "email": "ada@example.org", "password": password } });
    let request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(
            json!({ "query": query, "variables": variables }).to_string(),
        ))
        .unwrap();
    body(world.send(request).await).await.1
}

/// A change by the owner whose answer is kept for a repeat.
async fn change(world: &World, name: &str, fields: &str, input: Value) -> Value {
    let request = Request::post("/graphql")
        .header(
            header::AUTHORIZATION,
            format!("Bearer {}", world.home.owner),
        )
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", name)
        .body(Body::from(
            json!({ "query": mutation(name, fields), "variables": { "input": input } }).to_string(),
        ))
        .unwrap();
    let (_, mut answer) = body(world.send(request).await).await;
    assert_eq!(answer["data"][name]["errors"], json!([]), "{answer}");
    answer["data"][name].take()
}

/// Connects an account; what it shows about itself on the way.
async fn connect(world: &World) -> String {
    let asked = change(
        world,
        "connectionAuthorize",
        "grant { id } authorizeUrl",
        json!({ "network": "X" }),
    )
    .await;
    let url = Url::parse(asked["authorizeUrl"].as_str().unwrap()).unwrap();
    let state = url.query_pairs().find(|(name, _)| name == "state").unwrap();
    let back = format!("/oauth/x/callback?state={}&code={CODE}", state.1);
    let request = Request::get(back).body(Body::empty()).unwrap();
    let page = body(world.send(request).await).await.1;
    let input = json!({ "grantId": asked["grant"]["id"], "accountIds": ["77"] });
    let made = change(world, "connectionCreate", "connections { id name }", input).await;
    // Access to another account is refused; the network says with what it was asked.
    let id = world.home.on(Network::Pinterest);
    let query = "query($id: ID!) { connection(id: $id) { name destinations { id } } }";
    let variables = json!({ "id": id });
    let told = world.graphql(&world.home.owner, query, variables).await;
    format!("{page} {made} {told}")
}

#[tokio::test]
async fn no_planted_secret_is_in_logs_errors_events_or_tables() {
    let (log, _kept) = Kept::begin();

    let tokens = json!({ "access_token": ACCESS, "refresh_token": REFRESH, "expires_in": 7200, "scope": "tweet.read", "token_type": "bearer" });
    let person = json!({ "data": { "id": "77", "name": "New", "username": "new" } });
    let echo =
        json!({ "code": 2, "message": format!("Authentication failed: Bearer {OLD_ACCESS}") });
    let http = ScriptedHttp::new([
        ScriptedHttp::json(200, tokens),
        ScriptedHttp::json(200, person),
        ScriptedHttp::json(401, echo),
    ]);
    let world = World::sealed(http).await;
    let new = NewUser {
        id: None,
        email: "ada@example.org".into(),
        name: "Ada".into(),
        password: Secret::new(PASSWORD),
    };
    let user = session::create_user(&world.app, new).await.unwrap();
    session::add_member(&world.app, world.home.workspace, user.id, Role::Admin)
        .await
        .unwrap();

    // Everything that is said to somebody who has no right to see a secret.
    let mut told = connect(&world).await;
    told += &sign_in(&world, WRONG).await.to_string();
    told += &world
        .graphql(STRANGE_KEY, "{ viewer { role } }", json!({}))
        .await
        .to_string();
    let session = sign_in(&world, PASSWORD).await["data"]["sessionCreate"]["token"].clone();
    let key = change(
        &world,
        "apiKeyCreate",
        "secret apiKey { id prefix }",
        json!({ "name": "Robot", "role": "EDITOR" }),
    )
    .await["secret"]
        .clone();
    let hook = change(
        &world,
        "webhookEndpointCreate",
        "secret webhookEndpoint { id }",
        json!({ "url": "https://example.org/hook" }),
    )
    .await["secret"]
        .clone();
    let seen = "{ events(first: 100) { nodes { type data } } requestLog(first: 100) { nodes { operation errorCode userAgent } } \
        apiKeys(first: 100) { nodes { name prefix } } connections(first: 100) { nodes { name status } } \
        webhookEndpoints(first: 100) { nodes { url } } }";
    told += &world
        .graphql(&world.home.owner, seen, json!({}))
        .await
        .to_string();

    let written = [
        ("the log", log.text()),
        ("an answer", told),
        ("a table", tables(&world).await),
    ];
    let shown_once = [&session, &key, &hook].map(|value| value.as_str().unwrap());
    let planted = [
        PASSWORD,
        WRONG,
        ACCESS,
        OLD_ACCESS,
        REFRESH,
        CODE,
        STRANGE_KEY,
    ];
    for secret in planted.into_iter().chain(shown_once) {
        let bytes = hex::encode(secret.as_bytes());
        for (place, text) in &written {
            let found = text.find(secret).or_else(|| text.find(&bytes));
            let around = found.map(|at| {
                let from = text.floor_char_boundary(at.saturating_sub(200));
                let to = text.ceil_char_boundary((at + 100).min(text.len()));
                &text[from..to]
            });
            assert_eq!(around, None, "{place} holds {secret}");
        }
    }
    // It would have been found: what is no secret is there.
    assert!(!written[0].1.is_empty() && written[2].1.contains("ada@example.org"));
}
