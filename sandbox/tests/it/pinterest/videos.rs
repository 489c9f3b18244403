//! Videos.

use serde_json::{Value, json};

use super::{Profile, problem};
use crate::files::{film, host, jpeg};

#[tokio::test]
async fn videos_are_uploaded_and_pinned_with_a_cover() {
    let pinterest = Profile::start().await;
    let id = pinterest.video(film(720, 1280, 6, 30)).await;
    let source = |more: Value| {
        let mut source = json!({ "source_type": "video_id", "media_id": id });
        for (name, value) in more.as_object().unwrap() {
            source[name] = value.clone();
        }
        json!({ "media_source": source })
    };
    assert_eq!(pinterest.status(&id).await, "succeeded");
    assert_eq!(problem(&pinterest.pin(source(json!({}))).await), (400, 1));
    let files = host(&[("cover.jpg", jpeg(720, 1280))]).await;
    let cover = json!({ "cover_image_url": format!("{files}/cover.jpg") });
    let pin = pinterest.pin(source(cover)).await.ok();
    assert_eq!(
        (&pin["creative_type"], &pin["media"]["media_type"]),
        (&json!("VIDEO"), &json!("video"))
    );
    assert_eq!(pin["media"]["duration"], 6000);
    pinterest
        .pin(source(json!({ "cover_image_key_frame_time": 2 })))
        .await
        .ok();
    let log = pinterest.world.log().await;
    assert_eq!(
        (&log[0]["kind"], &log[0]["media"][0]["type"]),
        (&json!("video_pin"), &json!("video"))
    );

    let short = pinterest.video(film(720, 1280, 2, 30)).await;
    assert_eq!(pinterest.status(&short).await, "failed");
    let failed = json!({ "media_source": { "source_type": "video_id", "media_id": short,
        "cover_image_key_frame_time": 0 } });
    assert_eq!(problem(&pinterest.pin(failed).await), (400, 1));
    assert_eq!(
        problem(
            &pinterest
                .send("/media", json!({ "media_type": "image" }))
                .await
        ),
        (400, 1)
    );
    assert_eq!(problem(&pinterest.get("/media/1").await), (404, 404));
}

#[tokio::test]
async fn uploads_need_every_parameter() {
    let pinterest = Profile::start().await;
    let made = pinterest
        .send("/media", json!({ "media_type": "video" }))
        .await;
    assert_eq!(made.status, 201);
    let made = made.body;
    let film = film(720, 1280, 6, 30);
    for name in ["x-amz-signature", "key", "policy", "Content-Type"] {
        let refused = pinterest
            .upload(&made, |form| form, film.clone(), Some(name))
            .await;
        assert_eq!(refused.status, 403, "{name}");
        assert!(
            refused
                .body
                .as_str()
                .unwrap()
                .contains("<Code>AccessDenied</Code>")
        );
    }
    let id = made["media_id"].as_str().unwrap();
    assert_eq!(pinterest.status(id).await, "registered");
    pinterest.world.advance(3601.0).await;
    let late = pinterest.upload(&made, |form| form, film, None).await;
    assert_eq!(late.status, 403);
}
