//! Refusals: limits of calls, tokens that do not work, missing permissions.

use chrono::TimeDelta;
use posthaste_core::{
    Network,
    connector::{Failure, FailureClass, Outcome},
};

use crate::{cases, world::World};

on_every_network!(
    a_limit_of_calls_names_its_end,
    a_dead_token_asks_for_a_new_consent,
    a_missing_permission_is_named,
    messages_never_hold_the_token,
);

async fn a_limit_of_calls_names_its_end(network: Network) {
    let world = World::start(network).await;
    let rendition = cases::simplest(&world, "Too eager").await;
    world.fault("publish", "rate_limited").await;
    let failure = refused(&world, &rendition).await;
    let FailureClass::RateLimited { until, .. } = failure.class else {
        panic!("{failure:?}")
    };
    let wait = until.expect("the answer says when") - world.ctx.clock.now();
    // Pinterest documents no header for it; the connector then waits one minute.
    let minutes = if network == Network::Pinterest { 1 } else { 10 };
    let off = (wait - TimeDelta::minutes(minutes)).abs();
    assert!(off <= TimeDelta::minutes(1), "{wait}");
    assert_eq!(world.posts().await.len(), 0);
    // The fault is over, and so is the limit.
    world.publish_well(&rendition).await;
}

async fn a_dead_token_asks_for_a_new_consent(network: Network) {
    for kind in ["revoke_token", "expire_token"] {
        let world = World::start(network).await;
        let rendition = cases::simplest(&world, "Who are you?").await;
        world.fault("publish", kind).await;
        let failure = refused(&world, &rendition).await;
        assert_eq!(
            failure.class,
            FailureClass::Reauthorize,
            "{kind}: {failure:?}"
        );
        assert_eq!(world.posts().await.len(), 0, "{kind}");
    }
}

async fn a_missing_permission_is_named(network: Network) {
    let mut world = World::start(network).await;
    let writes = [
        "pages_manage_posts",
        "instagram_content_publish",
        "pins:write",
        "tweet.write",
    ];
    let scopes = world.connector.capabilities().scopes.iter().copied();
    let scopes = scopes.filter(|scope| !writes.contains(scope)).collect();
    world.session = world.grant(Some(scopes)).await;
    let rendition = cases::simplest(&world, "Only looking").await;
    let failure = refused(&world, &rendition).await;
    assert_eq!(failure.class, FailureClass::Permission, "{failure:?}");
    assert_eq!(world.posts().await.len(), 0);
}

async fn messages_never_hold_the_token(network: Network) {
    let mut world = World::start(network).await;
    let token = "EAAnobodyknowsthistoken";
    world.session.access = posthaste_core::secret::Secret::new(token);
    let failure = refused(&world, &cases::simplest(&world, "Guess who").await).await;
    assert_eq!(failure.class, FailureClass::Reauthorize, "{failure:?}");
    assert!(!failure.message.contains(token), "{}", failure.message);
}

/// Publishes what must be refused, on whichever step.
async fn refused(world: &World, rendition: &posthaste_core::connector::Rendition) -> Failure {
    match world.publish(rendition).await {
        Err(failure) | Ok((Outcome::Failed(failure), _)) => failure,
        Ok((outcome, _)) => panic!("it must be refused: {outcome:?}"),
    }
}
