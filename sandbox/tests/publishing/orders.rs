//! What people order in a sandbox, against the simulated networks themselves.

use chrono::TimeDelta;
use posthaste_core::{ErrorCode, Network, target::State};
use posthaste_engine::sandbox::{
    self, Advance, Fault, FaultKind, Operation, Reset, Scenario, sample,
};
use posthaste_store::{
    connection::{self, Status},
    event, post, target,
};

use crate::world::World;

async fn counts(world: &World) -> (i64, i64, i64, i64) {
    let mut conn = world.app.db.get().await.unwrap();
    let workspace = world.actor.workspace;
    let in_state = |state| target::Filter {
        states: Some(vec![state]),
        ..target::Filter::default()
    };
    let mut count = Vec::new();
    for state in [State::Draft, State::Published, State::Failed] {
        count.push(
            target::count(&mut conn, workspace, &in_state(state))
                .await
                .unwrap(),
        );
    }
    let posts = post::count(&mut conn, workspace, &post::Filter::default())
        .await
        .unwrap();
    (posts, count[0], count[1], count[2])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_of_the_networks_moves() {
    let world = World::new().await;
    let before = sandbox::clock(&world.app, &world.actor).await.unwrap();
    let moved = sandbox::clock_advance(&world.app, &world.actor, Advance::By(3600.0))
        .await
        .unwrap();
    assert_eq!(moved.offset_ms, before.offset_ms + 3_600_000);
    let back = sandbox::clock_reset(&world.app, &world.actor)
        .await
        .unwrap();
    assert_eq!(back.offset_ms, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_is_put_in_force_and_taken_back() {
    let world = World::new().await;
    let row = world.connect(Network::X, 0).await;
    let script = vec![
        (
            Fault::new(Network::X, Operation::Publish, FaultKind::ErrorAfter),
            Some(row.id),
        ),
        (
            Fault {
                times: None,
                probability: Some(0.5),
                delay_ms: 5,
                ..Fault::new(Network::Facebook, Operation::Any, FaultKind::DelayAfter)
            },
            None,
        ),
    ];
    let put = sandbox::fault_script(&world.app, &world.actor, script.clone())
        .await
        .unwrap();
    let aimed = Fault {
        account: Some(row.remote_id),
        ..script[0].0.clone()
    };
    assert_eq!(
        put.into_iter().map(|fault| fault.fault).collect::<Vec<_>>(),
        [aimed, script[1].0.clone()]
    );
    assert_eq!(
        sandbox::faults_clear(&world.app, &world.actor)
            .await
            .unwrap(),
        2
    );
    assert_eq!(sandbox::faults(&world.app, &world.actor).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn scenarios_follow_each_other() {
    let world = World::new().await;
    let connections = world.connect_all().await;
    let faults = async |scenario| {
        sandbox::scenario_play(&world.app, &world.actor, scenario)
            .await
            .unwrap();
        assert_eq!(
            sandbox::scenario(&world.app, &world.actor).await.unwrap(),
            scenario
        );
        sandbox::faults(&world.app, &world.actor).await.unwrap()
    };
    assert_eq!(
        sandbox::scenario(&world.app, &world.actor).await.unwrap(),
        Scenario::Happy
    );
    assert_eq!(faults(Scenario::RateLimited).await.len(), 4);
    assert_eq!(faults(Scenario::FlakyNetwork).await.len(), 16);
    let ends = faults(Scenario::ExpiringTokens).await;
    let kinds: Vec<_> = ends.iter().map(|fault| fault.fault.kind).collect();
    assert_eq!(kinds.len(), connections.len());
    assert_eq!(
        kinds
            .iter()
            .filter(|kind| **kind == FaultKind::RevokeToken)
            .count(),
        1
    );
    assert_eq!(faults(Scenario::Happy).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn happy_gives_lost_access_back() {
    let world = World::new().await;
    let mut row = world.connect(Network::X, 0).await;
    row.status = Status::Reconnect;
    connection::update(&mut world.app.db.get().await.unwrap(), &mut row)
        .await
        .unwrap();
    sandbox::scenario_play(&world.app, &world.actor, Scenario::Happy)
        .await
        .unwrap();
    let mut conn = world.app.db.get().await.unwrap();
    let now = connection::get(&mut conn, world.actor.workspace, row.id)
        .await
        .unwrap();
    assert_eq!(now.status, Status::Active);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_big_account_has_many_accounts_and_a_long_past_once() {
    let world = World::new().await;
    world.connect_all().await;
    for _ in 0..2 {
        sandbox::scenario_play(&world.app, &world.actor, Scenario::BigAccount)
            .await
            .unwrap();
        let mut conn = world.app.db.get().await.unwrap();
        let all = connection::Filter::default();
        let count = connection::count(&mut conn, world.actor.workspace, &all)
            .await
            .unwrap();
        assert_eq!(count, 100);
        drop(conn);
        assert_eq!(counts(&world).await.0, 260);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_is_the_same_every_time_and_a_reset_brings_it_back() {
    let world = World::new().await;
    let connections = world.connect_all().await;
    sample::fill(&world.app, &world.actor).await.unwrap();
    let first = counts(&world).await;
    assert_eq!(first.0, 33);
    assert_eq!(first.1, 3);
    assert!(first.2 > 25 && first.3 > 2, "{first:?}");

    let live = world.post("To be forgotten.", &[], &connections[..1]).await;
    let seq = event::head(
        &mut world.app.db.get().await.unwrap(),
        world.actor.workspace,
    )
    .await
    .unwrap();
    sandbox::reset(&world.app, &world.actor, Reset { workspace: true })
        .await
        .unwrap();
    assert_eq!(counts(&world).await, first);
    let mut conn = world.app.db.get().await.unwrap();
    let gone = post::get(&mut conn, world.actor.workspace, live)
        .await
        .unwrap_err();
    assert_eq!(gone.code, ErrorCode::NotFound);
    let events = event::after(
        &mut conn,
        world.actor.workspace,
        0,
        &event::Filter::default(),
        100,
    )
    .await
    .unwrap();
    assert_eq!(
        (events[0].seq, events[0].kind.as_str()),
        (seq + 1, "sandbox.reset")
    );
    // Nothing of the past is due.
    let due =
        posthaste_store::publish::oldest_due(&mut conn, world.app.now() + TimeDelta::days(1)).await;
    assert_eq!(due.unwrap(), None);
}
