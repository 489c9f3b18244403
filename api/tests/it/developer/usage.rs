//! Usage counters, which agree with the request log.

use chrono::TimeDelta;
use futures::future::join_all;
use posthaste_engine::request_log;
use serde_json::{Value, json};

use super::log::post;
use crate::world::World;

#[tokio::test]
async fn usage_agrees_with_the_log_under_load() {
    let world = World::new().await;
    let documents = [
        "query Role { viewer { role } }",
        "query Zone { workspace { timeZone } }",
        "query Wrong { nothing }",
    ];
    for hour in 0..3 {
        let requests = (0..240).map(|number| {
            let key = [&world.home.owner, &world.home.editor, &world.home.viewer][number % 3];
            let id = format!("r-{hour}-{number}");
            let world = &world;
            async move {
                post(world, key, &id, documents[number % 4 % 3]).await;
                if number % 50 == 0 {
                    request_log::flush(&world.app).await.unwrap();
                }
            }
        });
        join_all(requests).await;
        world.clock.advance(TimeDelta::hours(1));
    }
    let writers = (0..4).map(|_| request_log::flush(&world.app));
    for written in join_all(writers).await {
        written.unwrap();
    }
    let usage = async |by: &str, filter: &str| {
        let document = format!("{{ usage(from: \"2027-01-04T08:10:00Z\", to: \"2027-01-04T10:59:00Z\", groupBy: [{by}] {filter}) {{
            at operation status errorCode count errors p50Ms p95Ms p99Ms provenance {{ keyId }} }} }}");
        let answer = world.graphql(&world.home.owner, &document, json!({})).await;
        assert_eq!(answer["errors"], Value::Null, "{answer}");
        answer["data"]["usage"].as_array().unwrap().clone()
    };
    let all = usage("", "").await;
    assert_eq!(all.len(), 1);
    assert_eq!(
        (&all[0]["count"], &all[0]["errors"]),
        (&json!(720), &json!(180))
    );
    let figures = ["p50Ms", "p95Ms", "p99Ms"].map(|name| all[0][name].as_u64().unwrap());
    assert!(figures.is_sorted() && figures[0] >= 1, "{figures:?}");

    let count = "query($filter: RequestLogFilter) { requestLog(filter: $filter) { totalCount } }";
    let logged = async |mut filter: Value| {
        filter["until"] = json!("2027-01-04T11:00:00Z");
        let answer = world
            .graphql(&world.home.owner, count, json!({ "filter": filter }))
            .await;
        answer["data"]["requestLog"]["totalCount"].clone()
    };
    assert_eq!(logged(json!({})).await, 720);
    let operations = usage("OPERATION", "").await;
    assert_eq!(operations.len(), 3);
    for row in &operations {
        assert_eq!(
            row["count"],
            logged(json!({ "operation": row["operation"] })).await
        );
    }
    let credentials = usage("CREDENTIAL", "").await;
    assert_eq!(credentials.len(), 3);
    for row in &credentials {
        assert_eq!(
            row["count"],
            logged(json!({ "credential": row["provenance"]["keyId"] })).await
        );
    }
    let hours = usage("HOUR", "").await;
    assert_eq!(
        hours
            .iter()
            .map(|row| (row["at"].clone(), row["count"].clone()))
            .collect::<Vec<_>>(),
        [8, 9, 10].map(|hour| (
            json!(format!("2027-01-04T{hour:02}:00:00+00:00")),
            json!(240)
        ))
    );
    assert_eq!(usage("DAY", "").await[0]["at"], "2027-01-04T00:00:00+00:00");
    let statuses = usage("STATUS", "").await;
    assert_eq!(
        statuses
            .iter()
            .map(|row| json!([row["status"], row["errorCode"], row["count"]]))
            .collect::<Vec<_>>(),
        [json!([200, null, 540]), json!([400, "BAD_REQUEST", 180])]
    );
    assert_eq!(usage("OPERATION, HOUR", "").await.len(), 9);
    assert_eq!(
        usage("", ", filter: { operation: \"Zone\" }").await[0]["count"],
        180
    );

    let keys = "{ apiKeys { nodes { lastUsedAt } } }";
    let told = world.graphql(&world.home.owner, keys, json!({})).await;
    for key in told["data"]["apiKeys"]["nodes"].as_array().unwrap() {
        assert_eq!(key["lastUsedAt"], "2027-01-04T10:00:00+00:00");
    }
}

#[tokio::test]
async fn a_span_of_usage_has_an_end_after_its_beginning_and_ninety_days() {
    let world = World::new().await;
    for (from, to, path) in [
        ("2027-01-04", "2027-01-04", "to"),
        ("2027-01-05", "2027-01-04", "to"),
        ("2026-01-04", "2027-01-04", "from"),
    ] {
        let document =
            format!("{{ usage(from: \"{from}T00:00:00Z\", to: \"{to}T00:00:00Z\") {{ count }} }}");
        let answer = world.graphql(&world.home.owner, &document, json!({})).await;
        let told = &answer["errors"][0]["extensions"];
        assert_eq!(
            (&told["code"], &told["path"]),
            (&json!("INVALID_INPUT"), &json!([path]))
        );
    }
}
