//! What is shown once, when the request for it comes twice.

use chrono::TimeDelta;
use posthaste_engine::session;
use serde_json::{Value, json};

use super::{body, database, engine, is_replayed, request, send};
use crate::world::World;

const KEY: &str = "mutation($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { apiKey { id } secret errors { code } } }";
const KEY_ROTATE: &str = "mutation($input: ApiKeyRotateInput!) { apiKeyRotate(input: $input) { apiKey { id } secret errors { code } } }";
const HOOK: &str = "mutation($input: WebhookEndpointCreateInput!) { webhookEndpointCreate(input: $input) { webhookEndpoint { id } secret errors { code } } }";
const HOOK_ROTATE: &str = "mutation($input: WebhookEndpointRotateSecretInput!) { webhookEndpointRotateSecret(input: $input) { webhookEndpoint { id version } secret errors { code } } }";

/// Does a mutation under a key of its own name twice: the first time the process dies after its commit
/// and before it keeps its answer. Both data.
async fn crashed(world: &World, document: &str, input: &Value) -> (Value, Value) {
    let field = document
        .split_once("{ ")
        .and_then(|(_, rest)| rest.split_once('('))
        .unwrap()
        .0;
    let variables = json!({ "input": input });
    let ask = || request(&world.home.owner, field, document, &variables);
    let (_, first) = body(world.send(ask()).await).await;
    assert_eq!(first["data"][field]["errors"], json!([]), "{first}");
    let forget = "UPDATE idempotency_keys SET answer = NULL, lease_until = created_at";
    database(world).await.batch_execute(forget).await.unwrap();
    let (_, headers, again) = send(world, ask()).await;
    assert!(!is_replayed(&headers));
    let again: Value = serde_json::from_str(&again).unwrap();
    (first["data"][field].clone(), again["data"][field].clone())
}

async fn count(world: &World, table: &str) -> i64 {
    let query = format!("SELECT count(*) FROM {table}");
    let row = database(world).await.query_one(&query, &[]).await.unwrap();
    row.get(0)
}

#[tokio::test]
async fn after_a_crash_a_key_is_shown_again_and_not_made_again() {
    let world = World::new().await;
    let before = count(&world, "api_keys").await;
    let input = json!({ "name": "Robot", "role": "EDITOR" });
    let (first, again) = crashed(&world, KEY, &input).await;
    assert_eq!(first, again);
    assert_eq!(count(&world, "api_keys").await, before + 1);
    let secret = first["secret"].as_str().unwrap();
    session::authenticate(&world.app, secret).await.unwrap();

    let id = first["apiKey"]["id"].clone();
    let input = json!({ "id": id, "graceHours": 1 });
    let (rotated, again) = crashed(&world, KEY_ROTATE, &input).await;
    assert_eq!(rotated, again);
    assert_ne!(rotated["secret"], first["secret"]);
    // A second rotation would have ended the first secret.
    for live in [&first, &rotated] {
        let secret = live["secret"].as_str().unwrap();
        session::authenticate(&world.app, secret).await.unwrap();
    }
    let query = "SELECT count(*) FROM events WHERE kind = 'api_key.rotated'";
    let row = database(&world).await.query_one(query, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 1);
}

#[tokio::test]
async fn after_a_crash_an_endpoint_is_shown_again_and_not_added_again() {
    let world = World::new().await;
    let input = json!({ "url": "https://example.org/hook" });
    let (first, again) = crashed(&world, HOOK, &input).await;
    assert_eq!(first, again);
    assert_eq!(count(&world, "webhook_endpoints").await, 1);

    let input = json!({ "id": first["webhookEndpoint"]["id"] });
    let (rotated, again) = crashed(&world, HOOK_ROTATE, &input).await;
    assert_eq!(rotated, again);
    assert_eq!(rotated["webhookEndpoint"]["version"], 2);
    assert_ne!(rotated["secret"], first["secret"]);
}

#[tokio::test]
async fn a_repeat_shows_the_secret_for_a_day() {
    let world = World::new().await;
    let variables = json!({ "input": { "name": "Robot", "role": "EDITOR" } });
    let ask = || request(&world.home.owner, "key-1", KEY, &variables);
    let (_, _, first) = send(&world, ask()).await;
    let (_, headers, again) = send(&world, ask()).await;
    assert!(is_replayed(&headers));
    assert_eq!(first, again);

    // A day later nothing of it is left.
    world.clock.advance(TimeDelta::hours(24));
    assert_eq!(engine::sweep(&world.app).await.unwrap(), 1);
    assert_eq!(count(&world, "idempotency_keys").await, 0);
}
