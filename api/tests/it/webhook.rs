//! Webhooks from the mutation to a receiver on this machine.

mod receiver;

use chrono::TimeDelta;
use posthaste_core::{Network, ids::NodeId, ports::Clock};
use posthaste_engine::{
    adapters::SystemClock,
    webhook::{self, Rules},
};
use receiver::Receiver;
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use crate::world::{World, mutation};

const PRIVATE: Rules = Rules {
    allow_private: true,
};

/// One mutation by the owner; its payload.
async fn change(world: &World, name: &str, fields: &str, input: Value) -> Value {
    let answer = world
        .graphql(
            &world.home.owner,
            &mutation(name, fields),
            json!({ "input": input }),
        )
        .await;
    assert_eq!(answer["errors"], Value::Null, "{name}");
    answer["data"][name].clone()
}

/// Adds an endpoint and returns its id and secret.
pub async fn endpoint(world: &World, input: Value) -> (String, String) {
    let made = change(
        world,
        "webhookEndpointCreate",
        "webhookEndpoint { id } secret",
        input,
    )
    .await;
    assert_eq!(made["errors"], json!([]));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&made["webhookEndpoint"]["id"]), text(&made["secret"]))
}

/// Sends what is due and says how many tries that took.
pub async fn deliver(world: &World) -> usize {
    let worker = NodeId::new(&*world.app.clock, &*world.app.random);
    webhook::deliver_due(&world.app, worker).await.unwrap()
}

async fn write_post(world: &World) -> String {
    let input = json!({ "text": "Told by a webhook", "targets": [{ "connectionId": world.home.on(Network::X) }] });
    let made = world.change("postCreate", "post { id }", input).await;
    made["post"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_event_arrives_signed_with_what_the_document_asks_for() {
    let world = World::sending(PRIVATE).await;
    // Receivers refuse old timestamps; this one is real.
    world.clock.set(SystemClock.now());
    let receiver = Receiver::start().await;
    let document = "subscription Told { happened: events { ...what post { targets { connection { name } } } } }
        fragment what on Event { type post { content { text } } }";
    let input =
        json!({ "url": receiver.url, "eventTypes": ["POST_CREATED"], "document": document });
    let (_, secret) = endpoint(&world, input).await;
    assert!(secret.starts_with("whsec_") && secret.len() == 6 + 44);
    write_post(&world).await;
    assert_eq!(deliver(&world).await, 1);

    let request = receiver.take().await;
    let verifier = Webhook::new(&secret).unwrap();
    verifier.verify(&request.body, &request.headers).unwrap();
    let mut forged = request.body.to_vec();
    forged[0] = b'[';
    assert!(verifier.verify(&forged, &request.headers).is_err());
    assert_eq!(request.headers["content-type"], "application/json");
    let id = request.headers["webhook-id"].to_str().unwrap();
    assert!(id.starts_with("whd_"));
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(
        (&body["type"], &body["sequence"]),
        (&json!("post.created"), &json!(1))
    );
    assert_eq!(
        body["data"],
        json!({ "type": "POST_CREATED", "post": { "content": { "text": "Told by a webhook" },
            "targets": [{ "connection": { "name": "Home on X" } }] } })
    );
}

#[tokio::test]
async fn the_default_document_tells_ids_and_the_log_tells_the_delivery() {
    let world = World::sending(PRIVATE).await;
    let receiver = Receiver::start().await;
    let (endpoint_id, _) = endpoint(&world, json!({ "url": receiver.url })).await;
    let post = write_post(&world).await;
    deliver(&world).await;
    let body: Value = serde_json::from_slice(&receiver.take().await.body).unwrap();
    let data = &body["data"];
    assert_eq!(
        (&data["type"], &data["postId"], &data["target"]),
        (&json!("POST_CREATED"), &json!(post), &Value::Null)
    );

    let log = "query($filter: WebhookDeliveryFilter) { webhookDeliveries(filter: $filter) { totalCount nodes {
        id sequence eventType isTest state endpoint { id url status sequence failures } endpointId payload nextAttemptAt
        createdAt finishedAt eventCursor allowedActions attempts { number startedAt httpStatus answer error } } } }";
    let answer = world
        .graphql(
            &world.home.viewer,
            log,
            json!({ "filter": { "endpointIds": [endpoint_id], "states": ["SUCCEEDED"], "eventTypes": ["POST_CREATED"],
                "createdFrom": "2027-01-04T08:00:00Z", "createdTo": "2027-01-04T08:00:01Z" } }),
        )
        .await;
    let list = &answer["data"]["webhookDeliveries"];
    assert_eq!(list["totalCount"], 1);
    let row = &list["nodes"][0];
    assert_eq!(
        *row,
        json!({ "id": row["id"], "sequence": 1, "eventType": "POST_CREATED", "isTest": false, "state": "SUCCEEDED",
            "endpoint": { "id": endpoint_id, "url": receiver.url, "status": "ENABLED", "sequence": 1, "failures": 0 },
            "endpointId": endpoint_id, "payload": row["payload"], "nextAttemptAt": null,
            "createdAt": "2027-01-04T08:00:00+00:00", "finishedAt": "2027-01-04T08:00:00+00:00",
            "eventCursor": data["cursor"], "allowedActions": [],
            "attempts": [{ "number": 1, "startedAt": "2027-01-04T08:00:00+00:00", "httpStatus": 200,
                "answer": "thank you", "error": null }] })
    );
    let sent: Value = serde_json::from_str(row["payload"].as_str().unwrap()).unwrap();
    assert_eq!(sent, body);
    let node = "query($id: ID!) { node(id: $id) { __typename id } }";
    let found = world.ask(node, json!({ "id": row["id"] })).await;
    assert_eq!(found["node"]["__typename"], "WebhookDelivery");
    let found = world.ask(node, json!({ "id": endpoint_id })).await;
    assert_eq!(found["node"]["__typename"], "WebhookEndpoint");
    let none = world
        .graphql(
            &world.home.viewer,
            log,
            json!({ "filter": { "states": ["FAILED"] } }),
        )
        .await;
    assert_eq!(none["data"]["webhookDeliveries"]["totalCount"], 0);
}

#[tokio::test]
async fn an_endpoint_lives_through_its_mutations() {
    let world = World::sending(PRIVATE).await;
    let receiver = Receiver::start().await;
    let (id, first) = endpoint(
        &world,
        json!({ "url": receiver.url, "description": " Ours " }),
    )
    .await;
    let fields = "webhookEndpoint { description eventTypes document status statusReason version allowedActions
        previousSecretExpiresAt author { kind } }";
    let changed = change(
        &world,
        "webhookEndpointUpdate",
        fields,
        json!({ "id": id, "version": 1, "eventTypes": ["TARGET_PUBLISHED", "POST_CREATED", "POST_CREATED"] }),
    )
    .await;
    let row = &changed["webhookEndpoint"];
    assert_eq!(
        (&row["description"], &row["eventTypes"], &row["version"]),
        (
            &json!("Ours"),
            &json!(["POST_CREATED", "TARGET_PUBLISHED"]),
            &json!(2)
        )
    );
    assert!(row["document"].as_str().unwrap().contains("events {"));
    assert_eq!(
        row["allowedActions"],
        json!([
            "UPDATE",
            "ROTATE_SECRET",
            "TEST",
            "PAUSE",
            "REPLAY",
            "DELETE"
        ])
    );
    let paused = change(&world, "webhookEndpointPause", fields, json!({ "id": id })).await;
    assert_eq!(
        (
            &paused["webhookEndpoint"]["status"],
            &paused["webhookEndpoint"]["statusReason"]
        ),
        (&json!("PAUSED"), &json!("PERSON"))
    );
    assert_eq!(
        paused["webhookEndpoint"]["allowedActions"],
        json!([
            "UPDATE",
            "ROTATE_SECRET",
            "TEST",
            "RESUME",
            "REPLAY",
            "DELETE"
        ])
    );
    let rotated = change(
        &world,
        "webhookEndpointRotateSecret",
        "webhookEndpoint { previousSecretExpiresAt } secret",
        json!({ "id": id }),
    )
    .await;
    assert_ne!(rotated["secret"], first);
    assert_eq!(
        rotated["webhookEndpoint"]["previousSecretExpiresAt"],
        "2027-01-05T08:00:00+00:00"
    );
    let resumed = change(&world, "webhookEndpointResume", fields, json!({ "id": id })).await;
    assert_eq!(resumed["webhookEndpoint"]["status"], "ENABLED");
    let replayed = change(
        &world,
        "webhookEndpointReplay",
        "webhookEndpoint { cursor }",
        json!({ "id": id }),
    )
    .await;
    assert_eq!(replayed["webhookEndpoint"]["cursor"], "ZXZlbnRzOjA");
    let deleted = change(
        &world,
        "webhookEndpointDelete",
        "deletedId",
        json!({ "id": id }),
    )
    .await;
    assert_eq!(deleted["deletedId"], id);
    let list = "{ webhookEndpoints { totalCount nodes { id } } }";
    let none = world.ask(list, json!({})).await;
    assert_eq!(
        none["webhookEndpoints"],
        json!({ "totalCount": 0, "nodes": [] })
    );
}

#[tokio::test]
async fn a_test_answers_with_what_the_endpoint_said() {
    let world = World::sending(PRIVATE).await;
    let receiver = Receiver::start().await;
    let (id, _) = endpoint(&world, json!({ "url": receiver.url })).await;
    write_post(&world).await;
    let fields =
        "payload webhookDelivery { id isTest eventType state attempts { httpStatus answer } }";
    let dry = change(
        &world,
        "webhookEndpointTest",
        fields,
        json!({ "id": id, "dryRun": true, "eventType": "CONNECTION_CREATED" }),
    )
    .await;
    let shown: Value = serde_json::from_str(dry["payload"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&shown["type"], &dry["webhookDelivery"]),
        (&json!("connection.created"), &Value::Null)
    );
    let sent = change(&world, "webhookEndpointTest", fields, json!({ "id": id })).await;
    assert_eq!(
        sent["webhookDelivery"],
        json!({ "id": sent["webhookDelivery"]["id"], "isTest": true, "eventType": null, "state": "SUCCEEDED",
            "attempts": [{ "httpStatus": 200, "answer": "thank you" }] })
    );
    let request = receiver.take().await;
    assert_eq!(request.body, sent["payload"].as_str().unwrap().as_bytes());
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(
        (&body["type"], &body["data"]["type"]),
        (&json!("test"), &json!("POST_CREATED"))
    );
}

#[tokio::test]
async fn redirects_are_failures_and_lead_nowhere() {
    let world = World::sending(PRIVATE).await;
    let receiver = Receiver::start().await;
    let url = format!("{}redirect", receiver.url);
    let (id, _) = endpoint(&world, json!({ "url": url })).await;
    let fields = "webhookDelivery { state attempts { httpStatus error } }";
    let sent = change(&world, "webhookEndpointTest", fields, json!({ "id": id })).await;
    assert_eq!(
        sent["webhookDelivery"],
        json!({ "state": "FAILED", "attempts": [{ "httpStatus": 307,
            "error": "The endpoint answered 307; redirects are not followed." }] })
    );
    assert_eq!(receiver.take().await.path, "/redirect");
    assert_eq!(receiver.waiting(), 0, "the target was not asked");
}

#[tokio::test]
async fn a_name_that_leads_to_this_machine_is_not_reached() {
    let world = World::sending(Rules::default()).await;
    // Only the ports of web servers are allowed at all.
    let (id, _) = endpoint(&world, json!({ "url": "https://localhost:8443/" })).await;
    let fields = "webhookDelivery { state attempts { httpStatus error } }";
    let sent = change(&world, "webhookEndpointTest", fields, json!({ "id": id })).await;
    let attempt = &sent["webhookDelivery"]["attempts"][0];
    let error = attempt["error"].as_str().unwrap();
    assert!(
        error.ends_with("localhost was not found on the public internet"),
        "{error}"
    );
    assert_eq!(attempt["httpStatus"], Value::Null);
}

#[tokio::test]
async fn a_failed_delivery_is_sent_again_on_demand() {
    let world = World::sending(PRIVATE).await;
    let receiver = Receiver::start().await;
    let url = format!("{}once-500", receiver.url);
    let (id, _) = endpoint(
        &world,
        json!({ "url": url, "eventTypes": ["POST_CREATED"] }),
    )
    .await;
    write_post(&world).await;
    assert_eq!(deliver(&world).await, 1);
    let list = "{ webhookDeliveries { nodes { id state nextAttemptAt allowedActions } } }";
    let rows = world.graphql(&world.home.owner, list, json!({})).await;
    let row = &rows["data"]["webhookDeliveries"]["nodes"][0];
    assert_eq!(
        (&row["state"], &row["allowedActions"]),
        (&json!("RETRYING"), &json!(["REDELIVER"]))
    );
    assert_eq!(deliver(&world).await, 0, "it waits");
    change(
        &world,
        "webhookDeliveryRedeliver",
        "webhookDelivery { id }",
        json!({ "id": row["id"] }),
    )
    .await;
    assert_eq!(deliver(&world).await, 1);
    let ids: Vec<_> = [receiver.take().await, receiver.take().await]
        .iter()
        .map(|request| request.headers["webhook-id"].clone())
        .collect();
    assert_eq!(ids[0], ids[1]);

    change(
        &world,
        "webhookEndpointPause",
        "webhookEndpoint { id }",
        json!({ "id": id }),
    )
    .await;
    world.clock.advance(TimeDelta::hours(1));
    let refused = change(
        &world,
        "webhookDeliveryRedeliver",
        "webhookDelivery { id }",
        json!({ "id": row["id"] }),
    )
    .await;
    assert_eq!(refused["errors"][0]["code"], "INVALID_STATE");
}

#[tokio::test]
async fn payloads_are_made_at_nobody_s_cost() {
    let world = World::limited(1000, 10).await;
    endpoint(&world, json!({ "url": "https://a.example/hook" })).await;
    // What the first one hears of.
    endpoint(&world, json!({ "url": "https://b.example/hook" })).await;
    let left = async || {
        let answer = world
            .graphql(
                &world.home.owner,
                "{ rateLimitStatus { available } }",
                json!({}),
            )
            .await;
        answer["data"]["rateLimitStatus"]["available"]
            .as_i64()
            .unwrap()
    };
    let price = left().await - left().await;
    let before = left().await;
    assert!(deliver(&world).await > 0);
    assert_eq!(left().await, before - price);
}
