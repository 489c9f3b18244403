//! What people do with endpoints, and whose rights count.

use chrono::TimeDelta;
use posthaste_core::{ErrorCode, access::Role, event::EventType, outgoing::Reach};
use posthaste_engine::webhook::{self, NewEndpoint};
use posthaste_store::webhook::{
    delivery::State,
    endpoint::{Reason, Status},
};
use serde_json::json;
use standardwebhooks::Webhook;

use super::{
    Post,
    endpoint::{header, json as body, text},
};

#[tokio::test]
async fn events_of_the_chosen_types_are_numbered_and_sent_in_order() {
    let post = Post::new().await;
    let id = post
        .endpoint_for("a.example", vec![EventType::TargetPublished])
        .await;
    post.happen(EventType::PostCreated, 3).await;
    post.happen(EventType::TargetPublished, 2).await;
    post.happen(EventType::PostUpdated, 250).await;
    post.happen(EventType::TargetPublished, 1).await;
    assert_eq!(post.deliver().await, 3);
    let row = post.read(id).await;
    assert_eq!(row.sequence, 3);
    assert_eq!(row.cursor, post.world.events().await.last().unwrap().seq);
    let asked = post.receiver.asked();
    let mut told: Vec<_> = asked.iter().map(body).collect();
    told.sort_by_key(|body| body["sequence"].as_i64());
    assert_eq!(
        told[1],
        json!({ "type": "target.published", "timestamp": "2027-01-04T08:00:00Z", "sequence": 2,
            "data": { "id": told[1]["data"]["id"], "postId": null, "targetId": null, "connectionId": null,
                "mediaId": null, "data": { "n": 1 } } })
    );
    let request = &asked[0];
    assert_eq!(request.url, "https://a.example/hook");
    assert_eq!(header(request, "webhook-timestamp"), "1799049600");
    assert!(request.reach == Reach::Public && request.excerpt == Some(65536));
    assert_eq!(request.timeout.as_secs(), 10);
}

#[tokio::test]
async fn both_secrets_sign_for_a_day_after_a_rotation() {
    let post = Post::new().await;
    let new = NewEndpoint {
        url: "https://a.example/hook".into(),
        event_types: vec![EventType::PostCreated],
        ..NewEndpoint::default()
    };
    let app = &post.world.app;
    let (row, first) = webhook::create(app, &post.owner, new, None).await.unwrap();
    let (_, second) = webhook::rotate_secret(app, &post.owner, row.id, None)
        .await
        .unwrap();
    assert_ne!(first.expose(), second.expose());
    assert!(
        !format!("{:?}", post.read(row.id).await).contains(second.expose()),
        "it is sealed"
    );
    let signed_by = async || {
        post.happen(EventType::PostCreated, 1).await;
        post.deliver().await;
        let asked = post.receiver.asked();
        let request = asked.last().unwrap();
        let signatures: Vec<_> = header(request, "webhook-signature").split(' ').collect();
        let by = |secret: &posthaste_core::secret::Secret| {
            let at = header(request, "webhook-timestamp").parse().unwrap();
            let id = header(request, "webhook-id");
            let signer = Webhook::new(secret.expose()).unwrap();
            let right = signer.sign(id, at, text(request).as_bytes()).unwrap();
            signatures.contains(&right.as_str())
        };
        (signatures.len(), by(&first), by(&second))
    };
    assert_eq!(signed_by().await, (2, true, true));
    post.advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
    assert_eq!(signed_by().await, (2, true, true));
    post.advance(TimeDelta::seconds(1));
    assert_eq!(signed_by().await, (1, false, true));
}

#[test]
fn a_known_signature_of_the_specification_comes_out() {
    // https://www.standardwebhooks.com, the example of its libraries.
    let signer = Webhook::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let signature = signer
        .sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        )
        .unwrap();
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[tokio::test]
async fn an_endpoint_whose_author_is_gone_is_switched_off_and_taken_over_by_who_resumes_it() {
    let post = Post::new().await;
    let app = &post.world.app;
    // A person who is no member.
    let stranger = post.world.actor(Role::Admin);
    let new = NewEndpoint {
        url: "https://a.example/hook".into(),
        ..NewEndpoint::default()
    };
    let (row, _) = webhook::create(app, &stranger, new, None).await.unwrap();
    post.happen(EventType::PostCreated, 1).await;
    post.deliver().await;
    assert_eq!(post.receiver.count("a.example"), 0);
    let off = post.read(row.id).await;
    assert_eq!(
        (off.status, off.reason()),
        (Status::Disabled, Some(Reason::Author))
    );
    let delivery = post.deliveries().await.remove(0);
    assert_eq!((delivery.state, delivery.tries), (State::Pending, 0));
    let error = webhook::test(app, &post.owner, row.id, None, false)
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidState);

    let taken = webhook::resume(app, &post.owner, row.id).await.unwrap();
    assert_eq!(taken.author.0, post.owner.provenance);
    post.deliver().await;
    assert_eq!(post.deliveries().await[0].state, State::Succeeded);
}

#[tokio::test]
async fn a_pause_keeps_events_in_the_log_until_the_endpoint_is_resumed() {
    let post = Post::new().await;
    let id = post
        .endpoint_for("a.example", vec![EventType::PostCreated])
        .await;
    let app = &post.world.app;
    webhook::pause(app, &post.owner, id).await.unwrap();
    post.happen(EventType::PostCreated, 3).await;
    assert_eq!(post.deliver().await, 0);
    assert_eq!(post.deliveries().await.len(), 0);
    let row = webhook::pause(app, &post.owner, id).await.unwrap();
    assert_eq!(row.version, 2, "pausing twice is pausing once");
    webhook::resume(app, &post.owner, id).await.unwrap();
    assert_eq!(post.deliver().await, 3);
    assert_eq!(post.story().await, ["webhook.paused", "webhook.resumed"]);
}

#[tokio::test]
async fn a_replay_makes_new_deliveries_and_a_redelivery_repeats_one() {
    let post = Post::new().await;
    let id = post
        .endpoint_for("a.example", vec![EventType::PostCreated])
        .await;
    let app = &post.world.app;
    post.happen(EventType::PostCreated, 2).await;
    post.deliver().await;
    let first = post.deliveries().await;
    let start = first[0].event_seq.unwrap();
    webhook::replay(app, &post.owner, id, start).await.unwrap();
    assert_eq!(post.deliver().await, 1, "only what follows the cursor");
    let rows = post.deliveries().await;
    assert_eq!(rows.len(), 3);
    assert_eq!((rows[2].sequence, rows[2].event_seq), (3, Some(start + 1)));
    assert_ne!(rows[2].id, first[1].id);
    let ahead = webhook::replay(app, &post.owner, id, 1_000)
        .await
        .unwrap_err();
    assert_eq!(
        (ahead.code, ahead.path_text()),
        (ErrorCode::InvalidInput, "after".to_owned())
    );

    webhook::redeliver(app, &post.owner, first[0].id)
        .await
        .unwrap();
    assert_eq!(post.deliver().await, 1);
    let asked = post.receiver.asked();
    let again = asked.last().unwrap();
    assert_eq!(header(again, "webhook-id"), first[0].id.to_string());
    assert_eq!(body(again)["sequence"], 1);
}

#[tokio::test]
async fn a_test_is_sent_once_and_says_nothing_about_the_endpoint() {
    let post = Post::new().await;
    let id = post
        .endpoint_for("a.example", vec![EventType::PostCreated])
        .await;
    let app = &post.world.app;
    let empty = webhook::test(app, &post.owner, id, None, true)
        .await
        .unwrap();
    assert_eq!(
        empty.payload,
        r#"{"type":"test","timestamp":"2027-01-04T08:00:00Z","sequence":1,"data":{}}"#
    );
    post.happen(EventType::PostCreated, 1).await;
    let dry = webhook::test(app, &post.owner, id, None, true)
        .await
        .unwrap();
    assert!(dry.payload.starts_with(r#"{"type":"post.created""#));
    assert!(dry.delivery.is_none());
    assert_eq!(post.receiver.asked().len(), 0);

    post.receiver.answers("a.example", 500);
    let sent = webhook::test(app, &post.owner, id, None, false)
        .await
        .unwrap();
    let row = sent.delivery.unwrap();
    assert_eq!(
        (row.state, row.sequence, row.kind.as_str()),
        (State::Failed, 1, "test")
    );
    assert_eq!(body(&post.receiver.asked()[0])["data"]["data"]["n"], 0);
    assert_eq!(post.read(id).await.failures, 0);
    post.receiver.answers("a.example", 200);
    assert_eq!(post.deliver().await, 1, "the event; the test is over");
    assert_eq!(post.deliveries().await[1].sequence, 2);
}

#[tokio::test]
async fn a_workspace_has_at_most_fifty_endpoints() {
    let post = Post::new().await;
    for n in 0..50 {
        post.endpoint(&format!("host{n}.example")).await;
    }
    let new = NewEndpoint {
        url: "https://a.example/".into(),
        ..NewEndpoint::default()
    };
    let errors = webhook::create(&post.world.app, &post.owner, new, None)
        .await
        .unwrap_err();
    assert_eq!(errors[0].code, ErrorCode::WebhookTooMany);
}
