//! Sending, repeating, and what an error tells.

use std::time::Duration;

use posthaste_sdk::{Error, Retry, types::*};
use serde_json::{Value, json};

use crate::stub::{Reply, Stub};

fn post() -> Value {
    json!({
        "id": "post_1", "status": "DRAFT", "content": { "kind": "FEED", "text": "a", "title": null, "link": null, "media": [] },
        "variants": [], "linkTracking": null, "targets": [], "dueAt": null, "allowedActions": ["UPDATE", "FRAME"],
        "provenance": { "kind": "KEY", "personId": null, "keyId": "key_1" },
        "createdAt": "2027-01-04T08:00:00+00:00", "updatedAt": "2027-01-04T08:00:00+00:00", "version": 1,
    })
}

fn created() -> Reply {
    let payload = json!({ "post": post(), "errors": [], "warnings": [] });
    Reply::json(200, json!({ "data": { "postCreate": payload } }))
}

fn refusal(code: &str, retryable: bool) -> Value {
    json!({ "errors": [{ "message": "No.", "extensions": {
        "code": code, "retryable": retryable, "requestId": "req_7", "advice": "Wait.", "path": ["first"],
        "docsUrl": "https://posthaste.test/docs/errors" } }] })
}

fn draft() -> PostCreateInput {
    PostCreateInput::new().text("a")
}

#[tokio::test]
async fn a_mutation_says_who_asks_and_what() {
    let stub = Stub::with(vec![created()]).await;
    let input = draft().targets(["conn_1"]).schedule(
        ScheduleInput::new()
            .local_time("2027-01-05T09:00")
            .time_zone("Europe/Paris"),
    );
    let created = stub.client().posts().create(input).await.unwrap();
    assert_eq!(created.post.id, "post_1");
    assert_eq!(created.post.status, PostStatus::Draft);
    let unknown = PostAction::Other("FRAME".to_owned());
    assert_eq!(created.post.allowed_actions, [PostAction::Update, unknown]);

    let [request] = stub.seen().try_into().unwrap();
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/graphql")
    );
    assert_eq!(request.header("authorization"), Some("Bearer phk_test_1"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("x-retry-count"), None);
    assert!(
        request
            .header("user-agent")
            .unwrap()
            .starts_with("posthaste-sdk-rust/0.1")
    );
    assert_eq!(request.header("idempotency-key").unwrap().len(), 36);
    let body = request.json();
    assert_eq!(body["operationName"], "PostCreate");
    assert!(
        body["query"]
            .as_str()
            .unwrap()
            .starts_with("mutation PostCreate($input: PostCreateInput!)")
    );
    let schedule = json!({ "localTime": "2027-01-05T09:00", "timeZone": "Europe/Paris" });
    let sent =
        json!({ "text": "a", "targets": [{ "connectionId": "conn_1" }], "schedule": schedule });
    assert_eq!(body["variables"]["input"], sent);
}

#[tokio::test]
async fn null_is_sent_only_where_something_is_taken_away() {
    let payload = json!({ "post": post(), "errors": [], "warnings": [] });
    let stub = Stub::with(vec![Reply::json(
        200,
        json!({ "data": { "postUpdate": payload } }),
    )])
    .await;
    let input = PostUpdateInput::new("post_1").text("b").clear_link();
    stub.client().posts().update(input).await.unwrap();
    let sent = stub.seen()[0].json()["variables"]["input"].clone();
    assert_eq!(sent, json!({ "id": "post_1", "text": "b", "link": null }));
}

#[tokio::test]
async fn repeats_carry_the_same_key_until_there_is_an_answer() {
    let unavailable = Reply::json(503, refusal("UNAVAILABLE", true));
    let stub = Stub::with(vec![Reply::Cut, unavailable, created()]).await;
    let answer = stub
        .client()
        .posts()
        .create(draft())
        .response()
        .await
        .unwrap();
    assert_eq!(answer.retries, 2);
    let seen = stub.seen();
    let keys: Vec<_> = seen
        .iter()
        .map(|request| request.header("idempotency-key"))
        .collect();
    assert!(keys[0].is_some() && keys.iter().all(|key| *key == keys[0]));
    let counts: Vec<_> = seen
        .iter()
        .map(|request| request.header("x-retry-count"))
        .collect();
    assert_eq!(counts, [None, Some("1"), Some("2")]);
    let mut ids: Vec<_> = seen
        .iter()
        .map(|request| request.header("x-request-id"))
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn a_key_of_ones_own_and_what_the_server_says_besides() {
    let payload = json!({ "deletedId": "post_1", "errors": [], "warnings": [] });
    let throttle = json!({ "maximum": 20000, "available": 19990, "restoreRate": 1000 });
    let answer = json!({ "data": { "postDelete": payload },
        "extensions": { "cost": { "requested": 12, "actual": 10, "throttle": throttle } } });
    let reply = Reply::json(200, answer)
        .with("x-request-id", "req_9")
        .with("idempotent-replayed", "true")
        .with("ratelimit", "\"cost\";r=19990;t=1");
    let stub = Stub::with(vec![reply]).await;
    let client = stub.client();
    let call = client.posts().delete("post_1").idempotency_key("order-17");
    let answer = call.response().await.unwrap();
    assert_eq!(answer.data.deleted_id, "post_1");
    assert_eq!(answer.request_id.as_deref(), Some("req_9"));
    assert!(answer.replayed);
    let cost = answer.cost.unwrap();
    assert_eq!(cost.actual, Some(10.0));
    assert_eq!(
        cost.throttle.map(|throttle| throttle.available),
        Some(19990.0)
    );
    assert_eq!(client.rate_limit().unwrap().remaining, 19990);
    assert_eq!(stub.seen()[0].header("idempotency-key"), Some("order-17"));
}

#[tokio::test]
async fn all_mistakes_of_an_input_are_told_and_nothing_is_repeated() {
    let error = |code: &str, path: &[&str]| {
        json!({ "__typename": "UserError", "code": code, "message": "No.", "path": path, "advice": "Do.",
            "retryable": false, "docsUrl": "https://posthaste.test/docs" })
    };
    let conflict = json!({ "__typename": "ConflictError", "code": "VERSION_CONFLICT", "message": "No.", "path": [],
        "advice": "", "retryable": false, "docsUrl": "", "conflicting": "version" });
    let errors = [
        error("TEXT_TOO_LONG", &["text"]),
        error("NEW_CODE", &["targets", "0"]),
        conflict,
    ];
    let payload = json!({ "post": null, "errors": errors, "warnings": [] });
    let reply = Reply::json(200, json!({ "data": { "postCreate": payload } }))
        .with("x-request-id", "req_3");
    let stub = Stub::with(vec![reply]).await;
    let error = stub.client().posts().create(draft()).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::TextTooLong));
    assert_eq!(error.request_id(), Some("req_3"));
    assert!(!error.is_retryable());
    assert_eq!(
        error.to_string(),
        "TEXT_TOO_LONG: text: No. Do.; NEW_CODE: targets.0: No. Do.; VERSION_CONFLICT: No."
    );
    let Error::Refused(refused) = error else {
        panic!()
    };
    assert_eq!(
        refused.errors[1].code,
        ErrorCode::Other("NEW_CODE".to_owned())
    );
    assert_eq!(refused.errors[2].more["conflicting"], "version");
}

#[tokio::test]
async fn a_refusal_is_typed_and_repeated_only_when_that_may_help() {
    let stub = Stub::with(vec![Reply::json(404, refusal("NOT_FOUND", false))]).await;
    let Error::Api(error) = stub.client().posts().get("post_1").await.unwrap_err() else {
        panic!()
    };
    assert_eq!(error.code, ErrorCode::NotFound);
    assert_eq!(error.status, Some(404));
    assert_eq!(error.request_id.as_deref(), Some("req_7"));
    assert_eq!(error.path, ["first"]);
    assert_eq!(
        error.to_string(),
        "NOT_FOUND: first: No. Wait. (request req_7)"
    );

    let wait = || Reply::json(429, refusal("RATE_LIMITED", true)).with("retry-after", "600");
    let stub = Stub::with(vec![wait()]).await;
    let error = stub.client().posts().get("post_1").await.unwrap_err();
    assert_eq!(
        error.retry_after(),
        Some(Duration::from_mins(10)),
        "more than the longest wait"
    );

    let wait = || Reply::json(429, refusal("RATE_LIMITED", true)).with("retry-after", "0");
    let stub = Stub::with(vec![wait(), wait(), wait(), wait()]).await;
    let error = stub.client().posts().get("post_1").await.unwrap_err();
    assert_eq!(
        (error.code(), stub.seen().len()),
        (Some(&ErrorCode::RateLimited), 4)
    );
}

#[tokio::test]
async fn what_a_proxy_answers_has_a_code_too() {
    let proxy = || Reply::Answer(502, Vec::new(), "<h1>Bad gateway</h1>".into());
    let stub = Stub::with(vec![proxy(), created()]).await;
    assert!(stub.client().posts().create(draft()).await.is_ok());
    let stub = Stub::with(vec![proxy()]).await;
    let call = stub.client().posts().get("post_1").retry(Retry::never());
    assert_eq!(
        call.await.unwrap_err().code(),
        Some(&ErrorCode::Unavailable)
    );
    let odd = Reply::Answer(200, Vec::new(), "hello".into()).with("x-request-id", "req_1");
    let stub = Stub::with(vec![odd]).await;
    let error = stub.client().posts().get("post_1").await.unwrap_err();
    assert!(matches!(&error, Error::Unexpected { .. }) && error.request_id() == Some("req_1"));
}

#[tokio::test]
async fn silence_ends_with_the_time() {
    let stub = Stub::with(vec![Reply::Silence]).await;
    let call = stub
        .client()
        .posts()
        .get("post_1")
        .timeout(Duration::from_millis(50))
        .retry(Retry::never());
    let error = call.await.unwrap_err();
    assert!(error.request_id().unwrap().starts_with("sdk-"));
    let Error::Transport(error) = error else {
        panic!()
    };
    assert!(error.timed_out);
}

#[tokio::test]
async fn any_document_can_be_sent() {
    let answer = || Reply::json(200, json!({ "data": { "viewer": { "role": "EDITOR" } } }));
    let stub = Stub::with(vec![answer(), answer()]).await;
    let client = stub.client();
    let data = client.request("{ viewer { role } }", ()).await.unwrap();
    assert_eq!(data["viewer"]["role"], "EDITOR");
    assert_eq!(stub.seen()[0].header("idempotency-key"), None);
    client
        .request("mutation { a }", json!({ "b": 1 }))
        .await
        .unwrap();
    assert!(stub.seen()[1].header("idempotency-key").is_some());
    let error = client.request("subscription { a }", ()).await.unwrap_err();
    assert!(matches!(error, Error::Setup(_)));
}

#[tokio::test]
async fn the_token_of_the_moment_is_asked_for_each_try() {
    let stub = Stub::with(vec![Reply::Cut, created()]).await;
    let numbers = std::sync::atomic::AtomicU32::new(1);
    let client = posthaste_sdk::Client::builder(&stub.url)
        .token(move || {
            let number = numbers.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            async move { Ok(format!("token-{number}")) }
        })
        .retry(Retry::times(1).base(Duration::from_millis(1)))
        .user_agent("bakery/2.0")
        .build()
        .unwrap();
    client.posts().create(draft()).await.unwrap();
    let seen = stub.seen();
    assert_eq!(seen[0].header("authorization"), Some("Bearer token-1"));
    assert_eq!(seen[1].header("authorization"), Some("Bearer token-2"));
    assert!(
        seen[0]
            .header("user-agent")
            .unwrap()
            .starts_with("bakery/2.0 posthaste-sdk-rust/")
    );
}

#[test]
fn without_async_the_same_calls_are_waited_for() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stub = runtime.block_on(Stub::with(vec![created()]));
    let client = posthaste_sdk::blocking::Client::of(stub.client()).unwrap();
    let created = client.wait(client.posts().create(draft())).unwrap();
    assert_eq!(created.post.id, "post_1");
}

#[test]
fn an_address_that_is_none_is_told_at_once() {
    for address in ["posthaste.example", "ftp://posthaste.example", ""] {
        let error = posthaste_sdk::Client::new(address, "key").unwrap_err();
        assert!(matches!(error, Error::Setup(_)), "{address}");
    }
}
