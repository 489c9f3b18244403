//! The whole story against a running sandbox: `cargo xtask test` starts one, names its file in
//! `POSTHASTE_SANDBOX` and runs these with `--run-ignored only`.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use posthaste_sdk::{Client, Error, SandboxFacts, types::*, webhook::Webhook};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
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
#[ignore = "needs a running sandbox"]
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
#[ignore = "needs a running sandbox"]
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
    assert_eq!(
        client.posts().get(&post.id).await.unwrap().status,
        PostStatus::Published
    );
}

#[tokio::test]
#[ignore = "needs a running sandbox"]
async fn lists_come_in_pages_and_mistakes_with_codes() {
    let story = Story::new();
    let client = &story.client;
    let mut written = Vec::new();
    for n in 0..5 {
        let draft = PostCreateInput::new().text(format!("Draft {n}"));
        written.push(client.posts().create(draft).await.unwrap().post.id);
    }
    let options = PostListOptions::new().first(2);
    let listed = client.posts().list_all(options).take(5);
    let mut listed: Vec<String> = listed.map_ok(|post| post.id).try_collect().await.unwrap();
    listed.retain(|id| written.contains(id));
    written.reverse();
    assert!(!listed.is_empty() && written.starts_with(&listed) || listed == written);

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
#[ignore = "needs a running sandbox"]
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
#[ignore = "needs a running sandbox"]
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

/// A receiver of one webhook, over plain HTTP/1.1.
#[tokio::test]
#[ignore = "needs a running sandbox"]
async fn a_webhook_is_verified() {
    let webhook = Webhook::new("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let body = r#"{"type":"target.published","timestamp":"2026-11-23T09:00:00Z","data":{}}"#;
    let request = reqwest::Client::new()
        .post(url)
        .headers(webhook.sign("whd_1", body.as_bytes()));
    let sent = tokio::spawn(request.body(body).send());

    let (mut stream, _) = listener.accept().await.unwrap();
    let mut text = String::new();
    while !text.ends_with(body) {
        let mut piece = [0; 1024];
        let length = stream.read(&mut piece).await.unwrap();
        text.push_str(std::str::from_utf8(&piece[..length]).unwrap());
    }
    stream
        .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(sent.await.unwrap().unwrap().status(), 204);

    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let headers = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    let message = webhook.verify(body.as_bytes(), &headers.collect()).unwrap();
    assert_eq!(
        (message.id.as_str(), message.kind.as_str()),
        ("whd_1", "target.published")
    );
}

#[test]
fn the_readme_shows_the_example() {
    let example = include_str!("../examples/four_networks.rs");
    let (_, code) = example.split_once("\n\n").unwrap();
    assert!(include_str!("../README.md").contains(code));
}
