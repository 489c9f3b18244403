//! Limits, faults and an empty balance.

use serde_json::json;

use super::{DUPLICATE, OTHER, Profile, USER, problem};

#[tokio::test]
async fn limits_are_announced_and_enforced() {
    let x = Profile::start().await;
    let free = x.tweet(json!({ "text": "0" })).await;
    assert_eq!(free.headers["x-rate-limit-limit"], "100");
    assert_eq!(free.headers["x-rate-limit-remaining"], "100");
    x.world
        .switch(json!({ "rateLimits": { "enabled": true, "xPostsPerWindow": 2 } }))
        .await;
    let left = x.tweet(json!({ "text": "1" })).await;
    assert_eq!(left.headers["x-rate-limit-remaining"], "1");
    assert_eq!(left.headers["x-app-limit-24hour-limit"], "10000");
    x.tweet(json!({ "text": "2" })).await.ok();
    let limited = x.tweet(json!({ "text": "3" })).await;
    assert_eq!(problem(&limited), (429, "Too Many Requests"));
    assert_eq!(limited.headers["x-rate-limit-remaining"], "0");
    x.get(&format!("/users/{USER}/tweets")).await.ok();
    x.world.advance(900.0).await;
    x.tweet(json!({ "text": "3" })).await.ok();

    x.world
        .switch(json!({ "rateLimits": { "xPostsPerWindow": 100, "xPostsPerAppDay": 3 } }))
        .await;
    let other = x.world.token("X", OTHER).await;
    let others = Profile {
        world: x.world,
        token: other,
    };
    let day = others.tweet(json!({ "text": "4" })).await;
    assert_eq!(day.status, 429);
    assert_eq!(day.headers["x-rate-limit-limit"], "3");
    assert_eq!(others.world.log().await.len(), 4);
}

#[tokio::test]
async fn faults_and_an_empty_balance_speak_as_x_does() {
    let x = Profile::start().await;
    let now = x.world.get("/control/clock").await.ok()["now"]
        .as_str()
        .unwrap()
        .to_owned();
    let now = chrono::DateTime::parse_from_rfc3339(&now)
        .unwrap()
        .timestamp();
    x.fault(json!({ "kind": "rate_limited", "operation": "publish", "retryAfterSeconds": 90 }))
        .await;
    let limited = x.tweet(json!({ "text": "a" })).await;
    assert_eq!(limited.status, 429);
    let reset: i64 = limited.headers["x-rate-limit-reset"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((90..100).contains(&(reset - now)), "{reset} {now}");
    x.fault(json!({ "kind": "error_after", "operation": "publish" }))
        .await;
    assert_eq!(
        problem(&x.tweet(json!({ "text": "a" })).await),
        (503, "Service Unavailable")
    );
    assert_eq!(
        problem(&x.tweet(json!({ "text": "a" })).await),
        (403, DUPLICATE)
    );
    x.fault(json!({ "kind": "duplicate", "operation": "publish" }))
        .await;
    assert_eq!(
        problem(&x.tweet(json!({ "text": "b" })).await),
        (403, DUPLICATE)
    );
    x.fault(json!({ "kind": "read_back_lag", "operation": "publish", "delayMs": 600_000 }))
        .await;
    let late = x.tweet(json!({ "text": "late" })).await.ok()["data"]["id"].clone();
    let listed = x.get(&format!("/users/{USER}/tweets")).await.ok();
    assert_eq!(listed["meta"]["result_count"], 1);
    let read = x
        .get(&format!("/tweets/{}", late.as_str().unwrap()))
        .await
        .ok();
    assert!(read.get("data").is_none());
    x.world.switch(json!({ "xCreditsDepleted": true })).await;
    let broke = x.tweet(json!({ "text": "c" })).await;
    assert_eq!(
        (broke.status, &broke.body["title"]),
        (402, &json!("CreditsDepleted"))
    );
    x.fault(json!({ "kind": "revoke_token", "account": USER }))
        .await;
    assert_eq!(
        problem(&x.tweet(json!({ "text": "d" })).await),
        (401, "Unauthorized")
    );
    assert_eq!(x.world.log().await.len(), 2);
}
