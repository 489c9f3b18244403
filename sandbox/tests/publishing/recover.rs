//! The database lost its newest writes: what is live looks as if it had never been sent.

use chrono::TimeDelta;
use posthaste_core::{ErrorCode, Network, target::State};
use posthaste_engine::{
    post::{self, Settlement},
    publish,
};
use serde_json::json;

use crate::world::World;

/// What a standby without the last minutes would know: never claimed, never sent.
const LOST: &str = "
    ALTER TABLE targets DISABLE TRIGGER targets_state_machine;
    UPDATE targets SET state = 'SCHEDULED', attempt = 0, token = 0, remote_id = NULL, permalink = NULL, published_at = NULL, intent = NULL,
        progress = NULL, misses = 0, reconcile_after = NULL, version = version + 1;
    ALTER TABLE targets ENABLE TRIGGER targets_state_machine;
    DELETE FROM attempts;
    DELETE FROM steps;
    DELETE FROM target_metrics;
    UPDATE lanes SET worker = NULL, busy_until = NULL, next_due_at = (SELECT min(due_at) FROM targets t WHERE t.connection_id = lanes.connection_id);";

const PROMOTED: &str = "UPDATE database_incarnation SET known = '00000000/1/1';";

async fn write(world: &World, sql: &str) {
    let (client, connection) = world.app.db.address().wire().await.unwrap();
    tokio::spawn(connection);
    client
        .batch_execute(&format!("BEGIN; {sql} COMMIT"))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failover_what_is_live_is_found_and_what_is_not_is_sent_once() {
    let mut world = World::new().await;
    let connections = world.connect_all().await;
    let picture = world.picture().await;
    world.work();
    let mut live = Vec::new();
    for text in ["The first one.", "The second one."] {
        let post = world.post(text, &[picture], &connections).await;
        live.push((text, post, world.until(post, State::Published).await));
    }
    world.rest().await;
    let unsent = world.post("Not sent yet.", &[picture], &connections).await;
    write(&world, &format!("{LOST} {PROMOTED}")).await;
    world.work();

    for (text, post, before) in &live {
        let after = world.until(*post, State::Published).await;
        let ids = |targets: &[posthaste_store::target::Target]| {
            let ids = targets.iter().map(|target| target.remote_id.clone());
            ids.collect::<Vec<_>>()
        };
        assert_eq!(ids(&after), ids(before), "{text}");
        assert_eq!(world.walls(text).await.len(), 4, "{text}");
    }
    let sent = world.until(unsent, State::Published).await;
    assert_eq!(world.walls("Not sent yet.").await.len(), 4);
    for target in sent {
        assert_eq!((target.attempt, target.read_back_from), (1, None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_dump_is_read_back_when_a_person_says_so() {
    let mut world = World::new().await;
    let connections = [world.connect(Network::X, 0).await];
    world.work();
    let post = world.post("Restored.", &[], &connections).await;
    let live = world.until(post, State::Published).await.remove(0);
    world.rest().await;
    // The same cluster and timeline, so nothing is noticed.
    write(&world, LOST).await;
    let since = live.due_at.unwrap() - TimeDelta::minutes(10);
    assert_eq!(publish::recover(&world.app, since).await.unwrap(), 1);
    let marked = world.targets(post).await.remove(0);
    assert_eq!(marked.read_back_from, Some(since));
    world.work();
    let found = world.until(post, State::Published).await.remove(0);
    assert_eq!(found.remote_id, live.remote_id);
    assert_eq!(world.walls("Restored.").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_dropped_in_doubt_is_looked_for_when_it_is_scheduled_again() {
    let world = World::new().await;
    let connections = [world.connect(Network::Facebook, 0).await];
    for (operation, kind, times) in [("publish", "cut_after", 1), ("lookup", "revoke_token", 1)] {
        let fault =
            json!({ "network": "FACEBOOK", "operation": operation, "kind": kind, "times": times });
        world.fault(fault).await;
    }
    world.work();
    let post = world.post("In doubt.", &[], &connections).await;
    let held = world.until(post, State::Held).await.remove(0);
    assert_eq!(
        held.error_code.as_deref(),
        Some(ErrorCode::OutcomeUnknown.as_str())
    );
    post::settle(&world.app, &world.actor, held.id, Settlement::Drop)
        .await
        .unwrap();
    world.connect(Network::Facebook, 0).await;
    post::publish_now(&world.app, &world.actor, post, None, None)
        .await
        .unwrap();
    let found = world.until(post, State::Published).await.remove(0);
    let walls = world.walls("In doubt.").await;
    assert_eq!(walls.len(), 1);
    assert_eq!(found.remote_id.as_deref(), walls[0]["id"].as_str());
}
