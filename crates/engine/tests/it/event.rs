//! Following the event log.

use std::sync::Arc;

use futures::{StreamExt, future::join_all};
use posthaste_core::{
    Provenance,
    access::Role,
    event::EventType,
    ids::{EventId, PostId},
};
use posthaste_engine::event::{fan_out, follow};
use posthaste_store::event::{self, Filter, NewEvent};
use posthaste_testkit::{count_statements, statements};
use tokio::sync::Notify;

use crate::world::World;

impl World {
    async fn happen(&self, count: usize, kind: EventType, post: Option<PostId>) {
        let new: Vec<_> = std::iter::repeat_with(|| NewEvent {
            id: EventId::new(&self.clock, &*self.app.random),
            at: self.app.now(),
            kind,
            post,
            target: None,
            connection: None,
            media: None,
            provenance: Provenance::System,
            data: serde_json::json!({}),
        })
        .take(count)
        .collect();
        let mut conn = self.db().get().await.unwrap();
        event::append(&mut conn, self.workspace, &new)
            .await
            .unwrap();
    }

    fn fan_out(&self) -> Arc<Notify> {
        let incoming = Arc::new(Notify::new());
        tokio::spawn(fan_out(self.app.clone(), incoming.clone()));
        incoming
    }
}

#[tokio::test]
async fn new_events_are_read_once_however_many_follow() {
    count_statements();
    let world = World::new().await;
    let actor = world.actor(Role::Viewer);
    let incoming = world.fan_out();
    let followers = (0..50).map(|_| follow(&world.app, &actor, None, Filter::default()));
    let mut followers: Vec<_> = join_all(followers)
        .await
        .into_iter()
        .map(|follower| follower.unwrap().boxed())
        .collect();
    world.happen(1, EventType::PostCreated, None).await;
    incoming.notify_one();
    join_all(followers.iter_mut().map(StreamExt::next)).await;

    let before = statements();
    world.happen(3, EventType::PostUpdated, None).await;
    incoming.notify_one();
    let heard = followers
        .iter_mut()
        .map(|follower| follower.take(3).map(|event| event.unwrap().seq).collect());
    let heard: Vec<Vec<i64>> = join_all(heard).await;
    let head = world.events().await.last().unwrap().seq;
    for seqs in heard {
        assert_eq!(seqs, [head - 2, head - 1, head]);
    }
    let sent = statements() - before;
    assert!(sent < 20, "{sent} statements for 50 followers");
}

#[tokio::test]
async fn who_is_far_behind_misses_nothing() {
    let world = World::new().await;
    let actor = world.actor(Role::Viewer);
    let incoming = world.fan_out();
    world.happen(1, EventType::PostCreated, None).await;
    let mut early = follow(&world.app, &actor, Some(0), Filter::default())
        .await
        .unwrap()
        .boxed();
    early.next().await.unwrap().unwrap();
    incoming.notify_one();
    world.happen(450, EventType::PostUpdated, None).await;
    incoming.notify_one();
    let late = follow(&world.app, &actor, Some(7), Filter::default())
        .await
        .unwrap();
    let expected: Vec<i64> = world.events().await.iter().map(|event| event.seq).collect();
    let seqs = |stream: futures::stream::BoxStream<'static, _>, count| {
        stream
            .take(count)
            .map(|event: posthaste_core::Result<event::Event>| event.unwrap().seq)
            .collect::<Vec<_>>()
    };
    assert_eq!(seqs(early, expected.len() - 1).await, expected[1..]);
    assert_eq!(seqs(late.boxed(), expected.len() - 7).await, expected[7..]);
}

#[tokio::test]
async fn types_that_only_a_newer_version_knows_are_passed_over() {
    let world = World::new().await;
    world.happen(3, EventType::PostCreated, None).await;
    let all = world.events().await;
    let (new, known) = all.split_first().unwrap();
    let change = format!(
        "UPDATE events SET kind = 'post.dreamt' WHERE seq = {}",
        new.seq
    );
    world.sql(&change).await;
    let mut conn = world.db().get().await.unwrap();
    let read = event::after(&mut conn, world.workspace, 0, &Filter::default(), 100)
        .await
        .unwrap();
    let seqs = |events: &[event::Event]| events.iter().map(|event| event.seq).collect::<Vec<_>>();
    assert_eq!(seqs(&read), seqs(known));
}

#[tokio::test]
async fn what_is_filtered_in_memory_is_what_the_database_would_read() {
    let world = World::new().await;
    let [one, other] = [1, 2].map(|_| PostId::new(&world.clock, &*world.app.random));
    let kinds = [EventType::PostCreated, EventType::PostUpdated];
    for kind in kinds {
        for post in [None, Some(one), Some(other)] {
            world.happen(1, kind, post).await;
        }
    }
    let all = world.events().await;
    let mut conn = world.db().get().await.unwrap();
    for kinds in [vec![], vec![kinds[0]], kinds.to_vec()] {
        for post in [None, Some(one)] {
            let filter = Filter {
                kinds: kinds.clone(),
                post,
            };
            let read = event::after(&mut conn, world.workspace, 0, &filter, 100)
                .await
                .unwrap();
            let read: Vec<i64> = read.iter().map(|event| event.seq).collect();
            let accepted = all.iter().filter(|event| filter.accepts(event));
            let accepted: Vec<i64> = accepted.map(|event| event.seq).collect();
            assert_eq!(accepted, read);
        }
    }
}
