//! What a browser sees at the API's address: GraphiQL when its files are there, else the console.

use std::{fs, path::Path};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use posthaste_api::rest::{ApiState, router};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::world::{World, body};

const FETCHED: [&str; 4] = [
    "graphiql.min.css",
    "graphiql.min.js",
    "react-dom.production.min.js",
    "react.production.min.js",
];

/// A folder as `cargo xtask sandbox` makes it, each file holding its own name, and one more.
fn folder() -> TempDir {
    let dir = TempDir::new().unwrap();
    for name in FETCHED.into_iter().chain(["versions"]) {
        fs::write(dir.path().join(name), name).unwrap();
    }
    dir
}

fn server(world: &World, dir: &Path) -> Router {
    router(ApiState::new(world.app.clone()).with_graphiql(dir))
}

async fn get(router: &Router, path: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::get(path)
        .header(header::ACCEPT, "text/html,*/*;q=0.8")
        .body(Body::empty())
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let headers = response.headers().clone();
    let (status, text) = body(response).await;
    let text = text
        .as_str()
        .map_or_else(|| text.to_string(), str::to_owned);
    (status, headers, text)
}

/// The addresses that the page loads.
fn addresses(page: &str) -> Vec<String> {
    let quoted = page.split('"').skip(1).step_by(2);
    quoted
        .filter(|text| text.starts_with('/'))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn with_the_files_a_browser_sees_graphiql() {
    let (world, dir) = (World::new().await, folder());
    let server = server(&world, dir.path());
    for path in [
        "/graphiql",
        "/",
        "/?key=phk_test_1",
        "/graphiql?key=phk_test_1",
    ] {
        let (status, headers, page) = get(&server, path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(
            page.contains("<title>GraphiQL · Posthaste</title>"),
            "{path}"
        );
        assert!(!page.contains("://") && !page.contains("phk_"), "{page}");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; "));
    }
}

#[tokio::test]
async fn every_file_of_the_page_is_there_for_good() {
    let (world, dir) = (World::new().await, folder());
    let server = server(&world, dir.path());
    let (_, _, page) = get(&server, "/graphiql").await;
    let addresses = addresses(&page);
    assert_eq!(addresses.len(), 10);
    for address in addresses {
        let (status, headers, text) = get(&server, &address).await;
        assert_eq!(status, StatusCode::OK, "{address}");
        let (path, version) = address.split_once("?v=").unwrap();
        assert_eq!(version.len(), 12, "{address}");
        let name = path.strip_prefix("/graphiql/assets/").unwrap();
        let kind = match name.rsplit_once('.').unwrap().1 {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            other => panic!("{other}"),
        };
        assert_eq!(headers[header::CONTENT_TYPE], kind, "{address}");
        assert_eq!(
            headers[header::CACHE_CONTROL],
            "public, max-age=31536000, immutable"
        );
        assert_eq!(text == name, FETCHED.contains(&name), "{address}");
    }
}

#[tokio::test]
async fn another_file_changes_every_address() {
    let (world, dir) = (World::new().await, folder());
    let before = get(&server(&world, dir.path()), "/graphiql").await.2;
    fs::write(dir.path().join("graphiql.min.js"), "newer").unwrap();
    let after = get(&server(&world, dir.path()), "/graphiql").await.2;
    let (before, after) = (addresses(&before), addresses(&after));
    assert!(before.iter().zip(&after).all(|(old, new)| old != new));
}

#[tokio::test]
async fn no_other_file_is_served() {
    let (world, dir) = (World::new().await, folder());
    let server = server(&world, dir.path());
    for name in [
        "versions",
        "nothing.js",
        "GRAPHIQL.MIN.JS",
        "",
        "../versions",
        "..%2fversions",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "%2fetc%2fpasswd",
        "graphiql.min.js%00",
        "./graphiql.min.js",
    ] {
        let (status, headers, text) = get(&server, &format!("/graphiql/assets/{name}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{name}");
        assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
        assert!(text.contains("\"NOT_FOUND\""), "{name}: {text}");
    }
}

#[tokio::test]
async fn without_the_files_a_browser_sees_the_console() {
    let (world, dir) = (World::new().await, folder());
    fs::remove_file(dir.path().join("react.production.min.js")).unwrap();
    for dir in [Path::new(""), dir.path(), Path::new("/nowhere")] {
        let server = server(&world, dir);
        for path in ["/", "/graphiql"] {
            let (status, headers, page) = get(&server, path).await;
            assert_eq!(status, StatusCode::OK);
            assert!(page.contains("<title>GraphQL console · Posthaste</title>"));
            assert!(!page.contains("://"), "it must load nothing from elsewhere");
            let kind = headers[header::CONTENT_TYPE].to_str().unwrap();
            assert!(kind.starts_with("text/html"), "{kind}");
        }
        let (status, _, _) = get(&server, "/graphiql/assets/start.js").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_query_in_the_address_is_answered_not_shown() {
    let (world, dir) = (World::new().await, folder());
    let (status, headers, _) = get(
        &server(&world, dir.path()),
        "/?query=%7Bviewer%7Brole%7D%7D",
    )
    .await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        headers[header::CONTENT_TYPE]
            .to_str()
            .unwrap()
            .starts_with("application/json")
    );
}

#[tokio::test]
async fn the_examples_run_as_they_stand() {
    let world = World::new().await;
    let script = include_str!("../../src/rest/graphiql/examples.js");
    let documents: Vec<&str> = script.split('`').skip(1).step_by(2).collect();
    assert_eq!(documents.len(), 4);
    for document in documents {
        let variables = json!({ "first": 10, "input": { "text": "Warm bread." } });
        let answer = world.graphql(&world.home.editor, document, variables).await;
        if document.contains("\nsubscription ") {
            // Only the transport is wrong: the document was found valid.
            let error = &answer["errors"][0]["message"];
            assert_eq!(error, "Subscriptions are not supported on this transport.");
            continue;
        }
        assert_eq!(answer["errors"], Value::Null, "{document}");
        assert_eq!(answer["data"]["postCreate"]["errors"].get(0), None);
    }
}
