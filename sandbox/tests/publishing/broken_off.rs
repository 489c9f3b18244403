//! Tries that our own trouble breaks off.

use std::{fs, time::Duration};

use posthaste_core::{
    Network,
    ids::NodeId,
    target::{State, Timing},
};
use posthaste_engine::{
    post,
    publish::{Settings, run_as},
};
use posthaste_sandbox::setup::quick_timing;
use posthaste_store::publish;
use tokio_util::sync::CancellationToken;

use crate::world::World;

/// A worker keeps the leases of what it works on; not of what it claimed without hearing of it, or a
/// post would stay claimed for as long as the worker runs.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_living_worker_does_not_know_to_be_its_own_is_taken_up_again() {
    let world = World::with_timing(Timing {
        lease: Duration::from_secs(1),
        ..quick_timing()
    })
    .await;
    let connections = [world.connect(Network::X, 0).await];
    let id = world.post("No oven today.", &[], &connections).await;
    let target = world.targets(id).await[0].id;

    let (app, worker) = (
        &world.app,
        NodeId::new(&*world.app.clock, &*world.app.random),
    );
    let mut tx = app.db.begin().await.unwrap();
    let lease_until = app.now() + app.timing.lease;
    let claimed = publish::claim(&mut tx, worker, &Network::ALL, 1, app.now(), lease_until)
        .await
        .unwrap();
    assert_eq!(claimed.len(), 1);
    tx.commit().await.unwrap();

    let settings = Settings {
        guarded: false,
        ..Settings::default()
    };
    let stop = CancellationToken::new();
    tokio::spawn(run_as(worker, app.clone(), settings, stop.clone()));
    world.until(id, State::Published).await;
    stop.cancel();
    assert!(
        steps(&world, target)
            .await
            .contains(&"LEASE_LOST".to_owned())
    );
    assert_eq!(world.walls("No oven today.").await.len(), 1);
}

/// Media that cannot be read for a while are told, and the post waits for its next try.
#[tokio::test(flavor = "multi_thread")]
async fn media_that_cannot_be_read_are_told_and_the_post_waits() {
    let world = World::new().await;
    let connections = [world.connect(Network::X, 0).await];
    let picture = world.picture().await;
    let (media, away) = (
        world.files.path().join("media"),
        world.files.path().join("away"),
    );
    fs::rename(&media, &away).unwrap();
    world.work();
    let id = world.post("No oven today.", &[picture], &connections).await;
    let target = world.targets(id).await[0].id;
    while !steps(&world, target).await.contains(&"RETRYING".to_owned()) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let waiting = world.targets(id).await.remove(0);
    assert_eq!(waiting.state, State::Scheduled);
    assert_eq!(waiting.attempt, 1);
    assert!(waiting.error_message.is_some());
}

async fn steps(world: &World, target: posthaste_core::ids::TargetId) -> Vec<String> {
    let (_, steps) = post::timeline(&world.app, &world.actor, &[target])
        .await
        .unwrap();
    steps.into_iter().map(|step| step.kind).collect()
}
