//! What stands in the way of a post, on mutations, on the target, and ahead of its time.

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{Network, ids::ConnectionId};
use posthaste_engine::preflight::look_ahead;
use posthaste_store::connection;
use posthaste_testkit::{count_statements, start, statements};
use serde_json::{Value, json};

use crate::world::World;

fn post(world: &World, network: Network, text: &str, at: DateTime<Utc>) -> Value {
    json!({
        "text": text, "schedule": { "at": at },
        "targets": [{ "connectionId": world.home.on(network) }],
    })
}

async fn create(world: &World, input: Value) -> Value {
    world
        .change("postCreate", "post { id targets { id } }", input)
        .await
}

/// Code and path of each entry.
fn told(list: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entries = list.as_array().unwrap().iter();
    entries
        .map(|entry| {
            let path = entry["path"].as_array().unwrap().iter().map(text);
            (text(&entry["code"]), path.collect::<Vec<_>>().join("."))
        })
        .collect()
}

fn pair(code: &str, path: &str) -> (String, String) {
    (code.to_owned(), path.to_owned())
}

async fn edit(world: &World, network: Network, change: impl FnOnce(&mut connection::Connection)) {
    let mut conn = world.app.db.get().await.unwrap();
    let id: ConnectionId = world.home.on(network).parse().unwrap();
    let mut row = connection::get(&mut conn, world.home.workspace, id)
        .await
        .unwrap();
    change(&mut row);
    connection::update(&mut conn, &mut row).await.unwrap();
}

#[tokio::test]
async fn the_same_words_twice_are_refused_on_x_and_warned_about_elsewhere() {
    let world = World::new().await;
    let noon = start() + TimeDelta::hours(4);
    for network in [Network::X, Network::Facebook] {
        let first = create(&world, post(&world, network, "Fresh bread", noon)).await;
        assert_eq!(
            (&first["errors"], &first["warnings"]),
            (&json!([]), &json!([]))
        );
    }
    let soon = noon + TimeDelta::minutes(359);
    let refused = create(&world, post(&world, Network::X, "  Fresh bread ", soon)).await;
    assert_eq!(
        told(&refused["errors"]),
        [pair("POSSIBLE_DUPLICATE", "targets.0")]
    );
    assert_eq!(refused["post"], Value::Null);
    // Other spaces are no other words to a reader; X compares the very text.
    let spaced = "Fresh\n bread";
    let warned = create(&world, post(&world, Network::Facebook, spaced, soon)).await;
    let duplicate = [pair("POSSIBLE_DUPLICATE", "targets.0")];
    assert_eq!(told(&warned["warnings"]), duplicate);
    let other = create(&world, post(&world, Network::X, spaced, soon)).await;
    assert_eq!(other["warnings"], json!([]));

    // For how long X refuses it nobody knows: some hours later it is only told.
    let later = noon + TimeDelta::hours(6);
    let warned = create(&world, post(&world, Network::X, "Fresh bread", later)).await;
    assert_eq!(warned["errors"], json!([]));
    assert_eq!(told(&warned["warnings"]), duplicate);
}

/// At the same time of the day, also where the clocks change and one goes out late.
#[tokio::test]
async fn what_is_said_every_day_is_no_repetition() {
    let world = World::new().await;
    let nine = start() + TimeDelta::hours(1);
    for network in [Network::X, Network::Facebook] {
        for hours in [0, 24, 47, 71] {
            let at = nine + TimeDelta::hours(hours);
            let made = create(&world, post(&world, network, "Good morning", at)).await;
            assert_eq!(
                (&made["errors"], &made["warnings"]),
                (&json!([]), &json!([])),
                "{network} {hours}"
            );
        }
    }
}

#[tokio::test]
async fn links_with_a_mark_of_their_own_make_other_texts_on_x() {
    let world = World::new().await;
    let noon = start() + TimeDelta::hours(4);
    let marked = |tracking: bool| {
        let mut post = post(&world, Network::X, "Fresh bread", noon);
        post["link"] = json!("https://example.org/bread");
        if tracking {
            post["linkTracking"] = json!({ "campaign": "spring" });
        }
        post
    };
    for _ in 0..2 {
        let made = create(&world, marked(true)).await;
        assert_eq!(made["errors"], json!([]));
        assert_eq!(
            told(&made["warnings"]),
            [pair("LINK_COSTS_MORE", "targets.0")]
        );
    }
    assert_eq!(create(&world, marked(false)).await["errors"], json!([]));
    let twice = create(&world, marked(false)).await;
    assert_eq!(
        told(&twice["errors"]),
        [pair("POSSIBLE_DUPLICATE", "targets.0")]
    );
}

#[tokio::test]
async fn what_stands_on_the_schedule_may_be_edited_though_it_is_a_repetition() {
    let world = World::new().await;
    let noon = start() + TimeDelta::hours(4);
    let far = noon + TimeDelta::hours(6);
    create(&world, post(&world, Network::X, "Fresh bread", noon)).await;
    let again = create(&world, post(&world, Network::X, "Fresh bread", far)).await;
    // Time passes, and the first one is late: the two come closer.
    world.clock.set(noon + TimeDelta::hours(1));
    let id = &again["post"]["id"];
    let moved = json!({ "id": id, "schedule": { "at": far } });
    let refused = world.change("postSchedule", "post { id }", moved).await;
    assert_eq!(told(&refused["errors"]).len(), 1);
    let same = json!({ "id": id, "text": "Fresh bread" });
    let made = world.change("postUpdate", "post { id }", same).await;
    assert_eq!(made["errors"], json!([]));
    assert_eq!(
        told(&made["warnings"]),
        [pair("POSSIBLE_DUPLICATE", "targets.0")]
    );
}

#[tokio::test]
async fn a_change_makes_a_repetition_and_unmakes_it() {
    let world = World::new().await;
    let noon = start() + TimeDelta::hours(4);
    create(&world, post(&world, Network::X, "One", noon)).await;
    let two = create(&world, post(&world, Network::X, "Two", noon)).await["post"]["id"].clone();
    let change = async |text: &str| {
        let input = json!({ "id": two, "text": text });
        world.change("postUpdate", "post { id }", input).await
    };
    assert_eq!(
        told(&change("One").await["errors"]),
        [pair("POSSIBLE_DUPLICATE", "targets.0")]
    );
    assert_eq!(change("Three").await["errors"], json!([]));
    // What it said before is free again, what it says now is not.
    let made = create(&world, post(&world, Network::X, "Two", noon)).await;
    assert_eq!(made["errors"], json!([]));
    let made = create(&world, post(&world, Network::X, "Three", noon)).await;
    assert_eq!(told(&made["errors"]).len(), 1);
    // Taken off the schedule, nothing repeats it any more.
    world
        .change("postUnschedule", "post { id }", json!({ "id": two }))
        .await;
    let made = create(&world, post(&world, Network::X, "Three", noon)).await;
    assert_eq!(made["errors"], json!([]));
    let back = json!({ "id": two, "schedule": { "at": noon } });
    let refused = world
        .change("postSchedule", "post { id }", back.clone())
        .await;
    assert_eq!(
        told(&refused["errors"]),
        [pair("POSSIBLE_DUPLICATE", "targets.0")]
    );
    // A target that the input names is named as the input names it.
    let target = world
        .ask(
            "query($id: ID!) { post(id: $id) { targets { id } } }",
            json!({ "id": two }),
        )
        .await["post"]["targets"][0]["id"]
        .clone();
    let mut named = back;
    named["targetIds"] = json!([target]);
    let refused = world.change("postSchedule", "post { id }", named).await;
    assert_eq!(
        told(&refused["errors"]),
        [pair("POSSIBLE_DUPLICATE", "targetIds.0")]
    );
}

#[tokio::test]
async fn missing_permissions_are_named() {
    let world = World::new().await;
    edit(&world, Network::X, |row| {
        row.scopes = vec!["tweet.read".into(), "users.read".into()];
    })
    .await;
    let noon = start() + TimeDelta::hours(4);
    let refused = create(&world, post(&world, Network::X, "Hello", noon)).await;
    assert_eq!(
        told(&refused["errors"]),
        [pair("NETWORK_PERMISSION", "targets.0.connectionId")]
    );
    let message = refused["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("tweet.write is missing"), "{message}");
    // What only media need is asked of media alone.
    edit(&world, Network::X, |row| {
        row.scopes = vec![
            "tweet.read".into(),
            "tweet.write".into(),
            "users.read".into(),
        ];
    })
    .await;
    let made = create(&world, post(&world, Network::X, "Words", noon)).await;
    assert_eq!(made["errors"], json!([]));
    edit(&world, Network::X, |row| {
        row.scopes = vec!["tweet.read".into(), "users.read".into()];
    })
    .await;
    // A draft may wait for it.
    let mut draft = post(&world, Network::X, "Hello", noon);
    draft["schedule"] = Value::Null;
    let made = create(&world, draft).await;
    assert_eq!(
        told(&made["warnings"]),
        [pair("NETWORK_PERMISSION", "targets.0.connectionId")]
    );
}

#[tokio::test]
async fn an_access_that_ends_before_the_post_is_due_is_told() {
    let world = World::new().await;
    let end = start() + TimeDelta::days(10);
    edit(&world, Network::Facebook, |row| {
        row.token_expires_at = Some(end);
        row.reauthorize_by = Some(end);
    })
    .await;
    let fine = create(
        &world,
        post(
            &world,
            Network::Facebook,
            "Soon",
            end - TimeDelta::minutes(1),
        ),
    )
    .await;
    assert_eq!(fine["warnings"], json!([]));
    let late = create(&world, post(&world, Network::Facebook, "Late", end)).await;
    assert_eq!(told(&late["warnings"]), [pair("ACCESS_ENDS", "targets.0")]);
    let message = late["warnings"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("14 January 2027 at 08:00 UTC"),
        "{message}"
    );
}

const SHOWN: &str = "query($id: ID!) { target(id: $id) { preflight {
    ready checkedAt problems { severity code path } } } }";

#[tokio::test]
async fn a_target_shows_what_stands_in_its_way_now() {
    let world = World::new().await;
    let noon = start() + TimeDelta::hours(4);
    let made = create(&world, post(&world, Network::X, "Hello", noon)).await;
    let id = &made["post"]["targets"][0]["id"];
    let shown = async || {
        let mut answer = world.ask(SHOWN, json!({ "id": id })).await;
        answer["target"]["preflight"].take()
    };
    let good = json!({ "ready": true, "checkedAt": "2027-01-04T08:00:00+00:00", "problems": [] });
    assert_eq!(shown().await, good);

    edit(&world, Network::X, |row| {
        row.status = connection::Status::Reconnect;
    })
    .await;
    world.clock.advance(TimeDelta::minutes(1));
    let bad = json!({ "ready": false, "checkedAt": "2027-01-04T08:01:00+00:00", "problems": [
        { "severity": "ERROR", "code": "RECONNECT_REQUIRED", "path": ["targets", "0", "connectionId"] }] });
    assert_eq!(shown().await, bad);
}

/// A page of twenty: as many statements as one of two.
#[tokio::test]
async fn a_page_of_preflights_costs_the_same_statements() {
    count_statements();
    let world = World::new().await;
    for n in 0..20 {
        let at = start() + TimeDelta::hours(2 + n);
        create(&world, post(&world, Network::X, &format!("Post {n}"), at)).await;
    }
    let cost = async |first: i32| {
        let before = statements();
        let query =
            "query($first: Int) { targets(first: $first) { nodes { preflight { ready } } } }";
        let answer = world.ask(query, json!({ "first": first })).await;
        assert_eq!(
            answer["targets"]["nodes"].as_array().unwrap().len(),
            first as usize
        );
        statements() - before
    };
    cost(2).await;
    let (few, many) = (cost(2).await, cost(20).await);
    assert_eq!(few, many);
    assert!(few <= 14, "{few} statements");
}

async fn risks(world: &World) -> Vec<String> {
    let query = "{ events(first: 100) { nodes { type data } } }";
    let answer = world.ask(query, json!({})).await;
    let events = answer["events"]["nodes"].as_array().unwrap().iter();
    let at_risk = events.filter(|event| event["type"] == "TARGET_AT_RISK");
    at_risk
        .map(|event| event["data"]["code"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_new_risk_is_told_once_ahead_of_time() {
    let world = World::new().await;
    let due = start() + TimeDelta::hours(30);
    create(&world, post(&world, Network::X, "Tomorrow", due)).await;
    assert_eq!(look_ahead(&world.app).await.unwrap(), 0);

    edit(&world, Network::X, |row| {
        row.scopes = vec!["users.read".into()];
    })
    .await;
    world.clock.set(due - TimeDelta::hours(24));
    assert_eq!(look_ahead(&world.app).await.unwrap(), 1);
    assert_eq!(look_ahead(&world.app).await.unwrap(), 0);
    assert_eq!(risks(&world).await, ["NETWORK_PERMISSION"]);

    // An hour ahead the old risk stands and a new one is there: only that one is told.
    edit(&world, Network::X, |row| {
        row.status = connection::Status::Disabled;
    })
    .await;
    world.clock.set(due - TimeDelta::hours(1));
    assert_eq!(look_ahead(&world.app).await.unwrap(), 1);
    assert_eq!(
        risks(&world).await,
        ["NETWORK_PERMISSION", "CONNECTION_UNUSABLE"]
    );
    // There is no third look.
    world.clock.set(due);
    assert_eq!(look_ahead(&world.app).await.unwrap(), 0);
}

#[tokio::test]
async fn what_was_told_when_it_was_scheduled_is_not_told_again() {
    let world = World::new().await;
    let due = start() + TimeDelta::hours(30);
    create(&world, post(&world, Network::Facebook, "Twice", due)).await;
    let second = create(&world, post(&world, Network::Facebook, "Twice", due)).await;
    assert_eq!(told(&second["warnings"]).len(), 1);
    world.clock.set(due - TimeDelta::hours(24));
    assert_eq!(look_ahead(&world.app).await.unwrap(), 2);
    // Whoever wrote the first one does not know it yet.
    assert_eq!(risks(&world).await, ["POSSIBLE_DUPLICATE"]);

    // A change tells, too.
    let other = create(
        &world,
        post(&world, Network::Facebook, "Once", due + TimeDelta::hours(8)),
    )
    .await;
    let same = json!({ "id": other["post"]["id"], "text": "Twice" });
    let changed = world.change("postUpdate", "post { id }", same).await;
    assert_eq!(told(&changed["warnings"]).len(), 1);
    world.clock.set(due - TimeDelta::hours(16));
    assert_eq!(look_ahead(&world.app).await.unwrap(), 1);
    assert_eq!(risks(&world).await.len(), 1);
}

#[tokio::test]
async fn more_than_a_batch_is_looked_at_in_one_go() {
    let world = World::new().await;
    let due = start() + TimeDelta::hours(30);
    for n in 0..60 {
        create(
            &world,
            post(&world, Network::Facebook, &format!("Post {n}"), due),
        )
        .await;
    }
    world.clock.set(due - TimeDelta::hours(24));
    assert_eq!(look_ahead(&world.app).await.unwrap(), 60);
}

#[tokio::test]
async fn two_workers_tell_a_risk_once() {
    let world = World::new().await;
    let due = start() + TimeDelta::hours(30);
    for n in 0..10 {
        create(
            &world,
            post(&world, Network::X, &format!("Tomorrow {n}"), due),
        )
        .await;
    }
    edit(&world, Network::X, |row| {
        row.scopes = vec!["users.read".into()];
    })
    .await;
    world.clock.set(due - TimeDelta::hours(24));
    let (one, two) = tokio::join!(look_ahead(&world.app), look_ahead(&world.app));
    assert_eq!(one.unwrap() + two.unwrap(), 10);
    assert_eq!(risks(&world).await.len(), 10);
}
