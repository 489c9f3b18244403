//! How long the logs are kept.

use chrono::TimeDelta;
use posthaste_core::{ErrorCode, Provenance, access::Role, event::EventType, ids::EventId};
use posthaste_engine::{
    event as log,
    retention::{self, Retention},
};
use posthaste_store::{
    event::{self, Filter, NewEvent},
    partition::{self, EVENTS, STEPS},
};

use crate::world::World;

const POLICY: Retention = Retention {
    events: 2,
    timelines: 0,
};

impl World {
    async fn create_post(&self) {
        let new = NewEvent {
            id: EventId::new(&self.clock, &*self.app.random),
            at: self.app.now(),
            kind: EventType::PostCreated,
            post: None,
            target: None,
            connection: None,
            media: None,
            provenance: Provenance::System,
            data: serde_json::json!({}),
        };
        let mut conn = self.db().get().await.unwrap();
        event::append(&mut conn, self.workspace, &[new])
            .await
            .unwrap();
    }

    async fn partitions(&self, log: &partition::Log) -> Vec<String> {
        let mut conn = self.db().get().await.unwrap();
        let partitions = partition::list(&mut conn, log).await.unwrap();
        partitions.into_iter().map(|one| one.name).collect()
    }
}

#[tokio::test]
async fn months_are_made_ahead_and_dropped_by_policy() {
    let world = World::new().await;
    retention::sweep(&world.app, POLICY).await.unwrap();
    let made = [
        "events_2027_02",
        "events_2027_03",
        "events_2027_04",
        "events_rest",
    ];
    assert_eq!(world.partitions(&EVENTS).await, made);

    // February is two months old as a whole on 1 May.
    world.clock.advance(TimeDelta::days(116));
    retention::sweep(&world.app, POLICY).await.unwrap();
    assert_eq!(world.partitions(&EVENTS).await[..3], made[..3]);
    world.clock.advance(TimeDelta::days(1));
    retention::sweep(&world.app, POLICY).await.unwrap();
    let kept = [
        "events_2027_03",
        "events_2027_04",
        "events_2027_05",
        "events_2027_06",
        "events_2027_07",
        "events_2027_08",
        "events_rest",
    ];
    assert_eq!(world.partitions(&EVENTS).await, kept);
    // For ever.
    assert_eq!(world.partitions(&STEPS).await[0], "steps_2027_02");
}

#[tokio::test]
async fn a_cursor_whose_events_were_dropped_is_refused() {
    let world = World::new().await;
    let viewer = world.actor(Role::Viewer);
    retention::sweep(&world.app, POLICY).await.unwrap();
    world.create_post().await;
    world.create_post().await;
    world.clock.advance(TimeDelta::days(90));
    world.create_post().await;
    retention::sweep(&world.app, POLICY).await.unwrap();

    let all = Filter::default();
    let lost = log::after(&world.app, &viewer, 1, &all, 10)
        .await
        .unwrap_err();
    assert_eq!(lost.code, ErrorCode::InvalidCursor);
    assert!(lost.message.contains("no longer kept"), "{}", lost.message);
    let follower = log::follow(&world.app, &viewer, Some(1), all.clone()).await;
    assert_eq!(
        follower.err().map(|error| error.code),
        Some(ErrorCode::InvalidCursor)
    );
    // Whoever had read all that is gone misses nothing; 0 is the beginning of what is kept.
    for from in [2, 0] {
        let events = log::after(&world.app, &viewer, from, &all, 10)
            .await
            .unwrap();
        let numbers: Vec<_> = events.events.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, [3]);
    }
}

#[tokio::test]
async fn two_sweeps_at_once_do_the_work_once() {
    let world = World::new().await;
    world.create_post().await;
    let sweeps = [
        retention::sweep(&world.app, POLICY),
        retention::sweep(&world.app, POLICY),
    ];
    for swept in futures::future::join_all(sweeps).await {
        swept.unwrap();
    }
    // What one left to the other, while that was at another month, comes with the next look.
    retention::sweep(&world.app, POLICY).await.unwrap();
    assert_eq!(world.partitions(&EVENTS).await.len(), 4);
    assert_eq!(world.events().await.len(), 1);
}
