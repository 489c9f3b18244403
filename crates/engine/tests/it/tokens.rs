//! Access to networks is renewed before it ends, once, and never lost.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use chrono::TimeDelta;
use posthaste_core::{
    ErrorCode, Network,
    access::Role,
    connector::{Account, TokenSet},
    ports::{Http, Request, Response, ScriptedHttp, TransportError},
    secret::Secret,
};
use posthaste_engine::{
    Actor, App,
    connection::{self, Change},
};
use posthaste_store::{
    connection::{Connection, Status},
    revocation,
};
use serde_json::json;

use crate::world::World;

/// An account on X with an access token that ends then.
fn account(access: &str, refresh: Option<&str>, world: &World, life: TimeDelta) -> Account {
    Account {
        remote_id: "1".into(),
        name: "Ada".into(),
        username: Some("ada".into()),
        avatar_url: None,
        tokens: TokenSet {
            access: Secret::new(access),
            refresh: refresh.map(Secret::new),
            expires_at: Some(world.app.now() + life),
            refresh_expires_at: None,
            scopes: vec!["tweet.write".into()],
        },
    }
}

async fn import(world: &World, account: &Account) -> Connection {
    connection::import(&world.app, &world.actor(Role::Owner), Network::X, account)
        .await
        .unwrap()
}

/// A connection to X whose access ends in half a minute.
async fn ending_soon(world: &World) -> Connection {
    let account = account(
        "old-access",
        Some("old-refresh"),
        world,
        TimeDelta::seconds(30),
    );
    import(world, &account).await
}

fn sealed(row: &Connection) -> String {
    String::from_utf8(row.tokens.clone().unwrap()).unwrap()
}

async fn read_again(world: &World, row: &Connection) -> Connection {
    connection::get(&world.app, &world.actor(Role::Viewer), row.id)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_refresh_once() {
    let fresh = json!({ "access_token": "new-access", "expires_in": 7200, "token_type": "bearer" });
    let world = World::with_http(ScriptedHttp::new([ScriptedHttp::json(200, fresh)])).await;
    let row = ending_soon(&world).await;
    let actor = world.actor(Role::Viewer);
    let calls = (0..4).map(|_| connection::destinations(&world.app, &actor, &row));
    // A second request would find the script at its end and fail.
    for outcome in futures::future::join_all(calls).await {
        assert_eq!(outcome.unwrap(), []);
    }
    let row = read_again(&world, &row).await;
    assert_eq!((row.status, row.version), (Status::Active, 2));
    assert_eq!(
        row.token_expires_at,
        Some(world.app.now() + TimeDelta::hours(2))
    );
    // 70 % of two hours.
    assert_eq!(
        row.refresh_due_at,
        Some(world.app.now() + TimeDelta::minutes(84))
    );
    assert_eq!(row.scopes, ["tweet.write"]);
    let sealed = String::from_utf8(row.tokens.unwrap()).unwrap();
    assert!(
        sealed.contains("new-access") && sealed.contains("old-refresh"),
        "the refresh token was lost"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_refresh_token_asks_for_a_person() {
    let dead = json!({ "error": "invalid_request", "error_description": "Value passed for the token was invalid." });
    let world = World::with_http(ScriptedHttp::new([ScriptedHttp::json(400, dead)])).await;
    let row = ending_soon(&world).await;
    let error = connection::destinations(&world.app, &world.actor(Role::Viewer), &row)
        .await
        .unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            ErrorCode::ReconnectRequired,
            "X no longer accepts our access to Ada."
        )
    );
    let row = read_again(&world, &row).await;
    assert_eq!((row.status, row.refresh_due_at), (Status::Reconnect, None));
    let events = world.events().await;
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["connection.created", "connection.reconnect_required"]
    );
    assert_eq!(events[1].data.0["reason"], "the access token ends");
}

/// The network gave a new token, and its answer never arrived; the old one is used up.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_whose_answer_was_lost_is_told_as_such() {
    let dead = json!({ "error": "invalid_request", "error_description": "Value passed for the token was invalid." });
    let answers = [
        ScriptedHttp::json(502, json!({})),
        ScriptedHttp::json(400, dead),
    ];
    let world = World::with_http(ScriptedHttp::new(answers)).await;
    let row = ending_soon(&world).await;
    let ask = |row: Connection| {
        let (app, actor) = (world.app.clone(), world.actor(Role::Viewer));
        async move { connection::destinations(&app, &actor, &row).await }
    };
    assert_eq!(
        ask(row.clone()).await.unwrap_err().code,
        ErrorCode::NetworkUnavailable
    );
    let open = read_again(&world, &row).await;
    assert_eq!(open.refreshing_since, Some(world.app.now()));
    assert_eq!(
        ask(open).await.unwrap_err().code,
        ErrorCode::ReconnectRequired
    );
    let lost = read_again(&world, &row).await;
    assert_eq!(
        (lost.status, lost.refreshing_since),
        (Status::Reconnect, None)
    );
    let events = world.events().await;
    let message = events[1].data.0["message"].as_str().unwrap();
    assert!(
        message.starts_with(
            "The answer to a refresh was lost at 2027-01-04 08:00 UTC, and X takes each"
        ),
        "{message}"
    );
}

/// A network that still takes the old one: nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_whose_answer_was_lost_is_made_good_where_the_network_allows_it() {
    let fresh = json!({ "access_token": "new-access", "expires_in": 7200, "token_type": "bearer" });
    let answers = [
        ScriptedHttp::json(502, json!({})),
        ScriptedHttp::json(200, fresh),
    ];
    let world = World::with_http(ScriptedHttp::new(answers)).await;
    let row = ending_soon(&world).await;
    let actor = world.actor(Role::Viewer);
    let lost = connection::destinations(&world.app, &actor, &row).await;
    assert_eq!(lost.unwrap_err().code, ErrorCode::NetworkUnavailable);
    let open = read_again(&world, &row).await;
    connection::destinations(&world.app, &actor, &open)
        .await
        .unwrap();
    let row = read_again(&world, &row).await;
    assert_eq!((row.status, row.refreshing_since), (Status::Active, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_is_away_does_not_disconnect() {
    let world = World::with_http(ScriptedHttp::new([ScriptedHttp::json(503, json!({}))])).await;
    let row = ending_soon(&world).await;
    let error = connection::destinations(&world.app, &world.actor(Role::Viewer), &row)
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::NetworkUnavailable);
    let row = read_again(&world, &row).await;
    assert_eq!(
        (row.status, row.refresh_due_at),
        (
            Status::Active,
            Some(world.app.now() + TimeDelta::minutes(5))
        )
    );
    assert!(
        String::from_utf8(row.tokens.unwrap())
            .unwrap()
            .contains("old-refresh")
    );
}

/// What a row's version tells is no word about its tokens: a refresh that failed raises it, and a rename.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_row_does_not_pass_for_fresh_tokens() {
    let fresh = json!({ "access_token": "new-access", "expires_in": 7200, "token_type": "bearer" });
    let answers = [
        ScriptedHttp::json(503, json!({})),
        ScriptedHttp::json(200, fresh),
    ];
    let world = World::with_http(ScriptedHttp::new(answers)).await;
    let seen = ending_soon(&world).await;
    let (owner, viewer) = (world.actor(Role::Owner), world.actor(Role::Viewer));
    let away = connection::destinations(&world.app, &viewer, &seen).await;
    assert_eq!(away.unwrap_err().code, ErrorCode::NetworkUnavailable);
    let postponed = read_again(&world, &seen).await;
    let rename = Change {
        name: Some("Ada Lovelace".into()),
        ..Change::default()
    };
    connection::update(&world.app, &owner, seen.id, postponed.version, rename)
        .await
        .unwrap();

    connection::destinations(&world.app, &viewer, &seen)
        .await
        .unwrap();
    let row = read_again(&world, &seen).await;
    assert!(sealed(&row).contains("new-access"), "nobody was asked");
    assert_eq!(
        (row.name.as_str(), row.status),
        ("Ada Lovelace", Status::Active)
    );
}

/// A network at which a person reconnects the account while it makes up its answer.
struct Meanwhile {
    person: OnceLock<(App, Actor, Account)>,
    answer: ScriptedHttp,
}

#[async_trait]
impl Http for Meanwhile {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let (app, actor, account) = self.person.get().unwrap();
        connection::import(app, actor, Network::X, account)
            .await
            .unwrap();
        self.answer.send(request).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconnect_stands_whatever_comes_of_a_refresh_that_was_on_its_way() {
    let fresh =
        json!({ "access_token": "of-the-old-grant", "expires_in": 7200, "token_type": "bearer" });
    let dead = json!({ "error": "invalid_request", "error_description": "Value passed for the token was invalid." });
    for (status, body) in [(200, fresh), (400, dead), (503, json!({}))] {
        let network = Arc::new(Meanwhile {
            person: OnceLock::new(),
            answer: ScriptedHttp::new([ScriptedHttp::json(status, body)]),
        });
        let world = World::with_port(network.clone()).await;
        let row = ending_soon(&world).await;
        let regained = account("regained", Some("r"), &world, TimeDelta::hours(2));
        let person = (world.app.clone(), world.actor(Role::Owner), regained);
        assert!(network.person.set(person).is_ok());

        let asked = connection::destinations(&world.app, &world.actor(Role::Viewer), &row).await;
        assert_eq!(asked.is_ok(), status != 503, "{status}: {asked:?}");
        let row = read_again(&world, &row).await;
        assert_eq!(
            (row.status, row.token_expires_at, row.refreshing_since),
            (
                Status::Active,
                Some(world.app.now() + TimeDelta::hours(2)),
                None
            ),
            "{status}"
        );
        assert_eq!(
            row.refresh_due_at,
            Some(world.app.now() + TimeDelta::minutes(84)),
            "{status}"
        );
        assert!(sealed(&row).contains("regained"), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_renew_is_not_asked_for_ahead_of_its_end() {
    let world = World::new().await;
    let row = import(
        &world,
        &account("access", None, &world, TimeDelta::hours(2)),
    )
    .await;
    let end = world.app.now() + TimeDelta::hours(2);
    assert_eq!((row.refresh_due_at, row.reauthorize_by), (None, Some(end)));
    world.clock.advance(TimeDelta::minutes(90));
    assert_eq!(connection::refresh_due(&world.app).await.unwrap(), 0);
    assert_eq!(read_again(&world, &row).await.status, Status::Active);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_consent_is_asked_for_once_two_weeks_before_the_end() {
    let world = World::new().await;
    let consent = |access: &str, world: &World| account(access, None, world, TimeDelta::days(60));
    let row = import(&world, &consent("first", &world)).await;
    let end = world.app.now() + TimeDelta::days(60);
    let ask = async || connection::ask_in_time(&world.app).await.unwrap();
    world
        .clock
        .advance(TimeDelta::days(46) - TimeDelta::seconds(1));
    assert_eq!(ask().await, 0);
    world.clock.advance(TimeDelta::seconds(1));
    assert_eq!((ask().await, ask().await), (1, 0));
    let events = world.events().await;
    let event = events.last().unwrap();
    assert_eq!(event.kind, "connection.reauthorization_due");
    assert_eq!(event.connection_id, Some(row.id.uuid()));
    assert_eq!(
        event.data.0,
        json!({ "network": "X", "name": "Ada", "reauthorizeBy": end, "scheduledAfter": null })
    );

    import(&world, &consent("second", &world)).await;
    assert_eq!(ask().await, 0);
    world.clock.advance(TimeDelta::days(46));
    assert_eq!((ask().await, ask().await), (1, 0));
}

async fn still_to_give_back(world: &World) -> i64 {
    revocation::open(&mut world.db().get().await.unwrap())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn access_is_given_back_also_when_the_network_was_away() {
    let given = || ScriptedHttp::json(200, json!({ "revoked": true }));
    let network = Arc::new(ScriptedHttp::new([
        ScriptedHttp::json(503, json!({})),
        given(),
        given(),
    ]));
    let world = World::with_port(network.clone()).await;
    let row = ending_soon(&world).await;
    connection::remove(&world.app, &world.actor(Role::Owner), row.id)
        .await
        .unwrap();
    assert_eq!(read_again(&world, &row).await.status, Status::Removed);
    assert_eq!(still_to_give_back(&world).await, 1);
    // Whoever removed it may be trying still.
    assert_eq!(connection::give_back_due(&world.app).await.unwrap(), 0);

    world.clock.advance(TimeDelta::minutes(1));
    assert_eq!(connection::give_back_due(&world.app).await.unwrap(), 1);
    assert_eq!(still_to_give_back(&world).await, 0);
    let asked: Vec<_> = network
        .asked()
        .iter()
        .map(|request| format!("{:?}", request.body))
        .collect();
    assert_eq!(asked.len(), 3);
    // The refresh token first: nothing new can be had from then on.
    for (body, token) in asked
        .iter()
        .zip(["old-refresh", "old-refresh", "old-access"])
    {
        assert!(body.contains(token), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_stays_away_is_not_asked_for_ever() {
    let world = World::with_http(ScriptedHttp::new([])).await;
    let row = ending_soon(&world).await;
    connection::remove(&world.app, &world.actor(Role::Owner), row.id)
        .await
        .unwrap();
    let mut tries = 0;
    while still_to_give_back(&world).await > 0 {
        world.clock.advance(TimeDelta::hours(25));
        tries += connection::give_back_due(&world.app).await.unwrap();
    }
    assert_eq!(tries, 7);
}
