//! Apps of others (OAuth 2.1), asked for as they and people's browsers do: over HTTP.

mod dance;
mod grants;
mod refresh;
mod refusals;
mod registered;
mod surfer;

use axum::http::StatusCode;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use posthaste_core::access::Role;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

pub use surfer::{Page, Surfer};

use crate::world::{PASSWORD, PUBLIC_URL, Tenant, World, person};

const EMAIL: &str = "ada@example.org";
const BACK: &str = "https://app.example/back";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// An app as its author knows it.
#[derive(Clone)]
pub struct Author {
    id: String,
    secret: Option<String>,
}

impl Author {
    /// Registers an app that may ask to read, write and publish.
    async fn new(world: &World, tenant: &Tenant, is_confidential: bool) -> Self {
        let input = json!({ "name": "Calendar <b>", "redirectUris": [BACK, "http://127.0.0.1/back"],
            "permissions": ["READ", "WRITE", "PUBLISH"], "isConfidential": is_confidential });
        let fields = "secret oauthApp { id }";
        let made = world
            .change_by(&tenant.owner, "oauthAppCreate", fields, input)
            .await;
        assert_eq!(made["errors"], json!([]), "{made}");
        Self {
            id: made["oauthApp"]["id"].as_str().unwrap().to_owned(),
            secret: made["secret"].as_str().map(str::to_owned),
        }
    }

    /// The address at which people are asked, with other values in the place of the usual ones; none leaves one out.
    fn asks(&self, other: &[(&str, Option<&str>)]) -> String {
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let mut fields = vec![
            ("client_id", self.id.as_str()),
            ("redirect_uri", BACK),
            ("response_type", "code"),
            ("scope", "WRITE READ"),
            ("state", "a state & more"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in other {
            fields.retain(|(known, _)| known != name);
            fields.extend(value.map(|value| (*name, value)));
        }
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(fields);
        format!("/oauth/authorize?{}", query.finish())
    }

    /// What the app shows of itself, in the body.
    fn shown(&self) -> Vec<(&str, &str)> {
        let secret = self.secret.as_deref();
        let secret = secret.map(|secret| ("client_secret", secret));
        [("client_id", self.id.as_str())]
            .into_iter()
            .chain(secret)
            .collect()
    }

    /// Fetches tokens, with other values in the place of the usual ones.
    async fn fetch(&self, net: &Surfer, other: &[(&str, &str)]) -> (StatusCode, Value) {
        let mut fields = self.shown();
        fields.extend([
            ("grant_type", "authorization_code"),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ]);
        for (name, value) in other {
            fields.retain(|(known, _)| known != name);
            fields.extend((!value.is_empty()).then_some((*name, *value)));
        }
        net.program("/oauth/token", &fields).await
    }

    async fn refresh(&self, net: &Surfer, token: &Value) -> (StatusCode, Value) {
        let mut fields = self.shown();
        let token = token.as_str().unwrap();
        fields.extend([("grant_type", "refresh_token"), ("refresh_token", token)]);
        net.program("/oauth/token", &fields).await
    }
}

/// A world with a person of a role in the home workspace, whose browser is signed in.
async fn signed_in(role: Role) -> (World, Surfer) {
    let world = World::new().await;
    person(&world, &world.home, EMAIL, role).await;
    let mut surfer = Surfer::new(&world).await;
    surfer.sign_in(EMAIL).await;
    (world, surfer)
}

/// What an app finds in the address that a person comes back to.
fn answer(page: &Page) -> Vec<(String, String)> {
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    let url = Url::parse(page.location()).unwrap();
    url.query_pairs().into_owned().collect()
}

fn found<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let pair = pairs.iter().find(|(known, _)| known == name);
    pair.map(|(_, value)| value.as_str())
}

/// Has the person allow what an app asks for; the code.
async fn code(surfer: &mut Surfer, asks: &str) -> String {
    let page = surfer.get(asks).await;
    let back = surfer
        .submit(&page, "/oauth/authorize", &[("decision", "allow")])
        .await;
    let pairs = answer(&back);
    found(&pairs, "code")
        .unwrap_or_else(|| panic!("{pairs:?}"))
        .to_owned()
}

/// Tokens of an app that a person let in.
async fn tokens(surfer: &mut Surfer, author: &Author) -> Value {
    let code = code(surfer, &author.asks(&[])).await;
    let (status, tokens) = author.fetch(surfer, &[("code", &code)]).await;
    assert_eq!(status, StatusCode::OK, "{tokens}");
    tokens
}

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

/// The code of what an access token is told; empty when it opens.
async fn opens(world: &World, tokens: &Value) -> String {
    let token = text(tokens, "access_token");
    let answer = world.graphql(token, "{ viewer { kind } }", json!({})).await;
    let code = answer["errors"][0]["extensions"]["code"].as_str();
    code.unwrap_or_default().to_owned()
}

/// What the home workspace's audit log says of apps.
async fn audited(world: &World) -> Vec<(String, String)> {
    let chain = Some(world.home.workspace);
    let entries = posthaste_engine::audit::export(&world.app.db, chain, 0).await;
    let entries = entries.unwrap().into_iter();
    let of_apps = entries.filter(|entry| entry.act.starts_with("oauth_"));
    of_apps.map(|entry| (entry.act, entry.actor)).collect()
}

/// The id of a grant in a workspace.
pub async fn granted(world: &World, tenant: &Tenant) -> String {
    let email = format!("granted@{}.example", tenant.workspace);
    person(world, tenant, &email, Role::Viewer).await;
    let author = Author::new(world, tenant, false).await;
    let mut surfer = Surfer::new(world).await;
    surfer.sign_in(&email).await;
    tokens(&mut surfer, &author).await;
    let query = "{ oauthGrants(ofWorkspace: true) { nodes { id } } }";
    let found = world.graphql(&tenant.owner, query, json!({})).await;
    let id = found["data"]["oauthGrants"]["nodes"][0]["id"].as_str();
    id.unwrap().to_owned()
}
