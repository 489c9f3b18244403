//! The whole dance with a certified provider (npm's `oidc-provider`), which the test starts.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use axum::http::StatusCode;
use posthaste_core::{ports::Clock, secret::Secret};
use posthaste_engine::{
    adapters::SystemClock,
    identity::{Providers, Settings},
};
use serde_json::{Value, json};

use super::browser::{Browser, Page, parameter, refusal};
use crate::world::World;

const BACK: &str = "https://posthaste.test/auth/oidc/real/callback";
const SECRET: &str = "a secret of the client, long enough";

/// The provider; it ends with the test.
struct Real {
    child: Child,
    issuer: String,
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Real {
    /// Starts it. Fails the test where Node.js or the package is missing: `cargo xtask test` brings both.
    fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/provider");
        assert!(
            folder.join("node_modules/oidc-provider").exists(),
            "`cargo xtask test` brings the provider, or `npm ci` in {}",
            folder.display()
        );
        let node = std::env::var_os("POSTHASTE_NODE");
        let node = node.map_or_else(|| PathBuf::from("node"), PathBuf::from);
        let mut child = Command::new(node)
            .arg("server.mjs")
            .current_dir(folder)
            .env("CLIENT_ID", "posthaste")
            .env("CLIENT_SECRET", SECRET)
            .env("REDIRECT_URI", BACK)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Node.js runs; `cargo xtask test` brings it");
        let mut issuer = String::new();
        let told = BufReader::new(child.stdout.take().unwrap()).read_line(&mut issuer);
        assert!(told.unwrap() > 0, "the provider ended at its start");
        Self {
            child,
            issuer: issuer.trim().to_owned(),
        }
    }

    async fn world(&self) -> World {
        let settings = Settings {
            name: "real".into(),
            label: "Real".into(),
            issuer: self.issuer.clone(),
            client_id: "posthaste".into(),
            client_secret: Secret::new(SECRET),
            scopes: vec!["email".into(), "profile".into()],
            registration: vec!["example.org".into()],
            trust_email: false,
            second_factor: false,
            allow_private: true,
        };
        let world = World::providing(Providers::new(vec![settings], Vec::new())).await;
        // It goes by the machine's clock.
        world.clock.set(SystemClock.now());
        world
    }
}

/// What stands in an attribute of the page's form.
fn attribute<'a>(page: &'a Page, before: &str) -> &'a str {
    let rest = page.text.split_once(before);
    let (_, rest) = rest.unwrap_or_else(|| panic!("{before} in {}", page.text));
    rest.split_once('"').unwrap().0
}

/// Goes from an address of this server to the provider, fills its forms there as somebody, and comes back; where it ends.
async fn dance(world: &World, browser: &mut Browser, begin: &str, who: &str) -> String {
    let mut address = begin.to_owned();
    for _ in 0..12 {
        let page = browser.open(world, &address, None).await;
        let page = if page.status == StatusCode::OK {
            // Its forms: signing in, then agreeing.
            let action = attribute(&page, "action=\"").to_owned();
            let prompt = attribute(&page, "name=\"prompt\" value=\"").to_owned();
            let fields = [
                ("prompt", prompt.as_str()),
                ("login", who),
                ("password", "any"),
            ];
            browser.open(world, &action, Some(&fields)).await
        } else {
            page
        };
        assert_eq!(
            page.status,
            StatusCode::SEE_OTHER,
            "{address}: {}",
            page.text
        );
        let base = url::Url::parse(&address);
        let next = page.location();
        address = match base {
            Ok(base) => base.join(next).unwrap().into(),
            Err(_) => next.to_owned(),
        };
        if address.starts_with("https://posthaste.test/welcome") {
            return address;
        }
    }
    panic!("it goes round and round, at last to {address}");
}

const BEGIN: &str = "/auth/oidc/real?return_to=/welcome";

#[tokio::test]
async fn the_whole_dance_with_a_certified_provider() {
    let real = Real::start();
    let world = real.world().await;
    let mut browser = Browser::default();
    let end = dance(&world, &mut browser, BEGIN, "ada").await;
    let code = parameter(&end, "code").unwrap_or_else(|| panic!("{end}"));
    let opened = browser.redeem(&world, json!({ "code": code })).await;
    assert_eq!(opened["errors"], json!([]));
    let token = opened["token"].as_str().unwrap();
    let query = "{ viewer { person { name email } workspace { timeZone } } identities { id provider issuer email } }";
    let answer = world.graphql(token, query, json!({})).await;
    let id = &answer["data"]["identities"][0]["id"];
    assert_eq!(
        answer["data"],
        json!({
            "viewer": {
                "person": { "name": "ada at the provider", "email": "ada@example.org" },
                "workspace": { "timeZone": "Europe/Paris" },
            },
            "identities": [{ "id": id, "provider": "real", "issuer": real.issuer, "email": "ada@example.org" }],
        })
    );
    // The provider knows the browser now and asks nothing; here it is the same person.
    let page = browser.open(&world, BEGIN, None).await;
    let page = browser.open(&world, page.location(), None).await;
    assert!(page.location().starts_with(BACK), "{page:?}");
    let end = browser.follow(&world, page.location()).await;
    let code = json!({ "code": parameter(&end, "code").unwrap() });
    let again = browser.redeem(&world, code).await;
    let answer = world
        .graphql(again["token"].as_str().unwrap(), query, json!({}))
        .await;
    assert_eq!(answer["data"]["identities"][0]["id"], *id);

    // Somebody whose e-mail the provider has not verified.
    let mut browser = Browser::default();
    let end = dance(&world, &mut browser, BEGIN, "unverified").await;
    assert_eq!(parameter(&end, "error").unwrap(), "IDENTITY_UNKNOWN");
}

#[tokio::test]
async fn a_certified_provider_shows_again_who_somebody_is() {
    let real = Real::start();
    let world = real.world().await;
    let mut browser = Browser::default();
    let end = dance(&world, &mut browser, BEGIN, "ada").await;
    let code = json!({ "code": parameter(&end, "code").unwrap() });
    let opened = browser.redeem(&world, code).await;
    let session = opened["token"].as_str().unwrap().to_owned();
    // Later, by a clock that the provider does not have: its tokens would be of the past.
    let aged = "UPDATE sessions SET authenticated_at = authenticated_at - interval '1 hour'";
    super::super::sql(&world, aged).await;
    let key = json!({ "name": "Mine", "role": "VIEWER" });
    let payload = world
        .change_by(&session, "apiKeyCreate", "__typename", key.clone())
        .await;
    assert_eq!(refusal(&payload), "REAUTHENTICATION_REQUIRED");

    let input = json!({ "provider": "real", "returnTo": "/welcome" });
    let payload = world
        .change_by(&session, "identityProofStart", "address", input)
        .await;
    world.clock.set(SystemClock.now());
    let address = payload["address"].as_str().unwrap();
    let end = dance(&world, &mut browser, address, "ada").await;
    let input =
        json!({ "providerCode": parameter(&end, "code").unwrap_or_else(|| panic!("{end}")) });
    let payload = browser
        .change(
            &world,
            Some(&session),
            "sessionReauthenticate",
            "token",
            input,
        )
        .await;
    assert_eq!(payload["errors"], json!([]));
    let fresh = payload["token"].as_str().unwrap();
    let made = world
        .change_by(fresh, "apiKeyCreate", "__typename", key)
        .await;
    assert_eq!(made["errors"], Value::Array(Vec::new()));
}
