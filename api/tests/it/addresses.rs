//! Limits of those who send no credential, or one that opens nothing: by where they come from.

use axum::{
    body::Body,
    http::{Request, StatusCode, header, request},
};
use chrono::TimeDelta;
use posthaste_api::rest::{ApiState, router};
use serde_json::{Value, json};

use crate::world::{World, body};

/// More than is left after anything else: 100 points are reserved. It is refused for want of a credential,
/// which costs one.
const WHOLE: &str = "{ posts(first: 50) { nodes { id } } }";

/// A bucket of 100 points for each address, as one proxy tells them.
async fn world() -> World {
    let mut world = World::limited(100, 10).await;
    world.router = router(ApiState::new(world.app.clone()).behind_proxies(1));
    world
}

async fn send(
    world: &World,
    from: &str,
    request: request::Builder,
    text: Value,
) -> (StatusCode, Value) {
    let request = request.header("x-forwarded-for", from);
    let request = request.body(Body::from(text.to_string())).unwrap();
    body(world.send(request).await).await
}

async fn ask(world: &World, from: &str, key: Option<&str>, query: &str) -> (StatusCode, Value) {
    let mut request = Request::post("/graphql").header(header::CONTENT_TYPE, "application/json");
    if let Some(key) = key {
        request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }
    send(world, from, request, json!({ "query": query })).await
}

#[tokio::test]
async fn strangers_of_one_address_share_what_they_may_ask_for() {
    let world = world().await;
    let (one, other) = ("198.51.100.7", "203.0.113.5");
    let (_, answer) = ask(&world, one, None, WHOLE).await;
    let code = &answer["errors"][0]["extensions"]["code"];
    assert_eq!(code, "UNAUTHENTICATED");
    let (status, answer) = ask(&world, one, None, WHOLE).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{answer}");
    let code = &answer["errors"][0]["extensions"]["code"];
    assert_eq!(code, "RATE_LIMITED");
    // Another address, and a credential from the same one, have buckets of their own.
    let (status, _) = ask(&world, other, None, WHOLE).await;
    assert_ne!(status, StatusCode::TOO_MANY_REQUESTS);
    let (status, _) = ask(&world, one, Some(&world.home.viewer), WHOLE).await;
    assert_eq!(status, StatusCode::OK);
    // The customer's network of IPv6 is one address.
    ask(&world, "2001:db8:1:2::1", None, WHOLE).await;
    let (status, _) = ask(&world, "2001:db8:1:2:ffff::9", None, WHOLE).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    world.clock.advance(TimeDelta::seconds(1));
    let (status, _) = ask(&world, one, None, WHOLE).await;
    assert_ne!(status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn guessed_credentials_are_paid_for_wherever_they_are_tried() {
    let world = world().await;
    let from = "198.51.100.7";
    for guess in 0..10 {
        let key = format!("phk_live_guess{guess}");
        let status = if guess % 2 == 0 {
            ask(&world, from, Some(&key), WHOLE).await.0
        } else {
            let request = Request::delete("/media/x");
            let request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
            send(&world, from, request, json!(null)).await.0
        };
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{guess}");
    }
    let (status, answer) = ask(&world, from, Some("phk_live_guess10"), WHOLE).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer["errors"][0]["extensions"]["retryAfter"], 1);
    // Whoever has one is not held back by neighbours who guess.
    let (status, _) = ask(&world, from, Some(&world.home.viewer), WHOLE).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn answers_of_networks_that_nobody_asked_for_are_paid_for() {
    let world = world().await;
    let back = || Request::get("/oauth/x/callback?state=guess");
    for _ in 0..10 {
        let (status, answer) = send(&world, "198.51.100.7", back(), json!(null)).await;
        assert_eq!(
            (status, &answer["code"]),
            (StatusCode::BAD_REQUEST, &json!("OAUTH_STATE_INVALID"))
        );
    }
    let (status, answer) = send(&world, "198.51.100.7", back(), json!(null)).await;
    assert_eq!(
        (status, &answer["code"], &answer["retryAfter"]),
        (
            StatusCode::TOO_MANY_REQUESTS,
            &json!("RATE_LIMITED"),
            &json!(1)
        )
    );
}
