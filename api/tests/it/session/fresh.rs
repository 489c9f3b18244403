//! What asks a person to show again who they are.

use chrono::TimeDelta;
use posthaste_core::access::Role;
use serde_json::{Value, json};

use super::{opens, text};
use crate::world::{PASSWORD, World, person, sign_in};

/// The code of a refusal; null when it was done.
async fn code(world: &World, token: &str, name: &str, input: Value) -> Value {
    let payload = world.change_by(token, name, "__typename", input).await;
    payload["errors"][0]["code"].clone()
}

async fn again(world: &World, token: &str, password: &str) -> Value {
    let fields = "token refreshToken session { id authenticatedAt }";
    let input = json!({ "password": password });
    world
        .change_by(token, "sessionReauthenticate", fields, input)
        .await
}

#[tokio::test]
async fn what_could_lock_others_out_takes_a_proof_of_ten_minutes() {
    let world = World::new().await;
    person(&world, &world.home, "olga@example.org", Role::Owner).await;
    let ben = person(&world, &world.home, "ben@example.org", Role::Editor).await;
    let session = sign_in(&world, &world.home, "olga@example.org").await;
    let key = json!({ "name": "Mine", "role": "VIEWER" });
    let made = world
        .change_by(&session, "apiKeyCreate", "apiKey { id }", key.clone())
        .await;
    let id = &made["apiKey"]["id"];
    world.clock.advance(TimeDelta::minutes(10));
    let still = code(&world, &session, "apiKeyCreate", key.clone()).await;
    assert_eq!(still, Value::Null);
    world.clock.advance(TimeDelta::microseconds(1));
    let owner = json!({ "email": "a@example.org", "role": "OWNER" });
    for (name, input) in [
        ("apiKeyCreate", key.clone()),
        ("apiKeyRotate", json!({ "id": id })),
        ("workspaceTransfer", json!({ "personId": ben })),
        ("workspaceDelete", json!({ "name": "Home" })),
        ("memberUpdate", json!({ "id": ben, "role": "OWNER" })),
        ("invitationCreate", owner),
    ] {
        let told = code(&world, &session, name, input).await;
        assert_eq!(told, "REAUTHENTICATION_REQUIRED", "{name}");
    }
    // What locks nobody out goes on, and keys are not asked.
    for (by, name, input) in [
        (
            &session,
            "apiKeyUpdate",
            json!({ "id": id, "name": "Yours" }),
        ),
        (
            &session,
            "memberUpdate",
            json!({ "id": ben, "role": "VIEWER" }),
        ),
        (&world.home.owner, "apiKeyCreate", key),
    ] {
        assert_eq!(code(&world, by, name, input).await, Value::Null, "{name}");
    }

    let payload = again(&world, &session, PASSWORD).await;
    assert_eq!(
        payload["session"]["authenticatedAt"],
        "2027-01-04T08:10:00.000001+00:00"
    );
    let fresh = text(&payload["token"]);
    for (name, input) in [
        ("apiKeyRotate", json!({ "id": id })),
        ("workspaceTransfer", json!({ "personId": ben })),
    ] {
        let told = code(&world, fresh, name, input).await;
        assert_eq!(told, Value::Null, "{name}");
    }
}

#[tokio::test]
async fn a_proof_gives_new_tokens_and_those_before_open_nothing() {
    let world = World::new().await;
    person(&world, &world.home, "olga@example.org", Role::Owner).await;
    let session = sign_in(&world, &world.home, "olga@example.org").await;
    let wrong = again(&world, &session, "another horse").await;
    assert_eq!(wrong["errors"][0]["code"], "WRONG_CREDENTIALS");
    assert!(opens(&world, &json!(session)).await);
    let payload = again(&world, &session, PASSWORD).await;
    assert_eq!(payload["errors"], json!([]));
    assert!(!opens(&world, &json!(session)).await);
    assert!(opens(&world, &payload["token"]).await);
}
