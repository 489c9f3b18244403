//! Every kind of post becomes visible once, as it was composed.

use posthaste_core::{
    Network,
    connector::{Lookup, Outcome, Rendition},
    post::ContentKind,
};
use serde_json::{Value, json};

use crate::{
    cases::{self, Case},
    world::World,
};

on_every_network!(
    every_kind_of_post_is_published_once,
    a_post_can_be_deleted_twice,
    the_same_post_again_is_not_published_in_silence,
);

async fn every_kind_of_post_is_published_once(network: Network) {
    let world = World::start(network).await;
    for case in cases::all(&world).await {
        publish(&world, &case).await;
    }
    world.assert_specified().await;
}

async fn publish(world: &World, Case { name, rendition }: &Case) {
    let problems = world.connector.check(rendition);
    assert!(problems.is_empty(), "{name}: {problems:?}");
    let before = world.posts().await.len();
    let (outcome, intent) = world.publish(rendition).await.unwrap();
    let told = world.lookup(rendition, &intent).await;
    let Lookup::Found(found) = told else {
        panic!("{name}: {outcome:?}, but the read-back told {told:?}")
    };
    match outcome {
        Outcome::Published(published) => assert_eq!(published.remote_id, found.remote_id, "{name}"),
        // Facebook works on videos after it took them.
        Outcome::Unknown { .. } if rendition.media.iter().any(|m| m.facts.format.is_video()) => {}
        outcome => panic!("{name}: {outcome:?}"),
    }
    let posts = world.posts().await;
    assert_eq!(posts.len(), before + 1, "{name}");
    assert_same(world, name, rendition, &posts[before]);
    if let Some(permalink) = found.permalink {
        assert_eq!(status(world, &permalink).await, 200, "{name}: {permalink}");
    }
}

/// The network shows what was composed.
fn assert_same(world: &World, name: &str, rendition: &Rendition, post: &Value) {
    let text = |field: &str| post[field].as_str().unwrap_or_default().to_owned();
    if rendition.kind != ContentKind::Story {
        assert_eq!(text("text"), world.connector.compose(rendition), "{name}");
        assert_eq!(
            text("link"),
            rendition.link.clone().unwrap_or_default(),
            "{name}"
        );
    }
    if world.connector.capabilities().max_title > 0 {
        assert_eq!(
            text("title"),
            rendition.title.clone().unwrap_or_default(),
            "{name}"
        );
    }
    assert_eq!(
        post["board"].as_str(),
        rendition.destination.as_deref(),
        "{name}"
    );
    assert_eq!(
        post["account"]["id"],
        json!(world.session.account_id),
        "{name}"
    );
    let media = post["media"].as_array().unwrap();
    assert_eq!(media.len(), rendition.media.len(), "{name}");
    for (shown, sent) in media.iter().zip(&rendition.media) {
        assert_eq!(shown["bytes"], json!(sent.facts.bytes), "{name}");
        assert_eq!(
            shown["altText"].as_str(),
            sent.alt_text.as_deref(),
            "{name}"
        );
    }
}

/// Permalinks of production lead to the simulator's copy of the host.
async fn status(world: &World, permalink: &str) -> u16 {
    let base = world.ctx.hosts.base.clone().unwrap();
    let address = permalink.replacen("https://", &format!("{base}/"), 1);
    world
        .client
        .get(address)
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
}

async fn a_post_can_be_deleted_twice(network: Network) {
    let world = World::start(network).await;
    let rendition = cases::simplest(&world, "For a moment").await;
    let id = world.publish_well(&rendition).await;
    for _ in 0..2 {
        let deleted = world
            .connector
            .delete(&world.ctx, &world.session, &id)
            .await;
        assert_eq!(deleted, Ok(()));
        assert_eq!(world.posts().await, Vec::<Value>::new());
    }
    world.assert_specified().await;
}

/// Networks that refuse a repetition answer in a way that says nothing about the post itself:
/// nobody may take that for a failure.
async fn the_same_post_again_is_not_published_in_silence(network: Network) {
    let world = World::start(network).await;
    let rendition = cases::simplest(&world, "Once and once again").await;
    world.publish_well(&rendition).await;
    let (outcome, _) = world.publish(&rendition).await.unwrap();
    let visible = world.posts().await.len();
    match outcome {
        Outcome::Published(_) => assert_eq!(visible, 2),
        Outcome::Duplicate { .. } => assert_eq!(visible, 1),
        other => panic!("{other:?}"),
    }
}
