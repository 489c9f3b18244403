//! GraphQL over HTTP, problems, headers, health and pages.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, Request, StatusCode, header, request},
};
use futures::stream;
use serde_json::{Value, json};

use crate::world::{World, body};

const VIEWER: &str = "{ viewer { role } }";

fn post() -> request::Builder {
    Request::post("/graphql").header(header::CONTENT_TYPE, "application/json")
}

async fn send(world: &World, request: Request<Body>) -> (StatusCode, HeaderMap, Value) {
    let response = world.send(request).await;
    let headers = response.headers().clone();
    let (status, body) = body(response).await;
    (status, headers, body)
}

async fn ask(world: &World, accept: &str, text: &str) -> (StatusCode, HeaderMap, Value) {
    let request = post()
        .header(header::ACCEPT, accept)
        .header(
            header::AUTHORIZATION,
            format!("Bearer {}", world.home.viewer),
        )
        .body(Body::from(text.to_owned()))
        .unwrap();
    send(world, request).await
}

async fn refused(world: &World, query: &str) -> (u16, Value) {
    let (status, _, answer) = ask(
        world,
        "application/graphql-response+json",
        &json!({ "query": query }).to_string(),
    )
    .await;
    assert_eq!(answer.get("data"), None, "{answer}");
    (
        status.as_u16(),
        answer["errors"][0]["extensions"]["code"].clone(),
    )
}

#[tokio::test]
async fn fields_come_in_the_order_in_which_they_were_asked_for() {
    let world = World::new().await;
    let request = post()
        .header(
            header::AUTHORIZATION,
            format!("Bearer {}", world.home.viewer),
        )
        .body(Body::from(
            json!({ "query": "{ viewer { role kind } again: viewer { kind role } }" }).to_string(),
        ))
        .unwrap();
    let response = world.send(request).await;
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    let text = str::from_utf8(&bytes).unwrap();
    let places =
        ["\"viewer\"", "\"role\"", "\"kind\"", "\"again\""].map(|name| text.find(name).unwrap());
    assert!(places.is_sorted(), "{text}");
    assert!(text.rfind("\"kind\"") < text.rfind("\"role\""), "{text}");
}

#[tokio::test]
async fn the_answer_has_the_accepted_media_type_and_the_status_that_belongs_to_it() {
    let world = World::new().await;
    let good = json!({ "query": VIEWER }).to_string();
    for (accept, kind) in [
        (
            "application/graphql-response+json",
            "application/graphql-response+json; charset=utf-8",
        ),
        ("application/json", "application/json; charset=utf-8"),
        ("*/*", "application/json; charset=utf-8"),
        (
            "text/html, application/json;q=0.5",
            "application/json; charset=utf-8",
        ),
    ] {
        let (status, headers, answer) = ask(&world, accept, &good).await;
        assert_eq!(
            (status, headers[header::CONTENT_TYPE].to_str().unwrap()),
            (StatusCode::OK, kind)
        );
        assert_eq!(
            answer,
            json!({ "data": { "viewer": { "role": "VIEWER" } } })
        );
    }
    let wrong = json!({ "query": "{ nothing }" }).to_string();
    let (status, _, answer) = ask(&world, "application/graphql-response+json", &wrong).await;
    assert_eq!(
        (status, answer.get("data")),
        (StatusCode::BAD_REQUEST, None)
    );
    let (status, _, _) = ask(&world, "application/json", &wrong).await;
    assert_eq!(status, StatusCode::OK);
    let (status, headers, answer) = ask(&world, "text/plain", &good).await;
    assert_eq!(
        (status, &answer["code"]),
        (StatusCode::NOT_ACCEPTABLE, &json!("NOT_ACCEPTABLE"))
    );
    assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
}

#[tokio::test]
async fn hostile_and_mistaken_documents_get_a_code_and_advice() {
    let world = World::new().await;
    let deep = format!(
        "{{ viewer {}{{ id }}{} }}",
        "{ workspace ".repeat(16),
        "}".repeat(16)
    );
    let aliases = (0..101)
        .map(|n| format!("a{n}: workspace {{ id }} "))
        .collect::<Vec<_>>()
        .concat();
    let directives = "@include(if: true) ".repeat(2000);
    let long = format!("{{ viewer {directives} {{ role }} }}");
    for (query, code) in [
        ("{ viewer { role ", "BAD_REQUEST"),
        ("", "BAD_REQUEST"),
        ("{ nothing }", "BAD_REQUEST"),
        ("{ viewer }", "BAD_REQUEST"),
        ("query($a: Int) { viewer { role } }", "BAD_REQUEST"),
        (
            "{ connections(filter: { networks: [MYSPACE] }) { nodes { id } } }",
            "INVALID_INPUT",
        ),
        (
            "{ connections(first: \"ten\") { nodes { id } } }",
            "INVALID_INPUT",
        ),
        (&deep, "QUERY_TOO_DEEP"),
        (&format!("{{ {aliases} }}"), "QUERY_TOO_COMPLEX"),
        (&long, "QUERY_TOO_COMPLEX"),
    ] {
        let (status, found) = refused(&world, query).await;
        let shown: String = query.chars().take(80).collect();
        assert_eq!((status, found), (400, json!(code)), "{shown}");
    }
    let lists = "connections(first: 100) { nodes { destinations { id } } } ";
    let many = (0..10)
        .map(|n| format!("a{n}: {lists}"))
        .collect::<Vec<_>>()
        .concat();
    assert_eq!(
        refused(&world, &format!("{{ {many} }}")).await,
        (400, json!("QUERY_TOO_COMPLEX"))
    );

    let (_, headers, answer) = ask(
        &world,
        "application/json",
        &json!({ "query": "{ nothing }" }).to_string(),
    )
    .await;
    let extensions = &answer["errors"][0]["extensions"];
    assert_eq!(
        extensions["advice"],
        "Compare the request with the schema; the message names the place."
    );
    assert_eq!(
        extensions["docsUrl"],
        "https://posthaste.test/docs/errors/bad-request"
    );
    assert_eq!(
        extensions["requestId"].as_str().unwrap(),
        headers["x-request-id"].to_str().unwrap()
    );
}

#[tokio::test]
async fn wrong_values_in_variables_are_invalid_input() {
    let world = World::new().await;
    let document = "query($n: [Network!]) { connections(filter: { networks: $n }) { totalCount } }";
    let answer = world
        .graphql(&world.home.viewer, document, json!({ "n": ["MYSPACE"] }))
        .await;
    assert_eq!(
        answer["errors"][0]["extensions"]["code"], "INVALID_INPUT",
        "{answer}"
    );
}

#[tokio::test]
async fn bodies_that_are_no_operation_are_refused() {
    let world = World::new().await;
    for text in [
        "",
        "{",
        "[]",
        "[{\"query\":\"{ viewer { role } }\"}]",
        "{}",
        "{\"query\":5}",
        "\"x\"",
        "{\"query\":\"{ a }\",\"variables\":[1]}",
    ] {
        let (status, _, answer) = ask(&world, "application/json", text).await;
        assert_eq!(
            (status, &answer["errors"][0]["extensions"]["code"]),
            (StatusCode::BAD_REQUEST, &json!("BAD_REQUEST")),
            "{text}"
        );
    }
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
    ] {
        let request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from("{\"query\":\"{ viewer { role } }\"}"))
            .unwrap();
        let (status, _, problem) = send(&world, request).await;
        assert_eq!(
            (status, &problem["code"]),
            (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                &json!("UNSUPPORTED_MEDIA_TYPE")
            ),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn two_gigabytes_are_refused_without_reading_them() {
    let world = World::new().await;
    let unread = Body::from_stream(stream::poll_fn(
        |_| -> std::task::Poll<Option<Result<Bytes, std::io::Error>>> { panic!("read") },
    ));
    let request = post()
        .header(header::CONTENT_LENGTH, 2_u64 << 30)
        .body(unread)
        .unwrap();
    let (status, _, problem) = send(&world, request).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::PAYLOAD_TOO_LARGE, &json!("PAYLOAD_TOO_LARGE"))
    );

    let endless = Body::from_stream(stream::repeat_with(|| {
        Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 65536]))
    }));
    let (status, _, problem) = send(&world, post().body(endless).unwrap()).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::PAYLOAD_TOO_LARGE, &json!("PAYLOAD_TOO_LARGE"))
    );
}

#[tokio::test]
async fn get_takes_queries_only() {
    let world = World::new().await;
    let get = |query: &str| {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("query", query)
            .finish();
        Request::get(format!("/graphql?{query}"))
            .header(header::ACCEPT, "application/json")
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", world.home.owner),
            )
            .body(Body::empty())
            .unwrap()
    };
    let (status, _, answer) = send(&world, get(VIEWER)).await;
    assert_eq!(
        (status, &answer["data"]["viewer"]["role"]),
        (StatusCode::OK, &json!("OWNER"))
    );
    let (status, _, problem) = send(&world, get("mutation { sessionDelete { deletedId } }")).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::METHOD_NOT_ALLOWED, &json!("METHOD_NOT_ALLOWED"))
    );
}

#[tokio::test]
async fn the_request_s_id_comes_back_and_bad_ones_are_replaced() {
    let world = World::new().await;
    let ask = |id: &'static str| {
        let request = Request::get("/livez")
            .header("x-request-id", id)
            .body(Body::empty())
            .unwrap();
        async {
            world.send(request).await.headers()["x-request-id"]
                .to_str()
                .unwrap()
                .to_owned()
        }
    };
    assert_eq!(ask("abc-1.2:3_4").await, "abc-1.2:3_4");
    assert!(ask("has blanks").await.starts_with("req_"));
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let world = World::new().await;
    for path in [
        "/livez",
        "/graphiql",
        "/nowhere",
        "/docs",
        "/docs/errors",
        "/docs/rest/",
    ] {
        let response = world
            .send(Request::get(path).body(Body::empty()).unwrap())
            .await;
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("x-frame-options"), "DENY", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert!(
            header("content-security-policy").starts_with("default-src 'none'"),
            "{path}"
        );
        assert!(
            !response
                .headers()
                .contains_key("access-control-allow-origin"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems() {
    let world = World::new().await;
    let (status, _, problem) = send(
        &world,
        Request::get("/nowhere").body(Body::empty()).unwrap(),
    )
    .await;
    assert_eq!(
        (status, &problem["code"], &problem["status"]),
        (StatusCode::NOT_FOUND, &json!("NOT_FOUND"), &json!(404))
    );
    let (status, _, problem) = send(
        &world,
        Request::delete("/graphql").body(Body::empty()).unwrap(),
    )
    .await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::METHOD_NOT_ALLOWED, &json!("METHOD_NOT_ALLOWED"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_pages_answer() {
    let world = World::new().await;
    let get = async |path: &str, accept: &str| {
        send(
            &world,
            Request::get(path)
                .header(header::ACCEPT, accept)
                .body(Body::empty())
                .unwrap(),
        )
        .await
    };
    assert_eq!(get("/livez", "*/*").await.2, json!("ok"));
    assert_eq!(get("/readyz", "*/*").await.2, json!("ok"));
    let (_, _, report) = get("/healthz", "*/*").await;
    assert_eq!(
        (
            &report["database"]["ok"],
            &report["workers"]["ok"],
            &report["ok"]
        ),
        (&json!(true), &json!(false), &json!(false))
    );
    assert_eq!(
        get("/version", "*/*").await.2,
        json!({ "version": env!("CARGO_PKG_VERSION") })
    );
    let (_, _, openapi) = get("/openapi.json", "*/*").await;
    for path in ["/livez", "/readyz", "/graphql", "/oauth/{network}/callback"] {
        assert!(openapi["paths"].get(path).is_some(), "{path}");
    }
    let (_, _, page) = get("/docs/errors", "text/html").await;
    assert!(
        page.as_str()
            .unwrap()
            .contains("<h2 id=\"outcome-unknown\"><a href=\"/docs/errors/outcome-unknown\"><code>OUTCOME_UNKNOWN</code></a></h2>")
    );
}
