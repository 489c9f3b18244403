//! Mutations that come twice.

mod secrets;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use chrono::TimeDelta;
use futures::{FutureExt, StreamExt, future::join_all, stream};
use image::ImageFormat;
use posthaste_api::graphql::idempotency::of_request;
use posthaste_core::Network;
use posthaste_engine::{
    Actor,
    idempotency::{self as engine, Life, Once, Reserved},
    media::{self, NewUpload},
    post::{self, NewPost},
    session,
};
use posthaste_store::{media as media_rows, post as post_rows};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::world::{World, body, picture};

const CREATE: &str = "mutation($input: PostCreateInput!) { postCreate(input: $input) { post { id status } errors { code } } }";
const UPLOAD: &str = "mutation($input: MediaUploadCreateInput!) { mediaUploadCreate(input: $input) { media { id } uploadUrl errors { code } } }";

fn request(credential: &str, key: &str, document: &str, variables: &Value) -> Request<Body> {
    Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/graphql-response+json")
        .header(header::AUTHORIZATION, format!("Bearer {credential}"))
        .header("idempotency-key", key)
        .body(Body::from(
            json!({ "query": document, "variables": variables }).to_string(),
        ))
        .unwrap()
}

/// Status, headers and text of an answer.
async fn send(world: &World, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let response = world.send(request).await;
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    (status, headers, String::from_utf8(bytes.to_vec()).unwrap())
}

async fn create(world: &World, key: &str, text: &str) -> (StatusCode, HeaderMap, Value) {
    let variables = json!({ "input": { "text": text } });
    let request = request(&world.home.editor, key, CREATE, &variables);
    let (status, headers, text) = send(world, request).await;
    (status, headers, serde_json::from_str(&text).unwrap())
}

fn is_replayed(headers: &HeaderMap) -> bool {
    headers
        .get("idempotent-replayed")
        .is_some_and(|value| value == "true")
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"]
        .as_str()
        .unwrap_or_default()
}

async fn posts(world: &World) -> i64 {
    let mut conn = world.app.db.get().await.unwrap();
    post_rows::count(
        &mut conn,
        world.home.workspace,
        &post_rows::Filter::default(),
    )
    .await
    .unwrap()
}

async fn editor(world: &World) -> Actor {
    session::authenticate(&world.app, &world.home.editor)
        .await
        .unwrap()
}

/// Takes the key as a run of this request would.
async fn hold(world: &World, key: &str, document: &str, variables: &Value) -> Reserved {
    let request = async_graphql::Request::new(document)
        .variables(async_graphql::Variables::from_json(variables.clone()));
    let actor = editor(world).await;
    engine::reserve(&world.app, &actor, key, of_request(&request), Life::Usual)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_byte_for_byte() {
    let world = World::new().await;
    let variables = json!({ "input": { "text": "once" } });
    let ask = |credential: &str| request(credential, "key-1", CREATE, &variables);
    let (status, headers, first) = send(&world, ask(&world.home.editor)).await;
    assert_eq!((status, is_replayed(&headers)), (StatusCode::OK, false));
    let (status, headers, again) = send(&world, ask(&world.home.editor)).await;
    assert_eq!((status, is_replayed(&headers)), (StatusCode::OK, true));
    assert_eq!(first, again);
    assert_eq!(posts(&world).await, 1);

    // Another credential's key is another key.
    let (_, headers, other) = send(&world, ask(&world.home.owner)).await;
    assert!(!is_replayed(&headers));
    assert_ne!(first, other);
    assert_eq!(posts(&world).await, 2);
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let world = World::new().await;
    create(&world, "key-1", "one").await;
    let (status, _, answer) = create(&world, "key-1", "two").await;
    assert_eq!(
        (status, code(&answer)),
        (StatusCode::CONFLICT, "IDEMPOTENCY_MISMATCH")
    );
    assert_eq!(answer.get("data"), None);
    assert_eq!(posts(&world).await, 1);
}

#[tokio::test]
async fn a_request_on_its_way_is_waited_for() {
    let world = World::new().await;
    let variables = json!({ "input": { "text": "slow" } });
    let held = hold(&world, "key-1", CREATE, &variables).await;
    let (status, headers, answer) = create(&world, "key-1", "slow").await;
    assert_eq!(
        (status, code(&answer)),
        (StatusCode::CONFLICT, "IDEMPOTENCY_IN_PROGRESS")
    );
    assert_eq!(answer["errors"][0]["extensions"]["retryAfter"], 5);
    assert_eq!(answer["errors"][0]["extensions"]["retryable"], true);
    assert_eq!(headers[header::RETRY_AFTER], "5");
    assert_eq!(posts(&world).await, 0);
    let Reserved::Run(reservation) = held else {
        panic!("{held:?}");
    };
    engine::release(&world.app, &reservation).await.unwrap();
    let (_, headers, answer) = create(&world, "key-1", "slow").await;
    assert!(!is_replayed(&headers));
    assert_eq!(answer["data"]["postCreate"]["errors"], json!([]));
}

#[tokio::test]
async fn after_a_crash_the_repeat_finds_what_was_made() {
    let world = World::new().await;
    let actor = editor(&world).await;
    let once = |held: Reserved, place: &str| match held {
        Reserved::Run(reservation) => Once::new(reservation, place),
        Reserved::Replay(_) => panic!("answered before"),
    };

    // The process dies after the commit and before it keeps the answer.
    let variables = json!({ "input": { "text": "crashed" } });
    let held = hold(&world, "key-1", CREATE, &variables).await;
    let mut new = NewPost::default();
    new.body.content.text = "crashed".into();
    let made = post::create_once(&world.app, &actor, new, &once(held, "postCreate"))
        .await
        .unwrap();
    let (status, _, answer) = create(&world, "key-1", "crashed").await;
    assert_eq!(
        (status, code(&answer)),
        (StatusCode::CONFLICT, "IDEMPOTENCY_IN_PROGRESS")
    );
    world.clock.advance(TimeDelta::seconds(60));
    let (_, headers, answer) = create(&world, "key-1", "crashed").await;
    assert!(!is_replayed(&headers));
    assert_eq!(
        answer["data"]["postCreate"],
        json!({ "post": { "id": made.post.id.to_string(), "status": "DRAFT" }, "errors": [] })
    );
    let (_, headers, again) = create(&world, "key-1", "crashed").await;
    assert!(is_replayed(&headers));
    assert_eq!(answer, again);
    assert_eq!(posts(&world).await, 1);

    // The same with an id of the client's.
    let id = "post_01kd9q7wg0e5nvx3w8k2m4p6r9";
    let variables = json!({ "input": { "id": id, "text": "own id" } });
    let held = hold(&world, "key-3", CREATE, &variables).await;
    let mut new = NewPost {
        id: Some(id.parse().unwrap()),
        ..NewPost::default()
    };
    new.body.content.text = "own id".into();
    post::create_once(&world.app, &actor, new, &once(held, "postCreate"))
        .await
        .unwrap();
    world.clock.advance(TimeDelta::seconds(60));
    let ask = request(&world.home.editor, "key-3", CREATE, &variables);
    let (_, answer) = body(world.send(ask).await).await;
    assert_eq!(
        answer["data"]["postCreate"],
        json!({ "post": { "id": id, "status": "DRAFT" }, "errors": [] })
    );

    // The same with an upload.
    let variables = json!({ "input": { "fileName": "a.jpg", "bytes": 3 } });
    let held = hold(&world, "key-2", UPLOAD, &variables).await;
    let new = NewUpload {
        id: None,
        file_name: "a.jpg".into(),
        bytes: 3,
        alt_text: None,
    };
    let made = media::begin_once(&world.app, &actor, new, &once(held, "mediaUploadCreate"))
        .await
        .unwrap();
    world.clock.advance(TimeDelta::seconds(60));
    let ask = request(&world.home.editor, "key-2", UPLOAD, &variables);
    let (_, answer) = body(world.send(ask).await).await;
    assert_eq!(
        answer["data"]["mediaUploadCreate"]["media"]["id"],
        made.id.to_string()
    );
    let mut conn = world.app.db.get().await.unwrap();
    let count = media_rows::count(&mut conn, world.home.workspace, None).await;
    assert_eq!(count.unwrap(), 1);
}

#[tokio::test]
async fn a_client_that_hangs_up_finds_its_answer_later() {
    let world = World::new().await;
    let variables = json!({ "input": { "text": "hung up" } });
    let ask = || request(&world.home.editor, "key-1", CREATE, &variables);
    let mut first = Box::pin(world.send(ask()));
    // Far enough for the work to begin, not for its end.
    while first.as_mut().now_or_never().is_none() && keys(&world).await == 0 {}
    drop(first);
    let (headers, answer) = loop {
        let response = world.send(ask()).await;
        let headers = response.headers().clone();
        let (_, answer) = body(response).await;
        if code(&answer) != "IDEMPOTENCY_IN_PROGRESS" {
            break (headers, answer);
        }
        tokio::task::yield_now().await;
    };
    assert!(is_replayed(&headers), "{answer}");
    assert_eq!(posts(&world).await, 1);
}

/// Another connection to the database.
async fn database(world: &World) -> Client {
    let (client, connection) = world.app.db.address().wire().await.unwrap();
    tokio::spawn(connection);
    client
}

/// How many keys are known.
async fn keys(world: &World) -> i64 {
    let query = "SELECT count(*) FROM idempotency_keys";
    let row = database(world).await.query_one(query, &[]).await;
    row.unwrap().get(0)
}

#[tokio::test]
async fn many_at_once_do_it_once() {
    let world = World::new().await;
    let answers = join_all((0..8).map(|_| create(&world, "key-1", "crowd"))).await;
    for (_, _, answer) in answers {
        assert!(
            ["", "IDEMPOTENCY_IN_PROGRESS"].contains(&code(&answer)),
            "{answer}"
        );
    }
    assert_eq!(posts(&world).await, 1);
}

#[tokio::test]
async fn mistakes_in_the_input_are_answered_the_same_again() {
    let world = World::new().await;
    let variables = json!({ "input": { "text": "a", "schedule": { "now": true } } });
    let ask = || request(&world.home.editor, "key-1", CREATE, &variables);
    let (_, _, first) = send(&world, ask()).await;
    assert!(first.contains("TARGETS_REQUIRED"), "{first}");
    let (_, headers, again) = send(&world, ask()).await;
    assert!(is_replayed(&headers));
    assert_eq!(first, again);
}

#[tokio::test]
async fn what_passes_by_itself_leaves_the_key_free() {
    let world = World::new().await;
    let file = picture(400, 300, ImageFormat::Png);
    let actor = world.home.system();
    let new = NewUpload {
        id: None,
        file_name: "a.png".into(),
        bytes: file.len() as u64,
        alt_text: None,
    };
    let id = media::begin(&world.app, &actor, new).await.unwrap().id;
    let input = json!({ "media": [{ "id": id.to_string() }],
        "targets": [{ "connectionId": world.home.on(Network::Instagram) }], "schedule": { "now": true } });
    let variables = json!({ "input": input });
    let by_field = CREATE.replace(
        "postCreate(input: $input)",
        "postCreate(input: $input) @idempotent(key: \"field\")",
    );
    let whole = || request(&world.home.editor, "whole", CREATE, &variables);
    let field = || {
        let mut request = request(&world.home.editor, "", &by_field, &variables);
        request.headers_mut().remove("idempotency-key");
        request
    };
    for _ in 0..2 {
        for request in [whole(), field()] {
            let (_, headers, text) = send(&world, request).await;
            assert!(text.contains("MEDIA_NOT_READY"), "{text}");
            assert!(
                !is_replayed(&headers) && !text.contains("replayed"),
                "{text}"
            );
        }
    }
    let bytes = stream::iter([Ok(Bytes::from(file))]).boxed();
    media::append(&world.app, &actor, id, 0, bytes)
        .await
        .unwrap();
    for is_again in [false, true] {
        for request in [whole(), field()] {
            let (_, headers, text) = send(&world, request).await;
            assert!(text.contains("\"errors\":[]"), "{text}");
            let replayed = is_replayed(&headers) || text.contains("\"replayed\":true");
            assert_eq!(replayed, is_again, "{text}");
        }
    }
    assert_eq!(posts(&world).await, 2);
}

#[tokio::test]
async fn what_failed_on_the_server_or_was_never_begun_leaves_the_key_free() {
    let world = World::new().await;
    let client = database(&world).await;
    let sql = async |text: &str| client.batch_execute(text).await.unwrap();
    sql("ALTER TABLE posts RENAME TO away").await;
    let (status, _, answer) = create(&world, "key-1", "later").await;
    assert_eq!((status, code(&answer)), (StatusCode::OK, "INTERNAL"));
    sql("ALTER TABLE away RENAME TO posts").await;
    let (_, headers, answer) = create(&world, "key-1", "later").await;
    assert!(!is_replayed(&headers));
    assert_eq!(answer["data"]["postCreate"]["errors"], json!([]));

    let wrong = "mutation { postCreate(input: { text: 5 }) { post { id } } }";
    let ask = request(&world.home.editor, "key-2", wrong, &json!({}));
    let (status, _, _) = send(&world, ask).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (_, _, answer) = create(&world, "key-2", "right").await;
    assert_eq!(answer["data"]["postCreate"]["errors"], json!([]));
    assert_eq!(posts(&world).await, 2);
}

#[tokio::test]
async fn answers_are_kept_for_a_day_and_those_of_publishing_for_three() {
    let world = World::new().await;
    let draft = json!({ "input": { "text": "draft" } });
    let scheduled = json!({ "input": {
        "text": "scheduled",
        "targets": [{ "connectionId": world.home.on(Network::Facebook) }],
        "schedule": { "at": "2027-02-01T10:00:00Z" },
    } });
    let replayed = async |key: &str, variables: &Value| {
        let ask = request(&world.home.editor, key, CREATE, variables);
        let (status, headers, text) = send(&world, ask).await;
        assert_eq!(status, StatusCode::OK, "{text}");
        assert!(text.contains("\"errors\":[]"), "{text}");
        is_replayed(&headers)
    };
    assert!(!replayed("draft", &draft).await);
    assert!(!replayed("scheduled", &scheduled).await);
    world
        .clock
        .advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
    assert!(replayed("draft", &draft).await);
    world.clock.advance(TimeDelta::seconds(1));
    assert_eq!(engine::sweep(&world.app).await.unwrap(), 1);
    assert_eq!(keys(&world).await, 1);
    assert!(!replayed("draft", &draft).await);
    assert!(replayed("scheduled", &scheduled).await);
    world.clock.advance(TimeDelta::hours(48));
    // Without a sweep the time is over all the same.
    assert!(!replayed("scheduled", &scheduled).await);
}

#[tokio::test]
async fn keys_that_are_none_are_refused_and_queries_need_none() {
    let world = World::new().await;
    for key in ["", "two words", &"x".repeat(256)] {
        let (status, _, answer) = create(&world, key, "a").await;
        assert_eq!(
            (status, code(&answer)),
            (StatusCode::BAD_REQUEST, "INVALID_INPUT"),
            "{key}"
        );
        assert_eq!(
            answer["errors"][0]["extensions"]["path"],
            json!(["idempotencyKey"])
        );
    }
    assert_eq!(posts(&world).await, 0);
    for _ in 0..2 {
        let ask = request(&world.home.editor, "key", "{ viewer { role } }", &json!({}));
        let (_, headers, text) = send(&world, ask).await;
        assert!(!is_replayed(&headers));
        assert_eq!(text, "{\"data\":{\"viewer\":{\"role\":\"EDITOR\"}}}");
    }
    assert_eq!(keys(&world).await, 0);
}

const BATCH: &str = "mutation($a: PostCreateInput!, $b: PostCreateInput!, $key: String!) {
    a: postCreate(input: $a) @idempotent(key: \"line-a\") { post { id } errors { code } }
    b: postCreate(input: $b) @idempotent(key: $key) { post { id } errors { code } } }";

async fn batch(world: &World, b: &str, key: &str) -> Value {
    let variables = json!({ "a": { "text": "a" }, "b": { "text": b }, "key": key });
    world.graphql(&world.home.editor, BATCH, variables).await
}

#[tokio::test]
async fn each_field_of_a_batch_can_have_its_own_key() {
    let world = World::new().await;
    let first = batch(&world, "b", "line-b").await;
    assert_eq!(first["errors"], Value::Null, "{first}");
    assert_eq!(first["extensions"]["idempotency"], Value::Null);
    let again = batch(&world, "b", "line-b").await;
    assert_eq!(first["data"], again["data"]);
    assert_eq!(
        again["extensions"]["idempotency"],
        json!({ "replayed": true, "fields": ["a", "b"] })
    );
    // Only the line that is new is done.
    let mixed = batch(&world, "c", "line-c").await;
    assert_eq!(first["data"]["a"], mixed["data"]["a"]);
    assert_ne!(first["data"]["b"], mixed["data"]["b"]);
    assert_eq!(
        mixed["extensions"]["idempotency"],
        json!({ "replayed": true, "fields": ["a"] })
    );
    assert_eq!(posts(&world).await, 3);

    let wrong = batch(&world, "d", "line-c").await;
    assert_eq!(code(&wrong), "IDEMPOTENCY_MISMATCH");
    assert_eq!(wrong["errors"][0]["path"], json!(["b"]));
    assert_eq!(posts(&world).await, 3);
}

#[tokio::test]
async fn the_directive_belongs_to_fields_of_mutations_only() {
    let world = World::new().await;
    for (query, expected) in [
        ("{ viewer @idempotent(key: \"a\") { role } }", "BAD_REQUEST"),
        (
            "mutation { postCreate(input: { text: \"a\" }) { post @idempotent(key: \"a\") { id } } }",
            "BAD_REQUEST",
        ),
        (
            "mutation { postCreate(input: { text: \"a\" }) @idempotent(key: \"a b\") { post { id } } }",
            "INVALID_INPUT",
        ),
        (
            "mutation { postCreate(input: { text: \"a\" }) @idempotent { post { id } } }",
            "BAD_REQUEST",
        ),
    ] {
        let answer = world.graphql(&world.home.editor, query, json!({})).await;
        assert_eq!(code(&answer), expected, "{answer}");
    }
    assert_eq!(posts(&world).await, 0);
}
