//! Retries, pausing and probing.

use chrono::TimeDelta;
use posthaste_core::{event::EventType, ids::WebhookEndpointId, webhook::RETRIES};
use posthaste_engine::webhook;
use posthaste_store::webhook::{
    delivery::State,
    endpoint::{Reason, Status},
};
use serde_json::json;

use super::{
    Post,
    endpoint::{header, json as body, text},
};

const SECOND: TimeDelta = TimeDelta::seconds(1);

#[tokio::test]
async fn each_failed_try_waits_longer_until_the_delivery_has_failed() {
    let post = Post::new().await;
    post.endpoint("a.example").await;
    post.receiver.answers("a.example", 503);
    post.happen(EventType::PostCreated, 1).await;
    assert_eq!(post.deliver().await, 1);
    for (index, wait) in RETRIES.into_iter().enumerate() {
        let row = post.deliveries().await.remove(0);
        assert_eq!((row.state, row.tries), (State::Retrying, index as i32 + 1));
        let due = row.due_at.unwrap();
        let waited = due - post.world.app.now();
        assert!(
            wait * 4 / 5 <= waited && waited <= wait * 6 / 5,
            "{index}: {waited}"
        );
        post.world.clock.set(due - SECOND);
        assert_eq!(post.deliver().await, 0, "not before its time");
        post.world.clock.set(due);
        assert_eq!(post.deliver().await, 1);
    }
    let row = post.deliveries().await.remove(0);
    assert_eq!(
        (row.state, row.due_at, row.finished_at),
        (State::Failed, None, Some(post.world.app.now()))
    );
    post.advance(TimeDelta::days(3));
    assert_eq!(post.deliver().await, 0);

    let attempts = post.attempts(&row).await;
    assert_eq!(attempts.len(), 9);
    for (index, attempt) in attempts.iter().enumerate() {
        assert_eq!(
            (attempt.n, attempt.http_status),
            (index as i64 + 1, Some(503))
        );
        assert_eq!(attempt.answer.as_deref(), Some("answer 503"));
        assert_eq!(attempt.error.as_deref(), Some("The endpoint answered 503."));
    }
    let asked = post.receiver.asked();
    for request in asked.iter() {
        assert_eq!(header(request, "webhook-id"), row.id.to_string());
        assert_eq!(text(request), text(&asked[0]), "a repeat is the same");
    }
    assert_ne!(
        header(&asked[0], "webhook-timestamp"),
        header(&asked[1], "webhook-timestamp")
    );
}

#[tokio::test]
async fn a_receiver_that_asks_to_wait_is_left_alone_for_so_long() {
    let post = Post::new().await;
    post.endpoint("a.example").await;
    post.happen(EventType::PostCreated, 1).await;
    let waited = async |status: u16, retry_after: &str| {
        post.receiver.answers("a.example", status);
        post.receiver.asks_to_wait(retry_after);
        assert_eq!(post.deliver().await, 1);
        let due = post.deliveries().await.remove(0).due_at.unwrap();
        let waited = due - post.world.app.now();
        post.world.clock.set(due - SECOND);
        assert_eq!(post.deliver().await, 0, "not before its time");
        post.world.clock.set(due);
        waited
    };
    assert_eq!(waited(429, "3600").await, TimeDelta::hours(1));
    let until = post.world.app.now() + TimeDelta::minutes(30);
    assert_eq!(
        waited(503, &until.format("%a, %d %b %Y %H:%M:%S GMT").to_string()).await,
        TimeDelta::minutes(30)
    );
    assert_eq!(waited(503, "864000").await, TimeDelta::hours(24));
    // Less than the usual wait (10 minutes now), nonsense, and other answers change nothing.
    assert!(waited(429, "1").await >= TimeDelta::minutes(8));
    let usual = waited(503, "soon").await;
    assert!(
        TimeDelta::minutes(24) <= usual && usual <= TimeDelta::minutes(36),
        "{usual}"
    );
    let usual = waited(500, "86400").await;
    assert!(
        TimeDelta::minutes(96) <= usual && usual <= TimeDelta::minutes(144),
        "{usual}"
    );
    post.receiver.answers("a.example", 200);
    assert_eq!(post.deliver().await, 1);
    assert_eq!(post.deliveries().await.remove(0).state, State::Succeeded);
}

#[tokio::test]
async fn nothing_else_is_sent_to_a_receiver_that_asks_to_wait() {
    let post = Post::new().await;
    let id = post.endpoint("a.example").await;
    post.endpoint("b.example").await;
    post.receiver.answers("a.example", 429);
    post.receiver.asks_to_wait("3600");
    post.happen(EventType::PostCreated, 6).await;
    // Of seven (b's creation is an event too) four were on their way at once, the others were not begun;
    // b got its six.
    assert_eq!(post.deliver().await, 10);
    let held = post.world.app.now() + TimeDelta::hours(1);
    assert_eq!(post.read(id).await.held_until, Some(held));
    post.receiver.answers("a.example", 200);
    post.happen(EventType::PostUpdated, 1).await;
    assert_eq!(post.deliver().await, 1, "b only");
    post.world.clock.set(held - SECOND);
    assert_eq!(post.deliver().await, 0);

    // A person may end the wait.
    let mut rows = post.deliveries().await.into_iter();
    let first = rows.find(|row| row.endpoint_id == id).unwrap();
    webhook::redeliver(&post.world.app, &post.owner, first.id)
        .await
        .unwrap();
    assert_eq!(
        post.deliver().await,
        5,
        "the first, and the four that were not begun"
    );
    assert_eq!(post.read(id).await.held_until, None);
    post.world.clock.set(held);
    assert_eq!(post.deliver().await, 3);
    let states = post.deliveries().await;
    assert!(states.iter().all(|row| row.state == State::Succeeded));
}

/// Lets an endpoint fail until it is paused.
async fn until_paused(post: &Post, id: WebhookEndpointId) {
    post.receiver.answers("a.example", 500);
    post.happen(EventType::PostCreated, 1).await;
    // Eight tries within nine hours.
    for _ in 0..8 {
        assert_eq!(post.deliver().await, 1);
        let due = post.read(id).await.next_due_at.unwrap();
        post.world
            .clock
            .set(due.min(post.world.app.now() + TimeDelta::hours(8)));
    }
    assert_eq!(post.read(id).await.failures, 8);
    post.advance(TimeDelta::hours(12));
    post.happen(EventType::PostUpdated, 1).await;
    assert_eq!(post.deliver().await, 1);
    assert_eq!(
        post.read(id).await.status,
        Status::Enabled,
        "nine are not enough"
    );
    post.advance(TimeDelta::seconds(6));
    assert_eq!(post.deliver().await, 1);
}

#[tokio::test]
async fn an_endpoint_that_fails_for_a_day_is_paused_probed_and_resumed_by_the_first_success() {
    let post = Post::new().await;
    let id = post.endpoint("a.example").await;
    until_paused(&post, id).await;
    let paused = post.read(id).await;
    assert_eq!(
        (paused.status, paused.reason(), paused.failures),
        (Status::Paused, Some(Reason::Failures), 10)
    );
    assert_eq!(post.story().await, ["webhook.paused"]);
    let last = post.world.events().await.pop().unwrap();
    assert_eq!(
        last.data.0,
        json!({ "webhookEndpointId": id, "host": "a.example", "description": null, "status": "PAUSED", "statusReason": "FAILURES",
            "change": "by itself" })
    );
    // Nothing goes out until the probe is due, whatever happens.
    post.happen(EventType::PostDeleted, 5).await;
    post.advance(TimeDelta::minutes(47));
    assert_eq!(post.deliver().await, 0);
    post.world.clock.set(paused.next_due_at.unwrap());
    assert_eq!(post.deliver().await, 1, "one probe");
    let again = post.read(id).await;
    assert_eq!(again.status, Status::Paused);
    let wait = again.next_due_at.unwrap() - post.world.app.now();
    assert!(TimeDelta::minutes(48) <= wait && wait <= TimeDelta::minutes(72));

    post.receiver.answers("a.example", 200);
    post.world.clock.set(again.next_due_at.unwrap());
    // The probe opens the way for the delivery that waited for a repeat, for five events and for
    // what happened to the endpoint.
    assert_eq!(post.deliver().await, 1 + 1 + 5 + 2);
    let well = post.read(id).await;
    assert_eq!(
        (well.status, well.failures, well.failing_since),
        (Status::Enabled, 0, None)
    );
    assert_eq!(post.story().await, ["webhook.paused", "webhook.resumed"]);
    let told: Vec<_> = post
        .deliveries()
        .await
        .iter()
        .map(|row| (row.sequence, row.kind.clone(), row.state))
        .collect();
    assert_eq!(told.len(), 9);
    assert!(told.iter().all(|row| row.2 == State::Succeeded), "{told:?}");
    assert_eq!(told[2].1, "webhook.paused");
    assert_eq!(told[8].1, "webhook.resumed");
}

#[tokio::test]
async fn a_probe_that_is_told_gone_switches_the_endpoint_off() {
    let post = Post::new().await;
    let id = post.endpoint("a.example").await;
    until_paused(&post, id).await;
    post.receiver.answers("a.example", 410);
    post.world
        .clock
        .set(post.read(id).await.next_due_at.unwrap());
    assert_eq!(post.deliver().await, 1);
    let row = post.read(id).await;
    assert_eq!(
        (row.status, row.reason(), row.next_due_at),
        (Status::Disabled, Some(Reason::Gone), None)
    );
}

#[tokio::test]
async fn what_cannot_be_sent_is_no_fault_of_the_receiver() {
    let post = Post::new().await;
    let id = post.endpoint("a.example").await;
    let large = json!({ "text": "a".repeat(300_000) });
    post.happen_with(EventType::PostCreated, large).await;
    assert_eq!(post.deliver().await, 1);
    let [delivery] = &post.deliveries().await[..] else {
        panic!("one delivery");
    };
    assert_eq!((delivery.state, delivery.tries), (State::Failed, 1));
    let attempts = post.attempts(delivery).await;
    let told = attempts[0].error.as_deref().unwrap();
    assert!(told.starts_with("Nothing was sent: "), "{told}");
    assert_eq!(post.read(id).await.failures, 0);
    assert_eq!(post.receiver.asked().len(), 0);
}

#[tokio::test]
async fn gone_switches_an_endpoint_off_until_it_is_resumed() {
    let post = Post::new().await;
    let id = post.endpoint("a.example").await;
    post.receiver.answers("a.example", 410);
    post.happen(EventType::PostCreated, 1).await;
    post.deliver().await;
    let row = post.read(id).await;
    assert_eq!(
        (row.status, row.reason(), row.next_due_at),
        (Status::Disabled, Some(Reason::Gone), None)
    );
    post.receiver.answers("a.example", 200);
    post.advance(TimeDelta::days(2));
    assert_eq!(post.deliver().await, 0);
    webhook::resume(&post.world.app, &post.owner, id)
        .await
        .unwrap();
    // The delivery itself, and what happened to the endpoint.
    assert_eq!(post.deliver().await, 3);
    assert_eq!(post.story().await, ["webhook.disabled", "webhook.resumed"]);
    let asked = post.receiver.asked();
    assert_eq!(body(&asked[1])["type"], "post.created");
}
