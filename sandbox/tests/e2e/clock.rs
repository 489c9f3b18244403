//! Local times on the Sunday when the clocks go forward.

use std::time::Duration;

use serde_json::json;

use crate::sandbox::Sandbox;

/// Paris is an hour ahead of UTC until 2027-03-28 01:00Z and two hours from then on.
#[tokio::test]
async fn nine_in_paris_is_seven_utc_once_the_clocks_have_changed() {
    let sandbox = Sandbox::start("clock").await;
    sandbox
        .control
        .post("clock", json!({ "now": "2027-03-27T20:00:00Z" }))
        .await
        .unwrap();
    // Networks whose access outlives a jump of months.
    let connections = sandbox.seeded(&["FACEBOOK", "X"]);
    let schedule = json!({ "localTime": "2027-03-28T09:00", "timeZone": "Europe/Paris" });
    let text = "Sunday morning, an hour earlier than it feels.";
    let post = sandbox.post(text, &[], &connections, schedule).await;
    for target in sandbox.targets(&post).await {
        assert_eq!(target["state"], "SCHEDULED");
        assert!(
            target["dueAt"]
                .as_str()
                .unwrap()
                .starts_with("2027-03-28T07:00:00"),
            "{target}"
        );
    }

    sandbox
        .control
        .post("clock", json!({ "now": "2027-03-28T06:59:55Z" }))
        .await
        .unwrap();
    sandbox.published(&post, Duration::from_secs(30)).await;
    let walls = sandbox.walls(text).await;
    assert_eq!(walls.len(), 2);
    for wall in walls {
        // Not before the time, and in the same few seconds.
        assert!(
            wall["acceptedAt"]
                .as_str()
                .unwrap()
                .starts_with("2027-03-28T07:00:0"),
            "{wall}"
        );
    }
    sandbox.close().await;
}
