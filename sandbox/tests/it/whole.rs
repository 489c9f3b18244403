//! Clock, snapshot, reset, request log, a burst.

use serde_json::json;

use crate::world::{PAGE, World};

#[tokio::test]
async fn the_clock_moves_for_every_reader_of_its_file() {
    let world = World::start().await;
    world.clock(json!({ "reset": true })).await;
    world.advance(3600.0).await;
    let file = world.folder.join("clock");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "3600000");
    std::fs::write(&file, "-5000").unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    assert_eq!(world.get("/control/clock").await.ok()["offsetMs"], -5000);
    world.clock(json!({ "now": "2030-01-01T00:00:00Z" })).await;
    let now = world.get("/control/clock").await.ok()["now"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(now.starts_with("2030-01-01T00:00:0"), "{now}");
    world.clock(json!({ "reset": true })).await;
    assert_eq!(world.get("/control/clock").await.ok()["offsetMs"], 0);
    assert_eq!(
        world.post_json("/control/clock", json!({})).await.status,
        400
    );
}

#[tokio::test]
async fn a_snapshot_brings_everything_back() {
    let world = World::start().await;
    let token = world.token("FACEBOOK", PAGE).await;
    let feed = format!("/graph.facebook.com/v26.0/{PAGE}/feed?access_token={token}");
    let id = world.post(&feed, &[("message", "kept")]).await.ok()["id"].clone();
    let snapshot = world.get("/control/snapshot").await.ok();
    world.post_json("/control/snapshot", json!({})).await.ok();

    world
        .post_json("/control/reset", json!({ "keepAccounts": false }))
        .await;
    assert_eq!(world.log().await.len(), 0);
    assert_eq!(
        world.post(&feed, &[("message", "x")]).await.graph_error().1,
        190
    );
    let restore = world
        .request(reqwest::Method::PUT, "/control/snapshot")
        .json(&snapshot);
    assert_eq!(world.send(restore).await.status, 204);
    assert_eq!(world.log().await[0]["id"], id);
    world.post(&feed, &[("message", "after")]).await.ok();

    let again = World::open(world.folder.clone()).await;
    assert_eq!(again.log().await.len(), 1);
    let read = format!(
        "/graph.facebook.com/v26.0/{}?access_token={token}",
        id.as_str().unwrap()
    );
    assert_eq!(again.get(&read).await.ok()["message"], "kept");
}

#[tokio::test]
async fn a_reset_keeps_what_is_connected_and_never_gives_an_id_twice() {
    let world = World::start().await;
    let token = world.token("FACEBOOK", PAGE).await;
    let feed = format!("/graph.facebook.com/v26.0/{PAGE}/feed?access_token={token}");
    let before = world.post(&feed, &[("message", "before")]).await.ok()["id"].clone();
    world.post_json("/control/reset", json!({})).await;
    assert_eq!(world.log().await.len(), 0);
    let after = world.post(&feed, &[("message", "after")]).await.ok()["id"].clone();
    assert_ne!(before, after);
}

#[tokio::test]
async fn requests_are_kept_without_secrets() {
    let world = World::start().await;
    let token = world.token("FACEBOOK", PAGE).await;
    let feed = format!("/graph.facebook.com/v26.0/{PAGE}/feed?access_token={token}");
    world.post(&feed, &[("message", "hello")]).await.ok();
    let requests = world.get("/requests?network=FACEBOOK").await.ok();
    let last = &requests[0];
    assert_eq!(last["host"], "graph.facebook.com");
    assert_eq!(last["operation"], "publish");
    assert_eq!(last["account"], PAGE);
    assert_eq!(last["accepted"], true);
    assert_eq!(last["query"], json!({ "access_token": "[redacted]" }));
    assert_eq!(last["body"], json!({ "message": "hello" }));
    assert!(!requests.to_string().contains(&token));
}

#[tokio::test]
async fn switches_refuse_what_they_do_not_know() {
    let world = World::start().await;
    let patch = |body| {
        world
            .request(reqwest::Method::PATCH, "/control/switches")
            .json(&body)
    };
    assert_eq!(
        world.send(patch(json!({ "quotaTotl": 5 }))).await.status,
        400
    );
    let now = world
        .send(patch(json!({ "readBackLagMs": { "X": 250 } })))
        .await
        .ok();
    assert_eq!(now["readBackLagMs"]["X"], 250);
    assert_eq!(now["readBackLagMs"]["FACEBOOK"], 0);
}

#[tokio::test]
async fn accounts_can_be_added_by_the_hundred() {
    let world = World::start().await;
    let body = json!({ "network": "INSTAGRAM", "count": 100 });
    let made = world.post_json("/control/accounts", body).await.ok();
    assert_eq!(made.as_array().unwrap().len(), 100);
    assert_eq!(made[0]["linked"], "104857601000003");
    let pages = world.get("/control/accounts?network=FACEBOOK").await.ok();
    assert_eq!(pages.as_array().unwrap().len(), 102);
    assert_eq!(pages[2]["linked"], made[0]["id"]);
}

#[tokio::test]
async fn two_thousand_posts_at_once_are_each_accepted_once() {
    let world = World::start().await;
    let token = world.token("FACEBOOK", PAGE).await;
    let feed = world.url(&format!(
        "/graph.facebook.com/v26.0/{PAGE}/feed?access_token={token}"
    ));
    let client = reqwest::Client::builder().build().unwrap();
    let workers = (0..20).map(|worker| {
        let (client, feed) = (client.clone(), feed.clone());
        tokio::spawn(async move {
            for n in 0..100 {
                let form = [("message", format!("burst {worker}/{n}"))];
                let sent = client.post(&feed).form(&form).send().await.unwrap();
                assert_eq!(sent.status(), 200);
            }
        })
    });
    futures::future::try_join_all(workers).await.unwrap();
    let log = world.log().await;
    let texts: std::collections::HashSet<_> = log.iter().map(|p| p["text"].to_string()).collect();
    assert_eq!((log.len(), texts.len()), (2000, 2000));
    let lines = std::fs::read_to_string(world.folder.join("log")).unwrap();
    assert_eq!(lines.lines().count(), 2000);
}
