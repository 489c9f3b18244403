//! The whole story against a running sandbox: `cargo xtask test` starts one, names its file in
//! `POSTHASTE_SANDBOX` and runs these by name.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::time::Duration;

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use bytes::Bytes;
use futures_util::TryStreamExt;
use posthaste_sdk::{
    Client, Error, SandboxFacts,
    types::*,
    webhook::{Message, Webhook},
};
use serde_json::{Value, json};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        watch,
    },
};

const PICTURE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../sandbox/examples/harbor.jpg"
);

struct Story {
    sandbox: SandboxFacts,
    client: Client,
    http: reqwest::Client,
}

impl Story {
    fn new() -> Self {
        let sandbox = SandboxFacts::find().unwrap();
        let client = sandbox.client("owner").unwrap();
        let http = reqwest::Client::new();
        Self {
            sandbox,
            client,
            http,
        }
    }

    /// The first account of each network.
    async fn accounts(&self) -> Vec<Connection> {
        let mut accounts = Vec::new();
        for network in Network::ALL {
            let filter = ConnectionFilter::new().networks([network.clone()]);
            let options = ConnectionListOptions::new().filter(filter).first(1);
            accounts.extend(self.client.connections().list(options).await.unwrap().nodes);
        }
        accounts
    }

    async fn on_x(&self) -> PostTargetInput {
        let accounts = self.accounts().await;
        let x = accounts
            .iter()
            .find(|account| account.network == Network::X);
        PostTargetInput::new(&x.unwrap().id)
    }
}

/// A text that no other run used: X refuses what it has read.
fn text(about: &str) -> String {
    let nanos = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap()
        .as_nanos();
    format!("{about} {nanos}")
}

#[tokio::test]
async fn an_account_is_connected_by_consent() {
    let Story {
        sandbox,
        client,
        http,
    } = Story::new();
    let made: Value = http
        .post(format!("{}/control/accounts", sandbox.networks_url))
        .json(&json!({ "network": "X", "count": 1 }))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let account = made[0]["id"].as_str().unwrap();

    let asked = client
        .connections()
        .authorize(ConnectionAuthorizeInput::new(Network::X))
        .await
        .unwrap();
    let page = asked.authorize_url.unwrap();
    let form = [("account", account), ("decision", "allow")];
    let back = http.post(page).form(&form).send().await.unwrap();
    assert!(back.status().is_success(), "{back:?}");

    let grant = client
        .connections()
        .grant(&asked.grant.unwrap().id)
        .await
        .unwrap();
    assert_eq!(grant.status, GrantStatus::Ready);
    let input = ConnectionCreateInput::new([&grant.accounts[0].id], &grant.id);
    let connected = client
        .connections()
        .create(input)
        .await
        .unwrap()
        .connections;
    assert_eq!(connected[0].remote_id, account);
    assert_eq!(connected[0].status, ConnectionStatus::Active);
}

#[tokio::test]
async fn a_post_with_a_picture_goes_to_four_networks() {
    let story = Story::new();
    let client = &story.client;
    let picture = client
        .media()
        .upload_file(PICTURE)
        .alt_text("Boats")
        .part_size(50_000)
        .await
        .unwrap();
    assert_eq!(picture.content_type.as_deref(), Some("image/jpeg"));

    let accounts = story.accounts().await;
    let soon = chrono::Utc::now() + Duration::from_secs(2);
    let input = PostCreateInput::new()
        .text(text("Warm bread"))
        .media([&picture.id])
        .targets(accounts.iter().map(|account| &account.id))
        .schedule(ScheduleInput::new().at(soon));
    let post = client.posts().create(input).await.unwrap().post;
    assert_eq!(post.status, PostStatus::Scheduled);

    let progress = client
        .targets()
        .follow(TargetFollowOptions::new().post_id(&post.id));
    let steps: Vec<TargetProgress> = progress.try_collect().await.unwrap();
    let mut live: Vec<Network> = Vec::new();
    for step in steps {
        if step.target.state == TargetState::Published && !live.contains(&step.target.network) {
            assert!(step.target.permalink.is_some());
            live.push(step.target.network);
        }
    }
    assert_eq!(live.len(), 4);
    let post = client.posts().get(&post.id).await.unwrap();
    assert_eq!(post.status, PostStatus::Published);
    for target in post.targets {
        let shown = story.http.get(target.permalink.unwrap()).send();
        assert!(shown.await.unwrap().status().is_success());
    }
}

#[tokio::test]
async fn lists_come_in_pages_and_mistakes_with_codes() {
    let story = Story::new();
    let client = &story.client;
    let word = text("draft").replace(' ', "-");
    let mut written = Vec::new();
    for n in 0..5 {
        let draft = PostCreateInput::new().text(format!("{word} {n}"));
        written.push(client.posts().create(draft).await.unwrap().post.id);
    }
    let filter = PostFilter::new().text(&word);
    let options = PostListOptions::new()
        .filter(filter)
        .order_by(PostOrder::CreatedAtAsc);
    let first = client
        .posts()
        .list(options.clone().first(2).with_total(true));
    let first = first.await.unwrap();
    assert_eq!((first.nodes.len(), first.total_count), (2, Some(5)));
    let listed = client.posts().list_all(options.first(2));
    let listed: Vec<String> = listed.map_ok(|post| post.id).try_collect().await.unwrap();
    assert_eq!(listed, written, "three pages, in order");

    let input = PostCreateInput::new()
        .text("x".repeat(300))
        .targets([story.on_x().await])
        .schedule(ScheduleInput::new().now(true));
    let error = client.posts().create(input).await.unwrap_err();
    let Error::Refused(refused) = &error else {
        panic!("{error}")
    };
    assert_eq!(refused.errors[0].code, ErrorCode::TextTooLong);
    assert!(!refused.errors[0].path.is_empty());

    let error = client
        .posts()
        .get("post_01h45ytscbebyvny4gc8cr8ma2")
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::NotFound));
    assert!(error.request_id().is_some());
    let stranger = Client::new(client.url(), "phk_test_nobody").unwrap();
    let error = stranger.viewer().get().await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::Unauthenticated));
    for id in written {
        client.posts().delete(id).await.unwrap();
    }
}

#[tokio::test]
async fn a_repeat_with_the_same_key_makes_nothing_twice() {
    let story = Story::new();
    let client = &story.client;
    let key = text("key").replace(' ', "-");
    let draft = || PostCreateInput::new().text("Once");
    let first = client
        .posts()
        .create(draft())
        .idempotency_key(&key)
        .response()
        .await
        .unwrap();
    let again = client
        .posts()
        .create(draft())
        .idempotency_key(&key)
        .response()
        .await
        .unwrap();
    assert_eq!((first.replayed, again.replayed), (false, true));
    assert_eq!(first.data.post.id, again.data.post.id);
    client.posts().delete(&first.data.post.id).await.unwrap();
}

#[tokio::test]
async fn events_go_on_after_a_dropped_connection() {
    let story = Story::new();
    let (proxy, cut) = Proxy::start(story.client.url().as_str()).await;
    let key = story.sandbox.key("owner").unwrap();
    let through = Client::new(&proxy, key).unwrap();
    let begin = story.client.events().head().await.unwrap().events_cursor;
    let mut events = through
        .events()
        .follow(EventFollowOptions::new().after(&begin));

    let mut made = Vec::new();
    let mut seen = Vec::new();
    for round in 0..3 {
        let draft = PostCreateInput::new().text(format!("Round {round}"));
        let id = story.client.posts().create(draft).await.unwrap().post.id;
        made.push(id.clone());
        while seen.iter().filter(|id| made.contains(id)).count() < made.len() {
            let event = tokio::time::timeout(Duration::from_secs(20), events.try_next());
            let event = event.await.unwrap().unwrap().unwrap();
            if event.kind == EventType::PostCreated {
                seen.extend(event.post_id);
            }
        }
        // One more while nobody listens.
        cut.send(round + 1).unwrap();
        let draft = PostCreateInput::new().text(format!("Unheard {round}"));
        made.push(story.client.posts().create(draft).await.unwrap().post.id);
    }
    while seen.iter().filter(|id| made.contains(id)).count() < made.len() {
        let event = tokio::time::timeout(Duration::from_secs(20), events.try_next());
        let event = event.await.unwrap().unwrap().unwrap();
        if event.kind == EventType::PostCreated {
            seen.extend(event.post_id);
        }
    }
    seen.retain(|id| made.contains(id));
    assert_eq!(seen, made, "each once, in order");
    for id in made {
        story.client.posts().delete(id).await.unwrap();
    }
}

/// Passes bytes on, and cuts all connections when it is told to.
struct Proxy;

impl Proxy {
    async fn start(to: &str) -> (String, watch::Sender<u32>) {
        let to = url::Url::parse(to).unwrap();
        let to = format!("{}:{}", to.host_str().unwrap(), to.port().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, receiver) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let (to, mut cut) = (to.clone(), receiver.clone());
                cut.mark_unchanged();
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(to).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        (url, sender)
    }
}

/// A receiver on this machine: what came, head and body.
async fn receiver() -> (String, UnboundedReceiver<(HeaderMap, Bytes)>) {
    type Heard = UnboundedSender<(HeaderMap, Bytes)>;
    async fn hook(State(heard): State<Heard>, headers: HeaderMap, body: Bytes) -> StatusCode {
        heard.send((headers, body)).unwrap();
        StatusCode::NO_CONTENT
    }
    let (heard, received) = unbounded_channel();
    let router = Router::new().route("/hook", post(hook)).with_state(heard);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, received)
}

/// The delivery that tells of a post; those of other tests are let go.
async fn delivery(
    received: &mut UnboundedReceiver<(HeaderMap, Bytes)>,
    webhook: &Webhook,
    post: &str,
) -> (HeaderMap, Bytes, Message) {
    let wait = async {
        loop {
            let (headers, body) = received.recv().await.unwrap();
            let message = webhook.verify(&body, &headers).unwrap();
            if message.data["postId"] == post {
                return (headers, body, message);
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait)
        .await
        .unwrap()
}

#[tokio::test]
async fn webhooks_are_verified_while_their_secret_changes() {
    let client = Story::new().client;
    let draft = async || {
        let input = PostCreateInput::new().text(text("Rye"));
        client.posts().create(input).await.unwrap().post.id
    };
    let (url, mut received) = receiver().await;
    let input = WebhookEndpointCreateInput::new(url).event_types([EventType::PostCreated]);
    let made = client.webhooks().create(input).await.unwrap();
    let (endpoint, old) = (made.webhook_endpoint.id, made.secret.unwrap());
    let webhook = Webhook::new(&old).unwrap();

    let first = draft().await;
    let (headers, body, message) = delivery(&mut received, &webhook, &first).await;
    assert_eq!(message.kind, "post.created");
    assert!(message.id.starts_with("whd_") && message.sequence.is_some());
    let changed = String::from_utf8_lossy(&body).replace("post.created", "post.deleted");
    assert!(webhook.verify(changed.as_bytes(), &headers).is_err());

    let rotated = client.webhooks().rotate_secret(&endpoint).await.unwrap();
    let new = rotated.secret.unwrap();
    let second = draft().await;
    let both = Webhook::any([&new, &old]).unwrap();
    let (headers, body, _) = delivery(&mut received, &both, &second).await;
    for secret in [&old, &new] {
        let one = Webhook::new(secret).unwrap();
        assert!(one.verify(&body, &headers).is_ok(), "both secrets sign");
    }

    let look = WebhookEndpointTestInput::new(&endpoint).dry_run(true);
    let look = client.webhooks().test(look).await.unwrap();
    assert!(look.webhook_delivery.is_none() && look.payload.is_some());
    let tried = client.webhooks().test(&endpoint).await.unwrap();
    assert_eq!(
        tried.webhook_delivery.unwrap().state,
        WebhookDeliveryState::Succeeded
    );
    client.webhooks().delete(&endpoint).await.unwrap();
    for id in [first, second] {
        client.posts().delete(id).await.unwrap();
    }
}

#[tokio::test]
async fn a_file_becomes_posts_line_by_line() {
    let client = Story::new().client;
    let key = text("line").replace(' ', "-");
    let lines = [
        json!({ "key": key, "text": "A draft" }),
        json!({ "text": "Nowhere", "schedule": { "now": true } }),
        json!({ "key": key, "text": "The same again" }),
    ];
    let file = lines.map(|line| format!("{line}\n")).concat();
    let job = client
        .bulk_jobs()
        .upload_bytes("posts.jsonl", file)
        .part_size(64)
        .await
        .unwrap();
    let steps: Vec<BulkJob> = client
        .bulk_jobs()
        .follow(&job.id)
        .try_collect()
        .await
        .unwrap();
    let end = steps.last().unwrap();
    assert_eq!(end.state, BulkJobState::Finished);
    assert_eq!((end.created, end.skipped, end.invalid), (1, 1, 1));
    let results: Vec<BulkResult> = client
        .bulk_jobs()
        .results_all(&job.id)
        .try_collect()
        .await
        .unwrap();
    let outcomes: Vec<_> = results.iter().map(|result| &result.outcome).collect();
    assert_eq!(
        outcomes,
        [
            &BulkOutcome::Created,
            &BulkOutcome::Invalid,
            &BulkOutcome::Skipped
        ]
    );
    assert_eq!(results[0].post_id, results[2].post_id);
    assert!(!results[1].errors.is_empty());
    let post = results[0].post_id.as_ref().unwrap();
    client.posts().delete(post).await.unwrap();
}

#[test]
fn the_readme_shows_the_example() {
    let example = include_str!("../examples/four_networks.rs");
    let (_, code) = example.split_once("\n\n").unwrap();
    assert!(include_str!("../README.md").contains(code));
}
