//! The letter of GraphQL and of GraphQL over HTTP: nulls, variables, statuses, documents that harm.

use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use serde_json::{Value, json};

use crate::{
    socket::Client,
    world::{World, body},
};

const RESPONSE_JSON: &str = "application/graphql-response+json";
const JSON: &str = "application/json";

/// A post that nobody has.
const NOWHERE: &str = "post_01h455vb4pex5vsknk084sn02q";

async fn send(
    world: &World,
    accept: &str,
    key: &str,
    asked: &Value,
) -> (StatusCode, HeaderMap, Value) {
    let mut request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, JSON)
        .header(header::ACCEPT, accept);
    if !key.is_empty() {
        request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }
    let request = request.body(Body::from(asked.to_string())).unwrap();
    let response = world.send(request).await;
    let headers = response.headers().clone();
    let (status, answer) = body(response).await;
    (status, headers, answer)
}

async fn told(world: &World, accept: &str, asked: &Value) -> (u16, Value) {
    let (status, _, answer) = send(world, accept, &world.home.viewer, asked).await;
    (status.as_u16(), answer)
}

fn first(answer: &Value) -> (&Value, &Value) {
    let extensions = &answer["errors"][0]["extensions"];
    (&extensions["code"], &extensions["path"])
}

#[tokio::test]
async fn a_failed_field_is_null_or_takes_its_parents_along() {
    let world = World::new().await;
    let asked = async |query: String| told(&world, RESPONSE_JSON, &json!({ "query": query })).await;
    let (status, answer) = asked(format!(
        "{{ post(id: \"{NOWHERE}\") {{ id }} viewer {{ role }} }}"
    ))
    .await;
    assert_eq!((status, answer.get("data")), (200, Some(&Value::Null)));
    assert_eq!(answer["errors"][0]["path"], json!(["post"]));

    let (status, answer) = asked("{ viewer { role } node(id: \"zzz\") { id } }".into()).await;
    assert_eq!(status, 200);
    assert_eq!(
        answer["data"],
        json!({ "viewer": { "role": "VIEWER" }, "node": null })
    );
    let (_, answer) = asked("{ node(id: \"zzz\") { id } }".into()).await;
    assert_eq!(answer["data"], json!({ "node": null }));
    let (_, answer) = asked("{ __typename @skip(if: true) }".into()).await;
    assert_eq!(answer, json!({ "data": {} }));
}

#[tokio::test]
async fn only_what_was_not_executed_has_a_status_of_its_own() {
    let world = World::new().await;
    let nowhere = json!({ "query": format!("{{ post(id: \"{NOWHERE}\") {{ id }} }}") });
    for (asked, plain, strict) in [
        (nowhere, 200, 200),
        (json!({ "query": "{ nothing }" }), 200, 400),
        (json!({ "query": "{" }), 200, 400),
        (
            json!({ "query": "query A { viewer { role } }", "operationName": "B" }),
            200,
            400,
        ),
        (
            json!({ "query": "query($a: Int!) { posts(first: $a) { nodes { id } } }" }),
            200,
            400,
        ),
        (
            json!({ "query": "{ a @idempotent(key: \"1\") }" }),
            200,
            400,
        ),
        (json!({ "query": 5 }), 400, 400),
    ] {
        assert_eq!(told(&world, JSON, &asked).await.0, plain, "{asked}");
        assert_eq!(
            told(&world, RESPONSE_JSON, &asked).await.0,
            strict,
            "{asked}"
        );
    }
    let viewer = json!({ "query": "{ viewer { role } }" });
    for accept in [JSON, RESPONSE_JSON] {
        // Without a credential it was executed; with a wrong one it was not.
        let (status, _, answer) = send(&world, accept, "", &viewer).await;
        assert_eq!(
            (status.as_u16(), answer.get("data")),
            (200, Some(&Value::Null))
        );
        assert_eq!(first(&answer).0, "UNAUTHENTICATED");
        let (status, headers, answer) = send(&world, accept, "phk_live_unknown", &viewer).await;
        assert_eq!((status.as_u16(), answer.get("data")), (401, None));
        assert_eq!(
            headers[header::WWW_AUTHENTICATE],
            "Bearer resource_metadata=\"https://posthaste.test/.well-known/oauth-protected-resource\""
        );
    }
}

#[tokio::test]
async fn a_text_with_a_nul_is_refused_wherever_it_stands() {
    let world = World::new().await;
    let created = |input: Value| {
        (
            "mutation($input: PostCreateInput!) { postCreate(input: $input) { post { id } } }",
            json!({ "input": input }),
        )
    };
    for ((query, variables), path) in [
        (
            created(json!({ "text": "a", "title": "b\0" })),
            json!(["title"]),
        ),
        (
            created(json!({ "text": "a", "targets": [{ "connectionId": "x", "boardId": "\0" }] })),
            json!(["targets", "0", "boardId"]),
        ),
        (
            (
                "mutation($e: String!) { sessionCreate(input: { email: $e, password: \"p\" }) { token } }",
                json!({ "e": "a\0@b.c" }),
            ),
            json!(["e"]),
        ),
        (
            (
                r#"mutation { apiKeyCreate(input: { name: "\u0000" }) { errors { code } } }"#,
                json!({}),
            ),
            json!(["name"]),
        ),
        (
            (
                r#"{ posts(filter: { text: "a\u0000" }) { totalCount } }"#,
                json!({}),
            ),
            json!(["filter", "text"]),
        ),
        (
            (
                "query($id: ID!) { post(id: $id) { id } }",
                json!({ "id": "\0" }),
            ),
            json!(["id"]),
        ),
    ] {
        let (status, answer) = told(
            &world,
            RESPONSE_JSON,
            &json!({ "query": query, "variables": variables }),
        )
        .await;
        assert_eq!((status, answer.get("data")), (400, None), "{query}");
        assert_eq!(first(&answer), (&json!("INVALID_INPUT"), &path), "{query}");
    }
}

#[tokio::test]
async fn a_variable_that_must_not_be_null_is_given() {
    let world = World::new().await;
    let query = "query($a: Int!) { posts(first: $a) { nodes { id } } }";
    for variables in [json!({ "a": null }), json!({})] {
        let asked = json!({ "query": query, "variables": variables });
        let (status, answer) = told(&world, RESPONSE_JSON, &asked).await;
        assert_eq!((status, answer.get("data")), (400, None), "{answer}");
        assert_eq!(first(&answer), (&json!("BAD_REQUEST"), &json!(["a"])));
    }
    let asked = json!({ "query": query, "variables": { "a": null } });
    assert_eq!(
        told(&world, JSON, &asked).await.1["errors"][0]["message"],
        "The variable '$a' is of type Int! and must be other than null."
    );
}

#[tokio::test]
async fn variables_are_an_object_by_get_as_by_post() {
    let world = World::new().await;
    for (variables, expected) in [
        ("[1]", 400),
        ("1", 400),
        ("\"x\"", 400),
        ("{}", 200),
        ("null", 200),
    ] {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("query", "{ __typename }")
            .append_pair("variables", variables)
            .finish();
        let request = Request::get(format!("/graphql?{query}"))
            .body(Body::empty())
            .unwrap();
        assert_eq!(
            world.send(request).await.status().as_u16(),
            expected,
            "{variables}"
        );
        let text = format!("{{\"query\":\"{{ __typename }}\",\"variables\":{variables}}}");
        let request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, JSON)
            .body(Body::from(text))
            .unwrap();
        assert_eq!(
            world.send(request).await.status().as_u16(),
            expected,
            "{variables}"
        );
    }
}

#[tokio::test]
async fn a_subscription_has_one_root_field() {
    let world = World::new().await;
    let mut client = Client::open(&world, &world.home.viewer).await;
    for query in [
        "subscription { a: events { type } b: events { type } }",
        "subscription { events { type } ...F } fragment F on Subscription { b: events { type } }",
        "subscription { ... { events { type } b: events { type } } }",
        "subscription { __typename }",
        "subscription { events { type } __typename }",
    ] {
        let payload = json!({ "query": query });
        client
            .say(json!({ "id": "1", "type": "subscribe", "payload": payload }))
            .await;
        let told = client.hear().await;
        assert_eq!(told["type"], "error", "{query}");
        let error = &told["payload"][0];
        assert_eq!(error["extensions"]["code"], "BAD_REQUEST", "{query}");
        assert_eq!(
            error["message"],
            "A subscription must have exactly one root field, and not __typename."
        );
    }
}

#[tokio::test]
async fn a_document_is_of_a_size_and_errors_do_not_repeat_it() {
    let world = World::new().await;
    let long = |bytes: usize| json!({ "query": format!("{{ a(b: \"{}", "x".repeat(bytes)) });
    let (status, answer) = told(&world, JSON, &long(256 << 10)).await;
    assert_eq!(
        (status, &answer["code"]),
        (413, &json!("PAYLOAD_TOO_LARGE"))
    );

    let (_, answer) = told(&world, JSON, &long(100 << 10)).await;
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("At 1:8: expected "), "{message}");
    assert!(answer.to_string().len() < 1_000, "{answer}");

    let name = "x".repeat(10_000);
    let (_, answer) = told(&world, JSON, &json!({ "query": format!("{{ {name} }}") })).await;
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert_eq!(message.len(), 200, "{message}");
    let many: Vec<_> = (0..1_000).map(|n| format!("a{n}")).collect();
    let many = many.join(" ");
    let (_, answer) = told(&world, JSON, &json!({ "query": format!("{{ {many} }}") })).await;
    assert_eq!(answer["errors"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn a_document_costs_what_it_takes_to_read_it() {
    let world = World::limited(1_000, 10).await;
    let viewer = world.home.viewer.as_str();
    let cost = async |query: &str| {
        let (_, _, answer) = send(&world, JSON, viewer, &json!({ "query": query })).await;
        let cost = &answer["extensions"]["cost"];
        (cost["requested"].clone(), cost["actual"].clone())
    };
    let comment = format!("#{}\n", "x".repeat(100 << 10));
    assert_eq!(
        cost(&format!("{comment}{{")).await,
        (json!(100), json!(100))
    );
    let good = format!("{comment}{{ viewer {{ role }} }}");
    assert_eq!(cost(&good).await, (json!(100), json!(100)));
    assert_eq!(cost("{ viewer { role } }").await, (json!(2), json!(2)));
}

#[tokio::test]
async fn changes_are_paid_for_in_fragments_and_only_in_the_chosen_operation() {
    let world = World::limited(1_000, 10).await;
    let editor = world.home.editor.as_str();
    let change = "postCreate(input: { text: \"a\" }) { post { id } }";
    let spread = format!("mutation {{ ...F }} fragment F on Mutation {{ {change} }}");
    let both = format!("mutation A {{ {change} }} query B {{ viewer {{ role }} }}");
    for (asked, requested) in [
        (json!({ "query": format!("mutation {{ {change} }}") }), 13),
        (json!({ "query": spread }), 13),
        // The estimate is the whole document's, the changes are those of the operation.
        (json!({ "query": both, "operationName": "B" }), 5),
    ] {
        let (_, _, answer) = send(&world, JSON, editor, &asked).await;
        assert_eq!(
            answer["extensions"]["cost"]["requested"], requested,
            "{asked}"
        );
    }
}

#[tokio::test]
async fn a_wrong_method_names_the_right_ones() {
    let world = World::new().await;
    for (method, path, allow) in [
        ("DELETE", "/graphql", "GET,HEAD,POST"),
        ("POST", "/livez", "GET,HEAD"),
        (
            "GET",
            "/graphql?query=mutation%7BsessionDelete%7BdeletedId%7D%7D",
            "POST",
        ),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Body::empty())
            .unwrap();
        let response = world.send(request).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(response.headers()[header::ALLOW], allow, "{path}");
        assert_eq!(
            body(response).await.1["advice"],
            "Use a method that the header Allow names; mutations need POST."
        );
    }
}

#[tokio::test]
async fn an_error_s_page_is_found_by_its_code() {
    let world = World::new().await;
    for name in ["NOT_FOUND", "not_found", "Not-Found"] {
        let request = Request::get(format!("/docs/errors/{name}"))
            .body(Body::empty())
            .unwrap();
        let response = world.send(request).await;
        assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT, "{name}");
        assert_eq!(
            response.headers()[header::LOCATION],
            "/docs/errors/not-found"
        );
    }
    for (path, status) in [
        ("not-found", StatusCode::OK),
        ("NOWHERE", StatusCode::NOT_FOUND),
    ] {
        let request = Request::get(format!("/docs/errors/{path}"))
            .body(Body::empty())
            .unwrap();
        assert_eq!(world.send(request).await.status(), status, "{path}");
    }
}
