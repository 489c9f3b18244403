//! The event log, read and followed over server-sent events.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use futures::StreamExt;
use posthaste_core::Network;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{sse::Follower, world::World};

const STORY: &str = "query($after: String, $first: Int, $types: [EventType!]) { events(after: $after, first: $first, types: $types) {
    nodes { cursor type at connectionId } pageInfo { hasNextPage hasPreviousPage endCursor } } }";

async fn story(world: &World, variables: Value) -> Value {
    world.ask(STORY, variables).await["events"].clone()
}

#[tokio::test]
async fn the_log_is_read_in_pages_and_by_type() {
    let world = World::new().await;
    let first = story(&world, json!({ "first": 3 })).await;
    assert_eq!(first["nodes"].as_array().unwrap().len(), 3);
    assert_eq!(first["nodes"][0]["type"], "CONNECTION_CREATED");
    assert_eq!(first["nodes"][0]["at"], "2027-01-04T08:00:00+00:00");
    assert_eq!(
        (
            &first["pageInfo"]["hasNextPage"],
            &first["pageInfo"]["hasPreviousPage"]
        ),
        (&json!(true), &json!(false))
    );
    let rest = story(&world, json!({ "after": first["nodes"][2]["cursor"] })).await;
    assert_eq!(
        (
            rest["nodes"].as_array().unwrap().len(),
            &rest["pageInfo"]["hasNextPage"]
        ),
        (1, &json!(false))
    );
    let none = story(&world, json!({ "types": ["POST_CREATED"] })).await;
    assert_eq!(none["nodes"], json!([]));
}

#[tokio::test]
async fn the_workspace_tells_where_the_log_ends() {
    let world = World::new().await;
    let all = story(&world, json!({})).await;
    let query = "{ workspace { eventsCursor } }";
    let end = world.ask(query, json!({})).await["workspace"]["eventsCursor"].clone();
    assert_eq!(end, all["pageInfo"]["endCursor"]);
    let later = story(&world, json!({ "after": end })).await;
    assert_eq!(later["nodes"], json!([]));
}

/// Reads server-sent events until `count` results came.
async fn follow(world: &World, query: &str, count: usize) -> Vec<Value> {
    let request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "text/event-stream")
        .header(
            header::AUTHORIZATION,
            format!("Bearer {}", world.home.viewer),
        )
        .body(Body::from(json!({ "query": query }).to_string()))
        .unwrap();
    let response = world.send(request).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        response.headers()[header::CONTENT_TYPE],
        "text/event-stream"
    );
    let mut body = response.into_body().into_data_stream();
    let (mut text, mut results) = (String::new(), Vec::new());
    while results.len() < count {
        let part = timeout(Duration::from_secs(10), body.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        text.push_str(std::str::from_utf8(&part).unwrap());
        while let Some((block, rest)) = text.split_once("\n\n") {
            let field = |name: &str| {
                let value = block.lines().find_map(|line| line.strip_prefix(name));
                value.unwrap_or_default().trim()
            };
            results.push(json!({
                "event": field("event:"),
                "data": serde_json::from_str::<Value>(field("data:")).unwrap_or_default(),
            }));
            text = rest.to_owned();
        }
    }
    results
}

#[tokio::test]
async fn a_subscription_replays_and_goes_on_live() {
    let world = World::new().await;
    let log = story(&world, json!({})).await;
    let after = log["nodes"][2]["cursor"].as_str().unwrap();
    let query = format!(
        "subscription {{ events(after: \"{after}\") {{ type connection {{ network }} data }} }}"
    );
    let live = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let actor = world.home.system();
        posthaste_engine::connection::pause(
            &world.app,
            &actor,
            world.home.on(Network::X).parse().unwrap(),
        )
        .await
        .unwrap();
    };
    tokio::spawn(posthaste_engine::event::fan_out(
        world.app.clone(),
        std::sync::Arc::default(),
    ));
    let (results, ()) = tokio::join!(follow(&world, &query, 2), live);
    let kinds: Vec<_> = results
        .iter()
        .map(|result| result["data"]["data"]["events"]["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["CONNECTION_CREATED", "CONNECTION_UPDATED"]);
    assert_eq!(
        results[1]["data"]["data"]["events"]["data"]["change"],
        "paused"
    );
}

#[tokio::test]
async fn the_log_of_one_post_is_read_and_followed() {
    let world = World::new().await;
    let mut posts = Vec::new();
    for text in ["one", "two"] {
        let made = world
            .change("postCreate", "post { id }", json!({ "text": text }))
            .await;
        posts.push(made["post"]["id"].clone());
    }
    let input = json!({ "id": posts[0], "text": "changed" });
    world.change("postUpdate", "post { id }", input).await;
    let query = "query($id: ID) { events(postId: $id) { nodes { type postId } } }";
    let events = world.ask(query, json!({ "id": posts[0] })).await;
    assert_eq!(
        events["events"]["nodes"],
        json!([{ "type": "POST_CREATED", "postId": posts[0] }, { "type": "POST_UPDATED", "postId": posts[0] }])
    );
    let query = "subscription($id: ID) { events(after: \"ZXZlbnRzOjA\", postId: $id, types: [POST_CREATED]) { postId } }";
    let mut follower =
        Follower::open(&world, &world.home.viewer, query, json!({ "id": posts[1] })).await;
    assert_eq!(
        follower.next().await.unwrap()["data"]["events"]["postId"],
        posts[1]
    );
}

#[tokio::test]
async fn an_event_s_id_is_its_cursor_and_the_last_one_heard_is_where_it_goes_on() {
    let world = World::new().await;
    let log = story(&world, json!({})).await;
    let cursors: Vec<_> = log["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["cursor"].as_str().unwrap().to_owned())
        .collect();
    // The document asks for no cursor, and for the beginning.
    let query = "subscription { again: events(after: \"ZXZlbnRzOjA\") { type } }";
    let viewer = &world.home.viewer;
    let mut follower = Follower::open(&world, viewer, query, json!({})).await;
    for cursor in &cursors[..2] {
        follower.next().await.unwrap();
        assert_eq!(follower.last_id.as_ref(), Some(cursor));
    }
    let heard = follower.last_id.take().unwrap();
    drop(follower);
    let mut follower = Follower::resume(&world, viewer, query, &heard).await;
    for cursor in &cursors[2..] {
        follower.next().await.unwrap();
        assert_eq!(follower.last_id.as_ref(), Some(cursor));
    }
    let mut follower = Follower::resume(&world, viewer, query, "nonsense").await;
    let told = follower.next().await.unwrap();
    assert_eq!(told["errors"][0]["extensions"]["code"], "INVALID_CURSOR");
    assert_eq!(follower.last_id, None);
}

#[tokio::test]
async fn queries_and_mistakes_over_sse_end_with_complete() {
    let world = World::new().await;
    let results = follow(&world, "{ viewer { role } }", 2).await;
    assert_eq!(
        results[0],
        json!({ "event": "next", "data": { "data": { "viewer": { "role": "VIEWER" } } } })
    );
    assert_eq!(results[1], json!({ "event": "complete", "data": null }));
    let results = follow(
        &world,
        "subscription { events(after: \"nonsense\") { id } }",
        2,
    )
    .await;
    assert_eq!(
        results[0]["data"]["errors"][0]["extensions"]["code"],
        "INVALID_CURSOR"
    );
    assert_eq!(results[1]["event"], "complete");
}

#[tokio::test]
async fn a_cursor_beyond_the_log_s_end_is_refused() {
    let world = World::new().await;
    let viewer = &world.home.viewer;
    // "events:1000000"
    let beyond = "ZXZlbnRzOjEwMDAwMDA";
    let query = "query($after: String) { events(after: $after) { nodes { id } } }";
    let answer = world
        .graphql(viewer, query, json!({ "after": beyond }))
        .await;
    let told = |answer: &Value| {
        let extensions = &answer["errors"][0]["extensions"];
        (extensions["code"].clone(), extensions["path"].clone())
    };
    let refused = (json!("INVALID_CURSOR"), json!(["after"]));
    assert_eq!(told(&answer), refused);

    let post = world
        .change("postCreate", "post { id }", json!({ "text": "a" }))
        .await;
    let progress = "subscription($after: String, $id: ID) { targetProgress(postId: $id, after: $after) { cursor } }";
    for query in [
        "subscription($after: String) { events(after: $after) { id } }",
        progress,
    ] {
        let variables = json!({ "after": beyond, "id": post["post"]["id"] });
        let mut follower = Follower::open(&world, viewer, query, variables).await;
        assert_eq!(told(&follower.next().await.unwrap()), refused, "{query}");
        assert_eq!(follower.next().await, None);
    }
}
