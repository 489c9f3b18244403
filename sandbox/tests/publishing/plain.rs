use posthaste_core::{ErrorCode, Network, event::EventType, target::State};
use posthaste_engine::{event, post};
use posthaste_store::event::Filter;
use serde_json::json;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn one_post_with_a_picture_goes_out_on_four_networks_exactly_once() {
    let world = World::new().await;
    let connections = world.connect_all().await;
    let picture = world.picture().await;
    world.work();
    let post = world
        .post("Fresh bread at seven.", &[picture], &connections)
        .await;
    let targets = world.until(post, State::Published).await;
    assert!(
        targets
            .iter()
            .all(|target| target.permalink.is_some() && target.remote_id.is_some())
    );

    let walls = world.walls("Fresh bread at seven.").await;
    let mut networks: Vec<_> = walls
        .iter()
        .map(|post| post["network"].as_str().unwrap())
        .collect();
    networks.sort_unstable();
    assert_eq!(networks, ["FACEBOOK", "INSTAGRAM", "PINTEREST", "X"]);
    for wall in &walls {
        assert_eq!(wall["link"], "https://harborstreet.example/bread", "{wall}");
        assert_eq!(wall["media"][0]["altText"], "The harbor at dawn", "{wall}");
        assert_eq!(wall["media"].as_array().unwrap().len(), 1);
        // Whether a permalink ends with a slash is the network's own habit.
        let plain = |url: &str| url.trim_end_matches('/').to_owned();
        let url = wall["url"].as_str().map(plain);
        assert!(
            targets
                .iter()
                .any(|target| target.permalink.as_deref().map(plain) == url),
            "{wall}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_event_log_tells_the_story_of_each_target_in_order() {
    let world = World::new().await;
    let connections = [
        world.connect(Network::Facebook, 0).await,
        world.connect(Network::X, 0).await,
    ];
    world.work();
    let post = world.post("In order.", &[], &connections).await;
    let targets = world.until(post, State::Published).await;
    let part = event::after(&world.app, &world.actor, 0, &Filter::default(), 200)
        .await
        .unwrap();
    let events = part.events;
    let numbers: Vec<_> = events.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=events.len() as i64).collect::<Vec<_>>());
    for target in targets {
        let story: Vec<_> = events
            .iter()
            .filter(|event| event.target_id == Some(target.id.uuid()))
            .map(|event| event.kind.clone())
            .collect();
        let told = [
            EventType::TargetScheduled,
            EventType::TargetClaimed,
            EventType::TargetSending,
            EventType::TargetPublished,
        ];
        assert_eq!(story, told.map(EventType::as_str));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_of_one_connection_keep_their_order_also_behind_a_failing_one() {
    let world = World::new().await;
    let connections = [world.connect(Network::Facebook, 0).await];
    let mut posts = Vec::new();
    for number in 0..12 {
        posts.push(
            world
                .post(&format!("Number {number:02}."), &[], &connections)
                .await,
        );
    }
    world.fault(json!({ "network": "FACEBOOK", "operation": "publish", "kind": "error_after", "skip": 4 })).await;
    world.work();
    for post in posts {
        world.until(post, State::Published).await;
    }
    let walls = world.walls("Number ").await;
    let texts: Vec<_> = walls
        .iter()
        .map(|post| post["text"].as_str().unwrap()[..10].to_owned())
        .collect();
    assert_eq!(
        texts,
        (0..12)
            .map(|number| format!("Number {number:02}."))
            .collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_targets_due_at_once_go_out_exactly_once() {
    let world = World::new().await;
    let accounts = world
        .control
        .add_accounts(Network::Facebook, 40)
        .await
        .unwrap();
    let mut connections = Vec::new();
    for account in accounts {
        connections.push(
            posthaste_engine::sandbox::connect(
                &world.app,
                &world.actor,
                Network::Facebook,
                &account.id,
            )
            .await
            .unwrap(),
        );
    }
    let mut posts = Vec::new();
    for number in 0..25 {
        posts.push(
            world
                .post(&format!("Batch {number:02}."), &[], &connections)
                .await,
        );
    }
    world.work();
    for post in posts {
        world.until(post, State::Published).await;
    }
    let walls = world.walls("Batch ").await;
    assert_eq!(walls.len(), 1000);
    let mut keys: Vec<_> = walls
        .iter()
        .map(|post| (post["account"]["id"].to_string(), post["text"].to_string()))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_post_is_never_changed_or_sent_again() {
    let world = World::new().await;
    let connections = [world.connect(Network::Facebook, 0).await];
    world.work();
    let id = world.post("As it stands.", &[], &connections).await;
    world.until(id, State::Published).await;
    let change = post::Change {
        version: None,
        edit: Box::new(|body| body.content.text = "Otherwise.".into()),
        targets: None,
        unread: Vec::new(),
    };
    let refused = post::update(&world.app, &world.actor, id, change)
        .await
        .unwrap_err();
    assert_eq!(refused[0].code, ErrorCode::InvalidState);
    let refused = post::publish_now(&world.app, &world.actor, id, None, None)
        .await
        .unwrap_err();
    assert_eq!(refused[0].code, ErrorCode::TargetsRequired);
    assert_eq!(world.walls("As it stands.").await.len(), 1);
}
