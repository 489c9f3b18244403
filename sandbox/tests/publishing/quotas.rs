//! The governor before the worker: places under a cap, and money.

use chrono::TimeDelta;
use posthaste_core::{
    ErrorCode, Network,
    ids::{MediaId, PostId},
    post::{Content, ContentKind, Fit, MediaRef, PostBody},
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
    limited(Network::X, None, posts, 3600)
}

fn limited(network: Network, kind: Option<ContentKind>, posts: u32, window_seconds: u32) -> Rules {
    let mut rules = Rules::default();
    let cap = Cap {
        network,
        scope: Scope::Account,
        kind,
        posts,
        window_seconds,
        source: "a test".into(),
        date: "2027-01-01".into(),
    };
    rules.replace_caps(network, vec![cap]);
    rules
}

async fn choose(world: &World, change: Change) {
    governor::update(&world.app, &world.actor, change)
        .await
        .unwrap();
}

async fn only(world: &World, post: PostId) -> Target {
    world.targets(post).await.remove(0)
}

/// Waits until the target was put back, and returns it with the reason its line waits for.
async fn put_back(world: &World, post: PostId) -> (Target, lane::Lane) {
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

/// A day is longer than any post may be late without asking, and waiting for a place is not being late.
#[tokio::test(flavor = "multi_thread")]
async fn what_waited_a_day_for_a_place_goes_out_without_asking_and_so_does_what_stood_behind_it() {
    let world = World::with_quotas(limited(Network::X, None, 2, 86_400)).await;
    let row = world.connect(Network::X, 0).await;
    let rows = std::slice::from_ref(&row);
    for text in ["The first", "The second"] {
        world.post(text, &[], rows).await;
    }
    let third = world.post("The third", &[], rows).await;
    let soon = When::At(world.app.now() + TimeDelta::minutes(5));
    let fourth = world.post_at("The fourth", &[], rows, soon).await;
    world.work();
    put_back(&world, third).await;
    world.clock.advance(TimeDelta::hours(24));
    world.until(third, State::Published).await;
    world.until(fourth, State::Published).await;
}

/// A story with a picture.
async fn story(world: &World, text: &str, picture: MediaId, row: &Connection) -> PostId {
    let media = MediaRef {
        id: picture,
        alt_text: None,
        crop: None,
        fit: Fit::Auto,
    };
    let content = Content {
        text: text.into(),
        media: vec![media],
        kind: ContentKind::Story,
        ..Content::default()
    };
    let new = NewPost {
        body: PostBody {
            content,
            ..PostBody::default()
        },
        targets: vec![NewTarget::to(row.id)],
        schedule: Some(When::Now),
        ..NewPost::default()
    };
    let made = post::create(&world.app, &world.actor, new).await.unwrap();
    made.post.id
}

async fn until_waiting(world: &World, post: PostId) -> Target {
    for _ in 0..400 {
        let target = only(world, post).await;
        if target.state == State::Scheduled && target.waits_until.is_some() {
            return target;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("does not wait: {:?}", only(world, post).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_one_kind_lets_the_other_posts_of_the_account_go() {
    let kind = Some(ContentKind::Story);
    let world = World::with_quotas(limited(Network::Facebook, kind, 1, 86_400)).await;
    let row = world.connect(Network::Facebook, 0).await;
    let rows = std::slice::from_ref(&row);
    let picture = world.picture().await;
    let first = story(&world, "One", picture, &row).await;
    let second = story(&world, "Two", picture, &row).await;
    let third = story(&world, "Three", picture, &row).await;
    let usual = world.post("An ordinary post", &[], rows).await;
    world.work();
    let oldest = world.until(first, State::Published).await.remove(0);
    world.until(usual, State::Published).await;
    let frees = oldest.published_at.unwrap() + TimeDelta::days(1);
    for waiting in [second, third] {
        let waiting = until_waiting(&world, waiting).await;
        assert_eq!((waiting.waits_until, waiting.attempt), (Some(frees), 0));
    }
    let lane = async || {
        let mut conn = world.app.db.get().await.unwrap();
        lane::get(&mut conn, world.actor.workspace, row.id)
            .await
            .unwrap()
    };
    let idle = lane().await;
    assert_eq!((idle.blocked_until, idle.next_due_at), (None, Some(frees)));

    // One that is cancelled waits no longer, and the next one goes when there is a place.
    post::cancel(&world.app, &world.actor, second, None)
        .await
        .unwrap();
    world.clock.advance(TimeDelta::days(1));
    world.until(third, State::Published).await;
    assert_eq!(lane().await.next_due_at, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_settings_lets_what_waits_be_judged_anew() {
    let kind = Some(ContentKind::Story);
    let world = World::with_quotas(limited(Network::Facebook, kind, 1, 86_400)).await;
    let row = world.connect(Network::Facebook, 0).await;
    let picture = world.picture().await;
    let first = story(&world, "One", picture, &row).await;
    let second = story(&world, "Two", picture, &row).await;
    world.work();
    world.until(first, State::Published).await;
    until_waiting(&world, second).await;
    let fail = Change {
        when_full: Some(WhenFull::Fail),
        ..Change::default()
    };
    choose(&world, fail).await;
    world.until(second, State::Failed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_comes_soon_is_waited_for_though_the_workspace_lets_posts_fail() {
    let world = World::with_quotas(limited(Network::X, None, 1, 600)).await;
    let row = world.connect(Network::X, 0).await;
    let rows = std::slice::from_ref(&row);
    let fail = Change {
        when_full: Some(WhenFull::Fail),
        ..Change::default()
    };
    choose(&world, fail).await;
    let due = world.app.now() + TimeDelta::minutes(1);
    let first = world.post_at("The first", &[], rows, When::At(due)).await;
    let then = When::At(due + TimeDelta::minutes(10));
    let second = world.post_at("The second", &[], rows, then).await;
    // The first one goes live a minute after its time, as a video may.
    world.clock.advance(TimeDelta::minutes(2));
    world.work();
    world.until(first, State::Published).await;
    world.clock.advance(TimeDelta::minutes(9));
    put_back(&world, second).await;
    world.clock.advance(TimeDelta::minutes(2));
    world.until(second, State::Published).await;
}

async fn attempt(world: &World, text: String, row: &Connection) -> Result<(), Vec<ErrorCode>> {
    let new = NewPost {
        body: PostBody {
            content: Content {
                text,
                ..Content::default()
            },
            ..PostBody::default()
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

/// A retry is no way around a budget: only who is told that the money is gone can decide about it.
#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_held_where_there_is_no_money_and_a_second_one_is_a_decision() {
    let world = World::with_quotas(at_most(100)).await;
    let row = world.connect(Network::X, 0).await;
    let soon = When::At(world.app.now() + TimeDelta::minutes(5));
    let post = world
        .post_at("Late", &[], std::slice::from_ref(&row), soon)
        .await;
    world.clock.advance(TimeDelta::hours(7));
    world.work();
    let held = world.until(post, State::Held).await.remove(0);
    let code = |row: &Target| row.error_code.clone().unwrap();
    assert_eq!(code(&held), ErrorCode::MissedTime.as_str());

    let nothing = |over_budget| Change {
        over_budget: Some(over_budget),
        budget: Some(Some(0)),
        ..Change::default()
    };
    let retry = async || {
        let changed = post::retry(&world.app, &world.actor, held.id)
            .await
            .unwrap();
        let warnings: Vec<_> = changed.warnings.iter().map(|told| told.code).collect();
        assert_eq!(warnings, [ErrorCode::BudgetExceeded]);
    };
    choose(&world, nothing(OverBudget::Fail)).await;
    retry().await;
    let failed = world.until(post, State::Failed).await.remove(0);
    assert_eq!(code(&failed), ErrorCode::BudgetExceeded.as_str());
    // Knowing it makes no difference where the workspace lets such posts fail.
    retry().await;
    let failed = world.until(post, State::Failed).await.remove(0);
    assert_eq!(code(&failed), ErrorCode::BudgetExceeded.as_str());
    assert_eq!(world.walls("Late").await.len(), 0);

    choose(&world, nothing(OverBudget::Hold)).await;
    retry().await;
    world.until(post, State::Published).await;
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
