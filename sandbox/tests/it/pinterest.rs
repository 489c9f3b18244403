//! Pinterest.

use base64::{Engine, prelude::BASE64_STANDARD};
use image::ImageFormat;
use reqwest::{
    Method, Url,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use crate::{
    files::{film, host, jpeg, picture},
    world::{Answered, World},
};

const USER: &str = "549755885175000001";
const OTHER: &str = "549755885175000002";
const BOARD: &str = "549755885175100010";
const SECOND_BOARD: &str = "549755885175100011";
const OTHERS_BOARD: &str = "549755885175100020";
const API: &str = "/api.pinterest.com/v5";
const CALLBACK: &str = "https://posthaste.example/callback";

struct Profile {
    world: World,
    token: String,
}

impl Profile {
    async fn start() -> Self {
        let world = World::start().await;
        world.switch(json!({ "processingMs": 20 })).await;
        let token = world.token("PINTEREST", USER).await;
        Self { world, token }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answered {
        let mut request = self.world.request(method, &format!("{API}{path}"));
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.world.send(request.bearer_auth(&self.token)).await
    }

    async fn get(&self, path: &str) -> Answered {
        self.call(Method::GET, path, None).await
    }

    async fn send(&self, path: &str, body: Value) -> Answered {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Pins a picture with these further fields.
    async fn pin(&self, more: Value) -> Answered {
        let mut body = json!({ "board_id": BOARD, "media_source": base64_source(40, 60) });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        self.send("/pins", body).await
    }

    async fn fault(&self, mut rule: Value) {
        rule["network"] = "PINTEREST".into();
        self.world.fault(rule).await;
    }

    /// Registers and uploads a video; its id.
    async fn video(&self, bytes: Vec<u8>) -> String {
        let made = self
            .send("/media", json!({ "media_type": "video" }))
            .await
            .ok();
        let id = made["media_id"].as_str().unwrap().to_owned();
        let sent = self.upload(&made, |form| form, bytes, None).await;
        assert_eq!(sent.status, 204, "{}", sent.body);
        id
    }

    async fn upload(
        &self,
        made: &Value,
        change: impl Fn(Form) -> Form,
        bytes: Vec<u8>,
        leave_out: Option<&str>,
    ) -> Answered {
        let mut form = Form::new();
        for (name, value) in made["upload_parameters"].as_object().unwrap() {
            if leave_out != Some(name) {
                form = form.text(name.clone(), value.as_str().unwrap().to_owned());
            }
        }
        let form = change(form).part("file", Part::bytes(bytes).file_name("film.mp4"));
        let request = self
            .world
            .request(Method::POST, made["upload_url"].as_str().unwrap());
        self.world.send(request.multipart(form)).await
    }

    async fn status(&self, id: &str) -> Value {
        let mut status = json!(null);
        for _ in 0..100 {
            status = self.get(&format!("/media/{id}")).await.ok()["status"].clone();
            if status != "processing" {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        status
    }
}

fn base64_source(width: u32, height: u32) -> Value {
    let data = BASE64_STANDARD.encode(jpeg(width, height));
    json!({ "source_type": "image_base64", "content_type": "image/jpeg", "data": data })
}

/// Status and code.
fn problem(answered: &Answered) -> (u16, i64) {
    assert!(answered.body["message"].is_string(), "{}", answered.body);
    (
        answered.status,
        answered.body["code"].as_i64().unwrap_or_default(),
    )
}

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
async fn lists_come_in_pages_in_either_order() {
    let pinterest = Profile::start().await;
    let mut ids = Vec::new();
    for n in 0..7 {
        let board = if n == 3 { SECOND_BOARD } else { BOARD };
        let pin = pinterest
            .pin(json!({ "title": n.to_string(), "board_id": board }))
            .await
            .ok();
        ids.push(pin["id"].as_str().unwrap().to_owned());
    }
    ids.remove(3);
    for order in ["oldest_first", "newest_first"] {
        pinterest
            .world
            .switch(json!({ "pinterestListOrder": order }))
            .await;
        let list = format!("/boards/{BOARD}/pins?page_size=4");
        let first = pinterest.get(&list).await.ok();
        let bookmark = first["bookmark"].as_str().unwrap();
        let second = pinterest
            .get(&format!("{list}&bookmark={bookmark}"))
            .await
            .ok();
        assert_eq!(second["bookmark"], Value::Null);
        let both = [&first, &second]
            .map(|page| page["items"].as_array().unwrap().clone())
            .concat();
        let mut seen: Vec<_> = both.iter().map(|pin| pin["id"].as_str().unwrap()).collect();
        if order == "newest_first" {
            seen.reverse();
        }
        assert_eq!(seen, ids, "{order}");
    }
    let all = pinterest
        .get("/pins?page_size=250&creative_types=VIDEO,CAROUSEL")
        .await
        .ok();
    assert_eq!(all["items"], json!([]));
}

#[tokio::test]
async fn boards_are_listed_and_made() {
    let pinterest = Profile::start().await;
    let boards = pinterest.get("/boards?page_size=1").await.ok();
    assert_eq!(
        (&boards["items"][0]["id"], &boards["items"][0]["name"]),
        (&json!(BOARD), &json!("Recipes"))
    );
    let next = format!(
        "/boards?page_size=1&bookmark={}",
        boards["bookmark"].as_str().unwrap()
    );
    let rest = pinterest.get(&next).await.ok();
    assert_eq!(
        (&rest["items"][0]["name"], &rest["bookmark"]),
        (&json!("Behind the counter"), &Value::Null)
    );
    let body = json!({ "name": "Windows", "description": "Displays", "privacy": "PUBLIC" });
    let made = pinterest.send("/boards", body.clone()).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.body["owner"]["username"], "harborstreet");
    assert_eq!(problem(&pinterest.send("/boards", body).await), (400, 1));
    let secret = json!({ "name": "Hidden", "privacy": "SECRET" });
    assert_eq!(problem(&pinterest.send("/boards", secret).await), (403, 29));
    let pin = pinterest
        .pin(json!({ "board_id": made.body["id"] }))
        .await
        .ok();
    assert_eq!(pin["board_id"], made.body["id"]);
    let me = pinterest.get("/user_account").await.ok();
    assert_eq!(
        (&me["id"], &me["username"]),
        (&json!(USER), &json!("harborstreet"))
    );
    assert_eq!(
        (&me["board_count"], &me["pin_count"]),
        (&json!(3), &json!(1))
    );
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
    // The window may have turned over between the two calls, but not twice.
    let mut limited = pinterest.pin(json!({})).await;
    if limited.status == 201 {
        limited = pinterest.pin(json!({})).await;
    }
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

fn authorize() -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("client_id", "sandbox-pinterest"),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", "boards:read,pins:read,user_accounts:read"),
            ("state", "s1"),
        ])
        .finish();
    format!("/www.pinterest.com/oauth/?{query}")
}

async fn exchange(world: &World, form: &[(&str, &str)]) -> Answered {
    let request = world.request(Method::POST, &format!("{API}/oauth/token"));
    let request = request.basic_auth("sandbox-pinterest", Some("sandbox-pinterest-secret"));
    world.send(request.form(form)).await
}

async fn clicked(world: &World, decision: &str) -> Url {
    let form = [("account", USER), ("decision", decision)];
    let clicked = world.post(&authorize(), &form).await;
    assert_eq!(clicked.status, 302);
    Url::parse(clicked.headers["location"].to_str().unwrap()).unwrap()
}

#[tokio::test]
async fn consent_leads_to_tokens_that_rotate() {
    let world = World::start().await;
    let page = world.get(&authorize()).await.ok();
    assert!(page.as_str().unwrap().contains("Northwind Journal"));
    let denied = clicked(&world, "deny").await;
    assert_eq!(denied.query(), Some("error=access_denied&state=s1"));
    let allowed = clicked(&world, "allow").await;
    let code = allowed
        .query_pairs()
        .find(|(k, _)| k == "code")
        .unwrap()
        .1
        .into_owned();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
    ];
    let made = exchange(&world, &form).await.ok();
    assert_eq!(
        (&made["response_type"], &made["token_type"]),
        (&json!("authorization_code"), &json!("bearer"))
    );
    assert_eq!(
        (&made["expires_in"], &made["refresh_token_expires_in"]),
        (&json!(2_592_000), &json!(5_184_000))
    );
    assert_eq!(made["scope"], "boards:read pins:read user_accounts:read");
    assert_eq!(problem(&exchange(&world, &form).await), (400, 1));

    let refresh = made["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let renewed = exchange(&world, &form).await.ok();
    assert_eq!(renewed["response_type"], "refresh_token");
    assert_ne!(renewed["refresh_token"], made["refresh_token"]);
    assert_eq!(problem(&exchange(&world, &form).await), (401, 2));
    let refused = world.post(&format!("{API}/oauth/token"), &form).await;
    assert_eq!(problem(&refused), (401, 2));
    let next = renewed["refresh_token"].as_str().unwrap();
    world.advance(60.0 * 86_400.0).await;
    let late = exchange(
        &world,
        &[("grant_type", "refresh_token"), ("refresh_token", next)],
    )
    .await;
    assert_eq!(problem(&late), (401, 2));
}

#[tokio::test]
async fn seeded_grants_refresh_for_a_year() {
    let world = World::start().await;
    let body = json!({ "network": "PINTEREST", "accountId": USER });
    let grant = world.post_json("/control/grants", body).await.ok();
    assert_eq!(grant["account"]["boards"][0]["id"], BOARD);
    let token = grant["token"]["refreshToken"].as_str().unwrap();
    world.advance(364.0 * 86_400.0).await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let renewed = exchange(&world, &form).await.ok();
    let token = renewed["access_token"].as_str().unwrap().to_owned();
    let profile = Profile { world, token };
    profile.get("/boards").await.ok();
}

#[tokio::test]
async fn a_snapshot_keeps_pins_and_new_boards() {
    let pinterest = Profile::start().await;
    let board = pinterest
        .send("/boards", json!({ "name": "Windows" }))
        .await
        .ok()["id"]
        .clone();
    let pin = pinterest
        .pin(json!({ "title": "kept", "board_id": board }))
        .await
        .ok();
    pinterest
        .world
        .post_json("/control/snapshot", json!({}))
        .await
        .ok();
    let world = World::open(pinterest.world.folder.clone()).await;
    let token = world.token("PINTEREST", USER).await;
    let again = Profile { world, token };
    let read = again
        .get(&format!("/pins/{}", pin["id"].as_str().unwrap()))
        .await
        .ok();
    assert_eq!(
        (&read["title"], &read["board_id"]),
        (&json!("kept"), &board)
    );
    assert_eq!(
        again.get("/boards").await.ok()["items"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}
