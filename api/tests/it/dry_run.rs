//! Dry runs: everything is checked and shown, nothing is written or sent.

use posthaste_core::{
    Network,
    ids::{ConnectionId, PostId},
    target::State,
};
use posthaste_store::target as rows;
use serde_json::{Value, json};

use crate::world::{World, mutation};

/// All of a workspace that a mutation could change.
async fn whole(world: &World) -> Value {
    let answer = world
        .graphql(
            &world.home.owner,
            "{ posts(first: 100) { nodes { id version status dueAt updatedAt content { text }
                 targets { id state dueAt version attempt timeline { message } } } }
               connections { nodes { id status version name } }
               events(first: 100) { nodes { id type } } }",
            json!({}),
        )
        .await;
    assert_eq!(answer["errors"], Value::Null);
    answer["data"].clone()
}

/// Tries a mutation, asserts that it changed nothing, and returns its payload.
async fn tried(world: &World, name: &str, fields: &str, mut input: Value) -> Value {
    let before = whole(world).await;
    input["dryRun"] = json!(true);
    let query = mutation(name, fields);
    let mut answer = world
        .graphql(&world.home.owner, &query, json!({ "input": input }))
        .await;
    assert_eq!(answer["errors"], Value::Null, "{name}");
    assert_eq!(whole(world).await, before, "{name} changed something");
    answer["data"][name].take()
}

const POST: &str = "post { status dueAt content { text } targets { state dueAt } } \
    dryRun { targets { network state dueAt schedule { localTime timeZone } } renditions { connection { network } text problems { code } } }";

const TARGETS: &str =
    "dryRun { targets { state dueAt } renditions { text connection { network } } }";

/// A post that waits for its time on two networks.
async fn scheduled(world: &World) -> (String, Vec<String>) {
    let targets: Vec<_> = [Network::X, Network::Facebook]
        .iter()
        .map(|network| json!({ "connectionId": world.home.on(*network) }))
        .collect();
    let input = json!({ "text": "Hello", "targets": targets, "schedule": { "at": "2030-01-01T09:00:00Z" } });
    let payload = world
        .change("postCreate", "post { id targets { id } }", input)
        .await;
    let ids = payload["post"]["targets"].as_array().unwrap();
    let ids = ids
        .iter()
        .map(|target| target["id"].as_str().unwrap().to_owned())
        .collect();
    (payload["post"]["id"].as_str().unwrap().to_owned(), ids)
}

/// Puts a target into a state that only publishing reaches, along allowed transitions.
async fn bring(world: &World, post: &str, states: &[State]) {
    let post: PostId = post.parse().unwrap();
    let mut tx = world.app.db.begin().await.unwrap();
    let mut row = rows::of_posts(&mut tx, world.home.workspace, &[post])
        .await
        .unwrap()
        .remove(0);
    for state in states {
        let from = row.state;
        row.state = *state;
        row.remote_id = Some("4711".to_owned());
        row.error_code = (*state == State::Failed).then(|| "NETWORK_REJECTED".to_owned());
        row.published_at = (*state == State::Published).then(|| world.app.now());
        rows::update(&mut tx, &mut row, from).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_post_is_shown_as_it_would_be_with_what_each_network_would_get() {
    let world = World::new().await;
    let input = json!({
        "text": "Hello", "targets": [{ "connectionId": world.home.on(Network::X) }],
        "schedule": { "localTime": "2030-03-31T02:30", "timeZone": "Europe/Paris" },
    });
    let payload = tried(&world, "postCreate", POST, input.clone()).await;
    let due = "2030-03-31T01:30:00+00:00";
    assert_eq!(
        payload["post"],
        json!({ "status": "SCHEDULED", "dueAt": due, "content": { "text": "Hello" }, "targets": [{ "state": "SCHEDULED", "dueAt": due }] })
    );
    assert_eq!(
        payload["dryRun"],
        json!({
            "targets": [{ "network": "X", "state": "SCHEDULED", "dueAt": due,
                "schedule": { "localTime": "2030-03-31T02:30:00", "timeZone": "Europe/Paris" } }],
            "renditions": [{ "connection": { "network": "X" }, "text": "Hello", "problems": [] }],
        })
    );
    // The clocks skip that time.
    assert_eq!(
        payload["warnings"][0]["path"],
        json!(["schedule", "localTime"])
    );
    assert_eq!(payload["errors"], json!([]));
    let real = world.change("postCreate", POST, input).await;
    assert_eq!(real["dryRun"], Value::Null);
    assert_eq!(real["post"], payload["post"]);
}

#[tokio::test]
async fn what_would_be_refused_is_refused() {
    let world = World::new().await;
    let input = json!({ "text": "", "targets": [], "schedule": { "at": "2001-01-01T00:00:00Z" } });
    let payload = tried(&world, "postCreate", POST, input.clone()).await;
    let real = world.change("postCreate", POST, input).await;
    assert_eq!(payload, real);
    assert_eq!(payload["post"], Value::Null);
    assert_eq!(payload["dryRun"], Value::Null);
    assert!(payload["errors"].as_array().unwrap().len() >= 2);

    let input = json!({ "input": { "text": "a", "dryRun": true } });
    let answer = world
        .graphql(&world.home.viewer, &mutation("postCreate", ""), input)
        .await;
    assert_eq!(
        answer["data"]["postCreate"]["errors"][0]["code"],
        "FORBIDDEN"
    );
}

#[tokio::test]
async fn changes_of_a_post_are_tried() {
    let world = World::new().await;
    let (id, targets) = scheduled(&world).await;
    let input = json!({ "id": id, "text": "Bye", "targets": [{ "connectionId": world.home.on(Network::X) }] });
    let payload = tried(&world, "postUpdate", POST, input).await;
    assert_eq!(payload["post"]["content"]["text"], "Bye");
    assert_eq!(payload["post"]["targets"].as_array().unwrap().len(), 1);
    assert_eq!(payload["dryRun"]["renditions"][0]["text"], "Bye");

    let input = json!({ "id": id, "schedule": { "at": "2031-01-01T09:00:00Z" }, "targetIds": [targets[1]] });
    let payload = tried(&world, "postSchedule", POST, input).await;
    let times: Vec<_> = payload["dryRun"]["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|target| target["dueAt"].as_str().unwrap())
        .collect();
    assert_eq!(
        times,
        ["2030-01-01T09:00:00+00:00", "2031-01-01T09:00:00+00:00"]
    );

    let payload = tried(&world, "postPublishNow", POST, json!({ "id": id })).await;
    let now = world.app.now().to_rfc3339();
    assert_eq!(payload["post"]["dueAt"], json!(now));
    assert_eq!(payload["dryRun"]["renditions"].as_array().unwrap().len(), 2);
    assert!(world.http.asked().is_empty());
}

#[tokio::test]
async fn a_retry_and_a_deletion_on_the_network_are_tried() {
    let world = World::new().await;
    let (id, targets) = scheduled(&world).await;
    bring(&world, &id, &[State::Failed]).await;
    let target = json!({ "id": targets[0] });
    let payload = tried(
        &world,
        "targetRetry",
        &format!("target {{ state dueAt }} {TARGETS}"),
        target.clone(),
    )
    .await;
    let now = world.app.now().to_rfc3339();
    let again = json!({ "state": "SCHEDULED", "dueAt": now });
    assert_eq!(payload["target"], again);
    assert_eq!(
        payload["dryRun"],
        json!({ "targets": [again], "renditions": [{ "text": "Hello", "connection": { "network": "X" } }] })
    );
    let payload = tried(
        &world,
        "targetDeleteRemote",
        &format!("target {{ state }} {TARGETS}"),
        target.clone(),
    )
    .await;
    assert_eq!(payload["errors"][0]["code"], "INVALID_STATE");
    assert_eq!(payload["dryRun"], Value::Null);

    bring(&world, &id, &[State::Published]).await;
    let fields = format!("target {{ state }} {TARGETS}");
    let payload = tried(&world, "targetDeleteRemote", &fields, target).await;
    assert_eq!(payload["target"]["state"], "DELETED_REMOTE");
    assert_eq!(
        payload["dryRun"],
        json!({ "targets": [{ "state": "DELETED_REMOTE", "dueAt": "2030-01-01T09:00:00+00:00" }], "renditions": [] })
    );
    assert!(world.http.asked().is_empty());
}

#[tokio::test]
async fn removing_a_connection_is_tried() {
    let world = World::new().await;
    let (post, targets) = scheduled(&world).await;
    let id = world.home.on(Network::X);
    let fields = "connection { id status } warnings { code message path } \
        dryRun { targets { id state post { id } } renditions { text } }";
    let payload = tried(&world, "connectionRemove", fields, json!({ "id": id })).await;
    assert_eq!(
        payload["connection"],
        json!({ "id": id, "status": "REMOVED" })
    );
    let cancelled = json!([{ "id": targets[0], "state": "CANCELLED", "post": { "id": post } }]);
    assert_eq!(
        payload["dryRun"],
        json!({ "targets": cancelled, "renditions": [] })
    );
    let warning = &payload["warnings"][0];
    assert_eq!(warning["code"], "TARGETS_CANCELLED");
    assert_eq!(warning["path"], json!(["id"]));
    assert!(world.http.asked().is_empty());
    // Its access is still there.
    let connection: ConnectionId = id.parse().unwrap();
    let mut conn = world.app.db.get().await.unwrap();
    let row = posthaste_store::connection::get(&mut conn, world.home.workspace, connection).await;
    assert!(row.unwrap().tokens.is_some());
    drop(conn);
    // The real removal cancels the same ones.
    let removal = mutation("connectionRemove", fields);
    let answer = world
        .graphql(
            &world.home.owner,
            &removal,
            json!({ "input": { "id": id } }),
        )
        .await;
    let real = &answer["data"]["connectionRemove"];
    assert_eq!(real["dryRun"], Value::Null);
    assert_eq!(real["warnings"], payload["warnings"]);
    let query = "query($id: ID!) { node(id: $id) { ... on Target { state } } }";
    let variables = json!({ "id": targets[0] });
    let answer = world.graphql(&world.home.owner, query, variables).await;
    assert_eq!(answer["data"]["node"]["state"], "CANCELLED");
    let nothing = json!({ "id": world.home.on(Network::Pinterest) });
    let payload = tried(&world, "connectionRemove", fields, nothing).await;
    assert_eq!(payload["warnings"], json!([]));
    assert_eq!(payload["dryRun"]["targets"], json!([]));
}

const OUTLAY: &str = "dryRun { \
    quota { connection { network } limit used remaining windowSeconds resetsAt } \
    cost { amount currency items { connection { network } amount reason } } }";

fn on_x(world: &World, at: &str) -> Value {
    json!({
        "text": format!("At {at}"), "schedule": { "at": at },
        "targets": [{ "connectionId": world.home.on(Network::X) }],
    })
}

fn codes(payload: &Value) -> Vec<(&str, &Value)> {
    let warnings = payload["warnings"].as_array().unwrap().iter();
    warnings
        .map(|warning| (warning["code"].as_str().unwrap(), &warning["path"]))
        .collect()
}

#[tokio::test]
async fn a_dry_run_tells_what_publishing_would_cost() {
    let world = World::new().await;
    let mut input = on_x(&world, "2030-01-01T09:00:00Z");
    let payload = tried(&world, "postCreate", OUTLAY, input.clone()).await;
    let due = "2030-01-01T09:15:00+00:00";
    assert_eq!(
        payload["dryRun"],
        json!({
            "quota": [{ "connection": { "network": "X" }, "limit": 100, "used": 1, "remaining": 99,
                "windowSeconds": 900, "resetsAt": due }],
            "cost": { "amount": 0.015, "currency": "USD", "items": [
                { "connection": { "network": "X" }, "amount": 0.015, "reason": "A post on X." }] },
        })
    );
    assert_eq!(payload["warnings"], json!([]));

    input["link"] = json!("https://example.org/bread");
    input["targets"] = json!([
        { "connectionId": world.home.on(Network::Facebook) },
        { "connectionId": world.home.on(Network::X) },
    ]);
    let payload = tried(&world, "postCreate", OUTLAY, input.clone()).await;
    assert_eq!(
        payload["dryRun"]["cost"],
        json!({ "amount": 0.2, "currency": "USD", "items": [
            { "connection": { "network": "FACEBOOK" }, "amount": null, "reason": "No price of Facebook is known." },
            { "connection": { "network": "X" }, "amount": 0.2, "reason": "A post with a link on X." }] })
    );
    assert_eq!(
        codes(&payload),
        [("LINK_COSTS_MORE", &json!(["targets", "1"]))]
    );

    // Where no price is known, nothing is claimed; a draft uses nothing.
    input["targets"] = json!([{ "connectionId": world.home.on(Network::Facebook) }]);
    let payload = tried(&world, "postCreate", OUTLAY, input.clone()).await;
    assert_eq!(payload["dryRun"]["cost"]["amount"], Value::Null);
    assert_eq!(payload["dryRun"]["quota"], json!([]));
    input["schedule"] = Value::Null;
    let payload = tried(&world, "postCreate", OUTLAY, input).await;
    assert_eq!(payload["dryRun"]["cost"], Value::Null);
}

#[tokio::test]
async fn a_dry_run_warns_of_a_full_window() {
    let world = World::new().await;
    let (first, _) = scheduled(&world).await;
    for n in 1..100 {
        let mut input = on_x(&world, "2030-01-01T09:05:00Z");
        input["text"] = json!(format!("Post {n}"));
        world.change("postCreate", "post { id }", input).await;
    }
    let late = on_x(&world, "2030-01-01T09:10:00Z");
    let payload = tried(&world, "postCreate", OUTLAY, late).await;
    assert_eq!(
        payload["dryRun"]["quota"][0],
        json!({ "connection": { "network": "X" }, "limit": 100, "used": 101, "remaining": 0,
            "windowSeconds": 900, "resetsAt": "2030-01-01T09:15:00+00:00" })
    );
    assert_eq!(
        codes(&payload),
        [("QUOTA_EXCEEDED", &json!(["targets", "0"]))]
    );
    // At 09:15 the first one has left the window.
    let later = on_x(&world, "2030-01-01T09:15:00Z");
    let payload = tried(&world, "postCreate", OUTLAY, later).await;
    assert_eq!(payload["dryRun"]["quota"][0]["used"], 100);
    assert_eq!(payload["warnings"], json!([]));

    // What is live counts by when it went live.
    bring(&world, &first, &[State::Failed, State::Published]).await;
    let input = on_x(&world, "2027-01-04T08:10:00Z");
    let payload = tried(&world, "postCreate", OUTLAY, input).await;
    assert_eq!(
        payload["dryRun"]["quota"][0],
        json!({ "connection": { "network": "X" }, "limit": 100, "used": 2, "remaining": 98,
            "windowSeconds": 900, "resetsAt": "2027-01-04T08:15:00+00:00" })
    );
}
