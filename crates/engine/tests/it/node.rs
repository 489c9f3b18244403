//! Processes: signs of life, lost ones, draining.

use std::time::Duration;

use chrono::TimeDelta;
use posthaste_core::{ErrorCode, ids::NodeId};
use posthaste_engine::{
    App,
    node::{self, Me, Node, Role},
};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::world::World;

/// A process that says that it lives.
struct Living {
    me: Me,
    draining: watch::Receiver<bool>,
    drained: watch::Sender<bool>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Living {
    async fn begin(app: &App, role: Role, host: &str) -> Self {
        let me = Me::new(app, role, host);
        let (sender, draining) = watch::channel(false);
        let (drained, handed_over) = watch::channel(false);
        let stop = CancellationToken::new();
        let task = tokio::spawn(node::run(
            app.clone(),
            me.clone(),
            sender,
            handed_over,
            stop.clone(),
        ));
        let id = me.id;
        until(app, |nodes| nodes.iter().any(|node| node.id() == id)).await;
        Self {
            me,
            draining,
            drained,
            stop,
            task,
        }
    }

    async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// Waits until the processes stand so.
async fn until(app: &App, wanted: impl Fn(&[Node]) -> bool) -> Vec<Node> {
    for _ in 0..400 {
        let nodes = node::all(app).await.unwrap();
        if wanted(&nodes) {
            return nodes;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{:#?}", node::all(app).await.unwrap());
}

#[tokio::test]
async fn a_process_is_known_while_it_lives_and_takes_its_leave() {
    let world = World::new().await;
    let worker = Living::begin(&world.app, Role::Worker, "one").await;
    let serve = Living::begin(&world.app, Role::Serve, "one").await;
    let nodes = node::all(&world.app).await.unwrap();
    let shown: Vec<_> = nodes
        .iter()
        .map(|node| (node.role.as_str(), node.host.as_str(), node.id()))
        .collect();
    assert_eq!(
        shown,
        [
            ("SERVE", "one", serve.me.id),
            ("WORKER", "one", worker.me.id)
        ]
    );
    assert_eq!(nodes[0].version, env!("CARGO_PKG_VERSION"));
    worker.end().await;
    serve.end().await;
    assert!(node::all(&world.app).await.unwrap().is_empty());
}

/// As if a process had been silent for longer.
async fn silence(world: &World, id: NodeId, seconds: u32) {
    let id = id.uuid();
    let older =
        format!("UPDATE nodes SET seen_at = seen_at - interval '{seconds} s' WHERE id = '{id}'");
    world.sql(&older).await;
}

#[tokio::test]
async fn one_that_gives_no_sign_of_life_is_found_lost_once() {
    let world = World::new().await;
    let gone = Living::begin(&world.app, Role::Worker, "gone").await;
    gone.task.abort();
    silence(&world, gone.me.id, 50).await;
    let first = Living::begin(&world.app, Role::Worker, "here").await;
    until(&world.app, |nodes| nodes[0].lost_at.is_none()).await;
    silence(&world, gone.me.id, 41).await;
    let second = Living::begin(&world.app, Role::Serve, "here").await;
    let nodes = until(&world.app, |nodes| nodes[0].lost_at.is_some()).await;
    assert_eq!(nodes[0].id(), gone.me.id);
    assert!(nodes[0].silent_seconds >= 91, "{nodes:#?}");
    let text = world.app.telemetry.text(&world.app).await.unwrap();
    assert!(text.contains("\nnodes_lost_total 1\n"), "{text}");
    assert!(
        text.contains("nodes{role=\"WORKER\",state=\"LOST\"} 1"),
        "{text}"
    );
    let refused = node::drain(&world.app, &[gone.me.id], true).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::NotFound);
    first.end().await;
    second.end().await;
    silence(&world, gone.me.id, 86_400).await;
    let third = Living::begin(&world.app, Role::Serve, "here").await;
    until(&world.app, |nodes| nodes.len() == 1).await;
    third.end().await;
}

#[tokio::test]
async fn an_operator_may_forget_who_is_lost() {
    let world = World::new().await;
    let gone = Living::begin(&world.app, Role::Worker, "gone").await;
    gone.task.abort();
    assert_eq!(node::forget_lost(&world.app).await.unwrap(), 0);
    silence(&world, gone.me.id, 91).await;
    let here = Living::begin(&world.app, Role::Worker, "here").await;
    until(&world.app, |nodes| nodes[0].lost_at.is_some()).await;
    assert_eq!(node::forget_lost(&world.app).await.unwrap(), 1);
    let nodes = node::all(&world.app).await.unwrap();
    assert_eq!(nodes.len(), 1);
    assert_eq!(nodes[0].id(), here.me.id);
    here.end().await;
}

#[tokio::test]
async fn a_wrong_clock_takes_nobody_for_lost() {
    let world = World::sweeping(Duration::from_millis(20)).await;
    let one = Living::begin(&world.app, Role::Worker, "one").await;
    for wrong in [TimeDelta::days(2), TimeDelta::days(-4)] {
        world.clock.advance(wrong);
        let other = Living::begin(&world.app, Role::Serve, "other").await;
        let before = node::all(&world.app).await.unwrap();
        // Both have looked around since.
        let nodes = until(&world.app, |nodes| {
            nodes
                .iter()
                .zip(&before)
                .all(|(now, then)| now.seen_at > then.seen_at)
        });
        assert!(nodes.await.iter().all(|node| node.lost_at.is_none()));
        other.end().await;
    }
    let text = world.app.telemetry.text(&world.app).await.unwrap();
    assert!(text.contains("\nnodes_lost_total 0\n"), "{text}");
    one.end().await;
}

#[tokio::test]
async fn a_process_learns_that_it_should_hand_over_and_that_it_should_go_on() {
    let world = World::sweeping(Duration::from_millis(50)).await;
    let mut worker = Living::begin(&world.app, Role::Worker, "one").await;
    let ids = [worker.me.id];
    let asked = node::drain(&world.app, &ids, true).await.unwrap();
    assert_eq!(asked.len(), 1);
    assert!(
        node::drain(&world.app, &ids, true)
            .await
            .unwrap()
            .is_empty()
    );
    worker.draining.wait_for(|asked| *asked).await.unwrap();
    assert_eq!(node::all(&world.app).await.unwrap()[0].drained_at, None);
    worker.drained.send_replace(true);
    until(&world.app, |nodes| nodes[0].drained_at.is_some()).await;
    // Forgotten meanwhile, it stays drained.
    world.sql("DELETE FROM nodes").await;
    let drained = |nodes: &[Node]| nodes.len() == 1 && nodes[0].drained_at.is_some();
    until(&world.app, drained).await;
    assert!(*worker.draining.borrow());

    assert_eq!(node::drain(&world.app, &ids, false).await.unwrap().len(), 1);
    worker.draining.wait_for(|asked| !*asked).await.unwrap();
    // What it said before is void: it goes on.
    assert_eq!(node::all(&world.app).await.unwrap()[0].drained_at, None);

    let unknown = NodeId::new(&*world.app.clock, &*world.app.random);
    let refused = node::drain(&world.app, &[worker.me.id, unknown], true).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(node::all(&world.app).await.unwrap()[0].drain_asked_at, None);
    worker.end().await;
}
