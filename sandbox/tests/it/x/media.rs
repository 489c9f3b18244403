//! Photos and videos.

use reqwest::Method;
use serde_json::{Value, json};

use super::{INVALID, OTHER, Profile, USER, problem};
use crate::files::{film, jpeg};

#[tokio::test]
async fn photos_carry_alt_text_and_a_link_of_their_own() {
    let x = Profile::start().await;
    let ids = [x.photo().await, x.photo().await];
    let alt = |text: &str| json!({ "id": ids[0], "metadata": { "alt_text": { "text": text } } });
    x.send("/media/metadata", alt("A loaf")).await.ok();
    assert_eq!(
        x.send("/media/metadata", alt(&"a".repeat(1001)))
            .await
            .status,
        400
    );
    let body = json!({ "text": "Rye", "media": { "media_ids": ids } });
    let made = x.tweet(body).await.ok();
    assert!(
        made["data"]["text"]
            .as_str()
            .unwrap()
            .starts_with("Rye https://t.co/")
    );
    let log = x.world.log().await;
    assert_eq!(log[0]["text"], "Rye");
    assert_eq!(log[0]["media"].as_array().unwrap().len(), 2);
    assert_eq!(log[0]["media"][0]["altText"], "A loaf");
    assert_eq!(log[0]["media"][0]["width"], 40);
    assert_eq!(log[0]["media"][1]["altText"], Value::Null);

    let id = made["data"]["id"].as_str().unwrap();
    let path = format!(
        "/tweets/{id}?post.fields=attachments,entities&expansions=attachments.media_keys,author_id\
         &media.fields=alt_text,url"
    );
    let read = x.get(&path).await.ok();
    let keys = [format!("3_{}", ids[0]), format!("3_{}", ids[1])];
    assert_eq!(read["data"]["attachments"]["media_keys"], json!(keys));
    assert_eq!(
        read["data"]["entities"]["urls"][0]["media_key"],
        json!(keys[0])
    );
    assert_eq!(read["includes"]["media"][0]["alt_text"], "A loaf");
    assert_eq!(read["includes"]["users"][0]["username"], "harborstreet");
    let url = read["includes"]["media"][0]["url"].as_str().unwrap();
    assert_eq!(x.world.client.get(url).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn videos_are_uploaded_in_parts_and_processed() {
    let x = Profile::start().await;
    let good = x
        .in_parts(&film(1280, 720, 5, 30), "video/mp4", "tweet_video")
        .await
        .ok();
    let id = good["data"]["id"].as_str().unwrap();
    assert_eq!(good["data"]["media_key"], format!("7_{id}"));
    assert_eq!(good["data"]["processing_info"]["state"], "in_progress");
    assert_eq!(x.status(id).await, "succeeded");
    let photo = x.photo().await;
    let body = |ids: Value| json!({ "text": "Film", "media": { "media_ids": ids } });
    assert_eq!(
        problem(&x.tweet(body(json!([id, photo]))).await),
        (400, INVALID)
    );
    x.tweet(body(json!([id]))).await.ok();
    assert_eq!(x.world.log().await[0]["media"][0]["type"], "video");

    let long = x
        .in_parts(&film(1280, 720, 141, 30), "video/mp4", "tweet_video")
        .await
        .ok();
    let id = long["data"]["id"].as_str().unwrap();
    assert_eq!(x.status(id).await, "failed");
    assert_eq!(problem(&x.tweet(body(json!([id]))).await), (400, INVALID));
    let liar = x.in_parts(&jpeg(10, 10), "video/mp4", "tweet_video").await;
    assert_eq!(problem(&liar), (400, INVALID));
    let wide = json!({ "media_type": "image/png", "total_bytes": 6_000_000 });
    assert_eq!(x.send("/media/upload/initialize", wide).await.status, 400);
    let other = x.world.token("X", OTHER).await;
    let others = Profile {
        world: x.world,
        token: other,
    };
    assert_eq!(others.tweet(body(json!([photo]))).await.status, 400);
}

#[tokio::test]
async fn incomplete_uploads_cannot_be_finalized() {
    let x = Profile::start().await;
    let wish = json!({ "media_type": "image/jpeg", "total_bytes": 1000 });
    let made = x.send("/media/upload/initialize", wish).await.ok();
    let id = made["data"]["id"].as_str().unwrap().to_owned();
    let append = format!("/media/upload/{id}/append");
    let finalize = format!("/media/upload/{id}/finalize");
    x.send(&append, json!({ "media": "AAAA", "segment_index": 1 }))
        .await
        .ok();
    assert_eq!(x.call(Method::POST, &finalize, None).await.status, 400);
    let refused = x
        .send(&append, json!({ "media": "AAAA", "segment_index": 1000 }))
        .await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        x.send(&append, json!({ "segment_index": 0 })).await.status,
        400
    );
    x.world.advance(86_401.0).await;
    let token = x.world.token("X", USER).await;
    let x = Profile {
        world: x.world,
        token,
    };
    let expired = x
        .send(&append, json!({ "media": "AAAA", "segment_index": 0 }))
        .await;
    assert_eq!(problem(&expired), (400, INVALID));
}
