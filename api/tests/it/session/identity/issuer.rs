//! A provider that a test has in hand, with whatever it says and signs.

use std::sync::{Arc, Mutex};

use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use openidconnect::{
    JsonWebKeyId, PrivateSigningKey,
    core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm},
};
use posthaste_core::secret::Secret;
use posthaste_engine::identity::{Providers, Settings};
use rcgen::{KeyPair, PKCS_ED25519};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::browser::{Browser, parameter};
use crate::world::World;

/// What the provider calls this server, and what that shows it.
pub const CLIENT: &str = "posthaste";
pub const SECRET: &str = "a secret of the client";

/// A key with its name.
pub struct Key(pub CoreEdDsaPrivateSigningKey, pub &'static str);

impl Key {
    pub fn new(id: &'static str) -> Self {
        let pem = KeyPair::generate_for(&PKCS_ED25519)
            .unwrap()
            .serialize_pem();
        let name = JsonWebKeyId::new(id.to_owned());
        Self(
            CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(name)).unwrap(),
            id,
        )
    }

    /// Its public half, as it is published.
    pub fn public(&self) -> Value {
        serde_json::to_value(self.0.as_verification_key()).unwrap()
    }

    pub fn sign(&self, text: &str) -> String {
        let signed = self
            .0
            .sign(&CoreJwsSigningAlgorithm::EdDsa, text.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(signed.unwrap())
    }
}

/// A token of these parts; the signature is made of what stands before it.
pub fn token(header: &Value, claims: &Value, sign: impl FnOnce(&str) -> String) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    format!("{text}.{}", sign(&text))
}

/// Makes a token of header and claims.
pub type Forge = fn(&Script, &Value, &Value) -> String;

/// What the provider does.
pub struct Script {
    pub key: Key,
    /// What it publishes; its key unless told otherwise.
    pub published: Option<Vec<Value>>,
    /// What it says of itself beyond the usual.
    pub metadata: Value,
    /// What its ID tokens say beyond the usual; null takes a claim away.
    pub claims: Value,
    /// What their headers say beyond the usual.
    pub header: Value,
    /// Makes another token of header and claims.
    pub forge: Option<Forge>,
    /// What it tells where it is asked about the person.
    pub about: Value,
    /// Whether it fails.
    pub is_away: bool,
    /// What was asked of it, in order.
    pub asked: Vec<&'static str>,
    nonce: String,
    challenge: String,
}

pub struct Issuer {
    pub url: String,
    pub script: Arc<Mutex<Script>>,
}

#[derive(Clone)]
struct Place(String, Arc<Mutex<Script>>);

impl Issuer {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(Script {
            key: Key::new("first"),
            published: None,
            metadata: json!({}),
            claims: json!({}),
            header: json!({}),
            forge: None,
            about: Value::Null,
            is_away: false,
            asked: Vec::new(),
            nonce: String::new(),
            challenge: String::new(),
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/keys", get(keys))
            .route("/token", post(exchange))
            .route("/about", get(about))
            .route("/evil", get(evil))
            .with_state(Place(url.clone(), script.clone()));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, script }
    }

    pub fn set(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    /// How often something was asked of it.
    pub fn times(&self, what: &str) -> usize {
        let script = self.script.lock().unwrap();
        script.asked.iter().filter(|asked| **asked == what).count()
    }

    /// As an operator may name it.
    pub fn settings(&self) -> Settings {
        Settings {
            name: "acme".into(),
            label: "Acme".into(),
            issuer: self.url.clone(),
            client_id: CLIENT.into(),
            client_secret: Secret::new(SECRET),
            scopes: vec!["email".into(), "profile".into()],
            registration: Vec::new(),
            trust_email: false,
            second_factor: false,
            allow_private: true,
        }
    }

    /// A world in which people sign in by it.
    pub async fn world(&self) -> World {
        Self::world_of(vec![self.settings()]).await
    }

    /// A world with these providers, and a page elsewhere that may use the API.
    pub async fn world_of(settings: Vec<Settings>) -> World {
        let origins = vec!["https://app.example".to_owned()];
        World::providing(Providers::new(settings, origins)).await
    }

    /// Somebody signs in at its page, to which an address leads: where their browser is sent back to.
    pub fn answer(&self, address: &str) -> String {
        let told = |name: &str| parameter(address, name).unwrap();
        assert!(
            address.starts_with(&format!("{}/authorize?", self.url)),
            "{address}"
        );
        assert_eq!(told("response_type"), "code");
        assert_eq!(told("client_id"), CLIENT);
        assert_eq!(told("code_challenge_method"), "S256");
        assert_eq!(told("scope"), "openid email profile");
        self.set(|script| {
            script.nonce = told("nonce");
            script.challenge = told("code_challenge");
        });
        format!(
            "{}?code=a-code&state={}&iss={}",
            told("redirect_uri"),
            told("state"),
            self.url
        )
    }

    /// A browser goes the whole way to a page of this server; the address at which it stands then.
    pub async fn dance(&self, world: &World, browser: &mut Browser) -> String {
        let there = browser
            .follow(world, "/auth/oidc/acme?return_to=/welcome")
            .await;
        browser.follow(world, &self.answer(&there)).await
    }

    /// As [`Issuer::dance`]; the code that it stands with.
    pub async fn code(&self, world: &World, browser: &mut Browser) -> String {
        let end = self.dance(world, browser).await;
        parameter(&end, "code").unwrap_or_else(|| panic!("{end}"))
    }
}

impl Place {
    fn note(&self, what: &'static str) -> Option<Response> {
        let mut script = self.1.lock().unwrap();
        script.asked.push(what);
        script
            .is_away
            .then(|| StatusCode::BAD_GATEWAY.into_response())
    }
}

/// A value with what another one says.
fn with(mut value: Value, more: &Value) -> Value {
    let fields: &mut Map<String, Value> = value.as_object_mut().unwrap();
    for (name, value) in more.as_object().unwrap() {
        if value.is_null() {
            fields.remove(name);
        } else {
            fields.insert(name.clone(), value.clone());
        }
    }
    value
}

async fn metadata(State(place): State<Place>) -> Response {
    if let Some(away) = place.note("metadata") {
        return away;
    }
    let url = &place.0;
    let usual = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "userinfo_endpoint": format!("{url}/about"),
        "jwks_uri": format!("{url}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
        "authorization_response_iss_parameter_supported": true,
    });
    let script = place.1.lock().unwrap();
    Json(with(usual, &script.metadata)).into_response()
}

async fn keys(State(place): State<Place>) -> Response {
    if let Some(away) = place.note("keys") {
        return away;
    }
    let script = place.1.lock().unwrap();
    let all = script.published.clone();
    let all = all.unwrap_or_else(|| vec![script.key.public()]);
    Json(json!({ "keys": all })).into_response()
}

#[derive(serde::Deserialize)]
struct Exchange {
    grant_type: String,
    code: String,
    code_verifier: String,
    redirect_uri: String,
}

async fn exchange(
    State(place): State<Place>,
    headers: HeaderMap,
    Form(form): Form<Exchange>,
) -> Response {
    if let Some(away) = place.note("token") {
        return away;
    }
    let script = place.1.lock().unwrap();
    let client = BASE64_STANDARD.encode(format!("{CLIENT}:{}", SECRET.replace(' ', "+")));
    let made = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&form.code_verifier));
    let is_right = headers["authorization"] == format!("Basic {client}").as_str()
        && form.grant_type == "authorization_code"
        && form.code == "a-code"
        && form.redirect_uri == "https://posthaste.test/auth/oidc/acme/callback"
        && made == script.challenge;
    if !is_right {
        let told = Json(json!({ "error": "invalid_grant" }));
        return (StatusCode::BAD_REQUEST, told).into_response();
    }
    let now = posthaste_testkit::start().timestamp();
    let header = with(
        json!({ "alg": "EdDSA", "kid": script.key.1 }),
        &script.header,
    );
    let claims = json!({
        "iss": place.0, "sub": "248289761001", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": script.nonce,
        "email": "ada@example.org", "email_verified": true, "name": "Ada at Acme",
    });
    let claims = with(claims, &script.claims);
    let made = match script.forge {
        Some(forge) => forge(&script, &header, &claims),
        None => token(&header, &claims, |text| script.key.sign(text)),
    };
    let told = json!({ "access_token": "for-about", "token_type": "Bearer", "id_token": made });
    Json(told).into_response()
}

async fn about(State(place): State<Place>, headers: HeaderMap) -> Response {
    if let Some(away) = place.note("about") {
        return away;
    }
    assert_eq!(headers["authorization"], "Bearer for-about");
    Json(place.1.lock().unwrap().about.clone()).into_response()
}

/// Keys that a token itself points to.
async fn evil(State(place): State<Place>) -> Response {
    place.note("evil");
    Json(json!({ "keys": [] })).into_response()
}
