//! What typed errors of mutations carry beside code and message.

use posthaste_core::{Network, ids::ConnectionId};
use posthaste_store::connection::{self, Status};
use serde_json::{Value, json};

use crate::world::{World, mutation};

const CONFLICT: &str =
    "errors { __typename ... on ConflictError { currentVersion existing { __typename id } } }";

async fn conflicts(world: &World, name: &str, input: Value) -> Value {
    let query = mutation(name, CONFLICT);
    let mut answer = world
        .graphql(&world.home.owner, &query, json!({ "input": input }))
        .await;
    assert_eq!(answer["errors"], Value::Null, "{name}");
    let mut error = answer["data"][name]["errors"][0].take();
    assert_eq!(error["__typename"], "ConflictError", "{name}: {error}");
    json!([error["existing"].take(), error["currentVersion"].take()])
}

#[tokio::test]
async fn a_stale_version_names_the_thing_and_its_version() {
    let world = World::new().await;
    let made = world
        .change("postCreate", "post { id }", json!({ "text": "One" }))
        .await;
    let id = &made["post"]["id"];
    let input = json!({ "id": id, "version": 1, "text": "Two" });
    world
        .change("postUpdate", "post { id }", input.clone())
        .await;
    assert_eq!(
        conflicts(&world, "postUpdate", input).await,
        json!([{ "__typename": "Post", "id": id }, 2])
    );
    let id = world.home.on(Network::X);
    let input = json!({ "id": id, "version": 7, "name": "Shop" });
    assert_eq!(
        conflicts(&world, "connectionUpdate", input).await,
        json!([{ "__typename": "Connection", "id": id }, 1])
    );
}

#[tokio::test]
async fn what_exists_already_is_named_but_never_in_another_workspace() {
    let world = World::new().await;
    let input = json!({ "id": "post_01h455vb4pex5vsknk084sn02q", "text": "Once" });
    world
        .change("postCreate", "post { id }", input.clone())
        .await;
    assert_eq!(
        conflicts(&world, "postCreate", input.clone()).await,
        json!([{ "__typename": "Post", "id": "post_01h455vb4pex5vsknk084sn02q" }, null])
    );
    let query = mutation("postCreate", CONFLICT);
    let answer = world
        .graphql(&world.other.editor, &query, json!({ "input": input }))
        .await;
    let error = &answer["data"]["postCreate"]["errors"][0];
    assert_eq!(error["__typename"], "ConflictError");
    assert_eq!(error["existing"], Value::Null);
}

#[tokio::test]
async fn an_account_named_twice_is_named() {
    let world = World::new().await;
    let id = world.home.on(Network::X);
    let targets = json!([{ "connectionId": id }, { "connectionId": id }]);
    assert_eq!(
        conflicts(
            &world,
            "postCreate",
            json!({ "text": "a", "targets": targets })
        )
        .await,
        json!([{ "__typename": "Connection", "id": id }, null])
    );
}

#[tokio::test]
async fn the_account_to_reconnect_is_told() {
    let world = World::new().await;
    let id = world.home.on(Network::X);
    let connection: ConnectionId = id.parse().unwrap();
    let mut conn = world.app.db.get().await.unwrap();
    let mut row = connection::get(&mut conn, world.home.workspace, connection)
        .await
        .unwrap();
    row.status = Status::Reconnect;
    connection::update(&mut conn, &mut row).await.unwrap();
    drop(conn);
    let fields = "errors { __typename code path \
        ... on ReconnectRequired { mutation connection { id network status } } }";
    let input = json!({
        "text": "Hello", "targets": [{ "connectionId": id }], "schedule": { "at": "2030-01-01T09:00:00Z" },
    });
    let payload = world.change("postCreate", fields, input).await;
    let error = &payload["errors"][0];
    assert_eq!(
        (&error["__typename"], &error["code"], &error["path"]),
        (
            &json!("ReconnectRequired"),
            &json!("RECONNECT_REQUIRED"),
            &json!(["targets", "0", "connectionId"])
        )
    );
    assert_eq!(error["mutation"], "connectionReconnect");
    assert_eq!(
        error["connection"],
        json!({ "id": id, "network": "X", "status": "RECONNECT" })
    );
}
