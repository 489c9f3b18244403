//! Access to networks is renewed before it ends, once, and never lost.

use chrono::TimeDelta;
use posthaste_core::{
    ErrorCode, Network,
    access::Role,
    connector::{Account, TokenSet},
    ports::ScriptedHttp,
    secret::Secret,
};
use posthaste_engine::connection;
use posthaste_store::connection::{Connection, Status};
use serde_json::json;

use crate::world::World;

/// A connection to X whose access ends in half a minute.
async fn ending_soon(world: &World) -> Connection {
    let tokens = TokenSet {
        access: Secret::new("old-access"),
        refresh: Some(Secret::new("old-refresh")),
        expires_at: Some(world.app.now() + TimeDelta::seconds(30)),
        refresh_expires_at: None,
        scopes: vec!["tweet.write".into()],
    };
    let account = Account {
        remote_id: "1".into(),
        name: "Ada".into(),
        username: Some("ada".into()),
        avatar_url: None,
        tokens,
    };
    connection::import(&world.app, &world.actor(Role::Owner), Network::X, &account)
        .await
        .unwrap()
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
