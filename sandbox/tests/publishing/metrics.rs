use chrono::TimeDelta;
use posthaste_core::{metric::Metric, target::State};
use posthaste_engine::metric;
use posthaste_store::{metric::TargetMetrics, target::Target};
use serde_json::json;

use crate::world::World;

/// The figures of targets, in their order, once none is due any more.
async fn read(world: &World, targets: &[Target]) -> Vec<TargetMetrics> {
    let ids: Vec<_> = targets.iter().map(|target| target.id).collect();
    for _ in 0..400 {
        let mut rows = metric::of_targets(&world.app, &world.actor, &ids)
            .await
            .unwrap();
        let due = |row: &TargetMetrics| row.due_at.is_some_and(|due| due <= world.app.now());
        if rows.len() == ids.len() && !rows.iter().any(due) {
            rows.sort_by_key(|row| ids.iter().position(|id| *id == row.target_id));
            return rows;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("not all figures were read");
}

/// Moves both our clock and the networks'.
async fn advance(world: &World, by: TimeDelta) {
    let order = json!({ "advanceSeconds": by.num_seconds() });
    world.control.post("clock", order).await.unwrap();
    world.clock.advance(by);
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_every_network_come_by_themselves_and_grow() {
    let world = World::new().await;
    let connections = world.connect_all().await;
    let picture = world.picture().await;
    world.work();
    let post = world.post("How do we do?", &[picture], &connections).await;
    let targets = world.until(post, State::Published).await;
    let new = read(&world, &targets).await;
    assert!(new.iter().all(|row| row.read_at.is_none()));

    // The access of some ends meanwhile, and a network is busy at first.
    world
        .fault(json!({ "network": "PINTEREST", "operation": "metrics", "kind": "rate_limited", "retryAfterSeconds": 1 }))
        .await;
    advance(&world, TimeDelta::hours(30)).await;
    let first = read(&world, &targets).await;
    advance(&world, TimeDelta::days(8)).await;
    let second = read(&world, &targets).await;
    for (target, (before, after)) in targets.iter().zip(first.iter().zip(&second)) {
        assert_eq!(after.error_message, None, "{}", target.network);
        let connector = posthaste_connectors::connector(target.network);
        for metric in connector.capabilities().metrics.gives {
            let figure = after.metrics().get(*metric);
            if *metric != Metric::VideoViews {
                assert!(figure.is_some(), "{} {metric:?}", target.network);
            }
            assert!(figure >= before.metrics().get(*metric));
        }
        assert!(after.metrics().views > Some(0));
        assert!(after.due_at.is_some() && after.read_at > before.read_at);
    }
    assert_eq!(world.walls("How do we do?").await.len(), 4);
}
