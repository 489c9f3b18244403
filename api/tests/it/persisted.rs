//! Documents by their hash, and which ones browsers may send.

use std::fmt::Write;

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use posthaste_api::{
    config::Documents,
    rest::{ApiState, router},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::world::{World, body};

const DOCUMENT: &str = "{ viewer { role } }";

fn hash(document: &str) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(document) {
        write!(hex, "{byte:02x}").unwrap();
    }
    hex
}

fn by_hash(hash: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

/// A registered query without variables.
fn registered() -> (String, String) {
    let manifest: Value =
        serde_json::from_str(include_str!("../../operations/manifest.json")).unwrap();
    let documents = manifest.as_object().unwrap();
    let (hash, document) = documents
        .iter()
        .find(|(_, document)| document.as_str().unwrap().starts_with("query ViewerGet"))
        .unwrap();
    (hash.clone(), document.as_str().unwrap().to_owned())
}

async fn post(world: &World, origin: Option<&str>, sent: Value) -> (StatusCode, Value) {
    let mut request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/graphql-response+json")
        .header(
            header::AUTHORIZATION,
            format!("Bearer {}", world.home.viewer),
        );
    if let Some(origin) = origin {
        request = request.header(header::ORIGIN, origin);
    }
    body(
        world
            .send(request.body(Body::from(sent.to_string())).unwrap())
            .await,
    )
    .await
}

async fn get(world: &World, extensions: &Value) -> (StatusCode, Value) {
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("extensions", &extensions.to_string())
        .finish();
    let request = Request::get(format!("/graphql?{query}"))
        .header(header::ACCEPT, "application/json")
        .header(
            header::AUTHORIZATION,
            format!("Bearer {}", world.home.viewer),
        )
        .body(Body::empty())
        .unwrap();
    body(world.send(request).await).await
}

fn code(answer: &Value) -> &Value {
    &answer["errors"][0]["extensions"]["code"]
}

#[tokio::test]
async fn a_hash_will_do_once_the_document_came_with_it() {
    let world = World::new().await;
    let extensions = by_hash(&hash(DOCUMENT));
    let (status, answer) = post(&world, None, json!({ "extensions": extensions })).await;
    assert_eq!(
        (status, code(&answer)),
        (StatusCode::BAD_REQUEST, &json!("PERSISTED_QUERY_NOT_FOUND"))
    );
    // Clients of Apollo's protocol look for this text, with status 200 under application/json.
    assert_eq!(answer["errors"][0]["message"], "PersistedQueryNotFound");
    let (status, answer) = get(&world, &extensions).await;
    assert_eq!(
        (status, &answer["errors"][0]["message"]),
        (StatusCode::OK, &json!("PersistedQueryNotFound"))
    );

    let expected = (
        StatusCode::OK,
        json!({ "data": { "viewer": { "role": "VIEWER" } } }),
    );
    let both = json!({ "query": DOCUMENT, "extensions": extensions });
    assert_eq!(post(&world, None, both).await, expected);
    assert_eq!(
        post(&world, None, json!({ "extensions": extensions })).await,
        expected
    );
    assert_eq!(get(&world, &extensions).await, expected);
}

#[tokio::test]
async fn registered_documents_are_always_known() {
    let world = World::new().await;
    let (hash, _) = registered();
    let (status, answer) = get(&world, &by_hash(&hash)).await;
    assert_eq!(
        (status, &answer["data"]["viewer"]["role"]),
        (StatusCode::OK, &json!("VIEWER")),
        "{answer}"
    );
}

#[tokio::test]
async fn a_mutation_by_hash_needs_post_too() {
    let world = World::new().await;
    let document = "mutation { sessionDelete { deletedId } }";
    let extensions = by_hash(&hash(document));
    post(
        &world,
        None,
        json!({ "query": document, "extensions": extensions }),
    )
    .await;
    let (status, problem) = get(&world, &extensions).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::METHOD_NOT_ALLOWED, &json!("METHOD_NOT_ALLOWED"))
    );
}

#[tokio::test]
async fn hashes_that_do_not_fit_are_refused() {
    let world = World::new().await;
    let wrong = by_hash(&hash("{ other }"));
    let old = json!({ "persistedQuery": { "version": 2, "sha256Hash": hash(DOCUMENT) } });
    for extensions in [wrong, old, by_hash("abc"), json!({ "persistedQuery": 5 })] {
        let sent = json!({ "query": DOCUMENT, "extensions": extensions });
        let (status, answer) = post(&world, None, sent).await;
        assert_eq!(
            (status, code(&answer)),
            (StatusCode::BAD_REQUEST, &json!("INVALID_INPUT")),
            "{extensions}"
        );
        assert_eq!(
            answer["errors"][0]["extensions"]["path"],
            json!(["extensions", "persistedQuery"])
        );
    }
}

#[tokio::test]
async fn browsers_can_be_held_to_registered_documents() {
    let mut world = World::new().await;
    let state = ApiState::new(world.app.clone()).taking(Documents::RegisteredFromBrowsers);
    world.router = router(state);
    let page = Some("https://app.example");
    let (hash, document) = registered();
    let own = json!({ "query": DOCUMENT });
    let (status, answer) = post(&world, page, own.clone()).await;
    assert_eq!(
        (status, code(&answer)),
        (StatusCode::FORBIDDEN, &json!("DOCUMENT_NOT_REGISTERED"))
    );
    assert_eq!(post(&world, None, own).await.0, StatusCode::OK);
    for sent in [
        json!({ "query": document }),
        json!({ "extensions": by_hash(&hash) }),
    ] {
        let (status, answer) = post(&world, page, sent).await;
        assert_eq!(
            (status, &answer["data"]["viewer"]["role"]),
            (StatusCode::OK, &json!("VIEWER"))
        );
    }
}
