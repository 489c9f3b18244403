//! X.

use reqwest::{
    Method, Url,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use crate::{
    files::{film, jpeg},
    world::{Answered, World},
};

const USER: &str = "1800000000000000001";
const OTHER: &str = "1800000000000000002";
const API: &str = "/api.x.com/2";
const CALLBACK: &str = "https://posthaste.example/callback";

struct Profile {
    world: World,
    token: String,
}

impl Profile {
    async fn start() -> Self {
        let world = World::start().await;
        world.switch(json!({ "processingMs": 20 })).await;
        let token = world.token("X", USER).await;
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

    async fn tweet(&self, body: Value) -> Answered {
        self.send("/tweets", body).await
    }

    async fn form(&self, path: &str, form: Form) -> Answered {
        let request = self.world.request(Method::POST, &format!("{API}{path}"));
        self.world
            .send(request.bearer_auth(&self.token).multipart(form))
            .await
    }

    async fn photo(&self) -> String {
        let form = Form::new()
            .part("media", Part::bytes(jpeg(40, 30)).file_name("a.jpg"))
            .text("media_category", "tweet_image");
        let made = self.form("/media/upload", form).await.ok();
        made["data"]["id"].as_str().unwrap().to_owned()
    }

    /// Uploads in two parts and finalizes.
    async fn in_parts(&self, bytes: &[u8], kind: &str, category: &str) -> Answered {
        let wish =
            json!({ "media_type": kind, "total_bytes": bytes.len(), "media_category": category });
        let made = self.send("/media/upload/initialize", wish).await.ok();
        let id = made["data"]["id"].as_str().unwrap().to_owned();
        for (n, part) in bytes.chunks(bytes.len().div_ceil(2)).enumerate() {
            // Some clients send the part without a file name.
            let form = Form::new()
                .part("media", Part::bytes(part.to_vec()))
                .text("segment_index", n.to_string());
            self.form(&format!("/media/upload/{id}/append"), form)
                .await
                .ok();
        }
        self.call(Method::POST, &format!("/media/upload/{id}/finalize"), None)
            .await
    }

    async fn status(&self, id: &str) -> Value {
        let path = format!("/media/upload?command=STATUS&media_id={id}");
        let mut state = json!(null);
        for _ in 0..100 {
            state = self.get(&path).await.ok()["data"]["processing_info"]["state"].clone();
            if state != "in_progress" {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        state
    }

    async fn fault(&self, mut rule: Value) {
        rule["network"] = "X".into();
        self.world.fault(rule).await;
    }
}

/// Status and `detail`.
fn problem(answered: &Answered) -> (u16, &str) {
    (
        answered.status,
        answered.body["detail"].as_str().unwrap_or_default(),
    )
}

const DUPLICATE: &str = "You are not allowed to create a Tweet with duplicate content.";
const NOT_PERMITTED: &str = "You are not permitted to perform this action.";
const INVALID: &str = "One or more parameters to your request was invalid.";

#[tokio::test]
async fn a_post_is_accepted_and_read_back_with_its_links() {
    let x = Profile::start().await;
    let text = "Rye & spelt <today> https://example.org/rye?utm_content=a1 and example.com/x";
    let made = x.tweet(json!({ "text": text })).await;
    assert_eq!(made.status, 201);
    let id = made.body["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(made.body["data"]["edit_history_tweet_ids"], json!([id]));
    assert_eq!(made.body["data"]["edit_history_post_ids"], json!([id]));

    let log = x.world.log().await;
    assert_eq!(log[0]["network"], "X");
    assert_eq!((&log[0]["text"], &log[0]["id"]), (&json!(text), &json!(id)));
    assert_eq!(log[0]["link"], "https://example.org/rye?utm_content=a1");
    let page = x.world.get(log[0]["url"].as_str().unwrap()).await;
    assert_eq!(page.status, 200);
    assert!(page.body.as_str().unwrap().contains("Rye &amp; spelt"));
    assert!(
        log[0]["url"]
            .as_str()
            .unwrap()
            .ends_with(&format!("/x.com/harborstreet/status/{id}"))
    );

    for fields in ["tweet.fields", "post.fields"] {
        let path = format!("/users/{USER}/tweets?max_results=5&{fields}=created_at,entities");
        let listed = x.get(&path).await.ok();
        let post = &listed["data"][0];
        let shown = post["text"].as_str().unwrap();
        assert!(
            shown.starts_with("Rye &amp; spelt &lt;today&gt; https://t.co/"),
            "{shown}"
        );
        let urls = post["entities"]["urls"].as_array().unwrap();
        assert_eq!(
            urls[0]["expanded_url"],
            "https://example.org/rye?utm_content=a1"
        );
        assert_eq!(urls[1]["expanded_url"], "http://example.com/x");
        let place = |n: &str| urls[0][n].as_u64().unwrap() as usize;
        assert_eq!(
            &shown[place("start")..place("end")],
            urls[0]["url"].as_str().unwrap()
        );
        assert!(post["created_at"].as_str().unwrap().ends_with('Z'));
        assert!(post.get("author_id").is_none());
        assert_eq!(listed["meta"]["result_count"], 1);
        assert_eq!(listed["meta"]["newest_id"], json!(id));
    }
}

#[tokio::test]
async fn strangers_are_refused() {
    let x = Profile::start().await;
    let path = format!("{API}/tweets");
    let anonymous = x.world.post_json(&path, json!({ "text": "a" })).await;
    assert_eq!(problem(&anonymous), (401, "Unauthorized"));
    let facebook = x.world.token("FACEBOOK", crate::world::PAGE).await;
    for token in ["wrong", &facebook] {
        let request = x.world.request(Method::POST, &path).bearer_auth(token);
        let refused = x.world.send(request.json(&json!({ "text": "a" }))).await;
        assert_eq!(problem(&refused), (401, "Unauthorized"));
    }
    let grant =
        json!({ "network": "X", "accountId": USER, "scopes": ["tweet.read", "users.read"] });
    let reader = x.world.post_json("/control/grants", grant).await.ok();
    let reader = reader["token"]["accessToken"].as_str().unwrap();
    let request = x.world.request(Method::POST, &path).bearer_auth(reader);
    let refused = x.world.send(request.json(&json!({ "text": "a" }))).await;
    assert_eq!(problem(&refused), (403, "Forbidden"));
    x.world.advance(7200.0).await;
    assert_eq!(
        problem(&x.tweet(json!({ "text": "a" })).await),
        (401, "Unauthorized")
    );
    assert_eq!(x.world.log().await.len(), 0);
}

#[tokio::test]
async fn illegal_bodies_and_queries_are_refused() {
    let x = Profile::start().await;
    for body in [
        json!({}),
        json!({ "text": "" }),
        json!({ "text": 5 }),
        json!({ "text": "a", "colour": "red" }),
        json!({ "text": "a", "reply": null }),
        json!({ "text": "a", "reply": { "in_reply_to_tweet_id": "abc" } }),
        json!({ "text": "a", "reply_settings": "nobody" }),
        json!({ "text": "a", "media": { "media_ids": [] } }),
        json!({ "text": "a", "media": { "media_ids": ["1"], "x": 1 } }),
        json!({ "text": "a", "media": { "media_ids": ["1"] } }),
        json!({ "text": "a", "poll": { "options": ["one"], "duration_minutes": 5 } }),
    ] {
        let refused = x.tweet(body.clone()).await;
        assert_eq!(problem(&refused), (400, INVALID), "{body}");
        assert_eq!(
            refused.body["type"],
            "https://api.x.com/2/problems/invalid-request"
        );
        assert!(refused.body["errors"][0]["message"].is_string());
    }
    for query in [
        "max_results=4",
        "max_results=101",
        "colour=red",
        "tweet.fields=colour",
        "post.fields=",
        "since_id=x",
        "start_time=yesterday",
        "pagination_token=zzz",
    ] {
        let refused = x.get(&format!("/users/{USER}/tweets?{query}")).await;
        assert_eq!(problem(&refused), (400, INVALID), "{query}");
    }
    assert_eq!(x.get("/users/abc/tweets").await.status, 400);
    assert_eq!(x.get("/nowhere").await.status, 404);
    let unknown = x.get("/users/12345/tweets").await.ok();
    assert_eq!(unknown["errors"][0]["resource_type"], "user");
    assert_eq!(x.world.log().await.len(), 0);
}

#[tokio::test]
async fn what_the_plan_does_not_allow_is_forbidden() {
    let x = Profile::start().await;
    let long = "a".repeat(281);
    let heavy = "日".repeat(141);
    let urls = format!(
        "{} https://example.com/{}",
        "a".repeat(257),
        "b".repeat(300)
    );
    for body in [
        json!({ "text": long }),
        json!({ "text": heavy }),
        json!({ "text": urls }),
        json!({ "text": "a", "quote_tweet_id": "1" }),
        json!({ "text": "a", "nullcast": true }),
    ] {
        assert_eq!(problem(&x.tweet(body).await), (403, NOT_PERMITTED));
    }
    let cashtags = x.tweet(json!({ "text": "$RYE up, $WHEAT down" })).await;
    assert_eq!(cashtags.status, 403);
    assert!(
        cashtags.body["detail"]
            .as_str()
            .unwrap()
            .contains("maximum of one cashtag")
    );
    let fits = format!(
        "{} https://example.com/{}",
        "a".repeat(256),
        "b".repeat(300)
    );
    x.tweet(json!({ "text": fits })).await.ok();
    x.tweet(json!({ "text": "日".repeat(140) })).await.ok();
    x.tweet(json!({ "text": "$RYE costs $5" })).await.ok();
    assert_eq!(x.world.log().await.len(), 3);
}

#[tokio::test]
async fn the_same_text_is_refused_within_the_window() {
    let x = Profile::start().await;
    let rye = json!({ "text": "Rye" });
    let id = x.tweet(rye.clone()).await.ok()["data"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    x.tweet(json!({ "text": "Spelt" })).await.ok();
    let again = x.tweet(rye.clone()).await;
    assert_eq!(problem(&again), (403, DUPLICATE));
    assert_eq!(again.body["type"], "about:blank");
    assert_eq!(again.body["title"], "Forbidden");
    x.world.advance(901.0).await;
    x.tweet(rye.clone()).await.ok();
    assert_eq!(problem(&x.tweet(rye.clone()).await), (403, DUPLICATE));
    x.world.switch(json!({ "duplicateWindowSeconds": 0 })).await;
    x.tweet(rye).await.ok();
    assert_eq!(x.world.log().await.len(), 4);

    let path = format!("/tweets/{id}");
    let gone = x.call(Method::DELETE, &path, None).await.ok();
    assert_eq!(gone, json!({ "data": { "deleted": true } }));
    assert_eq!(x.call(Method::DELETE, &path, None).await.status, 404);
    assert!(x.world.log().await[0]["deletedAt"].is_string());
    assert_eq!(
        x.get(&path).await.ok()["errors"][0]["resource_type"],
        "tweet"
    );
}

#[tokio::test]
async fn threads_answer_own_posts_only() {
    let x = Profile::start().await;
    let first = x.tweet(json!({ "text": "1" })).await.ok()["data"]["id"].clone();
    let reply =
        |to: &Value, text: &str| json!({ "text": text, "reply": { "in_reply_to_tweet_id": to } });
    let second = x.tweet(reply(&first, "2")).await.ok()["data"]["id"].clone();
    let second = second.as_str().unwrap();
    let fields = "tweet.fields=referenced_tweets,conversation_id";
    let read = x.get(&format!("/tweets/{second}?{fields}")).await.ok();
    assert_eq!(
        read["data"]["referenced_tweets"],
        json!([{ "type": "replied_to", "id": first }])
    );
    assert_eq!(read["data"]["conversation_id"], first);
    let listed = x
        .get(&format!("/users/{USER}/tweets?exclude=replies"))
        .await
        .ok();
    assert_eq!(listed["meta"]["result_count"], 1);
    assert_eq!(x.tweet(reply(&json!("999"), "3")).await.status, 403);
    x.world.switch(json!({ "xSelfThreadReplies": false })).await;
    assert_eq!(
        problem(&x.tweet(reply(&first, "3")).await),
        (403, NOT_PERMITTED)
    );

    let other = x.world.token("X", OTHER).await;
    let others = Profile {
        world: x.world,
        token: other,
    };
    others
        .world
        .switch(json!({ "xSelfThreadReplies": true }))
        .await;
    assert_eq!(
        problem(&others.tweet(reply(&first, "4")).await),
        (403, NOT_PERMITTED)
    );
    let path = format!("/tweets/{second}");
    let stolen = others.call(Method::DELETE, &path, None).await;
    assert_eq!(problem(&stolen), (403, NOT_PERMITTED));
}

#[tokio::test]
async fn timelines_come_in_pages_and_ranges() {
    let x = Profile::start().await;
    let mut ids = Vec::new();
    for n in 0..12 {
        let made = x.tweet(json!({ "text": format!("post {n}") })).await.ok();
        ids.push(made["data"]["id"].as_str().unwrap().to_owned());
    }
    let list = format!("/users/{USER}/tweets?max_results=5");
    let mut seen = Vec::new();
    let mut path = list.clone();
    loop {
        let page = x.get(&path).await.ok();
        let posts = page["data"].as_array().unwrap();
        seen.extend(
            posts
                .iter()
                .map(|post| post["id"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["meta"]["next_token"].as_str() else {
            break;
        };
        path = format!("{list}&pagination_token={next}");
    }
    seen.reverse();
    assert_eq!(seen, ids);
    let since = x.get(&format!("{list}&since_id={}", ids[9])).await.ok();
    assert_eq!(since["meta"]["result_count"], 2);
    let none = x.get(&format!("{list}&since_id={}", ids[11])).await.ok();
    assert_eq!(none, json!({ "meta": { "result_count": 0 } }));
    let early = x
        .get(&format!("{list}&end_time=2020-01-01T00:00:00Z"))
        .await
        .ok();
    assert_eq!(early["meta"]["result_count"], 0);
    let late = x
        .get(&format!("{list}&start_time=2020-01-01T00:00:00Z"))
        .await
        .ok();
    assert_eq!(late["meta"]["result_count"], 5);
    let two = x
        .get(&format!("/tweets?ids={},{},77", ids[0], ids[1]))
        .await
        .ok();
    assert_eq!(two["data"].as_array().unwrap().len(), 2);
    assert_eq!(two["errors"][0]["resource_id"], "77");
}

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

#[tokio::test]
async fn limits_are_announced_and_enforced() {
    let x = Profile::start().await;
    let free = x.tweet(json!({ "text": "0" })).await;
    assert_eq!(free.headers["x-rate-limit-limit"], "100");
    assert_eq!(free.headers["x-rate-limit-remaining"], "100");
    x.world
        .switch(json!({ "rateLimits": { "enabled": true, "xPostsPerWindow": 2 } }))
        .await;
    let left = x.tweet(json!({ "text": "1" })).await;
    assert_eq!(left.headers["x-rate-limit-remaining"], "1");
    assert_eq!(left.headers["x-app-limit-24hour-limit"], "10000");
    x.tweet(json!({ "text": "2" })).await.ok();
    let limited = x.tweet(json!({ "text": "3" })).await;
    assert_eq!(problem(&limited), (429, "Too Many Requests"));
    assert_eq!(limited.headers["x-rate-limit-remaining"], "0");
    x.get(&format!("/users/{USER}/tweets")).await.ok();
    x.world.advance(900.0).await;
    x.tweet(json!({ "text": "3" })).await.ok();

    x.world
        .switch(json!({ "rateLimits": { "xPostsPerWindow": 100, "xPostsPerAppDay": 3 } }))
        .await;
    let other = x.world.token("X", OTHER).await;
    let others = Profile {
        world: x.world,
        token: other,
    };
    let day = others.tweet(json!({ "text": "4" })).await;
    assert_eq!(day.status, 429);
    assert_eq!(day.headers["x-rate-limit-limit"], "3");
    assert_eq!(others.world.log().await.len(), 4);
}

#[tokio::test]
async fn faults_and_an_empty_balance_speak_as_x_does() {
    let x = Profile::start().await;
    let now = x.world.get("/control/clock").await.ok()["now"]
        .as_str()
        .unwrap()
        .to_owned();
    let now = chrono::DateTime::parse_from_rfc3339(&now)
        .unwrap()
        .timestamp();
    x.fault(json!({ "kind": "rate_limited", "operation": "publish", "retryAfterSeconds": 90 }))
        .await;
    let limited = x.tweet(json!({ "text": "a" })).await;
    assert_eq!(limited.status, 429);
    let reset: i64 = limited.headers["x-rate-limit-reset"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((90..100).contains(&(reset - now)), "{reset} {now}");
    x.fault(json!({ "kind": "error_after", "operation": "publish" }))
        .await;
    assert_eq!(
        problem(&x.tweet(json!({ "text": "a" })).await),
        (503, "Service Unavailable")
    );
    assert_eq!(
        problem(&x.tweet(json!({ "text": "a" })).await),
        (403, DUPLICATE)
    );
    x.fault(json!({ "kind": "duplicate", "operation": "publish" }))
        .await;
    assert_eq!(
        problem(&x.tweet(json!({ "text": "b" })).await),
        (403, DUPLICATE)
    );
    x.fault(json!({ "kind": "read_back_lag", "operation": "publish", "delayMs": 600_000 }))
        .await;
    let late = x.tweet(json!({ "text": "late" })).await.ok()["data"]["id"].clone();
    let listed = x.get(&format!("/users/{USER}/tweets")).await.ok();
    assert_eq!(listed["meta"]["result_count"], 1);
    let read = x
        .get(&format!("/tweets/{}", late.as_str().unwrap()))
        .await
        .ok();
    assert!(read.get("data").is_none());
    x.world.switch(json!({ "xCreditsDepleted": true })).await;
    let broke = x.tweet(json!({ "text": "c" })).await;
    assert_eq!(
        (broke.status, &broke.body["title"]),
        (402, &json!("CreditsDepleted"))
    );
    x.fault(json!({ "kind": "revoke_token", "account": USER }))
        .await;
    assert_eq!(
        problem(&x.tweet(json!({ "text": "d" })).await),
        (401, "Unauthorized")
    );
    assert_eq!(x.world.log().await.len(), 2);
}

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// S256 of the verifier (RFC 7636, appendix B).
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn authorize(scope: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("response_type", "code"),
            ("client_id", "sandbox-x"),
            ("redirect_uri", CALLBACK),
            ("scope", scope),
            ("state", "s&1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ])
        .finish();
    format!("/x.com/i/oauth2/authorize?{query}")
}

/// Clicks through the consent page; the parameters of the redirect.
async fn consent(world: &World, scope: &str, decision: &str) -> Vec<(String, String)> {
    let path = authorize(scope);
    let page = world.get(&path).await.ok();
    assert!(page.as_str().unwrap().contains("Harbor Street Bakery"));
    let clicked = world
        .post(&path, &[("account", USER), ("decision", decision)])
        .await;
    assert_eq!(clicked.status, 302);
    let back = Url::parse(clicked.headers["location"].to_str().unwrap()).unwrap();
    assert!(back.as_str().starts_with(CALLBACK));
    back.query_pairs().into_owned().collect()
}

async fn exchange(world: &World, form: &[(&str, &str)]) -> Answered {
    let request = world.request(Method::POST, &format!("{API}/oauth2/token"));
    let request = request.basic_auth("sandbox-x", Some("sandbox-x-secret"));
    world.send(request.form(form)).await
}

async fn code(world: &World, scope: &str) -> String {
    consent(world, scope, "allow")
        .await
        .into_iter()
        .find(|(k, _)| k == "code")
        .unwrap()
        .1
}

const SCOPES: &str = "tweet.read tweet.write users.read offline.access";

fn by_code(code: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

#[tokio::test]
async fn consent_leads_to_tokens_that_rotate() {
    let world = World::start().await;
    let denied = consent(&world, SCOPES, "deny").await;
    assert!(denied.contains(&("error".into(), "access_denied".into())));
    assert!(denied.contains(&("state".into(), "s&1".into())));
    let code = code(&world, SCOPES).await;
    let made = exchange(&world, &by_code(&code)).await.ok();
    assert_eq!(
        (&made["token_type"], &made["expires_in"]),
        (&json!("bearer"), &json!(7200))
    );
    let mut scopes: Vec<_> = made["scope"].as_str().unwrap().split(' ').collect();
    scopes.sort_unstable();
    assert_eq!(
        scopes,
        ["offline.access", "tweet.read", "tweet.write", "users.read"]
    );
    assert_eq!(exchange(&world, &by_code(&code)).await.status, 400);

    let refresh = made["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let renewed = exchange(&world, &form).await.ok();
    assert_ne!(renewed["refresh_token"], made["refresh_token"]);
    let dead = exchange(&world, &form).await;
    assert_eq!(dead.status, 400);
    assert_eq!(dead.body["error"], "invalid_request");
    assert_eq!(
        dead.body["error_description"],
        "Value passed for the token was invalid."
    );

    let token = renewed["access_token"].as_str().unwrap().to_owned();
    let x = Profile { world, token };
    let me = x.get("/users/me?user.fields=profile_image_url").await.ok();
    assert_eq!(
        (&me["data"]["id"], &me["data"]["username"]),
        (&json!(USER), &json!("harborstreet"))
    );
    let picture = me["data"]["profile_image_url"].as_str().unwrap();
    assert_eq!(x.world.get(picture).await.status, 200);
    let revoke = x
        .world
        .request(Method::POST, &format!("{API}/oauth2/revoke"));
    let revoke = revoke.basic_auth("sandbox-x", Some("sandbox-x-secret"));
    let revoked = x.world.send(revoke.form(&[("token", &x.token)])).await.ok();
    assert_eq!(revoked["revoked"], true);
    assert_eq!(x.get("/users/me").await.status, 401);
}

#[tokio::test]
async fn codes_are_strict() {
    let world = World::start().await;
    let without = code(&world, "tweet.read users.read").await;
    let made = exchange(&world, &by_code(&without)).await.ok();
    assert!(made.get("refresh_token").is_none());
    for (name, value) in [
        ("code_verifier", "wrong"),
        ("redirect_uri", "https://elsewhere.example/"),
    ] {
        let code = code(&world, SCOPES).await;
        let mut form = by_code(&code);
        form.retain(|(key, _)| *key != name);
        form.push((name, value));
        assert_eq!(exchange(&world, &form).await.status, 400, "{name}");
    }
    let late = code(&world, SCOPES).await;
    world.advance(31.0).await;
    assert_eq!(exchange(&world, &by_code(&late)).await.status, 400);
    let secretless = code(&world, SCOPES).await;
    let mut form = by_code(&secretless);
    form.push(("client_id", "sandbox-x"));
    let refused = world.post(&format!("{API}/oauth2/token"), &form).await;
    assert_eq!(
        (refused.status, &refused.body["error"]),
        (401, &json!("unauthorized_client"))
    );
    let path = authorize("tweet.read");
    for (from, to) in [
        ("sandbox-x", "stranger"),
        ("tweet.read", "colour.read"),
        ("S256", "MD5"),
        ("response_type=code", "response_type=token"),
        ("https%3A%2F%2Fposthaste.example", ""),
    ] {
        assert_eq!(
            world.get(&path.replace(from, to)).await.status,
            400,
            "{from}"
        );
    }
}
