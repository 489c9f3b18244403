//! Every route with its methods, and what every answer carries.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use posthaste_api::rest::{Health, Probes, operators};
use serde_json::json;

use crate::world::World;

/// What the server answers. A route that is not here was forgotten, or is not meant to be.
const ROUTES: &str = include_str!("surface/routes.txt");

/// The addresses that a router knows, as it shows them to whoever debugs it.
fn paths(shown: &str) -> Vec<String> {
    // Behind that stands what answers when there is no route.
    let shown = shown.split("fallback_router").next().unwrap();
    let mut paths: Vec<String> = shown
        .split('"')
        .filter(|part| part.starts_with('/'))
        .map(str::to_owned)
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

/// An address of a route.
fn filled(path: &str) -> String {
    let parts = path
        .split('/')
        .map(|part| if part.starts_with('{') { "x" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

async fn send(router: &axum::Router, method: &str, path: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::builder().method(method).uri(path);
    let request = request.body(Body::empty()).unwrap();
    let response = tower::ServiceExt::oneshot(router.clone(), request).await;
    let response = response.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    (parts.status, parts.headers, text)
}

/// The routes with their methods, which each tells when it is asked by one that it does not know.
async fn table(router: &axum::Router) -> String {
    let mut lines = Vec::new();
    for path in paths(&format!("{router:?}")) {
        let (status, headers, text) = send(router, "TRACE", &filled(&path)).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert!(!text.contains("TRACE"), "{path} echoes");
        let mut methods: Vec<_> = headers[header::ALLOW]
            .to_str()
            .unwrap()
            .split(',')
            .collect();
        methods.sort_unstable();
        for unknown in ["BREW", "CONNECT", "TRACK"] {
            let (status, other, _) = send(router, unknown, &filled(&path)).await;
            assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{unknown} {path}");
            assert_eq!(other[header::ALLOW], headers[header::ALLOW], "{path}");
        }
        lines.push(format!("{path} {}\n", methods.join(",")));
    }
    lines.concat()
}

#[tokio::test]
async fn there_are_these_routes_and_no_others() {
    let world = World::new().await;
    let probes = Probes {
        app: world.app.clone(),
        health: Arc::new(Health::default()),
    };
    let found = format!(
        "{}\nfor operators:\n{}",
        table(&world.router).await,
        table(&operators(probes)).await
    );
    assert_eq!(found, ROUTES, "found:\n{found}");
}

/// One address of each kind of route.
const KINDS: [&str; 14] = [
    "/",
    "/livez",
    "/version",
    "/graphql?query=%7B__typename%7D",
    "/graphiql",
    "/nowhere",
    "/docs",
    "/docs/errors",
    "/docs/search.json",
    "/docs/assets/docs.css",
    "/docs/rest/",
    "/schema.graphql",
    "/openapi.json",
    "/oauth/x/callback?state=unknown",
];

#[tokio::test]
async fn every_answer_says_how_browsers_must_treat_it() {
    let world = World::new().await;
    for path in KINDS {
        let (_, headers, _) = send(&world.router, "GET", path).await;
        let header = |name: &str| headers[name].to_str().unwrap().to_owned();
        assert_eq!(
            header("strict-transport-security"),
            "max-age=31536000; includeSubDomains"
        );
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin");
        assert!(header("permissions-policy").contains("camera=()"), "{path}");
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        // Swagger UI, which is others' work, sets styles of elements.
        let is_ours = !["/docs/rest/", "/openapi.json"].contains(&path);
        assert!(!is_ours || !policy.contains("unsafe"), "{path}: {policy}");
        assert!(!policy.contains("script-src 'unsafe"), "{path}: {policy}");
        assert!(!policy.contains("unsafe-eval"), "{path}: {policy}");
        let kind = header("content-type");
        assert!(
            !kind.starts_with("text/") || kind.ends_with("charset=utf-8"),
            "{path}: {kind}"
        );
    }
}

#[tokio::test]
async fn what_is_answered_to_a_credential_is_kept_by_nobody() {
    let world = World::new().await;
    for path in KINDS {
        for (name, value) in [
            (
                header::AUTHORIZATION,
                format!("Bearer {}", world.home.viewer),
            ),
            (header::COOKIE, "__Host-session=x".to_owned()),
        ] {
            let request = Request::get(path).header(&name, value);
            let response = world.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(
                response.headers()[header::CACHE_CONTROL],
                "no-store",
                "{name} {path}"
            );
        }
    }
    // Without one, what is the same for everybody may be kept.
    let (_, headers, _) = send(&world.router, "GET", "/docs").await;
    assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=3600");
}

#[tokio::test]
async fn public_media_may_be_kept_and_shown_by_all() {
    let world = World::new().await;
    let picture = crate::world::picture(8, 8, image::ImageFormat::Png);
    let id = world.upload(&world.home, "a.png", picture).await;
    let read = "query($id: ID!) { media(id: $id) { url } }";
    let media = world.ask(read, json!({ "id": id })).await;
    let url = media["media"]["url"].as_str().unwrap();
    let path = url.strip_prefix(crate::world::PUBLIC_URL).unwrap();
    for key in [None, Some(&world.home.viewer)] {
        let mut request = Request::get(path);
        if let Some(key) = key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        let response = world.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK);
        let headers = response.headers();
        assert_eq!(headers["cross-origin-resource-policy"], "cross-origin");
        assert_eq!(
            headers[header::CACHE_CONTROL],
            "public, max-age=172800, immutable"
        );
    }
}
