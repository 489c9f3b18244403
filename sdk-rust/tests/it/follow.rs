//! Subscriptions over connections that break.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::{
        State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket},
    },
    response::Response,
    routing::any,
};
use futures_util::{StreamExt, TryStreamExt};
use posthaste_sdk::{Error, types::*};
use serde_json::{Value, json};

use crate::stub::{client, serve};

/// What the server does on one connection, after the handshake.
enum Act {
    Event(u32),
    /// A result of another subscription.
    Result(Value),
    Ping,
    /// Ends without a word.
    Drop,
    Close(u16),
    Complete,
    Refuse(&'static str),
}

#[derive(Clone, Default)]
struct Server {
    connections: Arc<Mutex<VecDeque<Vec<Act>>>>,
    /// `connection_init`'s and `subscribe`'s payloads.
    heard: Arc<Mutex<Vec<(Value, Value)>>>,
}

impl Server {
    async fn start(connections: Vec<Vec<Act>>) -> (Self, String) {
        let server = Self {
            connections: Arc::new(Mutex::new(connections.into())),
            ..Self::default()
        };
        let router = Router::new()
            .route("/graphql", any(connected).post(cursor))
            .with_state(server.clone());
        (server, serve(router).await)
    }

    /// The cursors after which was asked.
    fn after(&self) -> Vec<Value> {
        let heard = self.heard.lock().unwrap();
        heard
            .iter()
            .map(|(_, subscribe)| subscribe["variables"]["after"].clone())
            .collect()
    }
}

/// The end of the log.
async fn cursor() -> Json<Value> {
    Json(json!({ "data": { "workspace": { "eventsCursor": "c0" } } }))
}

async fn connected(State(server): State<Server>, upgrade: WebSocketUpgrade) -> Response {
    let upgrade = upgrade.protocols(["graphql-transport-ws"]);
    upgrade.on_upgrade(move |socket| play(server, socket))
}

async fn play(server: Server, mut socket: WebSocket) {
    let acts = server.connections.lock().unwrap().pop_front().unwrap();
    let init = hear(&mut socket).await;
    assert_eq!(init["type"], "connection_init");
    say(&mut socket, json!({ "type": "connection_ack" })).await;
    let subscribe = hear(&mut socket).await;
    assert_eq!(subscribe["type"], "subscribe");
    let id = subscribe["id"].clone();
    let heard = (init["payload"].clone(), subscribe["payload"].clone());
    server.heard.lock().unwrap().push(heard);
    for act in acts {
        match act {
            Act::Event(n) => {
                let data = json!({ "events": event(n) });
                next(&mut socket, &id, data).await;
            }
            Act::Result(data) => next(&mut socket, &id, data).await,
            Act::Ping => {
                say(&mut socket, json!({ "type": "ping" })).await;
                assert_eq!(hear(&mut socket).await["type"], "pong");
            }
            Act::Drop => return,
            Act::Close(code) => {
                let frame = CloseFrame {
                    code,
                    reason: "Enough".into(),
                };
                socket.send(Message::Close(Some(frame))).await.unwrap();
                return;
            }
            Act::Complete => say(&mut socket, json!({ "type": "complete", "id": id })).await,
            Act::Refuse(code) => {
                let error =
                    json!({ "message": "No.", "extensions": { "code": code, "retryable": false } });
                say(
                    &mut socket,
                    json!({ "type": "error", "id": id, "payload": [error] }),
                )
                .await;
            }
        }
    }
}

fn event(n: u32) -> Value {
    json!({
        "id": format!("evt_{n}"), "cursor": format!("c{n}"), "type": "POST_CREATED", "at": "2027-01-04T08:00:00+00:00",
        "postId": "post_1", "targetId": null, "connectionId": null, "mediaId": null, "data": {},
        "provenance": { "kind": "SYSTEM", "personId": null, "keyId": null },
    })
}

async fn hear(socket: &mut WebSocket) -> Value {
    let text = socket.recv().await.unwrap().unwrap().into_text().unwrap();
    serde_json::from_str(&text).unwrap()
}

async fn next(socket: &mut WebSocket, id: &Value, data: Value) {
    let payload = json!({ "data": data });
    say(
        socket,
        json!({ "type": "next", "id": id, "payload": payload }),
    )
    .await;
}

async fn say(socket: &mut WebSocket, message: Value) {
    socket
        .send(Message::text(message.to_string()))
        .await
        .unwrap();
}

/// The ids of all events, and how the stream ended.
async fn follow(url: &str, options: EventFollowOptions) -> (Vec<String>, Option<Error>) {
    let mut events = client(url).events().follow(options);
    let mut ids = Vec::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => ids.push(event.id),
            Err(error) => {
                assert!(events.next().await.is_none());
                return (ids, Some(error));
            }
        }
    }
    (ids, None)
}

#[tokio::test]
async fn a_dropped_connection_goes_on_after_the_last_event() {
    use Act::{Close, Complete, Drop, Event, Ping};
    let (server, url) = Server::start(vec![
        vec![Event(1), Ping, Event(2), Drop],
        vec![Drop],
        vec![Event(3), Close(1012)],
        vec![Event(4), Complete],
    ])
    .await;
    let options = EventFollowOptions::new().types([EventType::PostCreated]);
    let (ids, error) = follow(&url, options).await;
    assert_eq!(ids, ["evt_1", "evt_2", "evt_3", "evt_4"]);
    assert!(error.is_none());
    assert_eq!(server.after(), ["c0", "c2", "c2", "c3"]);
    let heard = server.heard.lock().unwrap();
    let (init, subscribe) = &heard[3];
    assert_eq!(init["authorization"], "Bearer phk_test_1");
    assert_eq!(subscribe["operationName"], "EventFollow");
    assert_eq!(subscribe["variables"]["types"], json!(["POST_CREATED"]));
}

#[tokio::test]
async fn a_place_of_ones_own_to_begin_is_kept() {
    let (server, url) =
        Server::start(vec![vec![Act::Drop], vec![Act::Event(8), Act::Complete]]).await;
    let (ids, _) = follow(&url, EventFollowOptions::new().after("c7")).await;
    assert_eq!(ids, ["evt_8"]);
    assert_eq!(server.after(), ["c7", "c7"]);
}

#[tokio::test]
async fn a_refusal_ends_it() {
    let (server, url) =
        Server::start(vec![vec![Act::Event(1), Act::Refuse("INVALID_CURSOR")]]).await;
    let (ids, error) = follow(&url, EventFollowOptions::new().after("c0")).await;
    assert_eq!(ids, ["evt_1"]);
    assert_eq!(error.unwrap().code(), Some(&ErrorCode::InvalidCursor));
    assert_eq!(server.after().len(), 1);
    let (server, url) = Server::start(vec![vec![Act::Close(4403)]]).await;
    let (_, error) = follow(&url, EventFollowOptions::new().after("c0")).await;
    assert_eq!(error.unwrap().code(), Some(&ErrorCode::Unauthenticated));
    assert_eq!(server.after().len(), 1);
}

/// A target's progress; only what an event brought has a place in the log.
fn progress(target: u32, n: Option<u32>) -> Act {
    let target = json!({
        "id": format!("target_{target}"), "state": "SENDING", "network": "X",
        "connection": { "id": "conn_1", "name": "Home", "username": "home" }, "dueAt": null, "schedule": null,
        "publishedAt": null, "lateBySeconds": null, "permalink": null, "remoteId": null, "boardId": null,
        "attempt": 1, "error": null, "allowedActions": [], "version": 1,
    });
    let progress = json!({ "cursor": format!("c{}", n.unwrap_or(5)), "target": target, "event": n.map(event) });
    Act::Result(json!({ "targetProgress": progress }))
}

#[tokio::test]
async fn the_present_is_told_again_until_something_happens() {
    let (server, url) = Server::start(vec![
        vec![progress(1, None), Act::Drop],
        vec![
            progress(1, None),
            progress(2, None),
            progress(1, Some(6)),
            Act::Drop,
        ],
        vec![progress(2, Some(7)), Act::Complete],
    ])
    .await;
    let options = TargetFollowOptions::new().post_id("post_1");
    let steps: Vec<TargetProgress> = client(&url)
        .targets()
        .follow(options)
        .try_collect()
        .await
        .unwrap();
    let steps: Vec<_> = steps
        .iter()
        .map(|step| (step.target.id.as_str(), step.event.is_some()))
        .collect();
    assert_eq!(
        steps,
        [
            ("target_1", false),
            ("target_1", false),
            ("target_2", false),
            ("target_1", true),
            ("target_2", true)
        ]
    );
    assert_eq!(server.after(), [Value::Null, Value::Null, json!("c6")]);
}

#[tokio::test]
async fn what_takes_no_cursor_begins_anew() {
    let job = |done: u32| {
        let mut job = crate::bulk::job("RUNNING", 10);
        job["done"] = done.into();
        Act::Result(json!({ "bulkJobProgress": job }))
    };
    let (server, url) = Server::start(vec![
        vec![job(1), Act::Drop],
        vec![job(4), job(9), Act::Complete],
    ])
    .await;
    let jobs: Vec<BulkJob> = client(&url)
        .bulk_jobs()
        .follow("job_1")
        .try_collect()
        .await
        .unwrap();
    let done: Vec<i64> = jobs.iter().map(|job| job.done).collect();
    assert_eq!(done, [1, 4, 9]);
    assert_eq!(server.after(), [Value::Null, Value::Null]);
}

#[tokio::test]
async fn a_document_of_ones_own_ends_with_its_connection() {
    let (_, url) = Server::start(vec![vec![Act::Event(1), Act::Drop]]).await;
    let mut results = client(&url).subscribe("subscription { events { id } }", ());
    let first = results.next().await.unwrap().unwrap();
    assert_eq!(first["events"]["id"], "evt_1");
    let error = results.next().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error}");
    assert!(results.next().await.is_none());
}
