//! Targets: what people do with them, how they are followed, and what reading them costs.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use posthaste_core::{ErrorCode, Network, ports::ScriptedHttp, target::State};
use posthaste_engine::event::fan_out;
use posthaste_store::target;
use posthaste_testkit::{count_statements, statements};
use serde_json::{Value, json};

use crate::{sse::Follower, world::World};

/// A post for X that is scheduled for nine o'clock; its id and its target's.
async fn scheduled(world: &World) -> (Value, Value) {
    // No two say the same, which X refuses.
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let input = json!({
        "text": format!("Hello {number}"), "targets": [{ "connectionId": world.home.on(Network::X) }],
        "schedule": { "at": "2027-01-04T09:00:00Z" },
    });
    let made = world
        .change("postCreate", "post { id targets { id } }", input)
        .await;
    (
        made["post"]["id"].clone(),
        made["post"]["targets"][0]["id"].clone(),
    )
}

/// Brings a target into a state, as the publisher does.
async fn put(world: &World, id: &Value, state: State, code: Option<ErrorCode>) {
    let mut conn = world.app.db.get().await.unwrap();
    let id = id.as_str().unwrap().parse().unwrap();
    let mut row = target::get(&mut conn, world.home.workspace, id)
        .await
        .unwrap();
    let from = row.state;
    row.state = state;
    row.error_code = code.map(|code| code.as_str().to_owned());
    row.error_message = code.map(|code| code.title().to_owned());
    if state == State::Published {
        row.published_at = Some(world.app.now());
        row.remote_id = Some("1234".into());
    }
    target::update(&mut conn, &mut row, from).await.unwrap();
}

const TARGET: &str = "target { state dueAt publishedAt permalink remoteId error { code } allowedActions \
    timeline { kind message } }";

#[tokio::test]
async fn a_failed_target_is_retried_at_once() {
    let world = World::new().await;
    let (_, id) = scheduled(&world).await;
    put(&world, &id, State::Failed, Some(ErrorCode::AttemptsUsedUp)).await;
    let read = world
        .ask("query($id: ID!) { target(id: $id) { state error { code advice docsUrl } allowedActions lateBySeconds } }", json!({ "id": id }))
        .await;
    assert_eq!(
        read["target"],
        json!({
            "state": "FAILED", "lateBySeconds": 0,
            "error": {
                "code": "ATTEMPTS_USED_UP", "advice": "Look at the timeline, then retry.",
                "docsUrl": "https://posthaste.test/docs/errors/attempts-used-up",
            },
            "allowedActions": ["UPDATE", "CANCEL", "RETRY", "SETTLE"],
        })
    );
    let retried = world
        .change("targetRetry", TARGET, json!({ "id": id }))
        .await;
    let target = &retried["target"];
    assert_eq!(
        (&target["state"], &target["dueAt"]),
        (&json!("SCHEDULED"), &json!("2027-01-04T08:00:00+00:00"))
    );
    assert_eq!(
        target["timeline"],
        json!([
            { "kind": "SCHEDULED", "message": "Scheduled for 2027-01-04 09:00:00 UTC." },
            { "kind": "RETRIED", "message": "Retried by a person." },
        ])
    );
}

#[tokio::test]
async fn an_unknown_outcome_is_settled_and_never_retried() {
    let world = World::new().await;
    let (post, id) = scheduled(&world).await;
    put(&world, &id, State::Held, Some(ErrorCode::OutcomeUnknown)).await;
    let status = world
        .ask(
            "query($id: ID!) { post(id: $id) { status } }",
            json!({ "id": post }),
        )
        .await;
    assert_eq!(status["post"]["status"], "NEEDS_ATTENTION");
    let refused = world
        .change("targetRetry", TARGET, json!({ "id": id }))
        .await;
    assert_eq!(
        (&refused["target"], &refused["errors"][0]["code"]),
        (&Value::Null, &json!("OUTCOME_UNKNOWN"))
    );

    let input = json!({ "id": id, "outcome": "LIVE", "permalink": "https://x.com/home/status/1", "remoteId": "1" });
    let settled = world.change("targetSettle", TARGET, input).await;
    assert_eq!(
        settled["target"],
        json!({
            "state": "PUBLISHED", "dueAt": "2027-01-04T09:00:00+00:00", "publishedAt": "2027-01-04T08:00:00+00:00",
            "permalink": "https://x.com/home/status/1", "remoteId": "1", "error": null,
            "allowedActions": ["DELETE_REMOTE"],
            "timeline": [
                { "kind": "SCHEDULED", "message": "Scheduled for 2027-01-04 09:00:00 UTC." },
                { "kind": "SETTLED", "message": "A person says that it is live." },
            ],
        })
    );
}

#[tokio::test]
async fn a_held_target_is_published_again_or_dropped() {
    let world = World::new().await;
    for (outcome, expected) in [("PUBLISH", "SCHEDULED"), ("DROP", "CANCELLED")] {
        let (_, id) = scheduled(&world).await;
        put(&world, &id, State::Held, Some(ErrorCode::MissedTime)).await;
        let settled = world
            .change(
                "targetSettle",
                TARGET,
                json!({ "id": id, "outcome": outcome }),
            )
            .await;
        assert_eq!(settled["target"]["state"], expected);
    }
}

#[tokio::test]
async fn a_live_post_is_deleted_on_its_network() {
    let answer = ScriptedHttp::json(200, json!({ "data": { "deleted": true } }));
    let world = World::with_http(ScriptedHttp::new([answer])).await;
    let (_, id) = scheduled(&world).await;
    put(&world, &id, State::Published, None).await;
    let deleted = world
        .change("targetDeleteRemote", TARGET, json!({ "id": id }))
        .await;
    assert_eq!(
        (&deleted["target"]["state"], &deleted["errors"]),
        (&json!("DELETED_REMOTE"), &json!([]))
    );
    assert_eq!(world.http.asked().len(), 1);
    assert!(
        world.http.asked()[0].url.ends_with("/2/tweets/1234"),
        "{}",
        world.http.asked()[0].url
    );
}

#[tokio::test]
async fn targets_are_listed_by_state_and_time() {
    let world = World::new().await;
    let (_, held) = scheduled(&world).await;
    let (_, other) = scheduled(&world).await;
    put(&world, &held, State::Held, Some(ErrorCode::MissedTime)).await;
    let query =
        "query($states: [TargetState!]) { targets(filter: { states: $states, networks: [X] }) {
        totalCount nodes { id network state } } }";
    let list = world.ask(query, json!({ "states": ["SCHEDULED"] })).await;
    assert_eq!(
        list["targets"],
        json!({ "totalCount": 1, "nodes": [{ "id": other, "network": "X", "state": "SCHEDULED" }] })
    );
}

const PROGRESS: &str = "subscription($post: ID, $target: ID, $after: String) {
    targetProgress(postId: $post, targetId: $target, after: $after) { cursor target { id state } event { type } } }";

async fn progress(world: &World, variables: Value) -> Follower {
    Follower::open(world, &world.home.viewer, PROGRESS, variables).await
}

/// State and event of a result.
fn told(result: Option<Value>) -> Option<(Value, Value)> {
    let update = result?["data"]["targetProgress"].clone();
    Some((
        update["target"]["state"].clone(),
        update["event"]["type"].clone(),
    ))
}

#[tokio::test]
async fn progress_begins_with_the_present_and_ends_when_nothing_more_happens() {
    let world = World::new().await;
    tokio::spawn(fan_out(world.app.clone(), Arc::default()));
    let (post, id) = scheduled(&world).await;
    let (other, _) = scheduled(&world).await;
    let mut follower = progress(&world, json!({ "post": post })).await;
    let first = follower.next().await.unwrap();
    let cursor = first["data"]["targetProgress"]["cursor"].clone();
    assert_eq!(told(Some(first)), Some((json!("SCHEDULED"), Value::Null)));

    world
        .change("postCancel", "post { id }", json!({ "id": other }))
        .await;
    world
        .change("postCancel", "post { id }", json!({ "id": post }))
        .await;
    assert_eq!(
        told(follower.next().await),
        Some((json!("CANCELLED"), json!("TARGET_CANCELLED")))
    );
    assert_eq!(follower.next().await, None);

    let mut settled = progress(&world, json!({ "target": id })).await;
    assert_eq!(
        told(settled.next().await),
        Some((json!("CANCELLED"), Value::Null))
    );
    assert_eq!(settled.next().await, None);

    let mut missed = progress(&world, json!({ "target": id, "after": cursor })).await;
    assert_eq!(
        told(missed.next().await),
        Some((json!("CANCELLED"), json!("TARGET_CANCELLED")))
    );
    assert_eq!(missed.next().await, None);
}

#[tokio::test]
async fn progress_of_nothing_is_refused() {
    let world = World::new().await;
    let (post, target) = scheduled(&world).await;
    let mut both = progress(&world, json!({ "post": post, "target": target })).await;
    let code = |answer: Option<Value>| answer.unwrap()["errors"][0]["extensions"]["code"].clone();
    assert_eq!(code(both.next().await), "INVALID_INPUT");
    let mut unknown = progress(&world, json!({ "post": "post_01h455vb4pex5vsknk084sn02q" })).await;
    assert_eq!(code(unknown.next().await), "NOT_FOUND");
}

/// Two posts or a hundred: the same few statements.
#[tokio::test]
async fn a_list_costs_the_same_statements_however_long_it_is() {
    count_statements();
    let world = World::new().await;
    let (x, facebook) = (world.home.on(Network::X), world.home.on(Network::Facebook));
    for _ in 0..100 {
        let input = json!({ "text": "a", "targets": [{ "connectionId": x }, { "connectionId": facebook }] });
        world.change("postCreate", "post { id }", input).await;
    }
    let query = "query($first: Int!) { posts(first: $first) { nodes { id status allowedActions
        targets { state post { id } connection { name } timeline { message } attempts { n } } } } }";
    let cost = async |first: usize| {
        let before = statements();
        let list = world.ask(query, json!({ "first": first })).await;
        assert_eq!(list["posts"]["nodes"].as_array().unwrap().len(), first);
        assert_eq!(
            list["posts"]["nodes"][0]["targets"][1]["connection"]["name"],
            "Home on Facebook"
        );
        statements() - before
    };
    // The first one opens connections.
    cost(1).await;
    let few = cost(2).await;
    assert_eq!(cost(100).await, few);
    assert!(few <= 14, "{few} statements");
}
