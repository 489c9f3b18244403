//! `kill -9` of the worker while a thousand posts go out.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use posthaste_core::{
    Network,
    ports::{Clock, Random, SeededRandom},
};
use posthaste_engine::adapters::SystemClock;
use serde_json::json;

use crate::sandbox::Sandbox;

/// Accounts on each network; times four networks times [`TEXTS`] makes a thousand.
const ACCOUNTS: usize = 25;
const TEXTS: usize = 10;
const POSTS: usize = Network::ALL.len() * ACCOUNTS * TEXTS;

const KILLS: usize = 8;

/// A lost lease, reading back and proof of absence take about a hundred seconds at worst.
const PATIENCE: Duration = Duration::from_secs(200);

#[tokio::test]
async fn a_thousand_posts_survive_kill_9_exactly_once_and_in_order() {
    let mut sandbox = Sandbox::start("kills").await;
    let mut connections = BTreeMap::new();
    // An Instagram account brings its Facebook page, so Instagram comes first.
    for network in [
        Network::Instagram,
        Network::Facebook,
        Network::Pinterest,
        Network::X,
    ] {
        connections.insert(network, sandbox.connect(network, ACCOUNTS).await);
    }
    slow_networks(&sandbox).await;
    // The sample workspace has a past.
    let before = published(&sandbox).await;
    schedule(&sandbox, &connections).await;

    let chance = SeededRandom::new(20_261_122);
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(500).mul_f64(1.0 + 5.0 * chance.unit())).await;
        sandbox.kill_worker().await;
    }
    until_published(&sandbox, before + POSTS as u64).await;

    let mut walls: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for post in sandbox.control.log().await.unwrap() {
        let text = |pointer| post.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        walls
            .entry((text("/network"), text("/account/id")))
            .or_default()
            .push(text("/text"));
    }
    let expected: Vec<_> = (0..TEXTS).map(text).collect();
    assert_eq!(walls.len(), Network::ALL.len() * ACCOUNTS);
    for (account, texts) in walls {
        assert_eq!(texts, expected, "{account:?}");
    }
    // Otherwise no kill came at a bad moment, and this test has shown nothing.
    let uncertain = count(&sandbox, "TARGET_UNCERTAIN").await;
    assert!(uncertain > 0);
    eprintln!(
        "{KILLS} kills left {uncertain} times (100 are counted at most) open whether a post was sent"
    );
    sandbox.close().await;
}

fn text(n: usize) -> String {
    format!("Loaf number {n} of the day.")
}

/// Slow answers before and after a post is accepted, so that kills meet calls on their way.
async fn slow_networks(sandbox: &Sandbox) {
    for network in Network::ALL {
        for kind in ["delay", "delay_after"] {
            let fault = json!({
                "network": network.as_str(), "operation": "publish", "kind": kind,
                "times": null, "probability": 0.2, "delayMs": 700,
            });
            sandbox.control.post("faults", fault).await.unwrap();
        }
    }
}

/// Each text is due a second after the one before it: words alone to Facebook and X, with a picture
/// to the networks that need one.
async fn schedule(sandbox: &Sandbox, connections: &BTreeMap<Network, Vec<String>>) {
    let picture = sandbox.upload_picture().await;
    let start = SystemClock.now() + TimeDelta::seconds(5);
    for n in 0..TEXTS {
        let schedule = json!({ "at": (start + TimeDelta::seconds(n as i64)).to_rfc3339() });
        for (networks, media) in [
            ([Network::Facebook, Network::X], &[][..]),
            (
                [Network::Instagram, Network::Pinterest],
                &[picture.as_str()][..],
            ),
        ] {
            let to: Vec<_> = networks
                .iter()
                .flat_map(|network| &connections[network])
                .map(String::as_str)
                .collect();
            sandbox.post(&text(n), media, &to, schedule.clone()).await;
        }
    }
}

async fn published(sandbox: &Sandbox) -> u64 {
    let query = "{ targets(first: 1, filter: { states: [PUBLISHED] }) { totalCount } }";
    let answer = sandbox.graphql(query, json!({})).await;
    answer["targets"]["totalCount"].as_u64().unwrap()
}

async fn until_published(sandbox: &Sandbox, all: u64) {
    let end = Instant::now() + PATIENCE;
    loop {
        let published = published(sandbox).await;
        if published == all {
            return;
        }
        assert!(
            Instant::now() < end,
            "{published} published; the others: {:#}",
            others(sandbox).await
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Some of those that are not published, with what happened to them.
async fn others(sandbox: &Sandbox) -> serde_json::Value {
    let query = "{ targets(first: 5, filter: {
        states: [SCHEDULED, CLAIMED, SENDING, UNCERTAIN, RECONCILING, HELD, FAILED]
    }) { totalCount nodes { network state attempt dueAt nextCheckAt error { code message } timeline(first: 50) { at kind message } } } }";
    sandbox.graphql(query, json!({})).await
}

/// How many events of a type there were.
async fn count(sandbox: &Sandbox, kind: &str) -> usize {
    let query =
        "query($types: [EventType!]) { events(first: 100, types: $types) { nodes { id } } }";
    sandbox.graphql(query, json!({ "types": [kind] })).await["events"]["nodes"]
        .as_array()
        .unwrap()
        .len()
}
