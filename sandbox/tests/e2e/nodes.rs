//! Two servers and two workers on one PostgreSQL and one Redis: what they share, draining one, losing one.

use std::{
    fs::File,
    process::{Child, Command},
    time::{Duration, Instant},
};

use futures::StreamExt;
use nix::sys::signal::Signal;
use posthaste_postgres::process;
use posthaste_testkit::TestRedis;
use serde_json::{Value, json};

use crate::{
    program,
    sandbox::{Sandbox, free_port},
};

const PATIENCE: Duration = Duration::from_mins(1);
const GLANCE: Duration = Duration::from_millis(100);

/// A program of Posthaste beside those of a sandbox, with the same configuration.
struct Node {
    child: Child,
    url: String,
}

impl Node {
    fn start(sandbox: &Sandbox, redis: &TestRedis, role: &str) -> Self {
        let listen = format!("127.0.0.1:{}", free_port());
        let log = File::create(sandbox.home().join(format!("logs/second-{role}.log"))).unwrap();
        let mut command = command(sandbox, redis);
        let variable = match role {
            "serve" => "POSTHASTE_LISTEN",
            _ => "POSTHASTE_WORKER_LISTEN",
        };
        command.arg(role).env(variable, &listen).stderr(log);
        Self {
            child: command.spawn().unwrap(),
            url: format!("http://{listen}"),
        }
    }

    /// Ends it with a signal; its exit code.
    async fn end(mut self, signal: Signal) -> Option<i32> {
        process::signal(self.child.id() as i32, signal);
        let waiting = tokio::task::spawn_blocking(move || self.child.wait().unwrap());
        waiting.await.unwrap().code()
    }
}

/// `posthaste` with the configuration of a sandbox's children.
fn command(sandbox: &Sandbox, redis: &TestRedis) -> Command {
    let home = |name: &str| sandbox.home().join(name);
    let mut command = Command::new(program::posthaste());
    command
        .env("DATABASE_URL", sandbox.fact("/databaseUrl"))
        .env("REDIS_URL", redis.url())
        .env("POSTHASTE_SANDBOX", "1")
        .env("POSTHASTE_LIMITS_BUCKET", "1000000")
        .env("POSTHASTE_LIMITS_RESTORE_PER_SECOND", "1")
        .env("POSTHASTE_PUBLIC_URL", sandbox.fact("/apiUrl"))
        .env("POSTHASTE_NETWORKS_BASE_URL", sandbox.fact("/networksUrl"))
        .env("POSTHASTE_CLOCK_FILE", home("clock"))
        .env("POSTHASTE_DATA_DIR", home("data"))
        .env("POSTHASTE_SECRET_FILE", home("secret"));
    command
}

async fn said(mut command: Command) -> String {
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// The processes as `posthaste nodes` shows them.
async fn nodes(sandbox: &Sandbox, redis: &TestRedis) -> Vec<Value> {
    let mut command = command(sandbox, redis);
    command.args(["nodes", "--json"]);
    serde_json::from_str(&said(command).await).unwrap()
}

/// Waits until the processes stand so, by role and state.
async fn until_nodes(sandbox: &Sandbox, redis: &TestRedis, wanted: &[&str]) -> Vec<Value> {
    let end = Instant::now() + PATIENCE;
    loop {
        let nodes = nodes(sandbox, redis).await;
        let text = |node: &Value, key: &str| node[key].as_str().unwrap().to_owned();
        let mut shown: Vec<_> = nodes
            .iter()
            .map(|node| format!("{} {}", text(node, "role"), text(node, "state")))
            .collect();
        shown.sort();
        if shown == wanted {
            return nodes;
        }
        assert!(Instant::now() < end, "{nodes:#?}");
        tokio::time::sleep(GLANCE).await;
    }
}

async fn ask(sandbox: &Sandbox, url: &str, query: &str) -> Value {
    let request = sandbox.http.post(format!("{url}/graphql"));
    let request = request
        .bearer_auth(sandbox.fact("/keys/owner"))
        .json(&json!({ "query": query }));
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert!(answer["errors"].is_null(), "{query}: {answer:#}");
    answer["data"].clone()
}

/// Follows the log over server-sent events; what comes until the stream ends.
async fn follow(
    sandbox: &Sandbox,
    url: &str,
) -> impl futures::Stream<Item = String> + Unpin + use<> {
    let request = sandbox.http.post(format!("{url}/graphql"));
    let request = request
        .bearer_auth(sandbox.fact("/keys/owner"))
        .header("accept", "text/event-stream")
        .json(&json!({ "query": "subscription { events(types: [POST_CREATED]) { type } }" }));
    let answer = request.send().await.unwrap().error_for_status().unwrap();
    answer
        .bytes_stream()
        .filter_map(|bytes| async { Some(String::from_utf8(bytes.ok()?.to_vec()).unwrap()) })
        .boxed()
}

/// The next event of a stream, none at its end; signs of life are left out.
async fn next(stream: &mut (impl futures::Stream<Item = String> + Unpin)) -> Option<String> {
    loop {
        let text = tokio::time::timeout(PATIENCE, stream.next())
            .await
            .unwrap()?;
        if text.contains("event:") {
            return Some(text);
        }
    }
}

async fn status(sandbox: &Sandbox, address: &str) -> u16 {
    let answer = sandbox.http.get(address).send().await;
    answer.map_or(0, |answer| answer.status().as_u16())
}

async fn until_status(sandbox: &Sandbox, address: &str, wanted: u16) {
    let end = Instant::now() + PATIENCE;
    while status(sandbox, address).await != wanted {
        assert!(Instant::now() < end, "{address}");
        tokio::time::sleep(GLANCE).await;
    }
}

/// Waits until both servers have found Redis again.
async fn shared(sandbox: &Sandbox, urls: [&str; 2]) {
    let end = Instant::now() + PATIENCE;
    for url in urls {
        loop {
            ask(sandbox, url, LEFT).await;
            let health = sandbox.http.get(format!("{url}/healthz"));
            let health: Value = health.send().await.unwrap().json().await.unwrap();
            if health["redis"] == true {
                break;
            }
            assert!(Instant::now() < end, "{health:#}");
            tokio::time::sleep(GLANCE).await;
        }
    }
}

const DRAFT: &str =
    "mutation { postCreate(input: { text: \"A draft\" }) { post { id } errors { code } } }";
const LEFT: &str = "{ rateLimitStatus { available } }";

#[tokio::test]
async fn two_servers_and_two_workers_share_everything_and_one_may_go() {
    let mut redis = TestRedis::start();
    let home = program::root().join("target/e2e/nodes");
    std::fs::create_dir_all(&home).unwrap();
    let mut sandbox = Sandbox::new(home);
    let mut start = sandbox.command(&program::posthaste());
    start
        .arg("--reset")
        .env("REDIS_URL", redis.url())
        .env("POSTHASTE_LIMITS_BUCKET", "1000000")
        .env("POSTHASTE_LIMITS_RESTORE_PER_SECOND", "1");
    sandbox.run(&mut start).await;
    let first = sandbox.fact("/apiUrl").to_owned();
    let serve = Node::start(&sandbox, &redis, "serve");
    let worker = Node::start(&sandbox, &redis, "worker");
    until_status(&sandbox, &format!("{}/readyz", serve.url), 200).await;
    until_status(&sandbox, &format!("{}/readyz", worker.url), 200).await;
    let alive = ["SERVE ALIVE", "SERVE ALIVE", "WORKER ALIVE", "WORKER ALIVE"];
    let all = until_nodes(&sandbox, &redis, &alive).await;

    // What happens at one is told at the other, both ways.
    let mut here = follow(&sandbox, &first).await;
    let mut there = follow(&sandbox, &serve.url).await;
    for url in [&serve.url, &first] {
        ask(&sandbox, url, DRAFT).await;
        for stream in [&mut here, &mut there] {
            assert!(next(stream).await.unwrap().contains("POST_CREATED"));
        }
    }

    // Without Redis they do the same, and look for themselves.
    redis.kill();
    ask(&sandbox, &serve.url, DRAFT).await;
    for stream in [&mut here, &mut there] {
        assert!(next(stream).await.unwrap().contains("POST_CREATED"));
    }
    redis.start_again();

    // One bucket for both.
    let left = async |url: &str| {
        let answer = ask(&sandbox, url, LEFT).await;
        answer["rateLimitStatus"]["available"].as_i64().unwrap()
    };
    shared(&sandbox, [&first, &serve.url]).await;
    let before = left(&first).await;
    for _ in 0..20 {
        ask(&sandbox, &serve.url, DRAFT).await;
    }
    let after = left(&first).await;
    assert!(after <= before - 20 * 10, "{before} {after}");

    // The second server is asked to hand over: not ready, its listeners come back elsewhere.
    // The sandbox's own processes are older.
    let id_of = |role: &str, own: bool| {
        let mut nodes: Vec<_> = all.iter().filter(|node| node["role"] == role).collect();
        nodes.sort_by_key(|node| node["startedAt"].as_str().unwrap());
        nodes[usize::from(!own)]["id"].as_str().unwrap().to_owned()
    };
    let drain = async |id: &str, more: &[&str]| {
        let mut command = command(&sandbox, &redis);
        command.args(["drain", "--node", id]).args(more);
        said(command).await
    };
    drain(&id_of("SERVE", false), &["--wait"]).await;
    assert_eq!(
        status(&sandbox, &format!("{}/readyz", serve.url)).await,
        503
    );
    assert_eq!(status(&sandbox, &format!("{first}/readyz")).await, 200);
    while next(&mut there).await.is_some() {}
    ask(&sandbox, &serve.url, LEFT).await;

    // The sandbox's own worker rests; the second one takes what is due, and is lost with it.
    let resting = id_of("WORKER", true);
    drain(&resting, &["--wait"]).await;
    let slow = json!({ "network": "X", "operation": "publish", "kind": "delay", "times": 1, "delayMs": 20_000 });
    sandbox.control.post("faults", slow).await.unwrap();
    let text = "Which of us bakes this?";
    let connections = sandbox.seeded(&["X"]);
    let post = sandbox
        .post(text, &[], &connections, json!({ "now": true }))
        .await;
    let end = Instant::now() + PATIENCE;
    while sandbox.targets(&post).await[0]["state"] != "SENDING" {
        assert!(Instant::now() < end, "{:#?}", sandbox.targets(&post).await);
        tokio::time::sleep(GLANCE).await;
    }
    assert_eq!(worker.end(Signal::SIGKILL).await, None);
    drain(&resting, &["--undo"]).await;
    let targets = sandbox.published(&post, PATIENCE * 2).await;
    assert_eq!(targets.len(), 1);
    assert_eq!(sandbox.walls(text).await.len(), 1);
    let now = [
        "SERVE ALIVE",
        "SERVE DRAINED",
        "WORKER ALIVE",
        "WORKER LOST",
    ];
    until_nodes(&sandbox, &redis, &now).await;

    // Whoever is told to stop takes its leave.
    assert_eq!(serve.end(Signal::SIGTERM).await, Some(0));
    until_nodes(
        &sandbox,
        &redis,
        &["SERVE ALIVE", "WORKER ALIVE", "WORKER LOST"],
    )
    .await;
    sandbox.close().await;
}
