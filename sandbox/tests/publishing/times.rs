use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{ErrorCode, Network, ports::Clock, target::State};
use posthaste_engine::post::When;

use crate::world::World;

/// Moves the clock to an instant.
fn go_to(world: &World, at: &str) {
    let at: DateTime<Utc> = at.parse().unwrap();
    world.clock.advance(at - world.clock.now());
}

#[tokio::test(flavor = "multi_thread")]
async fn nine_in_paris_on_the_sunday_the_clocks_change_is_seven_utc() {
    let world = World::new().await;
    let connections = [world.connect(Network::Facebook, 0).await];
    let nine = When::Local {
        at: "2027-03-28T09:00:00".parse().unwrap(),
        zone: "Europe/Paris".into(),
    };
    let post = world.post_at("Summer time.", &[], &connections, nine).await;
    go_to(&world, "2027-03-28T06:59:58Z");
    world.work();
    let early = world.targets(post).await;
    assert_eq!(
        early[0].due_at,
        Some("2027-03-28T07:00:00Z".parse().unwrap())
    );
    let targets = world.until(post, State::Published).await;
    let late = targets[0].published_at.unwrap() - targets[0].due_at.unwrap();
    assert!(
        late >= TimeDelta::zero() && late < TimeDelta::seconds(5),
        "{late}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_missed_by_more_than_six_hours_waits_for_a_person() {
    let world = World::new().await;
    let connections = [world.connect(Network::Facebook, 0).await];
    let soon = When::At(world.clock.now() + TimeDelta::hours(1));
    let post = world.post_at("Too late.", &[], &connections, soon).await;
    world.clock.advance(TimeDelta::hours(8));
    world.work();
    let held = world.until(post, State::Held).await;
    assert_eq!(
        held[0].error_code.as_deref(),
        Some(ErrorCode::MissedTime.as_str())
    );
    assert!(world.walls("Too late.").await.is_empty());
    posthaste_engine::post::retry(&world.app, &world.actor, held[0].id)
        .await
        .unwrap();
    world.until(post, State::Published).await;
    assert_eq!(world.walls("Too late.").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_out_before_its_time() {
    let world = World::new().await;
    let connections = [world.connect(Network::Facebook, 0).await];
    let soon = When::At(world.clock.now() + TimeDelta::hours(1));
    let post = world.post_at("Not yet.", &[], &connections, soon).await;
    world.work();
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert_eq!(world.targets(post).await[0].state, State::Scheduled);
    world.clock.advance(TimeDelta::hours(1));
    world.until(post, State::Published).await;
}
