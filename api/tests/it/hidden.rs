//! What strangers are not told: names of the schema, and why something broke.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use image::ImageFormat;
use posthaste_api::rest::{ApiState, router};
use serde_json::{Value, json};

use crate::{
    scrub::Kept,
    world::{World, body, picture},
};

const SCHEMA: [&str; 5] = [
    "{ __schema { types { name } } }",
    "{ __type(name: \"Post\") { fields { name } } }",
    "query a { __typename } query b { ...f } fragment f on Query { all: __schema { queryType { name } } }",
    "{ ... { __schema { directives { name } } } }",
    "mutation a { __typename } query b { ... on Query { __type(name: \"Query\") { name } } }",
];

/// Near to names that are there, as tools guess them; none is quoted back by what they are corrected to.
const MISSPELT: [&str; 12] = [
    "{ vewer { rol } }",
    "{ viewe }",
    "{ viewer }",
    "{ viewer { roles } }",
    "{ postss(firs: 1) { node { idd } } }",
    "{ posts(firsT: 1) { nodes { id } } }",
    "{ post { id } }",
    "query($a: PostFilte) { posts(filter: $a) { nodes { id } } }",
    "{ posts(filter: { statu: [X] }) { nodes { id } } }",
    "{ posts(orderBy: { field: NOWHERE }) { nodes { id } } }",
    "mutation { sessionCreat(input: {}) { token } }",
    "mutation { sessionCreate(input: { emai: \"a\" }) { token } }",
];

async fn ask(world: &World, key: Option<&str>, query: &str) -> (StatusCode, Value) {
    let mut request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/graphql-response+json");
    if let Some(key) = key {
        request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }
    let text = json!({ "query": query, "operationName": null }).to_string();
    body(world.send(request.body(Body::from(text)).unwrap()).await).await
}

#[tokio::test]
async fn strangers_do_not_read_the_schema() {
    let mut world = World::new().await;
    for query in SCHEMA {
        let (status, answer) = ask(&world, None, query).await;
        let code = &answer["errors"][0]["extensions"]["code"];
        assert_eq!(
            (status, code, answer.get("data")),
            (StatusCode::UNAUTHORIZED, &json!("UNAUTHENTICATED"), None),
            "{query}"
        );
    }
    let (_, answer) = ask(&world, None, "{ __typename }").await;
    assert_eq!(answer["data"], json!({ "__typename": "Query" }));
    let (_, answer) = ask(&world, Some(&world.home.viewer), SCHEMA[0]).await;
    assert!(answer["data"]["__schema"]["types"][0]["name"].is_string());
    // Where the operator says so, all may.
    world.router = router(ApiState::new(world.app.clone()).showing_schema(true));
    let (_, answer) = ask(&world, None, SCHEMA[0]).await;
    assert!(answer["data"]["__schema"]["types"][0]["name"].is_string());
}

#[tokio::test]
async fn misspelt_fields_tell_strangers_no_name() {
    let mut world = World::new().await;
    let (_, nonsense) = ask(&world, None, "{ qqqqqqqqqqqq }").await;
    let error = &nonsense["errors"][0];
    assert_eq!(
        (&error["message"], &error["extensions"]["code"]),
        (
            &json!(
                "The document does not fit the schema. Callers with a credential are told where."
            ),
            &json!("BAD_REQUEST")
        )
    );
    let told = |mut answer: Value| {
        answer["errors"][0]["extensions"]["requestId"] = json!("");
        answer
    };
    let nothing = told(nonsense);
    for query in MISSPELT {
        let (status, answer) = ask(&world, None, query).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(told(answer), nothing, "{query}");
        // Whoever has a credential is helped.
        let (_, answer) = ask(&world, Some(&world.home.viewer), query).await;
        assert_ne!(told(answer), nothing, "{query}");
    }
    // What is wrong whatever the schema is told.
    let (_, answer) = ask(&world, None, "{ viewer { role ").await;
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("expected"), "{message}");
    world.router = router(ApiState::new(world.app.clone()).showing_schema(true));
    let (_, answer) = ask(&world, None, MISSPELT[0]).await;
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("Did you mean \"viewer\""), "{message}");
}

#[tokio::test]
async fn an_internal_error_tells_a_code_and_the_request_and_its_cause_is_in_the_log() {
    let (log, _kept) = Kept::begin();
    let world = World::new().await;
    let picture = picture(8, 8, ImageFormat::Png);
    let media = world.upload(&world.home, "a.png", picture).await;
    let (client, connection) = world.app.db.address().wire().await.unwrap();
    tokio::spawn(connection);
    for table in ["posts", "media"] {
        let broken = format!("ALTER TABLE {table} RENAME TO {table}_that_broke");
        client.execute(&broken, &[]).await.unwrap();
    }
    let key = world.home.owner.as_str();
    let read = "{ posts(first: 1) { nodes { id } } }";
    let write = "mutation { postCreate(input: { text: \"a\" }) { post { id } } }";
    let mut answers = Vec::new();
    for query in [read, write] {
        let (_, answer) = ask(&world, Some(key), query).await;
        let error = answer["errors"][0].clone();
        let id = error["extensions"]["requestId"].clone();
        answers.push((error["extensions"]["code"].clone(), id, answer.to_string()));
    }
    let request = Request::delete(format!("/media/{media}"))
        .header(header::AUTHORIZATION, format!("Bearer {key}"));
    let response = world.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let (_, answer) = body(response).await;
    let id = answer["requestId"].clone();
    answers.push((answer["code"].clone(), id, answer.to_string()));

    let log = log.text();
    for (code, id, text) in answers {
        assert_eq!(code, "INTERNAL", "{text}");
        let id = id.as_str().unwrap();
        for inside in [
            "SELECT",
            "INSERT",
            "DELETE",
            "relation",
            "posts\\\"",
            "diesel",
            ".rs",
            "/work",
            "broke",
            "panicked",
            "stack",
        ] {
            assert!(!text.contains(inside), "{inside}: {text}");
        }
        let told = log.lines().any(|line| {
            line.contains("a request failed")
                && line.contains(id)
                && line.contains("does not exist")
        });
        assert!(told, "the log does not tell why {id} failed");
    }
}
