//! Each kind of fault.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{PAGE, SECOND_PAGE, World};

struct Page {
    world: World,
    feed: String,
}

impl Page {
    async fn start() -> Self {
        let world = World::start().await;
        let token = world.token("FACEBOOK", PAGE).await;
        let feed = format!("/graph.facebook.com/v26.0/{PAGE}/feed?access_token={token}");
        Self { world, feed }
    }

    async fn fault(&self, mut rule: Value) {
        rule["network"] = "FACEBOOK".into();
        self.world.fault(rule).await;
    }

    async fn publish(&self, message: &str) -> crate::world::Answered {
        self.world.post(&self.feed, &[("message", message)]).await
    }

    /// Publishes and expects the connection to break.
    async fn publish_broken(&self, message: &str) {
        let request = self
            .world
            .request(Method::POST, &self.feed)
            .form(&[("message", message)]);
        let broken = match request.send().await {
            Err(_) => true,
            Ok(response) => response.bytes().await.is_err(),
        };
        assert!(broken, "the connection should have been cut");
    }

    async fn accepted(&self) -> usize {
        self.world.log().await.len()
    }
}

#[tokio::test]
async fn errors_and_cuts_before_accept_nothing() {
    let page = Page::start().await;
    page.fault(json!({ "kind": "error_before", "operation": "publish", "status": 503 }))
        .await;
    assert_eq!(page.publish("a").await.graph_error(), (503, 2, None));
    page.fault(json!({ "kind": "cut_before", "operation": "publish" }))
        .await;
    page.publish_broken("b").await;
    page.fault(json!({ "kind": "duplicate", "operation": "publish" }))
        .await;
    assert_eq!(
        page.publish("c").await.graph_error(),
        (400, 506, Some(1_455_006))
    );
    assert_eq!(page.accepted().await, 0);
    page.publish("d").await.ok();
    assert_eq!(page.accepted().await, 1);
}

#[tokio::test]
async fn errors_and_cuts_after_accept_the_post() {
    let page = Page::start().await;
    page.fault(json!({ "kind": "error_after", "operation": "publish" }))
        .await;
    assert_eq!(page.publish("a").await.graph_error(), (500, 2, None));
    assert_eq!(page.accepted().await, 1);
    page.fault(json!({ "kind": "cut_after", "operation": "publish" }))
        .await;
    page.publish_broken("b").await;
    assert_eq!(page.accepted().await, 2);
    page.fault(json!({ "kind": "truncate", "operation": "publish" }))
        .await;
    page.publish_broken("c").await;
    assert_eq!(page.accepted().await, 3);
}

#[tokio::test]
async fn rate_limits_come_with_usage_headers() {
    let page = Page::start().await;
    page.fault(json!({ "kind": "rate_limited", "retryAfterSeconds": 150 }))
        .await;
    let limited = page.publish("a").await;
    assert_eq!(limited.graph_error(), (400, 80001, None));
    let header = limited.headers["x-business-use-case-usage"]
        .to_str()
        .unwrap();
    let usage: Value = serde_json::from_str(header).unwrap();
    assert_eq!(usage[PAGE][0]["estimated_time_to_regain_access"], 3);
    assert_eq!(usage[PAGE][0]["type"], "pages");
    assert_eq!(page.accepted().await, 0);
}

#[tokio::test]
async fn tokens_die_for_one_account_only() {
    let page = Page::start().await;
    page.fault(json!({ "kind": "expire_token", "account": PAGE }))
        .await;
    assert_eq!(page.publish("a").await.graph_error(), (400, 190, Some(463)));
    let token = page.world.token("FACEBOOK", PAGE).await;
    let feed = format!("/graph.facebook.com/v26.0/{PAGE}/feed?access_token={token}");
    let other = page.world.token("FACEBOOK", SECOND_PAGE).await;
    let others = format!("/graph.facebook.com/v26.0/{SECOND_PAGE}/feed?access_token={other}");
    page.fault(json!({ "kind": "revoke_token", "account": PAGE }))
        .await;
    let refused = page.world.post(&feed, &[("message", "a")]).await;
    assert_eq!(refused.graph_error(), (400, 190, Some(458)));
    page.world.post(&others, &[("message", "a")]).await.ok();
}

#[tokio::test]
async fn rules_skip_count_and_run_out() {
    let page = Page::start().await;
    let rule = json!({ "kind": "error_before", "operation": "publish", "skip": 1, "times": 2 });
    page.fault(rule).await;
    let mut seen = Vec::new();
    for message in ["a", "b", "c", "d"] {
        seen.push(page.publish(message).await.status);
    }
    assert_eq!(seen, [200, 500, 500, 200]);
    assert_eq!(page.world.get("/control/faults").await.ok(), json!([]));
}

#[tokio::test]
async fn chance_repeats_from_its_seed() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let page = Page::start().await;
        page.world.switch(json!({ "seed": 7 })).await;
        page.fault(json!({ "kind": "error_before", "probability": 0.5, "times": null }))
            .await;
        let mut seen = Vec::new();
        for n in 0..20 {
            seen.push(page.publish(&n.to_string()).await.status);
        }
        runs.push(seen);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&200) && runs[0].contains(&500));
}

#[tokio::test]
async fn a_lagging_post_is_accepted_but_not_listed() {
    let page = Page::start().await;
    let rule = json!({ "kind": "read_back_lag", "operation": "publish", "delayMs": 600_000 });
    page.fault(rule).await;
    page.publish("late").await.ok();
    page.publish("early").await.ok();
    assert_eq!(page.accepted().await, 2);
    let list = page
        .feed
        .replace("/feed?", "/published_posts?fields=message&");
    let listed = page.world.get(&list).await.ok();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    assert_eq!(listed["data"][0]["message"], "early");
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_the_network() {
    for kind in ["delay", "delay_after"] {
        slow_and_abandoned(kind).await;
    }
}

async fn slow_and_abandoned(kind: &str) {
    let page = Page::start().await;
    page.fault(json!({ "kind": kind, "operation": "publish", "delayMs": 200 }))
        .await;
    let request = page
        .world
        .request(Method::POST, &page.feed)
        .form(&[("message", "slow")]);
    let hung_up = request
        .timeout(std::time::Duration::from_millis(50))
        .send()
        .await;
    assert!(hung_up.is_err());
    let mut tries = 0;
    while page.accepted().await == 0 && tries < 100 {
        tries += 1;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(page.accepted().await, 1);
}

#[tokio::test]
async fn call_limits_are_enforced_when_switched_on() {
    let page = Page::start().await;
    let limits = json!({ "enabled": true, "facebookCallsPerDay": 2 });
    page.world.switch(json!({ "rateLimits": limits })).await;
    let first = page.publish("a").await;
    let usage = first.headers["x-app-usage"].to_str().unwrap().to_owned();
    assert_eq!(
        serde_json::from_str::<Value>(&usage).unwrap()["call_count"],
        50
    );
    page.publish("b").await.ok();
    assert_eq!(page.publish("c").await.graph_error(), (400, 80001, None));
    page.world.advance(86_400.0).await;
    page.publish("d").await.ok();
    assert_eq!(page.accepted().await, 3);
}
