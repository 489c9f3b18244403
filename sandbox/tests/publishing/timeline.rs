//! What the timeline tells of real exchanges with the simulated networks.

use posthaste_core::{Network, connector::TokenSet, ports::Place, secret::Secret, target::State};
use posthaste_engine::post;
use posthaste_sandbox::setup::credentials;
use posthaste_store::{connection::Connection, target::Target, timeline::Step};
use serde_json::json;

use crate::world::World;

async fn steps(world: &World, target: &Target) -> Vec<Step> {
    let (_, steps) = post::timeline(&world.app, &world.actor, &[target.id])
        .await
        .unwrap();
    steps
}

/// Everything that must not be read in a timeline.
async fn secrets(world: &World, row: &Connection) -> Vec<Secret> {
    let place = Place {
        table: "connections",
        column: "tokens",
        workspace: row.workspace_id,
        row: row.id.to_string(),
    };
    let sealed = row.tokens.as_deref().unwrap();
    let tokens = world.app.cipher.open(sealed, &place).await.unwrap();
    let tokens: TokenSet = serde_json::from_slice(&tokens).unwrap();
    let all = [Some(tokens.access), tokens.refresh];
    let app = credentials(row.network).secret;
    all.into_iter().flatten().chain([app]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_told_without_a_secret_and_without_the_words_of_the_post() {
    let world = World::new().await;
    let connections = world.connect_all().await;
    let picture = world.picture().await;
    world.work();
    let post = world
        .post("Whispered bread.", &[picture], &connections)
        .await;
    for target in world.until(post, State::Published).await {
        let steps = steps(&world, &target).await;
        let whole: String = steps
            .iter()
            .map(|step| format!("{} {} {}", step.kind, step.message, step.detail.0))
            .collect::<Vec<_>>()
            .join("\n");
        let row = connections
            .iter()
            .find(|row| row.id == target.connection_id)
            .unwrap();
        for secret in secrets(&world, row).await {
            assert!(!whole.contains(secret.expose()), "{whole}");
        }
        for words in ["Whispered", "The harbor at dawn", "harborstreet.example"] {
            assert!(!whole.contains(words), "{words} in {whole}");
        }
        let visible: Vec<_> = steps
            .iter()
            .filter(|step| step.detail.0["visible"] == json!(true))
            .collect();
        assert_eq!(visible.len(), 1, "{whole}");
        let call = &visible[0].detail.0;
        let status = call["status"].as_u64().unwrap();
        assert!((200..300).contains(&status), "{whole}");
        if target.network == Network::X {
            let text = call["sent"]["json"]["text"].as_str().unwrap();
            assert!(text.ends_with(" characters"), "{whole}");
            assert_eq!(call["answer"]["data"]["id"], json!(target.remote_id));
        }
        let told: Vec<&str> = steps.iter().map(|step| step.kind.as_str()).collect();
        assert_eq!(told[..2], ["SCHEDULED", "CLAIMED"], "{whole}");
        assert_eq!(told.last(), Some(&"PUBLISHED"), "{whole}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_and_the_wait_after_it_are_told() {
    let world = World::new().await;
    let connections = [world.connect(Network::X, 0).await];
    let fault = json!({ "network": "X", "operation": "publish", "kind": "rate_limited", "retryAfterSeconds": 3 });
    world.fault(fault).await;
    world.work();
    let post = world.post("Too much.", &[], &connections).await;
    let target = world.until(post, State::Published).await.remove(0);
    let steps = steps(&world, &target).await;
    let messages = |kind: &str| -> Vec<&str> {
        let of_kind = steps.iter().filter(|step| step.kind == kind);
        of_kind.map(|step| step.message.as_str()).collect()
    };
    let refused = steps
        .iter()
        .find(|step| step.detail.0["status"] == json!(429))
        .unwrap();
    assert!(
        refused.detail.0["answer"].is_object(),
        "{}",
        refused.detail.0
    );
    let retrying = messages("RETRYING");
    assert_eq!(retrying.len(), 1, "{retrying:?}");
    assert!(retrying[0].contains(" waits "), "{retrying:?}");
    assert!(retrying[0].ends_with(": rate limit."), "{retrying:?}");
    let claimed = messages("CLAIMED");
    assert_eq!(claimed.len(), 2, "{claimed:?}");
    assert!(claimed[1].contains(" waited until "), "{claimed:?}");
    assert!(claimed[1].ends_with(" (rate limit)."), "{claimed:?}");
}
