//! Access to networks: refreshed, refused, lost, and asked for again.

use std::time::Duration;

use chrono::TimeDelta;
use posthaste_core::{
    ErrorCode, Network,
    event::EventType,
    target::{State, Timing},
};
use posthaste_engine::{
    connection::{self, ask_in_time, destinations, give_back_due, remove},
    post::When,
    publish::{self, Settings},
};
use posthaste_sandbox::setup::quick_timing;
use posthaste_store::{connection::Status, revocation};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::world::World;

/// The networks that give refresh tokens; each is good for one use.
const ROTATING: [Network; 2] = [Network::X, Network::Pinterest];

/// Longer than any access token lives.
const LONG: TimeDelta = TimeDelta::days(31);

/// Waits before another try are short.
fn hasty() -> Timing {
    Timing {
        pace: 20,
        ..quick_timing()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_refreshed_once_and_the_post_goes_out() {
    let world = World::new().await;
    let connections = [
        world.connect(Network::X, 0).await,
        world.connect(Network::Pinterest, 0).await,
    ];
    let picture = world.picture().await;
    for network in ["X", "PINTEREST"] {
        world
            .fault(json!({ "network": network, "operation": "publish", "kind": "expire_token" }))
            .await;
    }
    world.work();
    let post = world.post("New key.", &[picture], &connections).await;
    world.until(post, State::Published).await;
    assert_eq!(world.walls("New key.").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_holds_the_target_and_asks_for_a_reconnect() {
    let world = World::new().await;
    let connections = [world.connect(Network::Facebook, 0).await];
    world
        .fault(json!({ "network": "FACEBOOK", "operation": "any", "kind": "revoke_token" }))
        .await;
    world.work();
    let post = world.post("Locked out.", &[], &connections).await;
    let held = world.until(post, State::Held).await;
    assert_eq!(
        held[0].error_code.as_deref(),
        Some(ErrorCode::ReconnectRequired.as_str())
    );
    assert_eq!(
        world.account(&connections[0]).await.status,
        Status::Reconnect
    );
    assert!(world.walls("Locked out.").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_for_a_permission_goes_out_once_it_is_granted() {
    let world = World::new().await;
    let row = world.connect(Network::X, 0).await;
    let rows = std::slice::from_ref(&row);
    let soon = When::At(world.app.now() + TimeDelta::minutes(5));
    let post = world.post_at("Not allowed yet.", &[], rows, soon).await;
    // A person reconnected and left a permission out.
    let mut less = row.clone();
    less.scopes.retain(|scope| scope != "tweet.write");
    let mut conn = world.app.db.get().await.unwrap();
    posthaste_store::connection::update(&mut conn, &mut less)
        .await
        .unwrap();
    drop(conn);
    world.clock.advance(TimeDelta::minutes(5));
    world.work();
    let held = world.until(post, State::Held).await;
    assert_eq!(
        held[0].error_code.as_deref(),
        Some(ErrorCode::NetworkPermission.as_str())
    );
    world.connect(Network::X, 0).await;
    world.until(post, State::Published).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_refresh_a_token_once() {
    let world = World::new().await;
    let other = world.second();
    for network in ROTATING {
        let row = world.connect(network, 0).await;
        world
            .fault(json!({ "network": network, "operation": "token", "kind": "delay", "delayMs": 600 }))
            .await;
        world.clock.advance(LONG);
        let (one, two) = tokio::join!(
            destinations(&world.app, &world.actor, &row),
            destinations(&other, &world.actor, &row)
        );
        // A second refresh with the same token would have been refused.
        assert!(one.is_ok() && two.is_ok(), "{network}: {one:?} {two:?}");
        let now = world.account(&row).await;
        assert_eq!(
            (now.status, now.version),
            (Status::Active, row.version + 1),
            "{network}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_goes_on_from_the_token_that_the_last_one_gave() {
    let world = World::new().await;
    for network in ROTATING {
        let row = world.connect(network, 0).await;
        for _ in 0..3 {
            world.clock.advance(LONG);
            let before = world.account(&row).await;
            destinations(&world.app, &world.actor, &before)
                .await
                .unwrap();
            let after = world.account(&row).await;
            assert_ne!(before.tokens, after.tokens, "{network}");
            assert!(after.refresh_due_at > before.refresh_due_at, "{network}");
        }
        // X does not say when its refresh tokens end.
        let end = world.account(&row).await.reauthorize_by;
        assert_eq!(end.is_some(), network == Network::Pinterest, "{network}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_a_refresh_costs_the_access_and_is_told_as_such() {
    let world = World::new().await;
    for network in ROTATING {
        let row = world.connect(network, 0).await;
        world
            .fault(json!({ "network": network, "operation": "token", "kind": "cut_after" }))
            .await;
        world.clock.advance(LONG);
        let ask = async || destinations(&world.app, &world.actor, &world.account(&row).await).await;
        let lost = ask().await.unwrap_err();
        assert_eq!(lost.code, ErrorCode::NetworkUnavailable, "{network}");
        let open = world.account(&row).await;
        assert!(open.refreshing_since.is_some(), "{network}");
        assert_eq!(open.status, Status::Active, "{network}");

        let over = ask().await.unwrap_err();
        assert_eq!(over.code, ErrorCode::ReconnectRequired, "{network}");
        assert_eq!(world.account(&row).await.status, Status::Reconnect);
        let told = world.events(EventType::ConnectionReconnectRequired).await;
        let told = told.last().unwrap().data.0["message"].as_str().unwrap();
        let reason = format!("and {network} takes each refresh token once.");
        assert!(
            told.starts_with("The answer to a refresh was lost at") && told.contains(&reason),
            "{told}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_never_arrived_is_made_again() {
    let world = World::new().await;
    for network in ROTATING {
        let row = world.connect(network, 0).await;
        for kind in ["error_before", "cut_before"] {
            world
                .fault(json!({ "network": network, "operation": "token", "kind": kind }))
                .await;
            world.clock.advance(LONG);
            let away = destinations(&world.app, &world.actor, &world.account(&row).await).await;
            assert_eq!(away.unwrap_err().code, ErrorCode::NetworkUnavailable);
            let again = destinations(&world.app, &world.actor, &world.account(&row).await).await;
            assert!(again.is_ok(), "{network} {kind}: {again:?}");
            let now = world.account(&row).await;
            assert_eq!(
                (now.status, now.refreshing_since),
                (Status::Active, None),
                "{network} {kind}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn access_to_pages_has_no_end_and_nothing_is_refreshed() {
    let world = World::new().await;
    for network in [Network::Facebook, Network::Instagram] {
        let row = world.connect(network, 0).await;
        assert_eq!(
            (row.token_expires_at, row.refresh_due_at, row.reauthorize_by),
            (None, None, None),
            "{network}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_endpoint_that_is_away_does_not_disconnect() {
    let world = World::with_timing(hasty()).await;
    let connections = [world.connect(Network::X, 0).await];
    world
        .fault(json!({ "network": "X", "operation": "publish", "kind": "expire_token" }))
        .await;
    world
        .fault(json!({ "network": "X", "operation": "token", "kind": "error_before", "times": 2 }))
        .await;
    world.work();
    let post = world.post("Worth the wait.", &[], &connections).await;
    world.until(post, State::Published).await;
    assert_eq!(world.walls("Worth the wait.").await.len(), 1);
    assert_eq!(world.account(&connections[0]).await.status, Status::Active);
    let asked = world.events(EventType::ConnectionReconnectRequired).await;
    assert!(asked.is_empty(), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_refused_in_a_later_try_is_refreshed_too() {
    let world = World::with_timing(hasty()).await;
    let connections = [world.connect(Network::X, 0).await];
    world
        .fault(json!({ "network": "X", "operation": "publish", "kind": "expire_token", "skip": 1 }))
        .await;
    world
        .fault(json!({ "network": "X", "operation": "publish", "kind": "error_before" }))
        .await;
    world.work();
    let post = world.post("Second thoughts.", &[], &connections).await;
    world.until(post, State::Published).await;
    assert_eq!(world.walls("Second thoughts.").await.len(), 1);
    assert_eq!(world.account(&connections[0]).await.status, Status::Active);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_token_that_is_refused_once_is_no_end_of_access() {
    let world = World::with_timing(hasty()).await;
    let connections = [world.connect(Network::X, 0).await];
    let picture = world.picture().await;
    world
        .fault(
            json!({ "network": "X", "operation": "prepare", "kind": "expire_token", "times": 2 }),
        )
        .await;
    world.work();
    let post = world.post("Third time.", &[picture], &connections).await;
    let targets = world.until(post, State::Published).await;
    assert_eq!(targets[0].attempt, 2);
    assert_eq!(world.account(&connections[0]).await.status, Status::Active);
    let asked = world.events(EventType::ConnectionReconnectRequired).await;
    assert!(asked.is_empty(), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_token_that_was_accepted_and_ended_is_refreshed_again_in_the_same_try() {
    let world = World::with_timing(hasty()).await;
    let connections = [world.connect(Network::X, 0).await];
    let picture = world.picture().await;
    for skip in [0, 2] {
        world
            .fault(json!({ "network": "X", "operation": "prepare", "kind": "expire_token", "times": 1, "skip": skip }))
            .await;
    }
    world.work();
    let post = world
        .post("Short-lived keys.", &[picture], &connections)
        .await;
    let targets = world.until(post, State::Published).await;
    assert_eq!(targets[0].attempt, 1);
    let account = world.account(&connections[0]).await;
    assert_eq!(
        (account.status, account.version),
        (Status::Active, connections[0].version + 2)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn fresh_tokens_that_are_refused_try_after_try_end_access() {
    let world = World::with_timing(hasty()).await;
    let connections = [world.connect(Network::X, 0).await];
    let picture = world.picture().await;
    world
        .fault(json!({ "network": "X", "operation": "prepare", "kind": "expire_token", "times": null }))
        .await;
    world.work();
    let post = world.post("No luck.", &[picture], &connections).await;
    let targets = world.until(post, State::Held).await;
    let code = targets[0].error_code.as_deref();
    assert_eq!((targets[0].attempt, code), (3, Some("RECONNECT_REQUIRED")));
    let account = world.account(&connections[0]).await;
    assert_eq!(account.status, Status::Reconnect);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_ask_for_a_new_consent_once() {
    let world = World::new().await;
    let other = world.second();
    // A refresh token of a year, which nobody uses.
    let row = world.connect(Network::Pinterest, 0).await;
    world.clock.advance(TimeDelta::days(352));
    let (one, two) = tokio::join!(ask_in_time(&world.app), ask_in_time(&other));
    assert_eq!(one.unwrap() + two.unwrap(), 1);
    let told = world.events(EventType::ConnectionReauthorizationDue).await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        told[0].data.0["reauthorizeBy"],
        json!(row.reauthorize_by.unwrap())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_access_of_a_removed_account_is_given_back_when_the_network_is_there_again() {
    let world = World::new().await;
    let row = world.connect(Network::X, 0).await;
    world
        .fault(json!({ "network": "X", "operation": "token", "kind": "error_before" }))
        .await;
    remove(&world.app, &world.actor, row.id).await.unwrap();
    let open = async || {
        let mut conn = world.app.db.get().await.unwrap();
        revocation::open(&mut conn).await.unwrap()
    };
    assert_eq!(open().await, 1);
    world.clock.advance(TimeDelta::minutes(2));
    assert_eq!(give_back_due(&world.app).await.unwrap(), 1);
    assert_eq!(open().await, 0);
}

/// The old refresh token is used up; what the network gave for it must not be dropped.
#[tokio::test(flavor = "multi_thread")]
async fn fresh_tokens_outlast_a_database_that_cannot_be_written() {
    let world = World::with_timing(hasty()).await;
    let row = world.connect(Network::X, 0).await;
    world
        .fault(
            json!({ "network": "X", "operation": "token", "kind": "delay_after", "delayMs": 1500 }),
        )
        .await;
    world.clock.advance(LONG);
    let asking = tokio::spawn({
        let (app, actor, row) = (world.app.clone(), world.actor.clone(), row.clone());
        async move { destinations(&app, &actor, &row).await }
    });
    while world.account(&row).await.refreshing_since.is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.set_read_only(true).await;
    let away = asking.await.unwrap().unwrap_err();
    assert_eq!(away.code, ErrorCode::Unavailable);
    world.set_read_only(false).await;
    for _ in 0..200 {
        // Connections that were just ended are handed out once more.
        let read = connection::get(&world.app, &world.actor, row.id).await;
        if read.is_ok_and(|now| now.tokens != row.tokens) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let now = world.account(&row).await;
    assert_ne!(now.tokens, row.tokens);
    assert_eq!((now.status, now.refreshing_since), (Status::Active, None));
    destinations(&world.app, &world.actor, &now).await.unwrap();
}

/// By a clock that is ahead every token seems old; each refresh is a chance to lose the access.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_refreshed_by_a_clock_that_differs_from_the_databases() {
    let world = World::new().await;
    let row = world.connect(Network::X, 0).await;
    world.clock.advance(LONG);
    let stop = CancellationToken::new();
    let guarded = publish::run(world.app.clone(), Settings::default(), stop.clone());
    let guarded = tokio::spawn(guarded);
    tokio::time::sleep(Duration::from_millis(500)).await;
    stop.cancel();
    guarded.await.unwrap();
    assert_eq!(world.account(&row).await.tokens, row.tokens);

    // A worker that believes its clock does so at once.
    world.work();
    while world.account(&row).await.tokens == row.tokens {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
