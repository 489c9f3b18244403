//! Limits and faults.

use serde_json::json;

use super::{Profile, USER, problem};

#[tokio::test]
async fn limits_and_faults_speak_as_pinterest_does() {
    let pinterest = Profile::start().await;
    let limits = json!({ "enabled": true, "pinterestWritesPerMinute": 1 });
    pinterest
        .world
        .switch(json!({ "rateLimits": limits, "pinterestRateHeaderPrefix": "x-rl" }))
        .await;
    let first = pinterest.pin(json!({})).await;
    assert_eq!(
        (
            &first.headers["x-rl-limit"],
            &first.headers["x-rl-remaining"]
        ),
        (&"1".parse().unwrap(), &"0".parse().unwrap())
    );
    let limited = pinterest.pin(json!({})).await;
    assert_eq!(problem(&limited), (429, 8));
    pinterest.get("/pins").await.ok();
    pinterest.world.advance(60.0).await;
    pinterest.pin(json!({})).await.ok();
    pinterest
        .world
        .switch(json!({ "rateLimits": { "enabled": false } }))
        .await;

    let before = pinterest.world.log().await.len();
    pinterest
        .fault(json!({ "kind": "rate_limited", "operation": "publish",
        "retryAfterSeconds": 77 }))
        .await;
    let limited = pinterest.pin(json!({})).await;
    assert_eq!(problem(&limited), (429, 8));
    assert_eq!(limited.headers["x-rl-reset"], "77");
    pinterest
        .fault(json!({ "kind": "duplicate", "operation": "publish" }))
        .await;
    let blocked = pinterest.pin(json!({})).await;
    assert_eq!(blocked.status, 429);
    assert!(blocked.body["message"].as_str().unwrap().contains("spam"));
    pinterest
        .fault(json!({ "kind": "error_before", "operation": "publish" }))
        .await;
    assert_eq!(pinterest.pin(json!({})).await.status, 500);
    assert_eq!(pinterest.world.log().await.len(), before);
    pinterest
        .fault(json!({ "kind": "error_after", "operation": "publish" }))
        .await;
    assert_eq!(pinterest.pin(json!({})).await.status, 500);
    assert_eq!(pinterest.world.log().await.len(), before + 1);
    pinterest
        .fault(json!({ "kind": "expire_token", "account": USER }))
        .await;
    assert_eq!(problem(&pinterest.get("/boards").await), (401, 2));
}
