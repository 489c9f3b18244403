//! API keys as people manage them.

use chrono::TimeDelta;
use posthaste_core::access::Role;
use posthaste_engine::session::{self, KeyKind, NewKey};
use serde_json::{Value, json};

use crate::world::World;

const FIELDS: &str = "apiKey { id name role prefix status createdAt lastUsedAt expiresAt revokedAt \
    previousSecretExpiresAt allowedActions provenance { kind } }";

/// Makes a key as the owner; its id and secret.
async fn made(world: &World, input: Value) -> (String, String) {
    let fields = format!("secret {FIELDS}");
    let payload = world
        .change_by(&world.home.owner, "apiKeyCreate", &fields, input)
        .await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&payload["apiKey"]["id"]), text(&payload["secret"]))
}

async fn admin(world: &World) -> String {
    let new = NewKey {
        id: None,
        name: "Admin".into(),
        role: Role::Admin,
        kind: KeyKind::Live,
    };
    let made = session::create_key(&world.app, world.home.workspace, new).await;
    made.unwrap().0.expose().to_owned()
}

/// The role that a secret opens, or the code of the refusal.
async fn opens(world: &World, secret: &str) -> Value {
    let answer = world
        .graphql(secret, "{ viewer { role } }", json!({}))
        .await;
    if answer["errors"].is_array() {
        return answer["errors"][0]["extensions"]["code"].clone();
    }
    answer["data"]["viewer"]["role"].clone()
}

#[tokio::test]
async fn a_key_is_made_shown_once_and_works() {
    let world = World::new().await;
    let input = json!({ "name": " CI ", "role": "EDITOR", "expiresAt": "2027-02-01T00:00:00Z" });
    let fields = format!("secret {FIELDS}");
    let payload = world
        .change_by(&world.home.owner, "apiKeyCreate", &fields, input)
        .await;
    let secret = payload["secret"].as_str().unwrap();
    assert!(
        secret.starts_with("phk_live_") && secret.len() == 52,
        "{secret}"
    );
    let mut key = payload["apiKey"].clone();
    let id = key["id"].take();
    assert_eq!(
        key,
        json!({
            "id": null, "name": "CI", "role": "EDITOR", "prefix": &secret[..13], "status": "ACTIVE",
            "createdAt": "2027-01-04T08:00:00+00:00", "lastUsedAt": null,
            "expiresAt": "2027-02-01T00:00:00+00:00", "revokedAt": null, "previousSecretExpiresAt": null,
            "allowedActions": ["UPDATE", "ROTATE", "REVOKE"], "provenance": { "kind": "KEY" },
        })
    );
    assert_eq!(opens(&world, secret).await, "EDITOR");
    let events = "{ events(types: [API_KEY_CREATED]) { nodes { type data provenance { kind } } } }";
    let told = world.ask(events, json!({})).await;
    assert_eq!(
        told["events"]["nodes"],
        json!([{ "type": "API_KEY_CREATED", "provenance": { "kind": "KEY" }, "data": {
            "keyId": id, "name": "CI", "role": "EDITOR", "permissions": ["READ", "WRITE", "PUBLISH"], "expiresAt": "2027-02-01T00:00:00Z", "userId": null, "connectionIds": null } }])
    );
    world.clock.advance(TimeDelta::days(28));
    assert_eq!(opens(&world, secret).await, "UNAUTHENTICATED");
}

#[tokio::test]
async fn all_mistakes_are_told_at_once_and_nobody_makes_a_key_above_themselves() {
    let world = World::new().await;
    let admin = admin(&world).await;
    let input = json!({ "name": " ", "role": "OWNER", "expiresAt": "2027-01-04T08:00:00Z" });
    let payload = world
        .change_by(&admin, "apiKeyCreate", "secret", input)
        .await;
    let told: Vec<_> = payload["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            (
                error["code"].as_str().unwrap(),
                error["path"][0].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("INVALID_INPUT", "name"),
            ("FORBIDDEN", "role"),
            ("TIME_IN_PAST", "expiresAt")
        ]
    );
    assert_eq!(payload["secret"], Value::Null);
    let input = json!({ "name": "a", "role": "ADMIN", "expiresAt": "2037-01-04T08:00:00Z" });
    let payload = world
        .change_by(&admin, "apiKeyCreate", "secret", input)
        .await;
    assert_eq!(payload["errors"][0]["code"], "TIME_TOO_FAR");
    let (owners, _) = made(&world, json!({ "name": "a", "role": "OWNER" })).await;
    for name in ["apiKeyRotate", "apiKeyRevoke", "apiKeyUpdate"] {
        let payload = world
            .change_by(&admin, name, "apiKey { id }", json!({ "id": owners }))
            .await;
        assert_eq!(payload["errors"][0]["code"], "FORBIDDEN", "{name}");
    }
    let list = "{ apiKeys { nodes { role allowedActions } } }";
    let seen = world.graphql(&admin, list, json!({})).await;
    for key in seen["data"]["apiKeys"]["nodes"].as_array().unwrap() {
        assert_eq!(
            key["role"] == "OWNER",
            key["allowedActions"] == json!([]),
            "{key}"
        );
    }
}

#[tokio::test]
async fn after_a_rotation_both_secrets_work_until_the_grace_is_over() {
    let world = World::new().await;
    let (id, first) = made(&world, json!({ "name": "CI", "role": "VIEWER" })).await;
    let rotate = async |hours: Option<i32>| {
        let input = json!({ "id": id, "graceHours": hours });
        let fields = format!("secret {FIELDS}");
        let payload = world
            .change_by(&world.home.owner, "apiKeyRotate", &fields, input)
            .await;
        assert_eq!(payload["errors"], json!([]), "{payload}");
        let end = payload["apiKey"]["previousSecretExpiresAt"].clone();
        (payload["secret"].as_str().unwrap().to_owned(), end)
    };
    let (second, end) = rotate(None).await;
    assert_eq!(end, "2027-01-05T08:00:00+00:00");
    assert_eq!(
        [opens(&world, &first).await, opens(&world, &second).await],
        ["VIEWER", "VIEWER"]
    );
    world
        .clock
        .advance(TimeDelta::days(1) - TimeDelta::microseconds(1));
    assert_eq!(opens(&world, &first).await, "VIEWER");
    world.clock.advance(TimeDelta::microseconds(1));
    assert_eq!(opens(&world, &first).await, "UNAUTHENTICATED");

    let (third, _) = rotate(Some(1)).await;
    let (fourth, _) = rotate(Some(0)).await;
    for (secret, told) in [
        (&second, "UNAUTHENTICATED"),
        (&third, "UNAUTHENTICATED"),
        (&fourth, "VIEWER"),
    ] {
        assert_eq!(opens(&world, secret).await, told);
    }
    let input = json!({ "id": id, "graceHours": 169 });
    let payload = world
        .change_by(&world.home.owner, "apiKeyRotate", "secret", input)
        .await;
    assert_eq!(
        (&payload["errors"][0]["code"], &payload["errors"][0]["path"]),
        (&json!("INVALID_INPUT"), &json!(["graceHours"]))
    );
}

#[tokio::test]
async fn a_key_is_renamed_ended_and_revoked() {
    let world = World::new().await;
    let (id, secret) = made(&world, json!({ "name": "CI", "role": "VIEWER" })).await;
    let change = async |name: &str, input: Value| {
        world
            .change_by(&world.home.owner, name, FIELDS, input)
            .await
    };
    let input = json!({ "id": id, "name": "Nightly", "expiresAt": "2027-01-04T09:00:00Z" });
    let payload = change("apiKeyUpdate", input).await;
    assert_eq!(payload["apiKey"]["name"], "Nightly");
    let wrong = json!({ "id": id, "name": "", "expiresAt": "2026-01-04T09:00:00Z" });
    let payload = change("apiKeyUpdate", wrong).await;
    assert_eq!(payload["errors"].as_array().unwrap().len(), 2);

    world.clock.advance(TimeDelta::hours(1));
    assert_eq!(opens(&world, &secret).await, "UNAUTHENTICATED");
    let payload = change("apiKeyRotate", json!({ "id": id })).await;
    assert_eq!(payload["errors"][0]["code"], "INVALID_STATE");
    let payload = change("apiKeyUpdate", json!({ "id": id, "expiresAt": null })).await;
    assert_eq!(payload["apiKey"]["status"], "ACTIVE");
    assert_eq!(opens(&world, &secret).await, "VIEWER");

    let payload = change("apiKeyRevoke", json!({ "id": id })).await;
    assert_eq!(payload["apiKey"]["status"], "REVOKED");
    assert_eq!(payload["apiKey"]["allowedActions"], json!([]));
    assert_eq!(opens(&world, &secret).await, "UNAUTHENTICATED");
    let payload = change("apiKeyRevoke", json!({ "id": id })).await;
    assert_eq!(payload["errors"][0]["code"], "INVALID_STATE");
}

#[tokio::test]
async fn the_list_has_states_pages_and_only_oneself_for_lesser_roles() {
    let world = World::new().await;
    let (revoked, _) = made(&world, json!({ "name": "Old", "role": "VIEWER" })).await;
    world
        .change_by(
            &world.home.owner,
            "apiKeyRevoke",
            "apiKey { id }",
            json!({ "id": revoked }),
        )
        .await;
    let ending = json!({ "name": "Short", "role": "VIEWER", "expiresAt": "2027-01-04T08:00:01Z" });
    made(&world, ending).await;
    world.clock.advance(TimeDelta::seconds(1));
    let names = async |key: &str, arguments: &str| {
        let document = format!("{{ apiKeys{arguments} {{ totalCount nodes {{ name }} }} }}");
        let answer = world.graphql(key, &document, json!({})).await;
        let list = &answer["data"]["apiKeys"];
        let nodes = list["nodes"].as_array().unwrap();
        assert_eq!(
            list["totalCount"].as_u64().unwrap() as usize,
            nodes
                .len()
                .max(if arguments.contains("first") { 4 } else { 0 })
        );
        nodes
            .iter()
            .map(|node| node["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let owner = &world.home.owner;
    assert_eq!(names(owner, "").await.len(), 4);
    assert_eq!(
        names(owner, "(filter: { statuses: [REVOKED] })").await,
        ["Old"]
    );
    assert_eq!(
        names(owner, "(filter: { statuses: [EXPIRED] })").await,
        ["Short"]
    );
    assert_eq!(
        names(owner, "(filter: { statuses: [EXPIRED, REVOKED] })")
            .await
            .len(),
        2
    );
    assert_eq!(names(owner, "(filter: { statuses: [] })").await.len(), 0);
    assert_eq!(names(owner, "(first: 2)").await.len(), 2);
    assert_eq!(names(&world.home.viewer, "").await, ["VIEWER"]);
    let one = "query($id: ID!) { apiKey(id: $id) { id } node(id: $id) { id } }";
    let told = world
        .graphql(&world.home.viewer, one, json!({ "id": revoked }))
        .await;
    assert_eq!(told["errors"][0]["extensions"]["code"], "NOT_FOUND");
    let told = world
        .graphql(&world.other.owner, one, json!({ "id": revoked }))
        .await;
    assert_eq!(told["errors"][0]["extensions"]["code"], "NOT_FOUND");
    let told = world.graphql(owner, one, json!({ "id": revoked })).await;
    assert_eq!(
        told["data"],
        json!({ "apiKey": { "id": revoked }, "node": { "id": revoked } })
    );
}
