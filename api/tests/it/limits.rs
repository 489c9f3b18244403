//! Limits by cost, as clients see them.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use chrono::{SecondsFormat, TimeDelta};
use posthaste_core::Network;
use serde_json::{Value, json};

use crate::{
    socket::Client,
    sse::Follower,
    world::{World, body},
};

const JSON: &str = "application/json";
const RESPONSE_JSON: &str = "application/graphql-response+json";
const CREATE: &str = "mutation { postCreate(input: { text: \"a\" }) { post { id } } }";

/// More than is left after anything else: 100 points are reserved.
const WHOLE: &str = "{ posts(first: 50) { nodes { id } } }";

async fn send(
    world: &World,
    key: &str,
    accept: &str,
    body_: Value,
) -> (StatusCode, HeaderMap, Value) {
    let mut request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, JSON)
        .header(header::ACCEPT, accept);
    if !key.is_empty() {
        request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }
    let request = request.body(Body::from(body_.to_string())).unwrap();
    let response = world.send(request).await;
    let headers = response.headers().clone();
    let (status, answer) = body(response).await;
    (status, headers, answer)
}

async fn ask(world: &World, key: &str, query: &str) -> (StatusCode, HeaderMap, Value) {
    send(world, key, JSON, json!({ "query": query })).await
}

async fn cost(world: &World, key: &str, query: &str) -> Value {
    ask(world, key, query).await.2["extensions"]["cost"].take()
}

/// `extensions.cost` with a bucket of 100 that restores 10 each second.
fn bill(requested: u32, actual: u32, available: u32) -> Value {
    let throttle = json!({ "maximum": 100, "available": available, "restoreRate": 10 });
    json!({ "requested": requested, "actual": actual, "throttle": throttle })
}

#[tokio::test]
async fn an_answer_tells_its_cost_and_what_is_left() {
    let world = World::limited(100, 10).await;
    let viewer = world.home.viewer.as_str();
    let (status, headers, answer) = ask(&world, viewer, "{ viewer { role kind } }").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer["extensions"], json!({ "cost": bill(3, 3, 97) }));
    assert_eq!(headers["ratelimit-policy"], "\"points\";q=100;w=10");
    assert_eq!(headers["ratelimit"], "\"points\";r=97;t=1");
    assert!(!headers.contains_key(header::RETRY_AFTER));

    // Twenty posts are reserved, none is there.
    let list = "{ posts(first: 20) { nodes { id } } }";
    assert_eq!(cost(&world, viewer, list).await, bill(40, 2, 95));
    world.clock.advance(TimeDelta::milliseconds(400));
    let status = "{ rateLimitStatus { maximum available restoreRate resetsAt } }";
    let resets_at =
        (world.app.now() + TimeDelta::seconds(1)).to_rfc3339_opts(SecondsFormat::AutoSi, false);
    assert_eq!(
        ask(&world, viewer, status).await.2["data"]["rateLimitStatus"],
        json!({ "maximum": 100, "available": 94, "restoreRate": 10, "resetsAt": resets_at })
    );
}

#[tokio::test]
async fn without_limits_nothing_is_told() {
    let world = World::new().await;
    let query = "{ rateLimitStatus { available } }";
    let (_, headers, answer) = ask(&world, &world.home.viewer, query).await;
    assert_eq!(answer, json!({ "data": { "rateLimitStatus": null } }));
    assert!(!headers.contains_key("ratelimit"));
}

#[tokio::test]
async fn whoever_asks_for_too_much_waits_and_nothing_is_done() {
    let world = World::limited(100, 10).await;
    let editor = world.home.editor.as_str();
    let first = cost(&world, editor, CREATE).await;
    assert_eq!(first, bill(13, 13, 87));
    for accept in [JSON, RESPONSE_JSON] {
        let (status, headers, answer) =
            send(&world, editor, accept, json!({ "query": WHOLE })).await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(headers[header::RETRY_AFTER], "2");
        assert_eq!(headers["ratelimit"], "\"points\";r=87;t=2");
        assert_eq!(answer.get("data"), None);
        let error = &answer["errors"][0];
        assert_eq!(
            (
                &error["extensions"]["code"],
                &error["extensions"]["retryAfter"],
                &error["extensions"]["retryable"]
            ),
            (&json!("RATE_LIMITED"), &json!(2), &json!(true))
        );
        assert_eq!(
            error["message"],
            "The request may cost 100 points, 87 are left; 10 come back each second. Try again in 2 s."
        );
        assert_eq!(answer["extensions"]["cost"], bill(100, 0, 87));
    }
    // Others are not held back: another key, another workspace, nobody.
    assert_eq!(
        cost(&world, &world.home.viewer, WHOLE).await,
        bill(100, 3, 97)
    );
    let nobody = cost(&world, "", WHOLE).await;
    assert_eq!(
        (&nobody["requested"], &nobody["actual"]),
        (&json!(100), &json!(1))
    );

    for _ in 0..6 {
        cost(&world, editor, CREATE).await;
    }
    let (status, _, answer) = ask(&world, editor, CREATE).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer["extensions"]["cost"], bill(13, 0, 9));
    world.clock.advance(TimeDelta::seconds(10));
    let list = "{ posts(first: 10) { totalCount } }";
    let (_, _, answer) = ask(&world, editor, list).await;
    assert_eq!(answer["data"]["posts"]["totalCount"], 7);
}

#[tokio::test]
async fn more_than_a_full_bucket_and_what_is_not_valid() {
    let world = World::limited(100, 10).await;
    let viewer = world.home.viewer.as_str();
    let (status, _, answer) = ask(&world, viewer, "{ posts(first: 51) { nodes { id } } }").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        answer["errors"][0]["extensions"]["code"],
        "QUERY_TOO_COMPLEX"
    );
    assert_eq!(answer["extensions"]["cost"], bill(102, 0, 100));
    for wrong in ["{ nothing }", "{"] {
        let told = cost(&world, viewer, wrong).await;
        assert_eq!(
            (&told["requested"], &told["actual"]),
            (&json!(1), &json!(1))
        );
    }
    assert_eq!(
        cost(&world, viewer, "{ viewer { role } }").await,
        bill(2, 2, 96)
    );
    // The operation that runs is paid for, with the whole document's estimate.
    let both = json!({ "query": "query a { viewer { role } } query b { viewer { kind } }", "operationName": "b" });
    let (_, _, answer) = send(&world, viewer, JSON, both).await;
    assert_eq!(answer["data"], json!({ "viewer": { "kind": "KEY" } }));
    assert_eq!(answer["extensions"]["cost"]["actual"], 2);
}

#[tokio::test]
async fn operations_on_a_socket_and_on_sse_pay_too() {
    let world = World::limited(100, 10).await;
    tokio::spawn(posthaste_engine::event::fan_out(
        world.app.clone(),
        std::sync::Arc::default(),
    ));
    let mut client = Client::open(&world, &world.home.viewer).await;
    let operation = |id: &str, query: &str| json!({ "id": id, "type": "subscribe", "payload": { "query": query } });
    client.say(operation("1", "{ viewer { role } }")).await;
    let first = client.hear().await;
    assert_eq!(first["payload"]["extensions"]["cost"], bill(2, 2, 98));
    assert_eq!(client.hear().await["type"], "complete");
    client.say(operation("2", WHOLE)).await;
    let refused = client.hear().await;
    assert_eq!(
        (&refused["type"], &refused["id"]),
        (&json!("error"), &json!("2"))
    );
    assert_eq!(refused["payload"][0]["extensions"]["code"], "RATE_LIMITED");
    assert_eq!(refused["payload"][0]["extensions"]["retryAfter"], 1);

    let (viewer, editor) = (world.home.viewer.as_str(), world.home.editor.as_str());
    cost(&world, editor, CREATE).await;
    let newest = "{ events(first: 10) { pageInfo { endCursor } } }";
    let page = ask(&world, &world.home.owner, newest).await.2;
    let cursor = &page["data"]["events"]["pageInfo"]["endCursor"];
    for _ in 0..2 {
        cost(&world, editor, CREATE).await;
    }
    assert!(cursor.is_string());
    let events = format!("subscription {{ events(after: {cursor}) {{ type }} }}");
    let mut follower = Follower::open(&world, viewer, &events, json!({})).await;
    let first = follower.next().await.unwrap();
    assert_eq!(first["data"]["events"]["type"], "POST_CREATED");
    assert_eq!(first["extensions"]["cost"], bill(2, 2, 96));
    let second = follower.next().await.unwrap();
    assert_eq!(second, json!({ "data": first["data"] }));

    let mut refused = Follower::open(&world, viewer, WHOLE, json!({})).await;
    let answer = refused.next().await.unwrap();
    assert_eq!(answer["errors"][0]["extensions"]["code"], "RATE_LIMITED");
    assert_eq!(refused.next().await, None);
}

/// The document of a public operation.
fn operation(name: &str) -> String {
    let manifest = include_str!("../../operations/manifest.json");
    let documents: BTreeMap<String, String> = serde_json::from_str(manifest).unwrap();
    let names = |document: &String| document.contains(&format!(" {name}("));
    documents.into_values().find(names).unwrap()
}

#[tokio::test]
async fn the_documented_costs_are_true() {
    let world = World::limited(20_000, 1_000).await;
    let editor = world.home.editor.as_str();
    let targets: Vec<_> = Network::ALL
        .iter()
        .map(|network| json!({ "connectionId": world.home.on(*network), "boardId": "1" }))
        .collect();
    let input = json!({ "input": { "text": "a", "targets": targets } });
    let asked = async |query: &str, variables: Value| {
        let mut answer = world.graphql(editor, query, variables).await;
        assert_eq!(answer["errors"], Value::Null);
        (answer["extensions"]["cost"].take(), answer["data"].take())
    };
    let short = "mutation($input: PostCreateInput!) { postCreate(input: $input) { post { id } } }";
    let (written, data) = asked(short, input.clone()).await;
    let id = json!({ "id": data["postCreate"]["post"]["id"] });
    for _ in 0..23 {
        asked(short, input.clone()).await;
    }
    let fields = "id dueAt targets { network state dueAt }";
    let one = format!("query($id: ID!) {{ post(id: $id) {{ {fields} }} }}");
    let created = asked(&operation("PostCreate"), input).await.0;
    let rows = [
        (
            "who am I: `viewer { role kind }`",
            asked("{ viewer { role kind } }", json!({})).await.0,
        ),
        (
            "one post with the state and time of its four targets",
            asked(&one, id).await.0,
        ),
        (
            "a page of 25 such posts",
            asked(
                &format!("{{ posts {{ nodes {{ {fields} }} }} }}"),
                json!({}),
            )
            .await
            .0,
        ),
        (
            "a page of 25 posts with all that the SDKs read",
            asked(&operation("PostList"), json!({})).await.0,
        ),
        ("write a post for four networks, and read its id", written),
        (
            "write a post for four networks, and read all that the SDKs do",
            created,
        ),
    ];
    let page = include_str!("../../../docs/guides/09-rate-limits.md");
    let row = |(name, cost): (&str, Value)| {
        format!("| {name} | {} | {} |", cost["requested"], cost["actual"])
    };
    let missing: Vec<_> = rows
        .into_iter()
        .map(row)
        .filter(|row| !page.contains(row))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/guides/09-rate-limits.md lacks\n{}",
        missing.join("\n")
    );
}
