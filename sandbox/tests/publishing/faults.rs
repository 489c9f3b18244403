use chrono::TimeDelta;
use posthaste_core::{ErrorCode, Network, target::State};
use posthaste_engine::post::{self, Settlement};
use serde_json::json;

use crate::world::World;

/// Publishes one post on all four networks while `kind` hits each network's visible call once.
async fn once_each(kind: &str) -> (World, posthaste_core::ids::PostId) {
    let world = World::new().await;
    let connections = world.connect_all().await;
    let picture = world.picture().await;
    for network in Network::ALL {
        world
            .fault(json!({ "network": network.as_str(), "operation": "publish", "kind": kind }))
            .await;
    }
    world.work();
    let post = world.post("Only once.", &[picture], &connections).await;
    (world, post)
}

async fn published_once(kind: &str) {
    let (world, post) = once_each(kind).await;
    let targets = world.until(post, State::Published).await;
    let walls = world.walls("Only once.").await;
    assert_eq!(walls.len(), 4, "{kind}: {walls:#?}");
    for target in targets {
        let wall = walls
            .iter()
            .find(|wall| wall["network"] == target.network.as_str())
            .unwrap();
        assert_eq!(
            target.remote_id.as_deref(),
            wall["id"].as_str(),
            "{kind} {}",
            target.network
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_after_acceptance_is_read_back_as_published() {
    published_once("error_after").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_after_acceptance_is_read_back_as_published() {
    published_once("cut_after").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_answer_is_read_back_as_published() {
    published_once("truncate").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_before_acceptance_is_proved_absent_and_sent_again() {
    published_once("error_before").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_before_acceptance_is_proved_absent_and_sent_again() {
    published_once("cut_before").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_is_waited_out_without_using_up_a_try() {
    let world = World::new().await;
    let connections = [world.connect(Network::X, 0).await];
    let fault = json!({ "network": "X", "operation": "publish", "kind": "rate_limited", "retryAfterSeconds": 2 });
    world.fault(fault).await;
    world.work();
    let post = world.post("Patience.", &[], &connections).await;
    let targets = world.until(post, State::Published).await;
    assert_eq!(targets[0].attempt, 1);
    assert_eq!(world.walls("Patience.").await.len(), 1);
    let (attempts, _) = post::timeline(&world.app, &world.actor, &[targets[0].id])
        .await
        .unwrap();
    assert_eq!(
        attempts
            .iter()
            .map(|a| a.outcome.as_deref().unwrap())
            .collect::<Vec<_>>(),
        ["SCHEDULED", "PUBLISHED"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_told_apart_waits_for_a_person_who_settles_it() {
    let world = World::new().await;
    let connections = [world.connect(Network::X, 0).await];
    // Nobody reads back: the list fails for good.
    world
        .fault(json!({ "network": "X", "operation": "publish", "kind": "cut_after" }))
        .await;
    world
        .fault(
            json!({ "network": "X", "operation": "lookup", "kind": "error_before", "times": null }),
        )
        .await;
    world.work();
    let post = world.post("Who knows.", &[], &connections).await;
    for _ in 0..100 {
        if world.targets(post).await[0].state == State::Uncertain {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    world.clock.advance(TimeDelta::minutes(40));
    let held = world.until(post, State::Held).await.remove(0);
    assert_eq!(
        held.error_code.as_deref(),
        Some(ErrorCode::OutcomeUnknown.as_str())
    );

    let refused = post::retry(&world.app, &world.actor, held.id)
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::OutcomeUnknown);
    let live = Settlement::Live {
        permalink: Some("https://x.com/harborstreet/status/1".into()),
        remote_id: None,
    };
    let settled = post::settle(&world.app, &world.actor, held.id, live)
        .await
        .unwrap();
    assert_eq!(settled.state, State::Published);
    assert_eq!(world.walls("Who knows.").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_refused_as_duplicate_waits_for_a_person() {
    let world = World::new().await;
    let connections = [world.connect(Network::X, 0).await];
    world.work();
    let first = world.post("Said twice.", &[], &connections).await;
    let mut live = world.until(first, State::Published).await.remove(0);
    // Preflight would see it for a day; X remembers for longer.
    live.published_at = Some(world.app.now() - TimeDelta::hours(25));
    let mut conn = world.app.db.get().await.unwrap();
    posthaste_store::target::update(&mut conn, &mut live, State::Published)
        .await
        .unwrap();
    drop(conn);
    // X refuses the same text; the post of before is known as ours and so is not taken for this one.
    let second = world.post("Said twice.", &[], &connections).await;
    let held = world.until(second, State::Held).await;
    assert_eq!(
        held[0].error_code.as_deref(),
        Some(ErrorCode::PossibleDuplicate.as_str())
    );
    assert_eq!(world.walls("Said twice.").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_used_up_is_not_run_into() {
    let world = World::new().await;
    let connections = [world.connect(Network::X, 0).await];
    world
        .control
        .switch(json!({ "rateLimits": { "enabled": true } }))
        .await
        .unwrap();
    let mut posts = Vec::new();
    for number in 0..101 {
        posts.push(
            world
                .post(&format!("One of many {number}."), &[], &connections)
                .await,
        );
    }
    world.work();
    // 100 posts in a quarter of an hour are allowed; the answer to the last says that none is left.
    for post in &posts[..100] {
        world.until(*post, State::Published).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let last = world.targets(posts[100]).await.remove(0);
    assert_eq!((last.state, last.attempt), (State::Scheduled, 0));
    let lanes = posthaste_engine::connection::lanes(&world.app, &world.actor, &[connections[0].id])
        .await
        .unwrap();
    assert_eq!(lanes[0].block_reason.as_deref(), Some("rate limit"));
    assert!(lanes[0].blocked_until.unwrap() > world.app.now());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_outlives_a_database_that_drops_every_connection() {
    let world = World::new().await;
    let connections = [
        world.connect(Network::Facebook, 0).await,
        world.connect(Network::X, 0).await,
    ];
    for network in ["FACEBOOK", "X"] {
        let fault = json!({ "network": network, "operation": "publish", "kind": "delay_after", "delayMs": 1500 });
        world.fault(fault).await;
    }
    world.work();
    let post = world.post("Through the storm.", &[], &connections).await;
    world.until(post, State::Sending).await;
    world.drop_connections().await;
    let targets = world.until(post, State::Published).await;
    assert_eq!(world.walls("Through the storm.").await.len(), 2);
    // Known from the answers, not read back.
    let ids: Vec<_> = targets.iter().map(|target| target.id).collect();
    let (attempts, _) = post::timeline(&world.app, &world.actor, &ids)
        .await
        .unwrap();
    assert!(
        attempts.iter().all(|attempt| attempt.kind == "PUBLISH"),
        "{attempts:?}"
    );
}
