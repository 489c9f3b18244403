//! The governor before the worker: places under a cap, and money.

use chrono::TimeDelta;
use posthaste_core::{
    ErrorCode, Network,
    quota::{Cap, OverBudget, Rules, Scope, WhenFull},
    target::State,
};
use posthaste_engine::{
    governor::{self, Change},
    post::{self, NewPost, NewTarget, Settlement, When},
};
use posthaste_store::{connection::Connection, lane, target::Target};

use crate::world::World;

/// So many posts of an account on X within an hour, enforced.
fn at_most(posts: u32) -> Rules {
    let mut rules = Rules::default();
    let cap = Cap {
        network: Network::X,
        scope: Scope::Account,
        kind: None,
        posts,
        window_seconds: 3600,
        source: "a test".into(),
        date: "2027-01-01".into(),
    };
    rules.replace_caps(Network::X, vec![cap]);
    rules
}

async fn choose(world: &World, change: Change) {
    governor::update(&world.app, &world.actor, change)
        .await
        .unwrap();
}

async fn only(world: &World, post: posthaste_core::ids::PostId) -> Target {
    world.targets(post).await.remove(0)
}

/// Waits until the target was put back, and returns it with the reason its line waits for.
async fn put_back(world: &World, post: posthaste_core::ids::PostId) -> (Target, lane::Lane) {
    for _ in 0..400 {
        let target = only(world, post).await;
        let mut conn = world.app.db.get().await.unwrap();
        let lane = lane::get(&mut conn, world.actor.workspace, target.connection_id)
            .await
            .unwrap();
        if target.state == State::Scheduled && lane.block_reason.as_deref() == Some("quota") {
            return (target, lane);
        }
        drop(conn);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("never put back: {:?}", only(world, post).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_finds_no_place_waits_for_one_and_uses_no_try() {
    let world = World::with_quotas(at_most(2)).await;
    let row = world.connect(Network::X, 0).await;
    let rows = std::slice::from_ref(&row);
    let first = world.post("The first", &[], rows).await;
    let second = world.post("The second", &[], rows).await;
    let third = world.post("The third", &[], rows).await;
    world.work();
    let oldest = world.until(first, State::Published).await.remove(0);
    world.until(second, State::Published).await;

    let (waiting, lane) = put_back(&world, third).await;
    assert_eq!(waiting.attempt, 0);
    assert_eq!(
        waiting.error_code.as_deref(),
        Some(ErrorCode::QuotaExceeded.as_str())
    );
    let frees = oldest.published_at.unwrap() + TimeDelta::hours(1);
    assert_eq!(lane.blocked_until, Some(frees));
    assert_eq!(world.walls("The third").await.len(), 0);

    world.clock.advance(TimeDelta::hours(1));
    let live = world.until(third, State::Published).await.remove(0);
    assert_eq!(live.attempt, 1);
    assert_eq!(world.walls("The third").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_finds_no_place_fails_where_the_workspace_says_so() {
    let world = World::with_quotas(at_most(1)).await;
    let row = world.connect(Network::X, 0).await;
    let rows = std::slice::from_ref(&row);
    let first = world.post("The first", &[], rows).await;
    let second = world.post("The second", &[], rows).await;
    let fail = Change {
        when_full: Some(WhenFull::Fail),
        ..Change::default()
    };
    choose(&world, fail).await;
    world.work();
    world.until(first, State::Published).await;
    let failed = world.until(second, State::Failed).await.remove(0);
    assert_eq!(
        failed.error_code.as_deref(),
        Some(ErrorCode::QuotaExceeded.as_str())
    );
    assert_eq!(world.walls("The second").await.len(), 0);
}

async fn attempt(world: &World, text: String, row: &Connection) -> Result<(), Vec<ErrorCode>> {
    let new = NewPost {
        body: posthaste_core::post::PostBody {
            content: posthaste_core::post::Content {
                text,
                ..posthaste_core::post::Content::default()
            },
            ..posthaste_core::post::PostBody::default()
        },
        targets: vec![NewTarget::to(row.id)],
        schedule: Some(When::Now),
        ..NewPost::default()
    };
    let made = post::create(&world.app, &world.actor, new).await;
    made.map(drop)
        .map_err(|errors| errors.into_iter().map(|error| error.code).collect())
}

/// Eight people at the same moment: the places and the money are given away once.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_place_is_taken_once() {
    let world = World::with_quotas(at_most(3)).await;
    let row = world.connect(Network::X, 0).await;
    let fail = Change {
        when_full: Some(WhenFull::Fail),
        ..Change::default()
    };
    choose(&world, fail).await;
    let all = (0..8).map(|n| attempt(&world, format!("Post {n}"), &row));
    let done = futures::future::join_all(all).await;
    let (good, bad): (Vec<_>, Vec<_>) = done.into_iter().partition(Result::is_ok);
    assert_eq!((good.len(), bad.len()), (3, 5));
    for refused in bad {
        assert_eq!(refused, Err(vec![ErrorCode::QuotaExceeded]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_money_is_spent_once() {
    let world = World::with_quotas(at_most(100)).await;
    let rows = [
        world.connect(Network::X, 0).await,
        world.connect(Network::X, 1).await,
    ];
    // Three posts without a link cost 0.045 USD; the lines are different ones.
    let fail = Change {
        over_budget: Some(OverBudget::Fail),
        budget: Some(Some(50_000)),
        ..Change::default()
    };
    choose(&world, fail).await;
    let all = (0..8).map(|n| attempt(&world, format!("Post {n}"), &rows[n % 2]));
    let done = futures::future::join_all(all).await;
    let (good, bad): (Vec<_>, Vec<_>) = done.into_iter().partition(Result::is_ok);
    assert_eq!((good.len(), bad.len()), (3, 5));
    for refused in bad {
        assert_eq!(refused, Err(vec![ErrorCode::BudgetExceeded]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_no_money_for_waits_for_a_person() {
    let world = World::with_quotas(at_most(100)).await;
    let rows = [
        world.connect(Network::X, 0).await,
        world.connect(Network::X, 1).await,
    ];
    let little = Change {
        budget: Some(Some(20_000)),
        ..Change::default()
    };
    choose(&world, little).await;
    // Each costs 0.015 USD (no network knows the link's top-level domain); both are due at once, on two lines.
    let post = world.post("Both at once", &[], &rows).await;
    world.work();
    for _ in 0..400 {
        let states: Vec<_> = world
            .targets(post)
            .await
            .iter()
            .map(|row| row.state)
            .collect();
        if states.contains(&State::Published) && states.contains(&State::Held) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let targets = world.targets(post).await;
    let held = targets.iter().find(|row| row.state == State::Held).unwrap();
    assert_eq!(
        held.error_code.as_deref(),
        Some(ErrorCode::BudgetExceeded.as_str())
    );
    assert_eq!(world.walls("Both at once").await.len(), 1);

    // A person who says so publishes it all the same.
    post::settle(&world.app, &world.actor, held.id, Settlement::Publish)
        .await
        .unwrap();
    world.until(post, State::Published).await;
    assert_eq!(world.walls("Both at once").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repetition_on_x_goes_to_a_person_and_not_to_the_network() {
    let world = World::with_quotas(at_most(100)).await;
    let row = world.connect(Network::X, 0).await;
    let rows = std::slice::from_ref(&row);
    let far = When::At(world.app.now() + TimeDelta::days(3));
    let later = world.post_at("Twice", &[], rows, far).await;
    let first = world.post("Twice", &[], rows).await;
    world.work();
    world.until(first, State::Published).await;
    // Only a clock that jumps can bring them together: what was far away is due within the day.
    let mut target = only(&world, later).await;
    target.due_at = Some(world.app.now());
    let mut tx = world.app.db.begin().await.unwrap();
    posthaste_store::target::update(&mut tx, &mut target, State::Scheduled)
        .await
        .unwrap();
    lane::refresh(&mut tx, &[row.id]).await.unwrap();
    tx.commit().await.unwrap();
    let held = world.until(later, State::Held).await.remove(0);
    assert_eq!(
        held.error_code.as_deref(),
        Some(ErrorCode::PossibleDuplicate.as_str())
    );
    assert_eq!(world.walls("Twice").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_network_says_counts_where_it_is_less() {
    let world = World::with_quotas(Rules::default()).await;
    let row = world.connect(Network::Instagram, 0).await;
    let rows = std::slice::from_ref(&row);
    let picture = world.picture().await;
    let little = serde_json::json!({ "quotaTotal": 1 });
    world.control.switch(little).await.unwrap();
    let first = world.post("The first", &[picture], rows).await;
    let second = world.post("The second", &[picture], rows).await;
    world.work();
    world.until(first, State::Published).await;
    let (waiting, _) = put_back(&world, second).await;
    assert_eq!(waiting.attempt, 0);
    assert_eq!(world.walls("The second").await.len(), 0);
    // The network is asked again after a while, and says that there is more.
    let more = serde_json::json!({ "quotaTotal": 50 });
    world.control.switch(more).await.unwrap();
    world.clock.advance(TimeDelta::minutes(15));
    world.until(second, State::Published).await;
}
