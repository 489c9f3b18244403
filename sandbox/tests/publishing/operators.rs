//! What operators see and do: counts of a known run, a worker that stops, the breaker of a line.

use std::time::Duration;

use chrono::TimeDelta;
use posthaste_core::{
    Network,
    ids::PostId,
    target::{State, Timing},
};
use posthaste_engine::{connection, post};
use posthaste_sandbox::setup::quick_timing;
use posthaste_store::{
    connection::Connection,
    lane::{self, Lane},
    target::Target,
};
use posthaste_testkit::samples;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::world::World;

async fn lane_of(world: &World, target: &Target) -> Lane {
    let mut conn = world.app.db.get().await.unwrap();
    lane::get(&mut conn, world.actor.workspace, target.connection_id)
        .await
        .unwrap()
}

/// How the tries of a post's only target ended; none while one goes on.
async fn outcomes(world: &World, target: &Target) -> Vec<Option<String>> {
    let (attempts, _) = post::timeline(&world.app, &world.actor, &[target.id])
        .await
        .unwrap();
    attempts
        .into_iter()
        .map(|attempt| attempt.outcome)
        .collect()
}

/// Waits until so many tries have ended.
async fn until_tried(world: &World, post: PostId, times: usize) -> Target {
    for _ in 0..400 {
        let target = world.targets(post).await.remove(0);
        let ended = outcomes(world, &target).await;
        if ended.iter().flatten().count() == times {
            return world.targets(post).await.remove(0);
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{:#?}", world.targets(post).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_counts_what_came_of_each_try() {
    let world = World::new().await;
    let x = [world.connect(Network::X, 0).await];
    let facebook = [world.connect(Network::Facebook, 0).await];
    world.fault(json!({ "network": "X", "operation": "publish", "kind": "rate_limited", "retryAfterSeconds": 1 })).await;
    world
        .fault(json!({ "network": "FACEBOOK", "operation": "publish", "kind": "cut_after" }))
        .await;
    world.work();
    for (text, connections) in [("On X.", &x), ("On Facebook.", &facebook)] {
        let post = world.post(text, &[], connections).await;
        world.until(post, State::Published).await;
    }
    let text = world.app.telemetry.text(&world.app).await.unwrap();
    let samples = samples(&text);
    let publishing: Vec<_> = samples
        .iter()
        .filter(|(name, _)| {
            name.starts_with("publish_") && !name.contains("_bucket{") && !name.contains("_sum")
        })
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    let expected = [
        ("publish_fenced_writes_total", 0.0),
        ("publish_lateness_seconds_count", 2.0),
        (
            "publish_outcomes_total{network=\"FACEBOOK\",outcome=\"PUBLISHED\",class=\"none\"}",
            1.0,
        ),
        (
            "publish_outcomes_total{network=\"FACEBOOK\",outcome=\"UNCERTAIN\",class=\"OUTCOME_UNKNOWN\"}",
            1.0,
        ),
        (
            "publish_outcomes_total{network=\"X\",outcome=\"PUBLISHED\",class=\"none\"}",
            1.0,
        ),
        (
            "publish_outcomes_total{network=\"X\",outcome=\"SCHEDULED\",class=\"NETWORK_RATE_LIMITED\"}",
            1.0,
        ),
        ("publish_reconcile_total{result=\"found\"}", 1.0),
        ("publish_uncertain", 0.0),
        ("publish_uncertain_oldest_due_seconds", 0.0),
    ];
    assert_eq!(publishing, expected);
    let within_an_hour = "publish_lateness_seconds_bucket{le=\"3600.0\"}";
    assert_eq!(samples.get(within_an_hour), Some(&2.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_gives_back_at_once_what_was_not_sent() {
    let timing = Timing {
        call: Duration::from_millis(600),
        ..quick_timing()
    };
    let world = World::with_timing(timing).await;
    let connections = [world.connect(Network::Instagram, 0).await];
    let picture = world.picture().await;
    world.fault(json!({ "network": "INSTAGRAM", "operation": "prepare", "kind": "delay", "delayMs": 20_000 })).await;
    let stop = CancellationToken::new();
    let worker = world.work_until(stop.clone());
    let post = world.post("Half done.", &[picture], &connections).await;
    world.until(post, State::Claimed).await;
    stop.cancel();
    worker.await.unwrap();
    let target = world.targets(post).await.remove(0);
    assert_eq!((target.state, target.attempt), (State::Scheduled, 0));
    let lane = lane_of(&world, &target).await;
    assert_eq!((lane.busy_until, lane.next_due_at), (None, target.due_at));
    assert_eq!(lane.block_reason.as_deref(), Some("drained"));
    assert!(lane.blocked_until.unwrap() <= world.app.now());
    world.work();
    let targets = world.until(post, State::Published).await;
    assert_eq!(targets[0].attempt, 1);
    assert_eq!(world.walls("Half done.").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_whose_network_fails_five_times_is_probed_and_no_try_is_used() {
    let world = World::new().await;
    let connections = [world.connect(Network::Instagram, 0).await];
    let picture = world.picture().await;
    world.fault(json!({ "network": "INSTAGRAM", "operation": "prepare", "kind": "error_before", "times": 6 })).await;
    world.work();
    let post = world.post("Patience.", &[picture], &connections).await;
    for (tries, attempt, reason) in [
        (1, 1, "retry"),
        (2, 2, "retry"),
        (3, 3, "retry"),
        (4, 4, "retry"),
        (5, 4, "breaker"),
        (6, 4, "breaker"),
    ] {
        let target = until_tried(&world, post, tries).await;
        assert_eq!(
            (target.state, target.attempt),
            (State::Scheduled, attempt),
            "{tries}"
        );
        let lane = lane_of(&world, &target).await;
        assert_eq!(lane.block_reason.as_deref(), Some(reason), "{tries}");
        let wait = lane.blocked_until.unwrap() - world.app.now();
        if reason == "breaker" {
            assert!(wait <= TimeDelta::seconds(15), "{wait}");
        }
        world.clock.advance(wait);
    }
    let target = world.until(post, State::Published).await.remove(0);
    assert_eq!(target.attempt, 5);
    assert_eq!(outcomes(&world, &target).await.len(), 7);
}

/// An account whose next preparation takes two seconds, and a post that is being prepared for it.
async fn in_preparation(world: &World, text: &str) -> (Connection, PostId) {
    let row = world.connect(Network::Instagram, 0).await;
    let picture = world.picture().await;
    world.fault(json!({ "network": "INSTAGRAM", "operation": "prepare", "kind": "delay", "delayMs": 2_000 })).await;
    world.work();
    let post = world
        .post(text, &[picture], std::slice::from_ref(&row))
        .await;
    world.until(post, State::Claimed).await;
    (row, post)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_prepared_can_be_taken_back_and_the_line_goes_on() {
    let world = World::new().await;
    let (row, post) = in_preparation(&world, "A mistake.").await;
    post::cancel(&world.app, &world.actor, post, None)
        .await
        .unwrap();
    let cancelled = world.targets(post).await.remove(0);
    assert_eq!(cancelled.state, State::Cancelled);
    assert_eq!(
        outcomes(&world, &cancelled).await,
        [Some("CANCELLED".to_owned())]
    );
    let picture = world.picture().await;
    let next = world.post("Put right.", &[picture], &[row]).await;
    world.until(next, State::Published).await;
    assert_eq!(world.targets(post).await[0].state, State::Cancelled);
    assert_eq!(world.walls("A mistake.").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_stops_what_is_being_prepared_until_it_is_over() {
    let world = World::new().await;
    let (row, post) = in_preparation(&world, "Not yet.").await;
    connection::pause(&world.app, &world.actor, row.id)
        .await
        .unwrap();
    let waiting = world.until(post, State::Scheduled).await.remove(0);
    assert_eq!(waiting.attempt, 0);
    assert_eq!(world.walls("Not yet.").await.len(), 0);
    connection::resume(&world.app, &world.actor, row.id)
        .await
        .unwrap();
    world.until(post, State::Published).await;
    assert_eq!(world.walls("Not yet.").await.len(), 1);
}
