//! Instagram with Facebook Login and Instagram Login.

use image::ImageFormat;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    files::{film, host, jpeg, picture},
    world::{Answered, World},
};

const IG: &str = "17841400000000001";

struct Account {
    world: World,
    token: String,
    host: &'static str,
}

impl Account {
    async fn start() -> Self {
        let world = World::start().await;
        world.switch(json!({ "processingMs": 0 })).await;
        let token = world.token("INSTAGRAM", IG).await;
        Self {
            world,
            token,
            host: "graph.facebook.com",
        }
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answered {
        let path = format!("/{}/v26.0/{path}?access_token={}", self.host, self.token);
        self.world.post(&path, form).await
    }

    async fn get(&self, path: &str, fields: &str) -> Answered {
        let token = &self.token;
        let path = format!(
            "/{}/v26.0/{path}?fields={fields}&access_token={token}",
            self.host
        );
        self.world.get(&path).await
    }

    async fn container(&self, form: &[(&str, &str)]) -> String {
        let made = self.post(&format!("{IG}/media"), form).await.ok();
        made["id"].as_str().unwrap().to_owned()
    }

    async fn publish(&self, container: &str) -> Answered {
        self.post(
            &format!("{IG}/media_publish"),
            &[("creation_id", container)],
        )
        .await
    }

    /// The final state: videos are fetched after the answer.
    async fn settled(&self, container: &str) -> Value {
        for _ in 0..100 {
            let state = self.get(container, "status_code,status").await.ok();
            if state["status_code"] != "IN_PROGRESS" {
                return state;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the container stays in progress");
    }
}

#[tokio::test]
async fn an_image_goes_live_once() {
    let ig = Account::start().await;
    let files = host(&[("a.jpg", jpeg(1080, 1080))]).await;
    let url = format!("{files}/a.jpg");
    let form = [
        ("image_url", &*url),
        ("caption", "Bread #rye"),
        ("alt_text", "A loaf"),
    ];
    let container = ig.container(&form).await;
    assert_eq!(ig.settled(&container).await["status_code"], "FINISHED");
    let media = ig.publish(&container).await.ok();
    let id = media["id"].as_str().unwrap().to_owned();
    assert_eq!(ig.settled(&container).await["status_code"], "PUBLISHED");
    assert_eq!(
        ig.publish(&container).await.graph_error(),
        (400, 24, Some(2_207_006))
    );

    let log = ig.world.log().await;
    assert_eq!(log.len(), 1);
    assert_eq!(
        (&log[0]["id"], &log[0]["kind"]),
        (&json!(id), &json!("image"))
    );
    assert_eq!(log[0]["media"][0]["altText"], "A loaf");
    let read = ig
        .get(
            &id,
            "permalink,media_type,media_product_type,caption,timestamp",
        )
        .await
        .ok();
    assert_eq!(
        (&read["media_type"], &read["media_product_type"]),
        (&json!("IMAGE"), &json!("FEED"))
    );
    assert_eq!(
        ig.world
            .get(read["permalink"].as_str().unwrap())
            .await
            .status,
        200
    );
    let list = ig.get(&format!("{IG}/media"), "id,caption").await.ok();
    assert_eq!(list["data"], json!([{ "id": id, "caption": "Bread #rye" }]));

    let path = format!("/graph.facebook.com/v26.0/{id}?access_token={}", ig.token);
    ig.world.delete(&path).await.ok();
    assert_eq!(ig.get(&id, "id").await.graph_error(), (400, 100, Some(33)));
    assert!(ig.world.log().await[0]["deletedAt"].is_string());
}

#[tokio::test]
async fn images_and_captions_are_checked() {
    let ig = Account::start().await;
    let mut large = jpeg(100, 100);
    large.resize(9 * 1024 * 1024, 0);
    let files = host(&[
        ("a.jpg", jpeg(1000, 1000)),
        ("a.png", picture(ImageFormat::Png, 500, 500, 1)),
        ("tall.jpg", jpeg(400, 1000)),
        ("large.jpg", large),
    ])
    .await;
    let url = |name: &str| format!("{files}/{name}");
    let (good, long) = (url("a.jpg"), "x".repeat(2201));
    let (tags, people) = ("#a ".repeat(31), "@a ".repeat(21));
    let alt = "x".repeat(1001);
    for (form, code) in [
        (
            vec![("image_url", &*url("a.png"))],
            (36001, Some(2_207_005)),
        ),
        (
            vec![("image_url", &*url("tall.jpg"))],
            (36003, Some(2_207_009)),
        ),
        (
            vec![("image_url", &*url("large.jpg"))],
            (36000, Some(2_207_004)),
        ),
        (
            vec![("image_url", &*url("none.jpg"))],
            (9004, Some(2_207_052)),
        ),
        (
            vec![("image_url", &*good), ("caption", &*long)],
            (36004, Some(2_207_010)),
        ),
        (
            vec![("image_url", &*good), ("caption", &*tags)],
            (36004, Some(2_207_010)),
        ),
        (
            vec![("image_url", &*good), ("caption", &*people)],
            (100, Some(2_207_040)),
        ),
        (
            vec![("image_url", &*good), ("alt_text", &*alt)],
            (100, None),
        ),
        (
            vec![("image_url", &*good), ("media_type", "PAINTING")],
            (100, Some(2_207_023)),
        ),
        (
            vec![("image_url", &*good), ("video_url", &*good)],
            (100, None),
        ),
        (
            vec![("media_type", "CAROUSEL"), ("children", "[\"1\"]")],
            (100, Some(2_207_028)),
        ),
        (
            vec![("image_url", &*good), ("filter", "sepia")],
            (100, None),
        ),
    ] {
        let refused = ig.post(&format!("{IG}/media"), &form).await.graph_error();
        assert_eq!((refused.1, refused.2), code, "{:?}", form.last());
    }
    assert_eq!(
        ig.publish("17900000000000099").await.graph_error(),
        (400, 24, Some(2_207_008))
    );
    assert_eq!(ig.world.log().await.len(), 0);
}

#[tokio::test]
async fn reels_are_processed_and_bad_ones_end_in_error() {
    let ig = Account::start().await;
    let files = host(&[
        ("good.mp4", film(1080, 1920, 12, 30)),
        ("short.mp4", film(1080, 1920, 1, 30)),
    ])
    .await;
    let good = format!("{files}/good.mp4");
    let reel = ig
        .container(&[("media_type", "REELS"), ("video_url", &good)])
        .await;
    assert_eq!(ig.settled(&reel).await["status_code"], "FINISHED");
    let id = ig.publish(&reel).await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let read = ig.get(&id, "media_type,media_product_type").await.ok();
    assert_eq!(
        (&read["media_type"], &read["media_product_type"]),
        (&json!("VIDEO"), &json!("REELS"))
    );

    for (name, code) in [("short.mp4", 2_207_026), ("none.mp4", 2_207_052)] {
        let url = format!("{files}/{name}");
        let bad = ig
            .container(&[("media_type", "REELS"), ("video_url", &url)])
            .await;
        let state = ig.settled(&bad).await;
        assert_eq!(state["status_code"], "ERROR");
        assert!(
            state["status"]
                .as_str()
                .unwrap()
                .contains(&code.to_string())
        );
        assert_eq!(ig.publish(&bad).await.graph_error().2, Some(code));
    }
    assert_eq!(ig.world.log().await.len(), 1);
}

#[tokio::test]
async fn a_container_in_progress_cannot_be_published() {
    let ig = Account::start().await;
    ig.world.switch(json!({ "processingMs": 60_000 })).await;
    let files = host(&[("a.jpg", jpeg(500, 500))]).await;
    let container = ig
        .container(&[("image_url", &format!("{files}/a.jpg"))])
        .await;
    assert_eq!(
        ig.publish(&container).await.graph_error(),
        (400, 9007, Some(2_207_027))
    );
}

#[tokio::test]
async fn a_reel_can_be_uploaded() {
    let ig = Account::start().await;
    let form = [("media_type", "REELS"), ("upload_type", "resumable")];
    let made = ig.post(&format!("{IG}/media"), &form).await.ok();
    let film = film(720, 1280, 5, 30);
    let request = ig
        .world
        .request(Method::POST, made["uri"].as_str().unwrap())
        .header("authorization", format!("OAuth {}", ig.token))
        .header("offset", 0)
        .header("file_size", film.len())
        .body(film);
    assert_eq!(ig.world.send(request).await.ok()["success"], true);
    let container = made["id"].as_str().unwrap();
    assert_eq!(ig.settled(container).await["status_code"], "FINISHED");
    ig.publish(container).await.ok();
    assert_eq!(ig.world.log().await[0]["kind"], "reel");
}

#[tokio::test]
async fn carousels_and_stories() {
    let ig = Account::start().await;
    let files = host(&[
        ("a.jpg", jpeg(500, 500)),
        ("b.jpg", picture(ImageFormat::Jpeg, 500, 500, 3)),
        ("story.jpg", jpeg(1080, 1920)),
    ])
    .await;
    let mut children = Vec::new();
    for (name, alt) in [("a.jpg", "First"), ("b.jpg", "Second")] {
        let url = format!("{files}/{name}");
        let form = [
            ("image_url", &*url),
            ("is_carousel_item", "true"),
            ("alt_text", alt),
        ];
        children.push(ig.container(&form).await);
    }
    assert_eq!(ig.publish(&children[0]).await.graph_error().1, 24);
    let list = children.join(",");
    let form = [
        ("media_type", "CAROUSEL"),
        ("children", &*list),
        ("caption", "Both"),
    ];
    let carousel = ig.container(&form).await;
    let id = ig.publish(&carousel).await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let log = ig.world.log().await;
    assert_eq!(log[0]["kind"], "carousel");
    assert_eq!(log[0]["media"][1]["altText"], "Second");
    let read = ig.get(&id, "media_type,children{media_type}").await.ok();
    assert_eq!(read["media_type"], "CAROUSEL_ALBUM");
    assert_eq!(read["children"]["data"].as_array().unwrap().len(), 2);

    let url = format!("{files}/story.jpg");
    let story = ig
        .container(&[("media_type", "STORIES"), ("image_url", &url)])
        .await;
    ig.publish(&story).await.ok();
    assert_eq!(
        ig.get(&format!("{IG}/stories"), "id").await.ok()["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        ig.get(&format!("{IG}/media"), "id").await.ok()["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn quota_expiry_and_container_limit() {
    let ig = Account::start().await;
    ig.world
        .switch(
            json!({ "quotaTotal": 1, "igContainersPerDay": 3, "rateLimits": { "enabled": true } }),
        )
        .await;
    let files = host(&[("a.jpg", jpeg(500, 500))]).await;
    let url = format!("{files}/a.jpg");
    let mut containers = Vec::new();
    for _ in 0..3 {
        containers.push(ig.container(&[("image_url", &url)]).await);
    }
    let fourth = ig
        .post(&format!("{IG}/media"), &[("image_url", &url)])
        .await;
    assert_eq!(fourth.graph_error().1, 4);
    ig.publish(&containers[0]).await.ok();
    assert_eq!(
        ig.publish(&containers[1]).await.graph_error(),
        (400, 9, Some(2_207_042))
    );
    let limit = ig
        .get(
            &format!("{IG}/content_publishing_limit"),
            "quota_usage,config",
        )
        .await
        .ok();
    assert_eq!(
        limit["data"],
        json!([{ "quota_usage": 1, "config": { "quota_total": 1, "quota_duration": 86400 } }])
    );
    ig.world.advance(86_400.0).await;
    assert_eq!(ig.settled(&containers[1]).await["status_code"], "EXPIRED");
    assert_eq!(
        ig.publish(&containers[1]).await.graph_error(),
        (400, 24, Some(2_207_008))
    );
}

#[tokio::test]
async fn the_second_publish_is_a_switch() {
    let ig = Account::start().await;
    let files = host(&[("a.jpg", jpeg(500, 500))]).await;
    let container = ig
        .container(&[("image_url", &format!("{files}/a.jpg"))])
        .await;
    let first = ig.publish(&container).await.ok();
    ig.world
        .switch(json!({ "igSecondPublish": "same_media" }))
        .await;
    assert_eq!(ig.publish(&container).await.ok(), first);
    assert_eq!(ig.world.log().await.len(), 1);
    ig.world
        .switch(json!({ "igSecondPublish": "duplicate" }))
        .await;
    assert_ne!(ig.publish(&container).await.ok(), first);
    assert_eq!(ig.world.log().await.len(), 2);
}

#[tokio::test]
async fn instagram_login_lives_on_its_own_host() {
    let mut ig = Account::start().await;
    let scopes = [
        "instagram_business_basic",
        "instagram_business_content_publish",
    ];
    let body = json!({ "network": "INSTAGRAM", "accountId": IG, "scopes": scopes });
    let grant = ig.world.post_json("/control/grants", body).await.ok();
    let page_token = std::mem::replace(
        &mut ig.token,
        grant["token"]["accessToken"].as_str().unwrap().into(),
    );
    assert_eq!(ig.get("me", "id").await.graph_error().1, 190);
    ig.host = "graph.instagram.com";
    let me = ig.get("me", "user_id,username").await.ok();
    assert_eq!(
        (&me["user_id"], &me["username"]),
        (&json!(IG), &json!("harborstreet"))
    );
    let files = host(&[("a.jpg", jpeg(500, 500))]).await;
    let container = ig
        .container(&[("image_url", &format!("{files}/a.jpg"))])
        .await;
    ig.publish(&container).await.ok();
    ig.token = page_token;
    assert_eq!(ig.get("me", "id").await.graph_error().1, 190);
}
