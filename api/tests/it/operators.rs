//! What operators ask: readiness with its reasons, metrics and who may read them, processes.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
};
use chrono::TimeDelta;
use posthaste_api::rest::{ApiState, Health, Probes, operators, router};
use posthaste_core::{Network, secret::Secret};
use posthaste_testkit::samples;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{
    socket::Client,
    world::{World, body},
};

const TOKEN: &str = "a token of at least sixteen";

/// A world whose server has this health.
async fn world(health: Health) -> (World, Arc<Health>) {
    let mut world = World::new().await;
    let health = Arc::new(health);
    world.router = router(ApiState::new(world.app.clone()).watched(health.clone()));
    (world, health)
}

fn healthy() -> Health {
    Health::new(Some(TimeDelta::minutes(5)), Some(Secret::new(TOKEN)))
}

async fn get(router: &Router, path: &str, token: Option<&str>) -> (StatusCode, Value) {
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(Body::empty()).unwrap();
    body(router.clone().oneshot(request).await.unwrap()).await
}

/// Schedules a post on X, so many minutes from now.
async fn schedule(world: &World, minutes: i64) -> String {
    let at = world.app.now() + TimeDelta::minutes(minutes);
    let input = json!({
        "text": format!("Rolls at {at}"), "targets": [{ "connectionId": world.home.on(Network::X) }],
        "schedule": { "at": at.to_rfc3339() },
    });
    let payload = world.change("postCreate", "post { id }", input).await;
    assert_eq!(payload["errors"], json!([]));
    payload["post"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_late_queue_makes_workers_unready_and_leaves_the_servers() {
    let (world, _) = world(healthy()).await;
    schedule(&world, 1).await;
    // The database is asked seldom: each process is a new one here.
    let ask = async |health: Health, path| {
        let state = ApiState::new(world.app.clone()).watched(Arc::new(health));
        get(&router(state), path, None).await
    };
    let ready = async || ask(healthy().of_worker(), "/readyz").await;
    assert_eq!(ready().await, (StatusCode::OK, json!("ok")));
    world.clock.advance(TimeDelta::minutes(6));
    assert_eq!(ready().await, (StatusCode::OK, json!("ok")));
    world.clock.advance(TimeDelta::seconds(1));
    let (status, problem) = ready().await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("UNAVAILABLE"))
    );
    let message =
        "The oldest post that could go out is 301 s late, more than 300 s; see that workers run.";
    assert_eq!(problem["detail"], message);
    // Whoever has posts cancelled for it needs a server.
    assert_eq!(ask(healthy(), "/readyz").await.0, StatusCode::OK);
    let (status, problem) = ask(healthy(), "/readyz/publishing").await;
    assert_eq!(
        (status, &problem["detail"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!(message))
    );
    let (_, report) = get(&world.router, "/healthz", None).await;
    assert_eq!(report["queue"], json!({ "ok": false, "message": message }));
    assert_eq!(report["database"]["ok"], true);
    let patient = Health::new(None, None).of_worker();
    assert_eq!(ask(patient, "/readyz").await.0, StatusCode::OK);
    // Held back, it could not go out.
    let input = json!({ "id": world.home.on(Network::X) });
    let paused = world
        .graphql(
            &world.home.owner,
            &crate::world::mutation("connectionPause", ""),
            json!({ "input": input }),
        )
        .await;
    assert_eq!(
        paused["data"]["connectionPause"]["errors"],
        json!([]),
        "{paused}"
    );
    assert_eq!(ready().await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_server_that_drains_is_not_ready_but_answers_and_may_go_on() {
    let (world, health) = world(healthy()).await;
    assert_eq!(
        get(&world.router, "/startupz", None).await.0,
        StatusCode::OK
    );
    health.drain(true);
    let (status, problem) = get(&world.router, "/readyz", None).await;
    assert_eq!(
        (status, &problem["detail"]),
        (
            StatusCode::SERVICE_UNAVAILABLE,
            &json!("The server is stopping.")
        )
    );
    for path in ["/livez", "/startupz", "/version"] {
        assert_eq!(
            get(&world.router, path, None).await.0,
            StatusCode::OK,
            "{path}"
        );
    }
    assert_eq!(
        world.ask("{ viewer { role } }", json!({})).await,
        json!({ "viewer": { "role": "EDITOR" } })
    );
    health.drain(false);
    assert_eq!(get(&world.router, "/readyz", None).await.0, StatusCode::OK);
}

#[tokio::test]
async fn whoever_listens_is_asked_to_go_elsewhere() {
    let (world, health) = world(healthy()).await;
    let mut socket = Client::open(&world, &world.home.viewer).await;
    let streams = async || {
        let request = Request::post("/graphql")
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", world.home.viewer),
            )
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "text/event-stream")
            .body(Body::from(
                json!({ "query": "subscription { events { type } }" }).to_string(),
            ))
            .unwrap();
        world.send(request).await
    };
    let stream = streams().await;
    health.drain(true);
    assert_eq!(socket.closed().await, 1001);
    // The stream ends without `complete`: its client comes back.
    assert_eq!(body(stream).await.1, json!(""));
    // Who comes nevertheless is served, until the server stops.
    let mut socket = Client::open(&world, &world.home.viewer).await;
    health.stop();
    assert_eq!(socket.closed().await, 1001);
    health.sockets_closed().await;
}

#[tokio::test]
async fn metrics_are_for_whoever_has_the_token() {
    let (world, health) = world(healthy()).await;
    let (status, problem) = get(&world.router, "/metrics", None).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::UNAUTHORIZED, &json!("UNAUTHENTICATED"))
    );
    assert_eq!(
        get(&world.router, "/metrics", Some("another token of sixteen"))
            .await
            .0,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        get(&world.router, "/metrics", Some(&world.home.owner))
            .await
            .0,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        get(&world.router, "/metrics", Some(TOKEN)).await.0,
        StatusCode::OK
    );
    let probes = |health| Probes {
        app: world.app.clone(),
        health,
    };
    let own = operators(probes(health));
    assert_eq!(
        get(&own, "/metrics", None).await.0,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        get(&own, "/graphql?query={viewer{role}}", Some(TOKEN))
            .await
            .0,
        StatusCode::NOT_FOUND
    );

    // Without a token: nowhere in public, and open on a listener of its own.
    let untold = Arc::new(Health::default());
    let public = router(ApiState::new(world.app.clone()).watched(untold.clone()));
    for token in [None, Some(TOKEN)] {
        assert_eq!(
            get(&public, "/metrics", token).await.0,
            StatusCode::NOT_FOUND
        );
    }
    let own = operators(probes(untold));
    for path in [
        "/metrics",
        "/livez",
        "/readyz",
        "/readyz/publishing",
        "/startupz",
        "/healthz",
        "/version",
    ] {
        assert_eq!(get(&own, path, None).await.0, StatusCode::OK, "{path}");
    }
}

/// The samples of a scrape.
async fn scrape(world: &World) -> BTreeMap<String, f64> {
    let (status, text) = get(&world.router, "/metrics", Some(TOKEN)).await;
    assert_eq!(status, StatusCode::OK);
    samples(text.as_str().unwrap())
}

#[tokio::test]
async fn a_scrape_says_what_was_asked_and_how_the_queue_stands() {
    let (world, _) = world(healthy()).await;
    let named = "query ViewerGet { viewer { role } }";
    world.ask(named, json!({})).await;
    world
        .ask("query MyOwn { viewer { role } }", json!({}))
        .await;
    world.ask("{ viewer { role } }", json!({})).await;
    world.graphql("phk_test_wrong", named, json!({})).await;
    get(&world.router, "/nowhere", None).await;
    schedule(&world, 1).await;
    world.clock.advance(TimeDelta::seconds(100));
    let until = world.app.now() + TimeDelta::minutes(1);
    let lane = "UPDATE lanes SET blocked_until = $1, block_reason = 'rate limit' WHERE network = 'PINTEREST'";
    let expiry = "UPDATE connections SET token_expires_at = $1 WHERE network = 'X'";
    let breaker = "UPDATE network_states SET breaker = 'OPEN' WHERE network = 'FACEBOOK'";
    {
        let (client, connection) = world.app.db.address().wire().await.unwrap();
        let driving = tokio::spawn(connection);
        for statement in [lane, expiry] {
            let text = statement.replace("$1", &format!("'{}'", until.to_rfc3339()));
            client.batch_execute(&text).await.unwrap();
        }
        client.batch_execute(breaker).await.unwrap();
        driving.abort();
    }

    let samples = scrape(&world).await;
    let expected = [
        (
            "graphql_operation_duration_seconds_count{operation=\"ViewerGet\",kind=\"QUERY\"}",
            1.0,
        ),
        (
            "graphql_operation_duration_seconds_count{operation=\"other\",kind=\"QUERY\"}",
            2.0,
        ),
        (
            "graphql_operation_duration_seconds_count{operation=\"other\",kind=\"MUTATION\"}",
            1.0,
        ),
        (
            "graphql_operation_errors_total{operation=\"other\",kind=\"UNREADABLE\",code=\"UNAUTHENTICATED\"}",
            1.0,
        ),
        (
            "http_server_request_duration_seconds_count{http_request_method=\"GET\",http_route=\"none\",http_response_status_code=\"404\"}",
            1.0,
        ),
        (
            "http_server_request_duration_seconds_count{http_request_method=\"POST\",http_route=\"/graphql\",http_response_status_code=\"200\"}",
            4.0,
        ),
        ("queue_due_depth", 1.0),
        ("queue_oldest_due_seconds", 40.0),
        ("publish_uncertain", 0.0),
        ("publish_fenced_writes_total", 0.0),
        ("publish_lateness_seconds_bucket{le=\"3600.0\"}", 0.0),
        ("lane_blocked{reason=\"rate limit\"}", 2.0),
        ("lane_blocked{reason=\"paused\"}", 0.0),
        ("breaker_state{network=\"FACEBOOK\"}", 2.0),
        ("breaker_state{network=\"X\"}", 0.0),
        ("token_expiry_seconds{network=\"X\"}", 60.0),
        ("webhook_due_depth", 0.0),
        ("webhook_oldest_due_seconds", 0.0),
        ("nodes_lost_total", 0.0),
        ("worker_broken_off_total", 0.0),
        ("publish_uncertain_oldest_due_seconds", 0.0),
        ("database_up", 1.0),
        ("db_connections{state=\"most\"}", 8.0),
        ("db_connections{state=\"waited_for\"}", 0.0),
    ];
    for (name, value) in expected {
        assert_eq!(samples.get(name), Some(&value), "{name} in {samples:#?}");
    }
    assert!(samples.contains_key("clock_skew_seconds"));
    let wide: Vec<_> = samples
        .keys()
        .filter(|name| name.contains("MyOwn"))
        .collect();
    assert!(wide.is_empty(), "clients choose names: {wide:?}");
    // The database is asked seldom; counts are always new.
    schedule(&world, 0).await;
    let again = scrape(&world).await;
    let mutations =
        "graphql_operation_duration_seconds_count{operation=\"other\",kind=\"MUTATION\"}";
    for (name, value) in [("queue_oldest_due_seconds", 40.0), (mutations, 2.0)] {
        assert_eq!(again.get(name), Some(&value), "{name}");
    }
}
