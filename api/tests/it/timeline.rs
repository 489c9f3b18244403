//! The timeline of a target: who did what, in pages and live.

use std::sync::Arc;

use posthaste_core::Network;
use posthaste_engine::event::fan_out;
use posthaste_store::{
    target,
    timeline::{NewStep, add_steps},
};
use serde_json::{Value, json};

use crate::{sse::Follower, world::World};

/// A draft for X; its id and its target's.
async fn draft(world: &World) -> (Value, Value) {
    let input =
        json!({ "text": "Hello", "targets": [{ "connectionId": world.home.on(Network::X) }] });
    let made = world
        .change("postCreate", "post { id targets { id } }", input)
        .await;
    let post = &made["post"];
    (post["id"].clone(), post["targets"][0]["id"].clone())
}

/// Changes a post, which nothing may forbid.
async fn change(world: &World, name: &str, input: Value) {
    let payload = world
        .change(name, "post { id } errors { code message }", input)
        .await;
    assert_eq!(payload["errors"], json!([]), "{name}");
}

async fn read(world: &World, id: &Value, arguments: &str, fields: &str) -> Value {
    let query =
        format!("query($id: ID!) {{ target(id: $id) {{ timeline{arguments} {{ {fields} }} }} }}");
    world.ask(&query, json!({ "id": id })).await["target"]["timeline"].take()
}

#[tokio::test]
async fn what_people_do_stands_there_with_its_author() {
    let world = World::new().await;
    let (post, id) = draft(&world).await;
    let at = json!({ "at": "2027-01-04T09:00:00Z" });
    change(
        &world,
        "postSchedule",
        json!({ "id": post, "schedule": at }),
    )
    .await;
    change(
        &world,
        "postUpdate",
        json!({ "id": post, "text": "Hello again" }),
    )
    .await;
    let local = json!({ "localTime": "2027-01-05T10:00", "timeZone": "Europe/Paris" });
    change(
        &world,
        "postSchedule",
        json!({ "id": post, "schedule": local }),
    )
    .await;
    change(&world, "postUnschedule", json!({ "id": post })).await;
    change(&world, "postCancel", json!({ "id": post })).await;

    let steps = read(
        &world,
        &id,
        "",
        "kind message author { kind personId } attempt",
    )
    .await;
    let step = |kind: &str, message: &str| json!({ "kind": kind, "message": message, "author": { "kind": "KEY", "personId": null }, "attempt": 0 });
    assert_eq!(
        steps,
        json!([
            step("WRITTEN", "Written as a draft."),
            step("SCHEDULED", "Scheduled for 2027-01-04 09:00:00 UTC."),
            step("EDITED", "The post was edited."),
            step(
                "MOVED",
                "Moved from 2027-01-04 09:00:00 UTC to 2027-01-05 10:00 in Europe/Paris (2027-01-05 09:00 UTC)."
            ),
            step("UNSCHEDULED", "Taken off the schedule."),
            step("CANCELLED", "Cancelled."),
        ])
    );
}

#[tokio::test]
async fn it_is_read_in_pages() {
    let world = World::new().await;
    let (post, id) = draft(&world).await;
    for text in ["a", "b", "c"] {
        change(&world, "postUpdate", json!({ "id": post, "text": text })).await;
    }
    let all = read(&world, &id, "", "cursor kind").await;
    assert_eq!(all.as_array().unwrap().len(), 4);
    let mut paged = Vec::new();
    let mut arguments = "(first: 3)".to_owned();
    loop {
        let page = read(&world, &id, &arguments, "cursor kind").await;
        let Some(last) = page.as_array().unwrap().last() else {
            break;
        };
        arguments = format!("(first: 3, after: {})", last["cursor"]);
        paged.extend(page.as_array().unwrap().iter().cloned());
    }
    assert_eq!(Value::Array(paged), all);
}

/// A step as the publisher writes it, with its event.
async fn happens(world: &World, id: &Value, kind: &'static str) {
    let mut tx = world.app.db.begin().await.unwrap();
    let row = target::get(
        &mut tx,
        world.home.workspace,
        id.as_str().unwrap().parse().unwrap(),
    )
    .await
    .unwrap();
    let step = NewStep {
        at: world.app.now(),
        kind,
        message: kind.to_lowercase(),
        detail: json!({}),
    };
    add_steps(&mut tx, row.workspace_id, row.id, 1, &[step])
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

fn told(result: Option<Value>) -> Option<String> {
    let kind = &result?["data"]["targetTimeline"]["kind"];
    kind.as_str().map(str::to_owned)
}

#[tokio::test]
async fn it_is_followed_from_where_the_reader_stopped() {
    let world = World::new().await;
    tokio::spawn(fan_out(world.app.clone(), Arc::default()));
    let (post, id) = draft(&world).await;
    let query = format!("subscription {{ targetTimeline(targetId: {id}) {{ kind }} }}");
    let mut follower = Follower::open(&world, &world.home.viewer, &query, json!({})).await;
    assert_eq!(told(follower.next().await).as_deref(), Some("WRITTEN"));
    let heard = follower.last_id.clone().unwrap();

    happens(&world, &id, "REQUEST").await;
    change(&world, "postUpdate", json!({ "id": post, "text": "b" })).await;
    for kind in ["REQUEST", "EDITED"] {
        assert_eq!(told(follower.next().await).as_deref(), Some(kind));
    }
    change(&world, "postCancel", json!({ "id": post })).await;
    assert_eq!(told(follower.next().await).as_deref(), Some("CANCELLED"));
    assert_eq!(follower.next().await, None);

    let mut again = Follower::resume(&world, &world.home.viewer, &query, &heard).await;
    for kind in ["REQUEST", "EDITED", "CANCELLED"] {
        assert_eq!(told(again.next().await).as_deref(), Some(kind));
    }
    assert_eq!(again.next().await, None);
}

#[tokio::test]
async fn what_cannot_be_followed_is_refused() {
    let world = World::new().await;
    let (_, id) = draft(&world).await;
    // "events:1"
    let foreign = "\"ZXZlbnRzOjE\"";
    for (arguments, code) in [
        ("targetId: \"x\"".to_owned(), "INVALID_ID"),
        (
            "targetId: \"target_01h455vb4pex5vsknk084sn02q\"".to_owned(),
            "NOT_FOUND",
        ),
        (
            format!("targetId: {id}, after: {foreign}"),
            "INVALID_CURSOR",
        ),
    ] {
        let query = format!("subscription {{ targetTimeline({arguments}) {{ kind }} }}");
        let mut follower = Follower::open(&world, &world.home.viewer, &query, json!({})).await;
        let answer = follower.next().await.unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{query}");
    }
}

#[tokio::test]
async fn a_target_is_found_by_its_public_address() {
    let world = World::new().await;
    let (_, id) = draft(&world).await;
    let link = "https://x.com/home/status/1";
    let input = json!({ "id": id, "outcome": "LIVE", "permalink": link, "remoteId": "1" });
    world.change("targetSettle", "target { id }", input).await;
    let query = "query($link: String) { targets(filter: { permalink: $link }) { totalCount nodes { id } } }";
    let found = world.ask(query, json!({ "link": link })).await;
    assert_eq!(
        found["targets"],
        json!({ "totalCount": 1, "nodes": [{ "id": id }] })
    );
    let other = world
        .ask(query, json!({ "link": "https://x.com/home/status/2" }))
        .await;
    assert_eq!(other["targets"], json!({ "totalCount": 0, "nodes": [] }));
}
