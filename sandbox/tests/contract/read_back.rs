//! What is unknown is read back: found when it is live, absent when it is not.

use posthaste_core::{
    Network,
    connector::{Lookup, Outcome},
};
use serde_json::json;

use crate::{cases, world::World};

on_every_network!(
    an_accepted_post_without_answer_is_found,
    a_post_that_did_not_arrive_is_absent,
    a_post_that_is_not_listed_yet_is_not_proved_absent,
    a_known_post_is_not_taken_for_the_new_one,
    a_refused_connection_may_be_repeated,
);

async fn an_accepted_post_without_answer_is_found(network: Network) {
    let world = World::start(network).await;
    for (number, kind) in ["error_after", "cut_after", "truncate"]
        .into_iter()
        .enumerate()
    {
        let mut rendition =
            cases::simplest(&world, &format!("Bread no {number} for £2 & more")).await;
        rendition.link = Some(format!("{}{number}", cases::LINK));
        world.fault("publish", kind).await;
        let (outcome, intent) = world.publish(&rendition).await.unwrap();
        assert!(
            matches!(outcome, Outcome::Unknown { .. }),
            "{kind}: {outcome:?}"
        );
        let posts = world.posts().await;
        assert_eq!(posts.len(), number + 1, "{kind}");
        let told = world.lookup(&rendition, &intent).await;
        let Lookup::Found(found) = told else {
            panic!("{kind}: {told:?}")
        };
        assert_eq!(found.remote_id, posts[number]["id"], "{kind}");
    }
    world.assert_specified().await;
}

async fn a_post_that_did_not_arrive_is_absent(network: Network) {
    let world = World::start(network).await;
    for kind in ["error_before", "cut_before"] {
        let rendition = cases::simplest(&world, &format!("Never seen: {kind}")).await;
        world.fault("publish", kind).await;
        let (outcome, intent) = world.publish(&rendition).await.unwrap();
        assert!(
            matches!(outcome, Outcome::Unknown { .. }),
            "{kind}: {outcome:?}"
        );
        let told = world.lookup(&rendition, &intent).await;
        assert!(matches!(told, Lookup::Absent { .. }), "{kind}: {told:?}");
        assert_eq!(world.posts().await.len(), 0, "{kind}");
        // The same preparation can be sent again.
        let outcome = world.send(&rendition, &intent).await;
        assert!(
            matches!(outcome, Outcome::Published(_)),
            "{kind}: {outcome:?}"
        );
        let Outcome::Published(published) = outcome else {
            continue;
        };
        let deleted = world
            .connector
            .delete(&world.ctx, &world.session, &published.remote_id)
            .await;
        assert_eq!(deleted, Ok(()), "{kind}");
    }
}

/// Lists lag behind; only a final state may prove that nothing was published.
async fn a_post_that_is_not_listed_yet_is_not_proved_absent(network: Network) {
    let world = World::start(network).await;
    world
        .switch(json!({"readBackLagMs": {network.as_str(): 600_000}}))
        .await;
    let rendition = cases::simplest(&world, "Give it a minute").await;
    world.fault("publish", "cut_after").await;
    let (outcome, intent) = world.publish(&rendition).await.unwrap();
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    let told = world.lookup(&rendition, &intent).await;
    assert_ne!(told, Lookup::Absent { proved: true });
    assert_eq!(world.posts().await.len(), 1);
}

async fn a_known_post_is_not_taken_for_the_new_one(network: Network) {
    let world = World::start(network).await;
    let rendition = cases::simplest(&world, "Our daily bread").await;
    let first = world.publish_well(&rendition).await;
    world.fault("publish", "error_before").await;
    let (outcome, intent) = world.publish(&rendition).await.unwrap();
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    assert_eq!(intent.known_ids, [first]);
    let told = world.lookup(&rendition, &intent).await;
    assert!(matches!(told, Lookup::Absent { .. }), "{told:?}");
}

async fn a_refused_connection_may_be_repeated(network: Network) {
    let mut world = World::start(network).await;
    let rendition = cases::simplest(&world, "Nobody hears").await;
    let ready = world.prepare(&rendition).await.unwrap();
    world.ctx.hosts.base = Some("http://127.0.0.1:1".to_owned());
    let outcome = world
        .connector
        .publish(&world.ctx, &world.session, &rendition, &ready)
        .await;
    let Outcome::Failed(failure) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        failure.class,
        posthaste_core::connector::FailureClass::Retry
    );
}
