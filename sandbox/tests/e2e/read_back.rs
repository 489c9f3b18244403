//! The networks accept a post and then answer 500.

use std::time::Duration;

use serde_json::json;

use crate::sandbox::Sandbox;

const NETWORKS: [&str; 4] = ["FACEBOOK", "INSTAGRAM", "PINTEREST", "X"];

#[tokio::test]
async fn an_error_after_the_post_was_accepted_is_read_back_and_not_repeated() {
    let sandbox = Sandbox::start("read-back").await;
    for network in NETWORKS {
        let fault = json!({ "network": network, "operation": "publish", "kind": "error_after" });
        sandbox.control.post("faults", fault).await.unwrap();
    }
    let picture = sandbox.upload_picture().await;
    let connections = sandbox.seeded(&NETWORKS);
    let text = "The oven door sticks, the bread does not.";
    let post = sandbox
        .post(text, &[&picture], &connections, json!({ "now": true }))
        .await;

    let targets = sandbox.published(&post, Duration::from_mins(1)).await;
    let walls = sandbox.walls(text).await;
    assert_eq!(walls.len(), 4, "{walls:#?}");
    for target in &targets {
        let network = &target["network"];
        let wall = walls
            .iter()
            .find(|wall| wall["network"] == *network)
            .unwrap();
        let permalink = target["permalink"].as_str().unwrap();
        assert_eq!(
            permalink.trim_end_matches('/'),
            wall["url"].as_str().unwrap().trim_end_matches('/')
        );
        let tries: Vec<_> = target["attempts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| (&a["n"], &a["kind"], &a["outcome"]))
            .collect();
        let expected = [
            (&json!(1), &json!("PUBLISH"), &json!("UNCERTAIN")),
            (&json!(1), &json!("READ_BACK"), &json!("PUBLISHED")),
        ];
        assert_eq!(tries, expected, "{network}");
    }
    sandbox.close().await;
}
