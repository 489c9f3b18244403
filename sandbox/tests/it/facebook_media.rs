//! Photos, videos, reels and stories of Facebook Pages.

use image::ImageFormat;
use reqwest::{Method, multipart};
use serde_json::{Value, json};

use crate::{
    files::{film, host, jpeg, picture},
    world::{Answered, PAGE, World},
};

struct Page {
    world: World,
    token: String,
}

impl Page {
    async fn start() -> Self {
        let world = World::start().await;
        world.switch(json!({ "processingMs": 0 })).await;
        let token = world.token("FACEBOOK", PAGE).await;
        Self { world, token }
    }

    async fn post(&self, edge: &str, form: &[(&str, &str)]) -> Answered {
        let path = format!(
            "/graph.facebook.com/v25.0/{PAGE}/{edge}?access_token={}",
            self.token
        );
        self.world.post(&path, form).await
    }

    async fn read(&self, id: &str, fields: &str) -> Value {
        let token = &self.token;
        let path = format!("/graph.facebook.com/v25.0/{id}?fields={fields}&access_token={token}");
        self.world.get(&path).await.ok()
    }

    async fn upload(&self, url: &str, offset: usize, size: usize, bytes: Vec<u8>) -> Answered {
        let request = self
            .world
            .request(Method::POST, url)
            .header("authorization", format!("OAuth {}", self.token))
            .header("offset", offset)
            .header("file_size", size)
            .header("content-type", "application/octet-stream")
            .body(bytes);
        self.world.send(request).await
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test]
async fn a_photo_by_url_is_fetched_and_shown() {
    let page = Page::start().await;
    let files = host(&[("rye.jpg", jpeg(800, 600))]).await;
    let form = [
        ("url", format!("{files}/rye.jpg")),
        ("caption", "Rye".into()),
        ("alt_text_custom", "A dark loaf".into()),
    ];
    let form: Vec<_> = form.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let made = page.post("photos", &form).await.ok();
    let log = page.world.log().await;
    assert_eq!(log[0]["id"], made["post_id"]);
    assert_eq!(
        (log[0]["kind"].as_str(), log[0]["text"].as_str()),
        (Some("photo"), Some("Rye"))
    );
    let media = &log[0]["media"][0];
    assert_eq!(
        (&media["width"], &media["height"]),
        (&json!(800), &json!(600))
    );
    assert_eq!(
        (&media["type"], &media["contentType"]),
        (&json!("image"), &json!("image/jpeg"))
    );
    assert_eq!(media["altText"], "A dark loaf");
    let copy = page
        .world
        .client
        .get(text(&media["url"]))
        .send()
        .await
        .unwrap();
    assert_eq!(copy.bytes().await.unwrap(), jpeg(800, 600));
    let photo = page
        .read(text(&made["id"]), "page_story_id,alt_text,width")
        .await;
    assert_eq!(photo["page_story_id"], made["post_id"]);
}

#[tokio::test]
async fn several_photos_make_one_post_once() {
    let page = Page::start().await;
    let mut ids = Vec::new();
    for shade in [10, 20] {
        let part = multipart::Part::bytes(picture(ImageFormat::Png, 300, 300, shade));
        let form = multipart::Form::new()
            .part("source", part.file_name("a.png"))
            .text("published", "false")
            .text("access_token", page.token.clone());
        let path = format!("/graph.facebook.com/v26.0/{PAGE}/photos");
        let request = page.world.request(Method::POST, &path).multipart(form);
        let made = page.world.send(request).await.ok();
        assert!(made["post_id"].is_null());
        ids.push(text(&made["id"]).to_owned());
    }
    assert_eq!(page.world.log().await.len(), 0);
    let first = json!({ "media_fbid": ids[0] }).to_string();
    let second = json!({ "media_fbid": ids[1] }).to_string();
    let form = [
        ("message", "Two"),
        ("attached_media[0]", &first),
        ("attached_media[1]", &second),
    ];
    let made = page.post("feed", &form).await.ok();
    let post = page
        .read(
            text(&made["id"]),
            "attachments{type,subattachments{target}}",
        )
        .await;
    assert_eq!(post["attachments"]["data"][0]["type"], "album");
    assert_eq!(
        page.world.log().await[0]["media"].as_array().unwrap().len(),
        2
    );
    let list = format!("[{first}]");
    let again = page
        .post("feed", &[("message", "Again"), ("attached_media", &list)])
        .await;
    assert_eq!(again.graph_error(), (400, 100, Some(1_366_051)));
}

#[tokio::test]
async fn bad_photos_are_refused() {
    let page = Page::start().await;
    let mut large = jpeg(50, 50);
    large.resize(5 * 1024 * 1024, 0);
    let webp = b"RIFF\0\0\0\0WEBPVP8 ".to_vec();
    let files = host(&[
        ("large.jpg", large),
        ("a.webp", webp),
        ("a.txt", b"hello".to_vec()),
    ])
    .await;
    for (name, code) in [
        ("large.jpg", (400, 100, Some(1_366_046))),
        ("a.webp", (400, 100, Some(2_069_019))),
        ("a.txt", (400, 100, Some(2_069_019))),
        ("missing.jpg", (400, 324, None)),
    ] {
        let refused = page
            .post("photos", &[("url", &format!("{files}/{name}"))])
            .await;
        assert_eq!(refused.graph_error(), code, "{name}");
    }
    assert_eq!(
        page.post("photos", &[]).await.graph_error(),
        (400, 324, None)
    );
    assert_eq!(page.world.log().await.len(), 0);
}

#[tokio::test]
async fn a_reel_is_uploaded_in_two_parts_and_published() {
    let page = Page::start().await;
    let started = page
        .post("video_reels", &[("upload_phase", "start")])
        .await
        .ok();
    let (id, url) = (
        text(&started["video_id"]).to_owned(),
        text(&started["upload_url"]).to_owned(),
    );
    let film = film(1080, 1920, 10, 30);
    let (first, rest) = film.split_at(1000);
    let partial = page.upload(&url, 0, film.len(), first.to_vec()).await;
    assert_eq!(partial.body["debug_info"]["type"], "PartialRequestError");
    let status = page.read(&id, "status").await;
    assert_eq!(
        status["status"]["uploading_phase"]["bytes_transfered"],
        1000
    );
    let wrong = page.upload(&url, 5, film.len(), rest.to_vec()).await;
    assert_eq!(wrong.body["debug_info"]["type"], "OffsetInvalidError");
    let finish = [
        ("upload_phase", "finish"),
        ("video_id", &id),
        ("video_state", "PUBLISHED"),
        ("description", "Kneading"),
    ];
    assert_eq!(
        page.post("video_reels", &finish).await.graph_error().1,
        6000
    );
    assert_eq!(
        page.upload(&url, 1000, film.len(), rest.to_vec())
            .await
            .ok()["success"],
        true
    );
    assert_eq!(
        page.post("video_reels", &finish).await.ok(),
        json!({ "success": true })
    );

    let log = page.world.log().await;
    assert_eq!(
        (log.len(), &log[0]["kind"], &log[0]["text"]),
        (1, &json!("reel"), &json!("Kneading"))
    );
    assert_eq!(log[0]["media"][0]["durationMs"], 10_000);
    let video = page
        .read(&id, "status,published,post_id,permalink_url")
        .await;
    assert_eq!(
        video["status"]["publishing_phase"]["publish_status"],
        "published"
    );
    assert_eq!(video["post_id"], log[0]["id"]);
    assert_eq!(
        page.world.get(text(&video["permalink_url"])).await.status,
        200
    );
    assert_eq!(page.post("video_reels", &finish).await.graph_error().1, 100);
    assert_eq!(page.world.log().await.len(), 1);
}

#[tokio::test]
async fn reels_that_break_the_rules_are_refused_with_their_code() {
    let page = Page::start().await;
    for (film, code) in [
        (film(3000, 1000, 10, 30), 1_363_040),
        (film(270, 480, 10, 30), 1_363_127),
        (film(1080, 1920, 2, 30), 1_363_128),
        (film(1080, 1920, 10, 10), 1_363_129),
        (jpeg(1080, 1920), 352),
    ] {
        let started = page
            .post("video_reels", &[("upload_phase", "start")])
            .await
            .ok();
        let id = text(&started["video_id"]).to_owned();
        page.upload(text(&started["upload_url"]), 0, film.len(), film)
            .await
            .ok();
        let form = [
            ("upload_phase", "finish"),
            ("video_id", &*id),
            ("video_state", "PUBLISHED"),
        ];
        assert_eq!(page.post("video_reels", &form).await.graph_error().1, code);
        assert_eq!(
            page.read(&id, "status").await["status"]["video_status"],
            "error"
        );
    }
    assert_eq!(page.world.log().await.len(), 0);
}

#[tokio::test]
async fn reels_are_limited_per_day() {
    let page = Page::start().await;
    page.world
        .switch(json!({ "facebookReelsPerDay": 1, "rateLimits": { "enabled": true } }))
        .await;
    let files = host(&[("reel.mp4", film(1080, 1920, 5, 30))]).await;
    let mut seen = Vec::new();
    for day in 0..3 {
        if day == 2 {
            page.world.advance(24.0 * 3600.0).await;
        }
        let started = page
            .post("video_reels", &[("upload_phase", "start")])
            .await
            .ok();
        let request = page
            .world
            .request(Method::POST, text(&started["upload_url"]))
            .header("authorization", format!("OAuth {}", page.token))
            .header("file_url", format!("{files}/reel.mp4"));
        page.world.send(request).await.ok();
        let id = text(&started["video_id"]);
        let form = [
            ("upload_phase", "finish"),
            ("video_id", id),
            ("video_state", "PUBLISHED"),
        ];
        let finished = page.post("video_reels", &form).await;
        seen.push((finished.status, finished.graph_error().2));
    }
    assert_eq!(seen, [(200, None), (400, Some(1_390_008)), (200, None)]);
}

#[tokio::test]
async fn videos_come_by_url_and_in_chunks() {
    let page = Page::start().await;
    let film = film(640, 480, 4, 25);
    let files = host(&[("a.mp4", film.clone())]).await;
    let url = format!("{files}/a.mp4");
    page.post("videos", &[("file_url", &url), ("description", "By URL")])
        .await
        .ok();

    let size = film.len().to_string();
    let begun = page
        .post("videos", &[("upload_phase", "start"), ("file_size", &size)])
        .await
        .ok();
    let session = text(&begun["upload_session_id"]).to_owned();
    let mut start = 0;
    for chunk in film.chunks(1500) {
        let form = multipart::Form::new()
            .text("upload_phase", "transfer")
            .text("upload_session_id", session.clone())
            .text("start_offset", start.to_string())
            .part(
                "video_file_chunk",
                multipart::Part::bytes(chunk.to_vec()).file_name("c"),
            );
        let path = format!("/graph-video.facebook.com/v26.0/{PAGE}/videos");
        let request = page
            .world
            .request(Method::POST, &path)
            .bearer_auth(&page.token);
        let sent = page.world.send(request.multipart(form)).await.ok();
        start += chunk.len();
        assert_eq!(sent["start_offset"], start.to_string());
    }
    let form = [
        ("upload_phase", "finish"),
        ("upload_session_id", &session),
        ("title", "Oven"),
        ("description", "In chunks"),
    ];
    assert_eq!(page.post("videos", &form).await.ok()["success"], true);
    let log = page.world.log().await;
    assert_eq!(
        (&log[0]["text"], &log[1]["text"]),
        (&json!("By URL"), &json!("In chunks"))
    );
    assert_eq!(log[1]["title"], "Oven");
    assert_eq!(log[0]["media"][0]["sha256"], log[1]["media"][0]["sha256"]);
}

#[tokio::test]
async fn stories_are_published_and_stay_out_of_the_feed() {
    let page = Page::start().await;
    let files = host(&[("a.jpg", jpeg(1080, 1920))]).await;
    let url = format!("{files}/a.jpg");
    let photo = page
        .post("photos", &[("url", &url), ("published", "false")])
        .await
        .ok();
    let story = page
        .post("photo_stories", &[("photo_id", text(&photo["id"]))])
        .await
        .ok();
    assert_eq!(story["success"], true);
    let log = page.world.log().await;
    assert_eq!(
        (&log[0]["id"], &log[0]["kind"]),
        (&story["post_id"], &json!("photo_story"))
    );
    let path = format!("/graph.facebook.com/v26.0/{PAGE}/published_posts?access_token=");
    let listed = page.world.get(&(path + &page.token)).await.ok();
    assert_eq!(listed["data"], json!([]));
}

#[tokio::test]
async fn scheduled_posts_appear_when_their_time_comes() {
    let page = Page::start().await;
    let now = page.world.networks.now();
    let time = (now.timestamp() + 3600).to_string();
    let form = [
        ("message", "Later"),
        ("published", "false"),
        ("scheduled_publish_time", &*time),
    ];
    let made = page.post("feed", &form).await.ok();
    let id = text(&made["id"]).to_owned();
    assert_eq!(page.world.log().await.len(), 0);
    let path = format!("/graph.facebook.com/v26.0/{PAGE}/scheduled_posts?access_token=");
    let waiting = page.world.get(&(path.clone() + &page.token)).await.ok();
    assert_eq!(waiting["data"][0]["id"], id);
    page.world.advance(3700.0).await;
    assert_eq!(page.world.log().await[0]["id"], id);
    let waiting = page.world.get(&(path + &page.token)).await.ok();
    assert_eq!(waiting["data"], json!([]));
}

#[tokio::test]
async fn posts_are_changed_removed_and_listed_in_parts() {
    let page = Page::start().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        let made = page
            .post("feed", &[("message", &format!("Post {n}"))])
            .await
            .ok();
        ids.push(text(&made["id"]).to_owned());
    }
    let node = |id: &str| format!("/graph.facebook.com/v26.0/{id}?access_token={}", page.token);
    page.world
        .post(&node(&ids[4]), &[("message", "Changed")])
        .await
        .ok();
    page.world.delete(&node(&ids[3])).await.ok();
    assert_eq!(
        page.world.get(&node(&ids[3])).await.graph_error(),
        (400, 100, Some(33))
    );

    let mut next = format!(
        "/graph.facebook.com/v26.0/{PAGE}/published_posts?fields=message&limit=2&access_token={}",
        page.token
    );
    let mut messages = Vec::new();
    loop {
        let part = page.world.get(&next).await.ok();
        for post in part["data"].as_array().unwrap() {
            messages.push(text(&post["message"]).to_owned());
        }
        match part["paging"]["next"].as_str() {
            Some(url) => next = url.to_owned(),
            None => break,
        }
    }
    assert_eq!(messages, ["Changed", "Post 2", "Post 1", "Post 0"]);
    let log = page.world.log().await;
    assert!(log[3]["deletedAt"].is_string());
}

#[tokio::test]
async fn two_phase_publishing_is_a_switch() {
    let page = Page::start().await;
    let made = page
        .post("feed", &[("message", "Draft"), ("published", "false")])
        .await
        .ok();
    let path = format!(
        "/graph.facebook.com/v26.0/{}?access_token={}",
        text(&made["id"]),
        page.token
    );
    let publish = [("is_published", "true")];
    assert_eq!(page.world.post(&path, &publish).await.graph_error().1, 100);
    page.world.switch(json!({ "facebookTwoPhase": true })).await;
    for _ in 0..2 {
        page.world.post(&path, &publish).await.ok();
    }
    assert_eq!(page.world.log().await.len(), 1);
}
