//! Consent and tokens.

use reqwest::{Method, Url};
use serde_json::json;

use super::{API, BOARD, Profile, USER, problem};
use crate::world::{Answered, World};

const CALLBACK: &str = "https://posthaste.example/callback";

fn authorize() -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("client_id", "sandbox-pinterest"),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", "boards:read,pins:read,user_accounts:read"),
            ("state", "s1"),
        ])
        .finish();
    format!("/www.pinterest.com/oauth/?{query}")
}

async fn exchange(world: &World, form: &[(&str, &str)]) -> Answered {
    let request = world.request(Method::POST, &format!("{API}/oauth/token"));
    let request = request.basic_auth("sandbox-pinterest", Some("sandbox-pinterest-secret"));
    world.send(request.form(form)).await
}

async fn clicked(world: &World, decision: &str) -> Url {
    let form = [("account", USER), ("decision", decision)];
    let clicked = world.post(&authorize(), &form).await;
    assert_eq!(clicked.status, 302);
    Url::parse(clicked.headers["location"].to_str().unwrap()).unwrap()
}

#[tokio::test]
async fn consent_leads_to_tokens_that_rotate() {
    let world = World::start().await;
    let page = world.get(&authorize()).await.ok();
    assert!(page.as_str().unwrap().contains("Northwind Journal"));
    let denied = clicked(&world, "deny").await;
    assert_eq!(denied.query(), Some("error=access_denied&state=s1"));
    let allowed = clicked(&world, "allow").await;
    let code = allowed
        .query_pairs()
        .find(|(k, _)| k == "code")
        .unwrap()
        .1
        .into_owned();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
    ];
    let made = exchange(&world, &form).await.ok();
    assert_eq!(
        (&made["response_type"], &made["token_type"]),
        (&json!("authorization_code"), &json!("bearer"))
    );
    assert_eq!(
        (&made["expires_in"], &made["refresh_token_expires_in"]),
        (&json!(2_592_000), &json!(5_184_000))
    );
    assert_eq!(made["scope"], "boards:read pins:read user_accounts:read");
    assert_eq!(problem(&exchange(&world, &form).await), (400, 1));

    let refresh = made["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let renewed = exchange(&world, &form).await.ok();
    assert_eq!(renewed["response_type"], "refresh_token");
    assert_ne!(renewed["refresh_token"], made["refresh_token"]);
    assert_eq!(problem(&exchange(&world, &form).await), (401, 2));
    let refused = world.post(&format!("{API}/oauth/token"), &form).await;
    assert_eq!(problem(&refused), (401, 2));
    let next = renewed["refresh_token"].as_str().unwrap();
    world.advance(60.0 * 86_400.0).await;
    let late = exchange(
        &world,
        &[("grant_type", "refresh_token"), ("refresh_token", next)],
    )
    .await;
    assert_eq!(problem(&late), (401, 2));
}

#[tokio::test]
async fn seeded_grants_refresh_for_a_year() {
    let world = World::start().await;
    let body = json!({ "network": "PINTEREST", "accountId": USER });
    let grant = world.post_json("/control/grants", body).await.ok();
    assert_eq!(grant["account"]["boards"][0]["id"], BOARD);
    let token = grant["token"]["refreshToken"].as_str().unwrap();
    world.advance(364.0 * 86_400.0).await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let renewed = exchange(&world, &form).await.ok();
    let token = renewed["access_token"].as_str().unwrap().to_owned();
    let profile = Profile { world, token };
    profile.get("/boards").await.ok();
}
