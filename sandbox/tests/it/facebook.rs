//! Facebook Pages.

use serde_json::json;

use crate::world::{PAGE, SECOND_PAGE, World};

#[tokio::test]
async fn a_text_post_is_accepted_logged_and_read_back() {
    let world = World::start().await;
    let token = world.token("FACEBOOK", PAGE).await;
    let feed = format!("/graph.facebook.com/v26.0/{PAGE}/feed");
    let message = "Fresh rye from six o'clock. https://example.org/rye?utm_content=a1";
    let made = world
        .post(&feed, &[("message", message), ("access_token", &token)])
        .await
        .ok();
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with(&format!("{PAGE}_")));

    let log = world.log().await;
    assert_eq!(log.len(), 1);
    assert_eq!(log[0]["seq"], 1);
    assert_eq!(log[0]["id"], id);
    assert_eq!(log[0]["text"], message);
    assert_eq!(log[0]["link"], "https://example.org/rye?utm_content=a1");
    assert_eq!(log[0]["account"]["username"], "harborstreet");
    let line = std::fs::read_to_string(world.folder.join("log")).unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(line.trim()).unwrap()["id"],
        id
    );

    let list = format!(
        "/graph.facebook.com/v26.0/{PAGE}/published_posts\
         ?fields=id,message,created_time,permalink_url,attachments&access_token={token}"
    );
    let listed = world.get(&list).await.ok();
    assert_eq!(listed["data"][0]["message"], message);
    let permalink = listed["data"][0]["permalink_url"]
        .as_str()
        .unwrap()
        .to_owned();
    let page = world.get(&permalink).await;
    assert_eq!(page.status, 200);
    assert!(page.body.as_str().unwrap().contains("Fresh rye from six"));
}

#[tokio::test]
async fn strangers_are_refused_with_metas_codes() {
    let world = World::start().await;
    let feed = format!("/graph.facebook.com/v26.0/{PAGE}/feed");
    let other = world.token("FACEBOOK", SECOND_PAGE).await;
    let refused = |form: Vec<(&'static str, String)>| {
        let world = &world;
        let feed = feed.clone();
        async move {
            let form: Vec<(&str, &str)> = form.iter().map(|(k, v)| (*k, v.as_str())).collect();
            world.post(&feed, &form).await.graph_error()
        }
    };
    assert_eq!(
        refused(vec![("message", "x".into())]).await,
        (401, 104, None)
    );
    let wrong = vec![("message", "x".into()), ("access_token", "EAAwrong".into())];
    assert_eq!(refused(wrong).await, (400, 190, None));
    let others = vec![("message", "x".into()), ("access_token", other.clone())];
    assert_eq!(refused(others).await, (403, 200, None));
    let reader = world
        .post_json(
            "/control/grants",
            json!({ "network": "FACEBOOK", "accountId": PAGE, "scopes": ["pages_read_engagement"] }),
        )
        .await
        .ok();
    let reader = reader["token"]["accessToken"].as_str().unwrap().to_owned();
    let unscoped = vec![("message", "x".into()), ("access_token", reader)];
    assert_eq!(refused(unscoped).await, (403, 10, None));
    assert_eq!(world.log().await.len(), 0);
}

#[tokio::test]
async fn illegal_parameters_are_refused() {
    let world = World::start().await;
    let token = world.token("FACEBOOK", PAGE).await;
    let feed = format!("/graph.facebook.com/v26.0/{PAGE}/feed?access_token={token}");
    let long = "x".repeat(63_207);
    for form in [
        &[("colour", "red"), ("message", "x")][..],
        &[],
        &[("message", &long)],
        &[("message", "x"), ("published", "perhaps")],
        &[("message", "x"), ("scheduled_publish_time", "1900000000")],
        &[
            ("message", "x"),
            ("published", "false"),
            ("scheduled_publish_time", "60"),
        ],
        &[("link", "not a link")],
        &[("attached_media", "[{\"media_fbid\":\"1\"}]")],
        &[("attached_media", "{\"media_fbid\":\"1\"}")],
    ] {
        let refused = world.post(&feed, form).await;
        assert_eq!(
            (refused.status, refused.graph_error().1),
            (400, 100),
            "{form:?}"
        );
    }
    assert_eq!(
        world
            .get("/graph.facebook.com/v26.0/12345?access_token=x")
            .await
            .status,
        400
    );
    assert_eq!(world.get("/example.com/v1").await.status, 404);
    assert_eq!(world.log().await.len(), 0);
}

#[tokio::test]
async fn the_same_post_twice_in_a_row_is_refused() {
    let world = World::start().await;
    let token = world.token("FACEBOOK", PAGE).await;
    let feed = format!("/graph.facebook.com/v26.0/{PAGE}/feed?access_token={token}");
    world.post(&feed, &[("message", "one")]).await.ok();
    let again = world.post(&feed, &[("message", "one")]).await;
    assert_eq!(again.graph_error(), (400, 506, Some(1_455_006)));
    world.post(&feed, &[("message", "two")]).await.ok();
    world.post(&feed, &[("message", "one")]).await.ok();
    assert_eq!(world.log().await.len(), 3);
}
