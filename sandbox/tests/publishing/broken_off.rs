//! Tries that our own trouble breaks off.

use std::{fs, time::Duration};

use posthaste_core::{
    Network,
    target::{State, Timing},
};
use posthaste_engine::post;
use posthaste_sandbox::setup::quick_timing;

use crate::world::World;

/// The worker lives on and keeps the leases of what it works on; not of what it gave up, or a post
/// would stay claimed for as long as the worker runs.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_living_worker_broke_off_is_taken_up_again() {
    let world = World::with_timing(Timing {
        lease: Duration::from_secs(1),
        ..quick_timing()
    })
    .await;
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
    let mut tries = 0;
    while !steps(&world, target)
        .await
        .contains(&"LEASE_LOST".to_owned())
    {
        tries += 1;
        assert!(tries < 200, "{:?}", steps(&world, target).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let _ = fs::remove_dir_all(&media);
    fs::rename(&away, &media).unwrap();
    world.until(id, State::Published).await;
    assert_eq!(world.walls("No oven today.").await.len(), 1);
}

async fn steps(world: &World, target: posthaste_core::ids::TargetId) -> Vec<String> {
    let (_, steps) = post::timeline(&world.app, &world.actor, &[target])
        .await
        .unwrap();
    steps.into_iter().map(|step| step.kind).collect()
}
