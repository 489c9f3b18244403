//! Credentials, signing in and out.

use axum::{
    body::Body,
    http::{Request, header},
};
use chrono::TimeDelta;
use posthaste_core::{access::Role, secret::Secret};
use posthaste_engine::session::{self, NewUser};
use serde_json::{Value, json};

use crate::world::{World, body};

const SIGN_IN: &str = "mutation($input: SessionCreateInput!) { sessionCreate(input: $input) { \
    token session { id role workspaceId expiresAt } errors { __typename code message path retryable ... on WaitError { retryAfter } } } }";

async fn with_person(world: &World) {
    let new = NewUser {
        id: None,
        email: "Ada@Example.org".into(),
        name: "Ada".into(),
        password: Secret::new("correct horse"),
    };
    let user = session::create_user(&world.app, new).await.unwrap();
    session::add_member(&world.app, world.home.workspace, user.id, Role::Admin)
        .await
        .unwrap();
}

async fn sign_in(world: &World, email: &str, password: &str) -> Value {
    let variables = json!({ "input": { "email": email, "password": password } });
    let request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(
            json!({ "query": SIGN_IN, "variables": variables }).to_string(),
        ))
        .unwrap();
    body(world.send(request).await).await.1
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
    assert_eq!(payload["session"]["expiresAt"], "2027-02-03T08:00:00+00:00");
    let token = payload["token"].as_str().unwrap();
    assert!(token.starts_with("phs_"));

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
async fn a_session_ends_after_thirty_days() {
    let world = World::new().await;
    with_person(&world).await;
    let answer = sign_in(&world, "ada@example.org", "correct horse").await;
    let token = answer["data"]["sessionCreate"]["token"].as_str().unwrap();
    let role = async || {
        world.graphql(token, "{ viewer { role } }", json!({})).await["data"]["viewer"]["role"]
            .clone()
    };
    world
        .clock
        .advance(TimeDelta::days(30) - TimeDelta::seconds(1));
    assert_eq!(role().await, "ADMIN");
    world.clock.advance(TimeDelta::seconds(1));
    assert_eq!(role().await, Value::Null);
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
    world.clock.advance(TimeDelta::seconds(1));
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
