//! The request log and usage while webhooks are sent and bulk jobs are worked on.

use futures::future::join_all;
use posthaste_engine::request_log;
use posthaste_store::post;
use serde_json::{Value, json};

use crate::{
    bulk::{uploaded, work},
    webhook::{deliver, endpoint},
    world::World,
};

/// One customer's traffic: three requests of a client, and what the server does by itself after them.
async fn round(world: &World, number: usize) -> usize {
    world
        .change(
            "postCreate",
            "post { id }",
            json!({ "text": format!("Post {number}") }),
        )
        .await;
    let lines = [1, 2, 3]
        .map(|line| json!({ "key": format!("{number}/{line}"), "text": "Line" }).to_string());
    uploaded(world, "JSONL", &lines.join("\n"), false).await;
    work(world).await;
    if number.is_multiple_of(7) {
        request_log::flush(&world.app).await.unwrap();
    }
    deliver(world).await
}

#[tokio::test]
async fn what_the_server_does_by_itself_is_no_request_and_all_others_are_counted_once() {
    let world = World::new().await;
    let document = "subscription { events { type post { content { text } } } }";
    let input = json!({ "url": "https://example.org/hook", "document": document });
    endpoint(&world, input).await;
    let tries: usize = join_all((0..40).map(|number| round(&world, number)))
        .await
        .into_iter()
        .sum();
    assert!(tries >= 160, "{tries} tries");
    let mut conn = world.app.db.get().await.unwrap();
    let posts = post::count(&mut conn, world.home.workspace, &post::Filter::default()).await;
    assert_eq!(posts.unwrap(), 40 + 3 * 40);

    request_log::flush(&world.app).await.unwrap();
    let usage = "{ usage(from: \"2027-01-04T08:00:00Z\", to: \"2027-01-04T09:00:00Z\", groupBy: [OPERATION]) {
        operation count errors } }";
    let answer = world.graphql(&world.home.owner, usage, json!({})).await;
    assert_eq!(
        answer["data"]["usage"],
        json!([
            { "operation": "PATCH /bulk/{id}", "count": 40, "errors": 0 },
            { "operation": "bulkJobCreate", "count": 40, "errors": 0 },
            { "operation": "postCreate", "count": 40, "errors": 0 },
            { "operation": "webhookEndpointCreate", "count": 1, "errors": 0 },
        ])
    );
    let log =
        "query($filter: RequestLogFilter) { requestLog(filter: $filter) { totalCount dropped } }";
    let logged = async |filter: Value| {
        let answer = world
            .graphql(&world.home.owner, log, json!({ "filter": filter }))
            .await;
        answer["data"]["requestLog"].clone()
    };
    assert_eq!(
        logged(json!({})).await,
        json!({ "totalCount": 121, "dropped": 0 })
    );
    for row in answer["data"]["usage"].as_array().unwrap() {
        let of_one = logged(json!({ "operation": row["operation"] })).await;
        assert_eq!(of_one["totalCount"], row["count"]);
    }
}
