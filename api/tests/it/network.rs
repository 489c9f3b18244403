//! How the networks do, seen from here.

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::Network;
use posthaste_store::network_state;
use serde_json::{Value, json};

use crate::world::World;

/// The health of X and of Pinterest, as the viewer sees it.
async fn health(world: &World) -> (Value, Value) {
    let query = "{ networks { network health { status since tries failures failedAt } } }";
    let answer = world.graphql(&world.home.viewer, query, json!({})).await;
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    let of = |name: &str| {
        let networks = answer["data"]["networks"].as_array().unwrap();
        let found = networks.iter().find(|network| network["network"] == name);
        found.unwrap()["health"].clone()
    };
    (of("X"), of("PINTEREST"))
}

/// Tries of one target on X: how many minutes ago each began, and how it ended.
async fn tried(world: &World, target: &str, tries: &[(i64, &str)]) {
    let (client, connection) = world.app.db.address().wire().await.unwrap();
    tokio::spawn(connection);
    for (minutes, end) in tries {
        let at: DateTime<Utc> = world.app.now() - TimeDelta::minutes(*minutes);
        let insert = format!(
            "INSERT INTO attempts (id, workspace_id, target_id, n, kind, token, worker, started_at, finished_at, outcome, error_code, http_status)
             SELECT gen_random_uuid(), workspace_id, id, 1, 'PUBLISH', {minutes}, id, '{at}', '{at}', {end}
             FROM targets WHERE id = '{target}'"
        );
        client.batch_execute(&insert).await.unwrap();
    }
}

const LIVE: &str = "'PUBLISHED', NULL, NULL";
const REFUSED: &str = "'FAILED', 'NETWORK_REJECTED', 400";
const ILL: &str = "'SCHEDULED', 'NETWORK_UNAVAILABLE', 503";
const LOST: &str = "'UNCERTAIN', 'OUTCOME_UNKNOWN', NULL";
const UNASKED: &str = "'HELD', 'MISSED', NULL";

/// A target of the home workspace on X, as the database knows it.
async fn target(world: &World) -> String {
    let input = json!({
        "text": "a",
        "targets": [{ "connectionId": world.home.on(Network::X) }],
    });
    let made = world
        .change("postCreate", "post { targets { id } }", input)
        .await;
    let id = made["post"]["targets"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let id: posthaste_core::ids::TargetId = id.parse().unwrap();
    id.uuid().to_string()
}

#[tokio::test]
async fn tries_of_the_last_quarter_of_an_hour_tell_how_a_network_does() {
    let world = World::new().await;
    let target = target(&world).await;
    let well = json!({ "status": "OPERATIONAL", "since": null, "tries": 0, "failures": 0, "failedAt": null });
    assert_eq!(health(&world).await, (well.clone(), well.clone()));

    // What was not asked, and what is longer ago, counts for nothing.
    tried(
        &world,
        &target,
        &[(16, ILL), (12, LOST), (11, ILL), (10, UNASKED)],
    )
    .await;
    let (x, pinterest) = health(&world).await;
    assert_eq!(
        (&x["status"], &x["tries"], &x["failures"]),
        (&json!("OPERATIONAL"), &json!(2), &json!(2))
    );
    assert_eq!(pinterest, well);

    tried(&world, &target, &[(9, ILL)]).await;
    let told = |status: &str, tries: u32| {
        json!({ "status": status, "since": "2027-01-04T07:48:00+00:00", "tries": tries, "failures": 3,
            "failedAt": "2027-01-04T07:51:00+00:00" })
    };
    assert_eq!(health(&world).await.0, told("DOWN", 3));
    tried(&world, &target, &[(2, LIVE), (1, REFUSED)]).await;
    assert_eq!(health(&world).await.0, told("DEGRADED", 5));

    // Another workspace has not tried.
    let query = "{ networks { health { tries } } }";
    let other = world.graphql(&world.other.viewer, query, json!({})).await;
    let all = other["data"]["networks"].as_array().unwrap();
    assert!(all.iter().all(|network| network["health"]["tries"] == 0));

    world.clock.advance(TimeDelta::minutes(15));
    assert_eq!(health(&world).await.0, well);
}

#[tokio::test]
async fn an_open_breaker_is_down_through_its_probes_and_a_wait_is_degraded() {
    let world = World::new().await;
    let mut conn = world.app.db.get().await.unwrap();
    let begun = world.app.now();
    for breaker in ["OPEN", "HALF_OPEN", "OPEN"] {
        let now = world.app.now();
        let until = Some(now + TimeDelta::seconds(15));
        network_state::set_breaker(&mut conn, Network::X, breaker, until, now)
            .await
            .unwrap();
        let (x, pinterest) = health(&world).await;
        assert_eq!(
            (&x["status"], &x["since"]),
            (&json!("DOWN"), &json!(begun.to_rfc3339()))
        );
        assert_eq!(pinterest["status"], "OPERATIONAL");
        world.clock.advance(TimeDelta::seconds(15));
    }
    let now = world.app.now();
    network_state::set_breaker(&mut conn, Network::X, "CLOSED", None, now)
        .await
        .unwrap();
    assert_eq!(health(&world).await.0["status"], "OPERATIONAL");

    let until = now + TimeDelta::minutes(5);
    network_state::block(&mut conn, Network::X, until, "rate limit", now)
        .await
        .unwrap();
    let (x, _) = health(&world).await;
    assert_eq!(
        (&x["status"], &x["since"]),
        (&json!("DEGRADED"), &json!(now.to_rfc3339()))
    );
    world.clock.advance(TimeDelta::minutes(5));
    assert_eq!(health(&world).await.0["status"], "OPERATIONAL");
}

#[tokio::test]
async fn whoever_is_limited_is_told_of_their_own_connections() {
    let world = World::new().await;
    let target = target(&world).await;
    tried(&world, &target, &[(3, LIVE), (2, ILL)]).await;
    let tries = async |network: Network| {
        let input =
            json!({ "name": "Some", "role": "VIEWER", "connectionIds": [world.home.on(network)] });
        let made = world
            .change_by(&world.home.owner, "apiKeyCreate", "secret", input)
            .await;
        let key = made["secret"].as_str().unwrap();
        let query = "{ networks { network health { tries failures } } }";
        let answer = world.graphql(key, query, json!({})).await;
        let networks = answer["data"]["networks"].as_array().unwrap();
        let x = networks.iter().find(|network| network["network"] == "X");
        x.unwrap()["health"].clone()
    };
    assert_eq!(
        tries(Network::X).await,
        json!({ "tries": 2, "failures": 1 })
    );
    assert_eq!(
        tries(Network::Facebook).await,
        json!({ "tries": 0, "failures": 0 })
    );
}
