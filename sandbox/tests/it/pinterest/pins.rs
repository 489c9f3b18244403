//! Pins: made, refused, changed, removed.

use base64::{Engine, prelude::BASE64_STANDARD};
use image::ImageFormat;
use reqwest::Method;
use serde_json::{Value, json};

use super::{API, BOARD, OTHER, OTHERS_BOARD, Profile, SECOND_BOARD, USER, problem};
use crate::files::{film, host, jpeg, picture};

#[tokio::test]
async fn a_pin_by_url_is_accepted_and_read_back() {
    let pinterest = Profile::start().await;
    let files = host(&[("rye.jpg", jpeg(1000, 1500))]).await;
    let link = "https://example.org/rye?utm_content=a1";
    // The official client sends explicit nulls.
    let made = pinterest
        .pin(json!({
            "title": "Rye",
            "description": "Rye from six",
            "link": link,
            "alt_text": "A loaf",
            "dominant_color": null,
            "parent_pin_id": null,
            "media_source": { "source_type": "image_url", "url": format!("{files}/rye.jpg") },
        }))
        .await;
    assert_eq!(made.status, 201);
    assert!(made.headers.contains_key("x-pinterest-rid"));
    let pin = made.body;
    let id = pin["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (&pin["board_id"], &pin["link"]),
        (&json!(BOARD), &json!(link))
    );
    assert_eq!(
        (&pin["creative_type"], &pin["is_owner"]),
        (&json!("REGULAR"), &json!(true))
    );
    assert_eq!(pin["media"]["media_type"], "image");
    assert_eq!(pin["media"]["images"]["600x"]["height"], 900);

    let log = pinterest.world.log().await;
    assert_eq!(
        (&log[0]["title"], &log[0]["text"]),
        (&json!("Rye"), &json!("Rye from six"))
    );
    assert_eq!(
        (&log[0]["board"], &log[0]["link"]),
        (&json!(BOARD), &json!(link))
    );
    assert_eq!(log[0]["media"][0]["altText"], "A loaf");
    assert_eq!(log[0]["media"][0]["height"], 1500);
    let page = pinterest
        .world
        .get(log[0]["url"].as_str().unwrap())
        .await
        .ok();
    assert!(page.as_str().unwrap().contains("Rye from six"));

    assert_eq!(pinterest.get(&format!("/pins/{id}")).await.ok(), pin);
    let listed = pinterest.get(&format!("/boards/{BOARD}/pins")).await.ok();
    assert_eq!(listed, json!({ "items": [pin], "bookmark": null }));
    assert_eq!(
        pinterest.get("/pins").await.ok()["items"][0]["id"],
        json!(id)
    );
    let second = pinterest
        .get(&format!("/boards/{SECOND_BOARD}/pins"))
        .await
        .ok();
    assert_eq!(second["items"], json!([]));
    assert_eq!(
        pinterest.get(&format!("/boards/{BOARD}")).await.ok()["pin_count"],
        1
    );
}

#[tokio::test]
async fn strangers_are_refused() {
    let pinterest = Profile::start().await;
    let anonymous = pinterest.world.get(&format!("{API}/pins")).await;
    assert_eq!(problem(&anonymous), (401, 2));
    let others = pinterest.pin(json!({ "board_id": OTHERS_BOARD })).await;
    assert_eq!(problem(&others), (403, 29));
    assert_eq!(
        problem(&pinterest.pin(json!({ "board_id": "12345" })).await),
        (404, 40)
    );
    assert_eq!(problem(&pinterest.get("/pins/12345").await), (404, 50));
    assert_eq!(problem(&pinterest.get("/colours").await), (404, 404));
    let grant = json!({ "network": "PINTEREST", "accountId": USER,
        "scopes": ["boards:read", "pins:read"] });
    let reader = pinterest
        .world
        .post_json("/control/grants", grant)
        .await
        .ok();
    let token = reader["token"]["accessToken"].as_str().unwrap().to_owned();
    let reader = Profile {
        world: pinterest.world,
        token,
    };
    assert_eq!(problem(&reader.pin(json!({})).await), (403, 29));
    assert_eq!(problem(&reader.get("/user_account").await), (403, 29));
    reader.get("/boards").await.ok();
    reader.world.advance(30.0 * 86_400.0).await;
    assert_eq!(problem(&reader.get("/boards").await), (401, 2));
    assert_eq!(reader.world.log().await.len(), 0);
}

#[tokio::test]
async fn illegal_pins_are_refused() {
    let pinterest = Profile::start().await;
    let files = host(&[
        ("text.jpg", b"no picture".to_vec()),
        ("film.mp4", film(640, 480, 5, 30)),
    ])
    .await;
    let by_url =
        |name: &str| json!({ "source_type": "image_url", "url": format!("{files}/{name}") });
    let several = |items: Value| json!({ "source_type": "multiple_image_base64", "items": items });
    let item = |w, h| {
        json!({ "content_type": "image/jpeg",
        "data": BASE64_STANDARD.encode(jpeg(w, h)) })
    };
    let png = BASE64_STANDARD.encode(picture(ImageFormat::Png, 4, 4, 1));
    for more in [
        json!({ "board_id": null }),
        json!({ "board_id": "abc" }),
        json!({ "colour": "red" }),
        json!({ "title": 5 }),
        json!({ "title": "a".repeat(101) }),
        json!({ "description": "a".repeat(801) }),
        json!({ "alt_text": "a".repeat(501) }),
        json!({ "link": format!("https://example.org/{}", "a".repeat(2048)) }),
        json!({ "link": "not a link" }),
        json!({ "media_source": null }),
        json!({ "media_source": { "source_type": "colour" } }),
        json!({ "media_source": { "source_type": "image_url" } }),
        json!({ "media_source": { "source_type": "image_base64", "content_type": "image/jpeg",
            "data": png } }),
        json!({ "media_source": by_url("text.jpg") }),
        json!({ "media_source": by_url("film.mp4") }),
        json!({ "media_source": several(json!([item(10, 15)])) }),
        json!({ "media_source": several(json!([item(10, 15), item(10, 16)])) }),
        json!({ "media_source": several(vec![item(10, 15); 6].into()) }),
    ] {
        assert_eq!(
            problem(&pinterest.pin(more.clone()).await),
            (400, 1),
            "{more}"
        );
    }
    for name in ["gone.jpg", "\u{e9}.jpg"] {
        let missing = pinterest.pin(json!({ "media_source": by_url(name) })).await;
        assert_eq!(problem(&missing), (400, 235));
    }
    for query in [
        "colour=red",
        "page_size=251",
        "page_size=0",
        "bookmark=zzz",
        "creative_types=X",
    ] {
        assert_eq!(
            problem(&pinterest.get(&format!("/pins?{query}")).await),
            (400, 1),
            "{query}"
        );
    }
    assert_eq!(pinterest.world.log().await.len(), 0);
}

#[tokio::test]
async fn carousels_keep_their_order() {
    let pinterest = Profile::start().await;
    let picture = |shade| picture(ImageFormat::Png, 20, 30, shade);
    let files = host(&[("1.png", picture(10)), ("2.png", picture(90))]).await;
    let item = |n: u8| {
        json!({ "url": format!("{files}/{n}.png"),
        "link": format!("https://example.org/{n}") })
    };
    let source =
        json!({ "source_type": "multiple_image_urls", "items": [item(2), item(1)], "index": 0 });
    let pin = pinterest.pin(json!({ "media_source": source })).await.ok();
    assert_eq!(pin["creative_type"], "CAROUSEL");
    assert_eq!(pin["media"]["media_type"], "multiple_images");
    assert_eq!(pin["media"]["items"][0]["link"], "https://example.org/2");
    let log = pinterest.world.log().await;
    assert_eq!(
        (&log[0]["kind"], log[0]["media"].as_array().unwrap().len()),
        (&json!("carousel_pin"), 2)
    );
    assert_ne!(log[0]["media"][0]["sha256"], log[0]["media"][1]["sha256"]);
}

#[tokio::test]
async fn pins_are_changed_and_removed_by_their_owner() {
    let pinterest = Profile::start().await;
    let id = pinterest.pin(json!({ "title": "Rye" })).await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/pins/{id}");
    let change = json!({ "title": "Spelt", "link": null, "board_id": SECOND_BOARD });
    let changed = pinterest
        .call(Method::PATCH, &path, Some(change))
        .await
        .ok();
    assert_eq!(
        (&changed["title"], &changed["board_id"]),
        (&json!("Spelt"), &json!(SECOND_BOARD))
    );
    assert_eq!(pinterest.world.log().await[0]["title"], "Spelt");
    let bad = json!({ "board_id": OTHERS_BOARD });
    let refused = pinterest.call(Method::PATCH, &path, Some(bad)).await;
    assert_eq!(problem(&refused), (403, 29));

    let token = pinterest.world.token("PINTEREST", OTHER).await;
    let others = Profile {
        world: pinterest.world,
        token,
    };
    assert_eq!(
        problem(&others.call(Method::DELETE, &path, None).await),
        (403, 29)
    );
    assert_eq!(others.get(&path).await.ok()["is_owner"], false);
    let token = others.world.token("PINTEREST", USER).await;
    let owner = Profile {
        world: others.world,
        token,
    };
    assert_eq!(owner.call(Method::DELETE, &path, None).await.status, 204);
    assert_eq!(
        problem(&owner.call(Method::DELETE, &path, None).await),
        (404, 50)
    );
    assert!(owner.world.log().await[0]["deletedAt"].is_string());
    assert_eq!(owner.get("/pins").await.ok()["items"], json!([]));
}
