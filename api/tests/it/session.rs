//! Credentials, signing in and out, and sessions.

pub mod browser;
mod fresh;
mod guard;
mod identity;
mod operators;
mod own;
mod passkey;
mod refresh;
mod totp;

use std::net::SocketAddr;

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, header},
};
use posthaste_api::tls::Peer;
use posthaste_core::access::Role;
use serde_json::{Value, json};

use crate::world::{PASSWORD, World, body, person};

const SIGN_IN: &str = "mutation($input: SessionCreateInput!) { sessionCreate(input: $input) { \
    token tokenExpiresAt refreshToken \
    session { id isCurrent role workspaceId createdAt refreshedAt expiresAt authenticatedAt secondFactor userAgent address } \
    errors { __typename code message path retryable ... on WaitError { retryAfter } } } }";

async fn with_person(world: &World) -> String {
    person(world, &world.home, "Ada@Example.org", Role::Admin).await
}

/// Sends a document without a credential, from an address.
async fn from(world: &World, address: &str, query: &str, variables: Value) -> Value {
    let peer = Peer(SocketAddr::new(address.parse().unwrap(), 4711));
    let request = Request::post("/graphql")
        .extension(ConnectInfo(peer))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, format!("Firefox\t{}", "x".repeat(300)))
        .body(Body::from(
            json!({ "query": query, "variables": variables }).to_string(),
        ))
        .unwrap();
    body(world.send(request).await).await.1
}

async fn sign_in_from(world: &World, address: &str, email: &str, password: &str) -> Value {
    let variables = json!({ "input": { "email": email, "password": password } });
    from(world, address, SIGN_IN, variables).await
}

async fn sign_in(world: &World, email: &str, password: &str) -> Value {
    sign_in_from(world, "192.0.2.1", email, password).await
}

/// Signs Ada in; the payload.
async fn ada(world: &World) -> Value {
    let mut answer = sign_in(world, "ada@example.org", PASSWORD).await;
    assert_eq!(
        answer["data"]["sessionCreate"]["errors"],
        json!([]),
        "{answer}"
    );
    answer["data"]["sessionCreate"].take()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Whether an access token opens anything.
async fn opens(world: &World, token: &Value) -> bool {
    let answer = world
        .graphql(text(token), "{ viewer { role } }", json!({}))
        .await;
    let code = &answer["errors"][0]["extensions"]["code"];
    assert!(
        *code == Value::Null || *code == "UNAUTHENTICATED",
        "{answer}"
    );
    *code == Value::Null
}

async fn sql(world: &World, statement: &str) {
    let (client, connection) = world.app.db.address().wire().await.unwrap();
    let driving = tokio::spawn(connection);
    client.batch_execute(statement).await.unwrap();
    driving.abort();
}

#[tokio::test]
async fn a_person_signs_in_and_out() {
    let world = World::new().await;
    with_person(&world).await;
    let answer = sign_in(&world, " ada@example.ORG ", "correct horse").await;
    let payload = &answer["data"]["sessionCreate"];
    assert_eq!(payload["errors"], json!([]), "{answer}");
    assert_eq!(payload["session"]["role"], "ADMIN");
    assert_eq!(
        payload["session"]["workspaceId"],
        world.home.workspace.to_string()
    );
    assert_eq!(
        (&payload["tokenExpiresAt"], &payload["session"]["expiresAt"]),
        (
            &json!("2027-01-04T08:15:00+00:00"),
            &json!("2027-01-18T08:00:00+00:00")
        )
    );
    let token = payload["token"].as_str().unwrap();
    assert!(token.starts_with("phs_"));
    assert!(text(&payload["refreshToken"]).starts_with("phr_"));

    let viewer = "{ viewer { kind person { name email } key { name } role permissions workspace { name timeZone } } }";
    let answer = world.graphql(token, viewer, json!({})).await;
    assert_eq!(
        answer["data"]["viewer"],
        json!({
            "kind": "PERSON", "person": { "name": "Ada", "email": "ada@example.org" }, "key": null, "role": "ADMIN",
            "permissions": ["READ", "WRITE", "PUBLISH", "MANAGE_CONNECTIONS", "MANAGE_KEYS", "MANAGE_WEBHOOKS", "MANAGE_BUDGETS", "READ_USAGE", "READ_AUDIT_LOG", "MANAGE_MEMBERS", "MANAGE_ROLES"],
            "workspace": { "name": "Home", "timeZone": "Europe/Paris" },
        })
    );
    let out = "mutation { sessionDelete { deletedId errors { code } } }";
    let answer = world.graphql(token, out, json!({})).await;
    assert_eq!(
        answer["data"]["sessionDelete"],
        json!({ "deletedId": payload["session"]["id"], "errors": [] })
    );
    let answer = world.graphql(token, viewer, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

#[tokio::test]
async fn wrong_password_and_unknown_email_look_the_same_and_slow_down() {
    let world = World::new().await;
    with_person(&world).await;
    for email in ["ada@example.org", "nobody@example.org"] {
        for _ in 0..5 {
            let answer = sign_in(&world, email, "wrong").await;
            let error = &answer["data"]["sessionCreate"]["errors"][0];
            assert_eq!(
                *error,
                json!({ "__typename": "UserError", "code": "WRONG_CREDENTIALS", "retryable": false, "path": [],
                    "message": "E-mail and password do not belong together." })
            );
        }
        let answer = sign_in(&world, email, "wrong").await;
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!(
            (&extensions["code"], &extensions["retryAfter"]),
            (&json!("RATE_LIMITED"), &json!(1)),
            "{answer}"
        );
    }
    world.clock.advance(chrono::TimeDelta::seconds(1));
    let answer = sign_in(&world, "ada@example.org", "correct horse").await;
    assert_eq!(
        answer["data"]["sessionCreate"]["errors"],
        json!([]),
        "{answer}"
    );
}

#[tokio::test]
async fn keys_say_who_they_are() {
    let world = World::new().await;
    let viewer = "{ viewer { kind person { name } key { name expiresAt } role permissions } }";
    let answer = world.graphql(&world.home.viewer, viewer, json!({})).await;
    assert_eq!(
        answer["data"]["viewer"],
        json!({ "kind": "KEY", "person": null, "key": { "name": "VIEWER", "expiresAt": null }, "role": "VIEWER", "permissions": ["READ"] })
    );
    let out = world
        .graphql(
            &world.home.viewer,
            "mutation { sessionDelete { errors { code } } }",
            json!({}),
        )
        .await;
    assert_eq!(
        out["data"]["sessionDelete"]["errors"][0]["code"],
        "INVALID_STATE"
    );
}

#[tokio::test]
async fn what_is_no_credential_is_refused() {
    let world = World::new().await;
    let unknown = format!("phk_test_{}", "a".repeat(43));
    for key in [
        unknown.as_str(),
        "phk_test_",
        "phs_x",
        "anything",
        &"phk_live_x".repeat(500),
    ] {
        let answer = world.graphql(key, "{ viewer { role } }", json!({})).await;
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED",
            "{key}"
        );
        assert_eq!(answer.get("data"), None);
    }
}
