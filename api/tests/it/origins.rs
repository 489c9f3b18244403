//! Pages of other sites: what they may ask, and what a browser sends for them.

use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use posthaste_api::rest::{ApiState, router};
use posthaste_core::access::Role;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error, client::IntoClientRequest},
};

use crate::{
    session::browser::Browser,
    world::{PASSWORD, PUBLIC_URL, World, body, person},
};

const LISTED: &str = "https://app.example";
const FOREIGN: &str = "https://evil.example";

/// A world that lists one origin.
async fn world() -> World {
    let mut world = World::new().await;
    let state = ApiState::new(world.app.clone()).admitting(&[LISTED.to_owned()]);
    world.router = router(state);
    world
}

/// A request with these headers; a query by POST unless a method and path are given.
async fn ask(
    world: &World,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> (StatusCode, HeaderMap, Value) {
    let mut request = Request::builder().method(method).uri(path);
    if method == "POST" {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let text = json!({ "query": "{ __typename }" }).to_string();
    let response = world.send(request.body(Body::from(text)).unwrap()).await;
    let headers = response.headers().clone();
    let (status, answer) = body(response).await;
    (status, headers, answer)
}

#[tokio::test]
async fn only_pages_of_listed_origins_are_shown_an_answer() {
    let world = world().await;
    let key = format!("Bearer {}", world.home.viewer);
    for (origin, shown) in [
        (LISTED, Some(LISTED)),
        (FOREIGN, None),
        ("null", None),
        ("http://app.example", None),
        ("https://app.example.evil.example", None),
        (PUBLIC_URL, None),
    ] {
        let headers = [("origin", origin), ("authorization", &key)];
        for path in ["/graphql", "/livez", "/nowhere"] {
            let method = if path == "/graphql" { "POST" } else { "GET" };
            let (_, headers, _) = ask(&world, method, path, &headers).await;
            let allowed = headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
            let allowed = allowed.map(|value| value.to_str().unwrap());
            assert_eq!(allowed, shown, "{origin} {path}");
            assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
            let vary = headers[header::VARY].to_str().unwrap();
            assert!(vary.contains("origin"), "{vary}");
        }
        let question = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "authorization,content-type",
            ),
        ];
        let (status, headers, _) = ask(&world, "OPTIONS", "/graphql", &question).await;
        assert_eq!(status, StatusCode::OK);
        let allowed = headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        assert_eq!(allowed.map(|value| value.to_str().unwrap()), shown);
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
        let sent = headers[header::ACCESS_CONTROL_ALLOW_HEADERS]
            .to_str()
            .unwrap();
        assert!(sent.contains("authorization") && sent.contains("idempotency-key"));
    }
    // What uploads ask by OPTIONS is answered by them, for programs and pages.
    let (status, headers, _) = ask(&world, "OPTIONS", "/media", &[("origin", FOREIGN)]).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(headers["tus-version"], "1.0.0");
}

#[tokio::test]
async fn without_a_list_no_page_of_another_site_is_answered() {
    let world = World::new().await;
    let question = [
        ("origin", LISTED),
        ("access-control-request-method", "POST"),
    ];
    for (method, headers) in [("OPTIONS", &question[..]), ("POST", &question[..1])] {
        let (_, headers, _) = ask(&world, method, "/graphql", headers).await;
        for name in headers.keys() {
            assert!(
                !name.as_str().starts_with("access-control"),
                "{method}: {name}"
            );
        }
    }
}

#[tokio::test]
async fn a_cookie_is_of_no_use_to_another_site() {
    let world = world().await;
    let key = format!("Bearer {}", world.home.viewer);
    let cookie = ("cookie", "__Host-session=x");
    let site = |value| ("sec-fetch-site", value);
    let (own, foreign) = (("origin", PUBLIC_URL), ("origin", FOREIGN));
    for (method, path, headers, is_taken) in [
        ("POST", "/graphql", vec![cookie, site("same-origin")], true),
        ("POST", "/graphql", vec![cookie, site("none")], true),
        ("POST", "/graphql", vec![cookie, site("cross-site")], false),
        ("POST", "/graphql", vec![cookie, site("same-site")], false),
        // What the browser says itself counts more than an origin.
        (
            "POST",
            "/graphql",
            vec![cookie, site("cross-site"), own],
            false,
        ),
        // An old browser tells the origin only.
        ("POST", "/graphql", vec![cookie, own], true),
        ("POST", "/graphql", vec![cookie, foreign], false),
        ("POST", "/graphql", vec![cookie, ("origin", LISTED)], false),
        ("POST", "/graphql", vec![cookie], false),
        (
            "GET",
            "/graphql?query=%7B__typename%7D",
            vec![cookie, site("cross-site")],
            false,
        ),
        ("POST", "/", vec![cookie, site("cross-site")], false),
        ("POST", "/media", vec![cookie, site("cross-site")], false),
        (
            "DELETE",
            "/media/x",
            vec![cookie, site("cross-site")],
            false,
        ),
        // Who follows a link to a page comes from another site.
        (
            "GET",
            "/docs/errors",
            vec![cookie, site("cross-site")],
            true,
        ),
        // No browser adds a key by itself, and without a cookie there is nothing to misuse.
        (
            "POST",
            "/graphql",
            vec![cookie, site("cross-site"), ("authorization", &key)],
            true,
        ),
        ("POST", "/graphql", vec![site("cross-site")], true),
    ] {
        let (status, _, answer) = ask(&world, method, path, &headers).await;
        if is_taken {
            assert_eq!(status, StatusCode::OK, "{headers:?} {answer}");
        } else {
            assert_eq!(
                (status, &answer["code"]),
                (StatusCode::FORBIDDEN, &json!("ORIGIN_NOT_ALLOWED")),
                "{headers:?}"
            );
        }
    }
}

#[tokio::test]
async fn with_a_persons_cookie_nothing_comes_from_another_site_or_a_form() {
    let world = world().await;
    person(&world, &world.home, "ada@example.org", Role::Owner).await;
    let mut browser = Browser::new(&world);
    browser.sign_in("ada@example.org").await;
    let cookie = browser.cookie.unwrap();
    let same = ("sec-fetch-site", "same-origin");
    let ask = async |method: &str, path: &str, kind: &str, more: &[(&str, &str)]| {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header(header::COOKIE, &cookie);
        if !kind.is_empty() {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        let text = json!({ "query": "{ viewer { kind } }" }).to_string();
        let answer = world.send(request.body(Body::from(text)).unwrap()).await;
        let (status, answer) = body(answer).await;
        let code = answer["code"].as_str().map(str::to_owned);
        (status.as_u16(), code)
    };
    let refused = (403, Some("ORIGIN_NOT_ALLOWED".to_owned()));
    assert_eq!(
        ask("POST", "/graphql", "application/json", &[same]).await,
        (200, None)
    );
    // What forms send, from wherever.
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "Text/Plain; charset=utf-8",
        "",
    ] {
        for path in ["/graphql", "/media", "/"] {
            assert_eq!(
                ask("POST", path, kind, &[same]).await,
                refused,
                "{kind} {path}"
            );
        }
        // Once a browser has asked whether it may, it is judged as JSON is.
        let asked = ("x-requested-with", "web");
        let (status, _) = ask("POST", "/graphql", kind, &[same, asked]).await;
        assert_eq!(status, 415, "{kind}");
    }
    // From elsewhere, also from an origin that is listed, and by whatever method.
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", LISTED),
        ("origin", FOREIGN),
        ("origin", "null"),
    ] {
        for (method, path) in [
            ("POST", "/graphql"),
            ("POST", "/"),
            ("GET", "/graphql?query=%7B__typename%7D"),
            ("GET", "/?query=%7B__typename%7D"),
            ("POST", "/auth/session"),
            ("DELETE", "/auth/session"),
            ("DELETE", "/media/x"),
            ("PATCH", "/bulk/x"),
        ] {
            let told = ask(method, path, "application/json", &[(name, value)]).await;
            assert_eq!(told, refused, "{name}: {value}, {method} {path}");
        }
    }
    let mutation = "/graphql?query=mutation%7BsessionDelete%7BdeletedId%7D%7D";
    assert_eq!(
        ask("GET", mutation, "", &[same]).await,
        (405, Some("METHOD_NOT_ALLOWED".to_owned()))
    );
    // Nobody is signed in as somebody else: without a cookie, too.
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", FOREIGN)] {
        let request = Request::post("/auth/session")
            .header(name, value)
            .header(header::CONTENT_TYPE, "application/json");
        let sent = json!({ "email": "ada@example.org", "password": PASSWORD }).to_string();
        let answer = world.send(request.body(Body::from(sent)).unwrap()).await;
        assert!(!answer.headers().contains_key(header::SET_COOKIE));
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{name}");
    }
}

#[tokio::test]
async fn a_page_of_another_site_opens_no_websocket() {
    let world = world().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = world.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });
    for (path, origin, is_taken) in [
        ("/graphql", None, true),
        ("/graphql", Some(PUBLIC_URL), true),
        ("/graphql", Some(LISTED), true),
        ("/graphql", Some(FOREIGN), false),
        ("/graphql", Some("null"), false),
        (
            "/graphql",
            Some("https://posthaste.test.evil.example"),
            false,
        ),
        ("/", Some(FOREIGN), false),
    ] {
        let url = format!("ws://{address}{path}");
        let mut request = url.into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert(
            "sec-websocket-protocol",
            "graphql-transport-ws".parse().unwrap(),
        );
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        match connect_async(request).await {
            Ok(_) => assert!(is_taken, "{origin:?}"),
            Err(Error::Http(answer)) => {
                assert!(!is_taken, "{origin:?}");
                assert_eq!(answer.status(), StatusCode::FORBIDDEN);
            }
            Err(other) => panic!("{other}"),
        }
    }
}
