//! Posts, replies and timelines.

use reqwest::Method;
use serde_json::{Value, json};

use super::{API, DUPLICATE, INVALID, NOT_PERMITTED, OTHER, Profile, USER, problem};

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
