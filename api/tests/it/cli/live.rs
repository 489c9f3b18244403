//! Events, webhooks and documents of one's own.

use std::fs;

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use posthaste_core::Network;
use posthaste_sdk::webhook::Webhook;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{Desk, said, serve, text, written};

#[tokio::test(flavor = "multi_thread")]
async fn events_are_printed_from_a_cursor_on() {
    let desk = Desk::ready().await;
    let head = "{ workspace { eventsCursor } }";
    let head = desk.world.ask(head, json!({})).await["workspace"]["eventsCursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let id = written(&desk, "One").await;
    let tail = [
        "events",
        "tail",
        "--after",
        &head,
        "--type",
        "post.created",
        "--limit",
        "1",
    ];
    let event = desk.json(&tail).await;
    assert_eq!(
        (&event["type"], &event["postId"]),
        (&json!("POST_CREATED"), &json!(id))
    );
    let output = desk.run(&tail).await;
    let line = text(&output);
    assert!(
        line.starts_with("2027-01-04 08:00:00  post.created "),
        "{line}"
    );
    assert!(line.contains(&id), "{line}");
    let cursor = line.trim_end().rsplit("  ").next().unwrap();
    let next = desk
        .json(&["events", "tail", "--after", cursor, "--limit", "1"])
        .await;
    assert_eq!(next["type"], "TARGET_SCHEDULED");
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_reach_a_local_program_with_a_good_signature() {
    async fn hook(
        State(heard): State<UnboundedSender<(HeaderMap, Bytes)>>,
        headers: HeaderMap,
        body: Bytes,
    ) {
        heard.send((headers, body)).unwrap();
    }
    let desk = Desk::ready().await;
    let (sender, mut heard) = unbounded_channel();
    let receiver = Router::new().route("/hook", post(hook)).with_state(sender);
    let receiver = serve(receiver).await + "/hook";
    let listen = ["webhooks", "listen", "--forward-to", &receiver];
    let secret = text(&desk.run(&[&listen[..], &["--print-secret"]].concat()).await);
    assert!(secret.starts_with("whsec_"), "{secret}");

    let head = "{ workspace { eventsCursor } }";
    let head = desk.world.ask(head, json!({})).await["workspace"]["eventsCursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let id = written(&desk, "One").await;
    let more = ["--after", &head, "--type", "post.created", "--limit", "1"];
    let output = desk.run(&[&listen[..], &more].concat()).await;
    assert!(
        text(&output).starts_with("post.created  evt_"),
        "{}",
        text(&output)
    );
    assert!(
        said(&output).contains(secret.trim()),
        "the secret stays the same"
    );

    let (headers, body) = heard.recv().await.unwrap();
    let message = Webhook::new(secret.trim())
        .unwrap()
        .verify(&body, &headers)
        .unwrap();
    assert_eq!(message.kind, "post.created");
    assert_eq!(message.data["postId"], id.as_str());
    assert!(message.id.starts_with("evt_"));

    let nobody = [
        "webhooks",
        "listen",
        "--forward-to",
        "http://127.0.0.1:9/hook",
    ];
    let output = desk.run(&[&nobody[..], &more].concat()).await;
    assert!(
        output.status.success() && text(&output).contains("not received"),
        "{}",
        text(&output)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn any_document_can_be_sent() {
    let desk = Desk::ready().await;
    let output = desk.run(&["graphql", "{ viewer { role } }"]).await;
    assert_eq!(
        serde_json::from_slice::<Value>(&output.stdout).unwrap(),
        json!({ "viewer": { "role": "EDITOR" } })
    );
    fs::write(
        desk.home.path().join("q.graphql"),
        "query($first: Int!, $networks: [Network!]) { connections(first: $first, filter: { networks: $networks }) { nodes { id } } }",
    )
    .unwrap();
    let variables = ["-v", "first=2", "-v", "networks=[\"X\"]"];
    let output = desk
        .run(&[&["graphql", "-f", "q.graphql"], &variables[..]].concat())
        .await;
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        answer["connections"]["nodes"],
        json!([{ "id": desk.world.home.on(Network::X) }])
    );

    let (code, said) = desk.fails(&["graphql", "{ nothing }"]).await;
    assert_eq!(code, 1);
    assert!(said.starts_with("posthaste: BAD_REQUEST: "), "{said}");

    let id = written(&desk, "One").await;
    let cancel =
        format!("mutation {{ postCancel(input: {{ id: \"{id}\" }}) {{ errors {{ code }} }} }}");
    assert!(desk.run(&["graphql", &cancel]).await.status.success());
    let follow =
        format!("subscription {{ targetProgress(postId: \"{id}\") {{ target {{ state }} }} }}");
    let output = desk.run(&["graphql", &follow]).await;
    assert_eq!(
        text(&output),
        "{\"targetProgress\":{\"target\":{\"state\":\"CANCELLED\"}}}\n"
    );
}
