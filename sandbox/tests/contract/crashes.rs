//! The invisible steps survive crashes: repeated, or taken up a day later.

use posthaste_core::{
    Network,
    connector::{Lookup, Outcome, Prepared, Rendition},
};
use serde_json::{Value, json};

use crate::{cases, world::World};

on_every_network!(
    every_step_may_be_repeated,
    a_preparation_of_yesterday_is_begun_anew,
);

/// A process that dies after a step, before it could write down what the step returned.
async fn every_step_may_be_repeated(network: Network) {
    let world = World::start(network).await;
    for (number, case) in cases::all(&world).await.into_iter().enumerate() {
        let (name, rendition) = (case.name, &case.rendition);
        let ready = world
            .prepare_by(async |progress: Option<Value>| {
                let _lost = step(&world, rendition, progress.clone()).await;
                step(&world, rendition, progress).await
            })
            .await;
        let intent = world.intent(ready.unwrap()).await;
        let outcome = world.send(rendition, &intent).await;
        assert!(
            !matches!(outcome, Outcome::Failed(_)),
            "{name}: {outcome:?}"
        );
        let told = world.lookup(rendition, &intent).await;
        assert!(matches!(told, Lookup::Found(_)), "{name}: {told:?}");
        let posts = world.posts().await;
        assert_eq!(posts.len(), number + 1, "{name}");
        let shown = posts[number]["media"].as_array().unwrap().len();
        assert_eq!(shown, rendition.media.len(), "{name}");
    }
}

/// Uploads and containers last a day at most.
async fn a_preparation_of_yesterday_is_begun_anew(network: Network) {
    let mut world = World::start(network).await;
    for case in cases::all(&world).await {
        let first = step(&world, &case.rendition, None).await.unwrap();
        let Prepared::Step { progress, .. } = first else {
            continue;
        };
        world.advance(25 * 3600).await;
        world.session = world.grant(None).await;
        let mut left = Some(progress);
        let ready = world
            .prepare_by(async |progress: Option<Value>| {
                step(&world, &case.rendition, progress.or(left.take())).await
            })
            .await;
        let intent = world.intent(ready.unwrap()).await;
        let outcome = world.send(&case.rendition, &intent).await;
        assert!(
            !matches!(outcome, Outcome::Failed(_)),
            "{}: {outcome:?}",
            case.name
        );
        let told = world.lookup(&case.rendition, &intent).await;
        assert!(matches!(told, Lookup::Found(_)), "{}: {told:?}", case.name);
    }
    assert_ne!(json!(world.posts().await), json!([]), "some post has steps");
}

async fn step(
    world: &World,
    rendition: &Rendition,
    progress: Option<Value>,
) -> Result<Prepared, posthaste_core::connector::Failure> {
    let World {
        connector,
        ctx,
        session,
        ..
    } = world;
    connector.prepare(ctx, session, rendition, progress).await
}
