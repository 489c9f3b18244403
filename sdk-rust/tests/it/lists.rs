//! Lists that come in pages.

use futures_util::{StreamExt, TryStreamExt};
use posthaste_sdk::{blocking, types::*};
use serde_json::{Value, json};

use crate::stub::{Reply, Stub};

fn event(n: u32) -> Value {
    json!({
        "id": format!("evt_{n}"), "cursor": format!("c{n}"), "type": "POST_CREATED", "at": "2027-01-04T08:00:00+00:00",
        "postId": null, "targetId": null, "connectionId": null, "mediaId": null, "data": {},
        "provenance": { "kind": "SYSTEM", "personId": null, "keyId": null },
    })
}

fn page(events: &[u32], more: bool) -> Reply {
    let nodes: Vec<Value> = events.iter().map(|n| event(*n)).collect();
    let end = events.last().map(|n| format!("c{n}"));
    let info = json!({ "endCursor": end, "hasNextPage": more, "startCursor": null, "hasPreviousPage": false });
    Reply::json(
        200,
        json!({ "data": { "events": { "nodes": nodes, "pageInfo": info } } }),
    )
}

fn ids(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.id.as_str()).collect()
}

#[tokio::test]
async fn all_pages_come_one_after_the_other() {
    let stub = Stub::with(vec![
        page(&[1, 2], true),
        page(&[3], true),
        page(&[], false),
    ])
    .await;
    let options = EventListOptions::new()
        .first(2)
        .types([EventType::PostCreated]);
    let all: Vec<Event> = stub
        .client()
        .events()
        .list_all(options)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(ids(&all), ["evt_1", "evt_2", "evt_3"]);
    let asked: Vec<Value> = stub
        .seen()
        .iter()
        .map(|request| request.json()["variables"].clone())
        .collect();
    let variables = |after: Option<&str>| {
        let mut all = json!({ "first": 2, "types": ["POST_CREATED"] });
        if let Some(after) = after {
            all["after"] = after.into();
        }
        all
    };
    assert_eq!(
        asked,
        [
            variables(None),
            variables(Some("c2")),
            variables(Some("c3"))
        ]
    );
}

#[tokio::test]
async fn pages_that_nobody_wants_are_not_asked_for() {
    let stub = Stub::with(vec![page(&[1, 2], true)]).await;
    let options = EventListOptions::new().after("c0");
    let first: Vec<_> = stub
        .client()
        .events()
        .list_all(options)
        .take(2)
        .collect()
        .await;
    assert_eq!(first.len(), 2);
    assert_eq!(stub.seen()[0].json()["variables"]["after"], "c0");
}

#[tokio::test]
async fn a_list_ends_with_its_error() {
    let gone =
        json!({ "errors": [{ "message": "No.", "extensions": { "code": "INVALID_CURSOR" } }] });
    let stub = Stub::with(vec![page(&[1], true), Reply::json(400, gone)]).await;
    let all: Vec<_> = stub
        .client()
        .events()
        .list_all(EventListOptions::new())
        .collect()
        .await;
    assert!(all[0].is_ok());
    assert_eq!(
        all[1].as_ref().unwrap_err().code(),
        Some(&ErrorCode::InvalidCursor)
    );
    assert_eq!(all.len(), 2);
}

#[test]
fn without_async_it_is_an_iterator() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stub = runtime.block_on(Stub::with(vec![page(&[1], true), page(&[2], false)]));
    let client = blocking::Client::of(stub.client()).unwrap();
    let all: Vec<Event> = client
        .iterate(client.events().list_all(EventListOptions::new()))
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(ids(&all), ["evt_1", "evt_2"]);
}
