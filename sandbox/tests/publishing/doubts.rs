//! What is looked for when nobody knows whether a post is live.

use std::time::Duration;

use posthaste_core::{
    Network,
    ids::PostId,
    target::{State, Timing},
};
use posthaste_engine::connection::{self, Change};
use posthaste_sandbox::setup::quick_timing;
use serde_json::json;

use crate::world::World;

async fn until_uncertain(world: &World, post: PostId) {
    for _ in 0..200 {
        if world.targets(post).await[0].state == State::Uncertain {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never became uncertain");
}

/// The board of before is where the pin is; the one of now would prove an absence that is none.
#[tokio::test(flavor = "multi_thread")]
async fn a_pin_is_looked_for_on_the_board_it_was_sent_to() {
    let world = World::with_timing(Timing {
        settle: Some(Duration::from_secs(2)),
        ..quick_timing()
    })
    .await;
    let row = world.connect(Network::Pinterest, 0).await;
    let boards = connection::destinations(&world.app, &world.actor, &row)
        .await
        .unwrap();
    let other = boards
        .into_iter()
        .find(|board| row.default_destination.as_ref() != Some(&board.id))
        .unwrap();
    let fault = json!({ "network": "PINTEREST", "operation": "publish", "kind": "cut_after" });
    world.fault(fault).await;
    let picture = world.picture().await;
    let connections = [row.clone()];
    world.work();
    let post = world.post("Pinned once.", &[picture], &connections).await;
    until_uncertain(&world, post).await;
    let mut conn = world.app.db.get().await.unwrap();
    let row = posthaste_store::connection::get(&mut conn, world.actor.workspace, row.id)
        .await
        .unwrap();
    drop(conn);
    let change = Change {
        default_destination: Some(Some(other.id)),
        ..Change::default()
    };
    connection::update(&world.app, &world.actor, row.id, row.version, change)
        .await
        .unwrap();
    world.until(post, State::Published).await;
    assert_eq!(world.walls("Pinned once.").await.len(), 1);
}
