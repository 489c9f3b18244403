//! Several workers, and workers that are lost.

use std::{collections::HashSet, time::Duration};

use chrono::TimeDelta;
use posthaste_core::event::EventType;
use posthaste_engine::webhook::{self, Settings, deliver_due};
use posthaste_store::webhook::delivery::State;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{
    Post,
    endpoint::{header, text},
};

/// Longer than anything here takes; only a broken test waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn two_workers_send_each_delivery_once() {
    let post = Post::new().await;
    post.endpoint("a.example").await;
    post.endpoint_for("b.example", vec![EventType::PostCreated])
        .await;
    post.happen(EventType::PostCreated, 25).await;
    let app = &post.world.app;
    let (one, other) = tokio::join!(
        deliver_due(app, post.worker()),
        deliver_due(app, post.worker())
    );
    let rest = post.deliver().await;
    assert_eq!(one.unwrap() + other.unwrap() + rest, 51);
    let asked = post.receiver.asked();
    let ids: HashSet<_> = asked.iter().map(|r| header(r, "webhook-id")).collect();
    assert_eq!((asked.len(), ids.len()), (51, 51));
}

#[tokio::test]
async fn what_a_lost_worker_sent_is_sent_again_under_the_same_id() {
    let post = Post::new().await;
    post.endpoint("a.example").await;
    post.receiver.hangs("a.example");
    post.happen(EventType::PostCreated, 1).await;
    let (app, worker) = (post.world.app.clone(), post.worker());
    let lost = tokio::spawn(async move { deliver_due(&app, worker).await });
    timeout(PATIENCE, post.receiver.until("a.example", 1))
        .await
        .unwrap();
    // Killed between sending and writing down.
    lost.abort();
    assert!(lost.await.unwrap_err().is_cancelled());

    post.receiver.answers("a.example", 200);
    post.advance(TimeDelta::seconds(59));
    assert_eq!(post.deliver().await, 0, "its lease holds");
    post.advance(TimeDelta::seconds(1));
    assert_eq!(post.deliver().await, 1);
    let row = post.deliveries().await.remove(0);
    assert_eq!((row.state, row.tries), (State::Succeeded, 2));
    let attempts = post.attempts(&row).await;
    assert_eq!((attempts[0].n, attempts[0].duration_ms), (1, None));
    assert!(
        attempts[0]
            .error
            .as_deref()
            .unwrap()
            .starts_with("The worker was lost")
    );
    assert_eq!((attempts[1].n, attempts[1].http_status), (2, Some(200)));
    let asked = post.receiver.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(
        header(&asked[0], "webhook-id"),
        header(&asked[1], "webhook-id")
    );
    assert_eq!(text(&asked[0]), text(&asked[1]));
}

#[tokio::test]
async fn a_late_outcome_changes_nothing() {
    let post = Post::new().await;
    let id = post.endpoint("a.example").await;
    post.receiver.hangs("a.example");
    post.happen(EventType::PostCreated, 1).await;
    let (app, worker) = (post.world.app.clone(), post.worker());
    let late = tokio::spawn(async move { deliver_due(&app, worker).await });
    timeout(PATIENCE, post.receiver.until("a.example", 1))
        .await
        .unwrap();
    post.receiver.answers("a.example", 200);
    post.advance(TimeDelta::seconds(60));
    assert_eq!(post.deliver().await, 1);
    // Now the first worker hears of a failure.
    post.receiver.release();
    assert_eq!(late.await.unwrap().unwrap(), 1);
    let row = post.deliveries().await.remove(0);
    assert_eq!(row.state, State::Succeeded);
    let statuses: Vec<_> = post.attempts(&row).await;
    let statuses: Vec<_> = statuses.iter().map(|one| one.http_status).collect();
    assert_eq!(statuses, [None, Some(200)]);
    assert_eq!(post.read(id).await.failures, 0);
}

#[tokio::test]
async fn a_slow_endpoint_takes_four_at_a_time_and_holds_nobody_up() {
    let post = Post::new().await;
    post.endpoint("slow.example").await;
    post.endpoint("quick.example").await;
    // The second endpoint's creation is an event for the first.
    post.deliver().await;
    assert_eq!(post.receiver.count("slow.example"), 1);
    post.receiver.hangs("slow.example");
    let stop = CancellationToken::new();
    let settings = Settings {
        drain: Duration::ZERO,
        ..Settings::default()
    };
    let running = tokio::spawn(webhook::run(post.world.app.clone(), settings, stop.clone()));
    post.happen(EventType::PostCreated, 12).await;
    let receiver = &post.receiver;
    timeout(PATIENCE, receiver.until("quick.example", 12))
        .await
        .unwrap();
    timeout(PATIENCE, receiver.until("slow.example", 5))
        .await
        .unwrap();
    post.happen(EventType::PostUpdated, 1).await;
    timeout(PATIENCE, receiver.until("quick.example", 13))
        .await
        .unwrap();
    assert_eq!(receiver.count("slow.example"), 5);
    // The first four are answered; the next four follow.
    receiver.release();
    timeout(PATIENCE, receiver.until("slow.example", 9))
        .await
        .unwrap();
    stop.cancel();
    timeout(PATIENCE, running).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_backlog_comes_behind_those_who_wait() {
    let post = Post::new().await;
    post.endpoint_for("slow.example", vec![EventType::PostCreated])
        .await;
    post.endpoint_for("quick.example", vec![EventType::PostUpdated])
        .await;
    post.receiver.hangs("slow.example");
    let stop = CancellationToken::new();
    let settings = Settings {
        concurrency: 4,
        drain: Duration::ZERO,
    };
    let running = tokio::spawn(webhook::run(post.world.app.clone(), settings, stop.clone()));
    post.happen(EventType::PostCreated, 12).await;
    let receiver = &post.receiver;
    timeout(PATIENCE, receiver.until("slow.example", 4))
        .await
        .unwrap();
    // All room is used up when the other one has something, and eight wait for longer.
    post.advance(TimeDelta::seconds(1));
    post.happen(EventType::PostUpdated, 1).await;
    post.advance(TimeDelta::seconds(1));
    receiver.release();
    timeout(PATIENCE, receiver.until("quick.example", 1))
        .await
        .unwrap();
    stop.cancel();
    timeout(PATIENCE, running).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_endpoint_that_asks_for_what_only_a_newer_version_knows_is_left_to_it() {
    let post = Post::new().await;
    let id = post
        .endpoint_for("one.example", vec![EventType::PostCreated])
        .await;
    let ask_for = async |types: &str| {
        let change = format!("UPDATE webhook_endpoints SET event_types = '{{{types}}}'");
        post.world.sql(&change).await;
    };
    let before = post.read(id).await.cursor;
    for asked in ["post.dreamt", "post.created,post.dreamt"] {
        ask_for(asked).await;
        post.happen(EventType::PostCreated, 1).await;
        assert_eq!(post.deliver().await, 0, "{asked}");
        assert_eq!(post.read(id).await.cursor, before, "{asked}");
    }
    ask_for("post.created").await;
    assert_eq!(post.deliver().await, 2);
}
