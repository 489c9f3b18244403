//! The request log: what is written, who sees it, and how long it is kept.

use axum::{
    body::Body,
    http::{Request, header},
};
use chrono::TimeDelta;
use posthaste_engine::request_log;
use serde_json::{Value, json};

use crate::{
    sse::Follower,
    world::{World, body},
};

const LINES: &str = "query($filter: RequestLogFilter) { requestLog(first: 100, filter: $filter) { totalCount dropped nodes {
    requestId at transport kind operation rootFields status errorCode durationMs cost userAgent
    provenance { kind } apiKey { name } } } }";

/// The log as a key sees it, newest first.
async fn log(world: &World, key: &str, filter: Value) -> Vec<Value> {
    request_log::flush(&world.app).await.unwrap();
    let answer = world.graphql(key, LINES, json!({ "filter": filter })).await;
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    let list = &answer["data"]["requestLog"];
    assert_eq!(list["dropped"], 0);
    let nodes = list["nodes"].as_array().unwrap().clone();
    assert_eq!(list["totalCount"].as_u64().unwrap() as usize, nodes.len());
    nodes
}

fn operations(lines: &[Value]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| line["operation"].as_str().unwrap())
        .collect()
}

pub async fn post(world: &World, key: &str, id: &str, document: &str) -> Value {
    let request = Request::post("/graphql")
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/graphql-response+json")
        .header(header::USER_AGENT, "a test")
        .header("x-request-id", id)
        .body(Body::from(
            json!({ "query": document, "variables": { "word": "secret word" } }).to_string(),
        ))
        .unwrap();
    body(world.send(request).await).await.1
}

#[tokio::test]
async fn a_line_says_what_was_asked_for_and_how_it_went() {
    let world = World::new().await;
    let viewer = &world.home.viewer;
    post(
        &world,
        viewer,
        "my-1",
        "query Me { viewer { role } workspace { id } }",
    )
    .await;
    world.clock.advance(TimeDelta::seconds(1));
    post(
        &world,
        viewer,
        "my-2",
        "mutation { postCreate(input: { text: \"hidden\" }) { errors { code } } }",
    )
    .await;
    world.clock.advance(TimeDelta::seconds(1));
    post(&world, viewer, "my-3", "{ nothing }").await;
    world.clock.advance(TimeDelta::seconds(1));
    post(
        &world,
        viewer,
        "my-4",
        "{ post(id: \"post_01h455vb4pex5vsknk084sn02q\") { id } }",
    )
    .await;
    world.clock.advance(TimeDelta::seconds(1));
    post(&world, viewer, "my-5", "{ not even").await;

    world.clock.advance(TimeDelta::seconds(1));
    let malformed = Request::post("/graphql")
        .header(header::AUTHORIZATION, format!("Bearer {viewer}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, "a test")
        .header("x-request-id", "my-6")
        .body(Body::from("{ \"query\": 5 }"))
        .unwrap();
    world.send(malformed).await;

    let mut lines = log(&world, &world.home.owner, json!(null)).await;
    for line in &mut lines {
        assert!(line["durationMs"].take().as_i64().unwrap() >= 0);
        assert_eq!(line["provenance"], json!({ "kind": "KEY" }));
        assert_eq!(line["apiKey"], json!({ "name": "VIEWER" }));
        assert_eq!(
            (&line["userAgent"], &line["transport"]),
            (&json!("a test"), &json!("HTTP"))
        );
    }
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            json!([
                line["requestId"],
                line["at"],
                line["kind"],
                line["operation"],
                line["rootFields"],
                line["status"],
                line["errorCode"]
            ])
        })
        .collect();
    assert_eq!(
        told,
        [
            json!([
                "my-6",
                "2027-01-04T08:00:05+00:00",
                "UNREADABLE",
                "(unreadable)",
                [],
                400,
                "BAD_REQUEST"
            ]),
            json!([
                "my-5",
                "2027-01-04T08:00:04+00:00",
                "UNREADABLE",
                "(unreadable)",
                [],
                400,
                "BAD_REQUEST"
            ]),
            json!([
                "my-4",
                "2027-01-04T08:00:03+00:00",
                "QUERY",
                "post",
                ["post"],
                200,
                "NOT_FOUND"
            ]),
            json!([
                "my-3",
                "2027-01-04T08:00:02+00:00",
                "QUERY",
                "nothing",
                ["nothing"],
                400,
                "BAD_REQUEST"
            ]),
            json!([
                "my-2",
                "2027-01-04T08:00:01+00:00",
                "MUTATION",
                "postCreate",
                ["postCreate"],
                200,
                "FORBIDDEN"
            ]),
            json!([
                "my-1",
                "2027-01-04T08:00:00+00:00",
                "QUERY",
                "Me",
                ["viewer", "workspace"],
                200,
                null
            ]),
        ]
    );
}

#[tokio::test]
async fn strangers_are_not_logged_and_rest_calls_are() {
    let world = World::new().await;
    post(&world, "phk_test_unknown", "my-1", "{ viewer { role } }").await;
    world
        .send(Request::get("/livez").body(Body::empty()).unwrap())
        .await;
    let upload = Request::post("/media?fileName=secret.jpg")
        .header(
            header::AUTHORIZATION,
            format!("Bearer {}", world.home.editor),
        )
        .header(header::CONTENT_TYPE, "image/jpeg")
        .body(Body::from("no picture"))
        .unwrap();
    world.send(upload).await;
    let lines = log(&world, &world.home.owner, json!(null)).await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = &lines[0];
    assert_eq!(
        json!([
            line["kind"],
            line["operation"],
            line["rootFields"],
            line["status"],
            line["errorCode"]
        ]),
        json!(["REST", "POST /media", [], 400, "MEDIA_TYPE_UNSUPPORTED"])
    );
}

#[tokio::test]
async fn a_subscription_is_logged_when_it_ends() {
    let world = World::new().await;
    let document = "subscription Live { events(after: \"ZXZlbnRzOjA\") { id } }";
    let mut follower = Follower::open(&world, &world.home.viewer, document, json!({})).await;
    follower.next().await.unwrap();
    assert_eq!(log(&world, &world.home.owner, json!(null)).await.len(), 0);
    drop(follower);
    let lines = log(&world, &world.home.owner, json!({ "operation": "Live" })).await;
    assert_eq!(lines.len(), 1);
    assert_eq!(
        json!([
            lines[0]["transport"],
            lines[0]["kind"],
            lines[0]["status"],
            lines[0]["errorCode"]
        ]),
        json!(["SSE", "SUBSCRIPTION", 200, null])
    );
}

#[tokio::test]
async fn the_log_is_narrowed_and_paged() {
    let world = World::new().await;
    let (owner, viewer) = (&world.home.owner, &world.home.viewer);
    for number in 0..3 {
        post(
            &world,
            viewer,
            &format!("v-{number}"),
            "query A { viewer { role } }",
        )
        .await;
        post(&world, owner, &format!("o-{number}"), "query B { nothing }").await;
        world.clock.advance(TimeDelta::seconds(1));
    }
    let me = "{ viewer { key { id } } }";
    let id = world.graphql(viewer, me, json!({})).await["data"]["viewer"]["key"]["id"].clone();
    world.clock.advance(TimeDelta::seconds(1));
    let count = async |filter: Value| {
        let mut narrowed = filter;
        narrowed["until"] = json!("2027-01-04T08:00:03Z");
        log(&world, owner, narrowed).await.len()
    };
    assert_eq!(count(json!({})).await, 6);
    assert_eq!(count(json!({ "credential": id })).await, 3);
    assert_eq!(count(json!({ "operation": "B" })).await, 3);
    assert_eq!(count(json!({ "status": 200 })).await, 3);
    assert_eq!(count(json!({ "errorCode": "BAD_REQUEST" })).await, 3);
    assert_eq!(count(json!({ "errorCode": "NOT_FOUND" })).await, 0);
    assert_eq!(count(json!({ "failed": true })).await, 3);
    assert_eq!(count(json!({ "failed": false, "operation": "B" })).await, 0);
    assert_eq!(count(json!({ "since": "2027-01-04T08:00:01Z" })).await, 4);
    assert_eq!(count(json!({ "requestId": "o-1" })).await, 1);

    let page = "query($first: Int, $after: String, $last: Int, $before: String) {
        requestLog(first: $first, after: $after, last: $last, before: $before, filter: { until: \"2027-01-04T08:00:03Z\" }) {
            nodes { requestId } pageInfo { endCursor startCursor hasNextPage hasPreviousPage } } }";
    let mut all = Vec::new();
    let mut after = Value::Null;
    loop {
        let answer = world
            .graphql(owner, page, json!({ "first": 4, "after": after }))
            .await;
        let list = &answer["data"]["requestLog"];
        all.extend(
            list["nodes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|node| node["requestId"].clone()),
        );
        if list["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = list["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(all.len(), 6);
    assert_eq!(all[5].as_str().unwrap().split_once('-').unwrap().1, "0");
    let last = world.graphql(owner, page, json!({ "last": 2 })).await;
    assert_eq!(
        last["data"]["requestLog"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| node["requestId"].clone())
            .collect::<Vec<_>>(),
        all[4..]
    );
}

#[tokio::test]
async fn lesser_roles_see_their_own_requests_and_nobody_another_workspace_s() {
    let world = World::new().await;
    let me = "query Me { viewer { key { id } } }";
    let id = async |key: &str| {
        world.graphql(key, me, json!({})).await["data"]["viewer"]["key"]["id"].clone()
    };
    let (editor, viewer) = (id(&world.home.editor).await, id(&world.home.viewer).await);
    id(&world.other.owner).await;
    let own = log(&world, &world.home.viewer, json!({ "operation": "Me" })).await;
    assert_eq!(own.len(), 1);
    assert_eq!(own[0]["apiKey"], json!({ "name": "VIEWER" }));
    assert_eq!(
        log(
            &world,
            &world.home.viewer,
            json!({ "credential": viewer, "operation": "Me" })
        )
        .await
        .len(),
        1
    );
    let refused = world
        .graphql(
            &world.home.viewer,
            LINES,
            json!({ "filter": { "credential": editor } }),
        )
        .await;
    let told = &refused["errors"][0]["extensions"];
    assert_eq!(
        (&told["code"], &told["path"]),
        (&json!("FORBIDDEN"), &json!(["filter", "credential"]))
    );
    assert_eq!(
        log(&world, &world.home.owner, json!({ "operation": "Me" }))
            .await
            .len(),
        2
    );
    let of_others = log(&world, &world.home.owner, json!({ "requestId": "none" })).await;
    assert_eq!(operations(&of_others), Vec::<&str>::new());
}

#[tokio::test]
async fn old_lines_and_counters_are_forgotten() {
    let world = World::new().await;
    let owner = &world.home.owner;
    post(&world, owner, "old", "query Old { viewer { role } }").await;
    request_log::flush(&world.app).await.unwrap();
    world.clock.advance(TimeDelta::days(6));
    post(&world, owner, "young", "query Young { viewer { role } }").await;
    request_log::flush(&world.app).await.unwrap();
    assert_eq!(request_log::sweep(&world.app).await.unwrap(), 0);
    world
        .clock
        .advance(TimeDelta::days(1) + TimeDelta::seconds(1));
    assert_eq!(request_log::sweep(&world.app).await.unwrap(), 1);
    let lines = log(&world, owner, json!(null)).await;
    assert_eq!(operations(&lines), ["Young"]);
    let used = "{ usage(from: \"2027-01-04T00:00:00Z\", to: \"2027-01-05T00:00:00Z\", groupBy: [OPERATION]) { operation } }";
    let answer = world.graphql(owner, used, json!({})).await;
    assert_eq!(answer["data"]["usage"], json!([{ "operation": "Old" }]));
    world.clock.advance(TimeDelta::days(84));
    request_log::sweep(&world.app).await.unwrap();
    let answer = world.graphql(owner, used, json!({})).await;
    assert_eq!(answer["data"]["usage"], json!([]));
}

#[tokio::test]
async fn a_repeat_is_logged_as_what_it_repeats() {
    let world = World::new().await;
    for id in ["first", "again"] {
        let document =
            "mutation Make { postCreate(input: { text: \"a\", id: \"x\" }) { errors { code } } }";
        let request = Request::post("/graphql")
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", world.home.editor),
            )
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", "one")
            .header("x-request-id", id)
            .body(Body::from(json!({ "query": document }).to_string()))
            .unwrap();
        world.send(request).await;
    }
    let lines = log(&world, &world.home.owner, json!({ "operation": "Make" })).await;
    let mut told: Vec<_> = lines
        .iter()
        .map(|line| json!([line["requestId"], line["kind"], line["errorCode"]]))
        .collect();
    told.sort_by_key(ToString::to_string);
    assert_eq!(
        told,
        [
            json!(["again", "MUTATION", "INVALID_ID"]),
            json!(["first", "MUTATION", "INVALID_ID"])
        ]
    );
}
