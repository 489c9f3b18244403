//! Connecting and reconnecting accounts by OAuth.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use chrono::TimeDelta;
use posthaste_core::{
    Network,
    ports::{Response as Answer, ScriptedHttp, TransportError},
};
use serde_json::{Value, json};
use url::Url;

use crate::world::{World, body, mutation};

/// X's answers to an exchange and to "who is it?".
fn consent(account: &str) -> Vec<Result<Answer, TransportError>> {
    let tokens = json!({ "access_token": "new-access", "refresh_token": "new-refresh", "expires_in": 7200, "scope": "tweet.read tweet.write", "token_type": "bearer" });
    vec![
        ScriptedHttp::json(200, tokens),
        ScriptedHttp::json(
            200,
            json!({ "data": { "id": account, "name": "New", "username": "new" } }),
        ),
    ]
}

async fn change(world: &World, name: &str, fields: &str, input: Value) -> Value {
    let answer = world
        .graphql(
            &world.home.owner,
            &mutation(name, fields),
            json!({ "input": input }),
        )
        .await;
    assert_eq!(answer["errors"], Value::Null, "{name}");
    answer["data"][name].clone()
}

/// Asks for a consent; returns the grant's id and the `state` of the network's page.
async fn authorize(world: &World, return_to: Option<&str>) -> (String, String) {
    let input = json!({ "network": "X", "returnTo": return_to });
    asked(
        &change(
            world,
            "connectionAuthorize",
            "grant { id status } authorizeUrl",
            input,
        )
        .await,
    )
}

fn asked(payload: &Value) -> (String, String) {
    assert_eq!(payload["errors"], json!([]));
    let url = Url::parse(payload["authorizeUrl"].as_str().unwrap()).unwrap();
    assert_eq!(url.host_str(), Some("x.com"));
    let value = |name: &str| {
        url.query_pairs()
            .find(|(key, _)| key == name)
            .unwrap()
            .1
            .into_owned()
    };
    assert_eq!(
        value("redirect_uri"),
        "https://posthaste.test/oauth/x/callback"
    );
    assert_eq!(
        (
            value("code_challenge_method").as_str(),
            value("code_challenge").len()
        ),
        ("S256", 43)
    );
    (
        payload["grant"]["id"].as_str().unwrap().to_owned(),
        value("state"),
    )
}

async fn callback(world: &World, query: &str) -> (StatusCode, Option<String>, Value) {
    let request = Request::get(format!("/oauth/x/callback?{query}"))
        .body(Body::empty())
        .unwrap();
    let response = world.send(request).await;
    let location = response
        .headers()
        .get(header::LOCATION)
        .map(|value| value.to_str().unwrap().to_owned());
    let (status, body) = body(response).await;
    (status, location, body)
}

async fn grant(world: &World, id: &str) -> Value {
    let query = "query($id: ID!) { connectionGrant(id: $id) { status error accounts { id name username } } }";
    world
        .graphql(&world.home.owner, query, json!({ "id": id }))
        .await["data"]["connectionGrant"]
        .clone()
}

#[tokio::test]
async fn an_account_is_connected() {
    let world = World::with_http(ScriptedHttp::new(consent("77"))).await;
    let (id, state) = authorize(&world, Some("/settings?tab=accounts")).await;
    assert_eq!(
        grant(&world, &id).await,
        json!({ "status": "PENDING", "error": null, "accounts": [] })
    );
    let (status, location, _) = callback(&world, &format!("state={state}&code=c1")).await;
    assert_eq!(
        (status, location.unwrap()),
        (
            StatusCode::SEE_OTHER,
            format!("/settings?tab=accounts&grant={id}")
        )
    );
    assert_eq!(
        grant(&world, &id).await,
        json!({ "status": "READY", "error": null, "accounts": [{ "id": "77", "name": "New", "username": "new" }] })
    );
    let fields =
        "connections { network remoteId name username status scopes tokenExpiresAt reauthorizeBy }";
    let wrong = change(
        &world,
        "connectionCreate",
        fields,
        json!({ "grantId": id, "accountIds": ["77", "78"] }),
    )
    .await;
    assert_eq!(
        (&wrong["errors"][0]["code"], &wrong["errors"][0]["path"]),
        (&json!("NOT_FOUND"), &json!(["accountIds", "1"]))
    );
    let made = change(
        &world,
        "connectionCreate",
        fields,
        json!({ "grantId": id, "accountIds": ["77"] }),
    )
    .await;
    assert_eq!(
        made["connections"],
        json!([{ "network": "X", "remoteId": "77", "name": "New", "username": "new", "status": "ACTIVE",
            "scopes": ["tweet.read", "tweet.write"], "tokenExpiresAt": "2027-01-04T10:00:00+00:00",
            "reauthorizeBy": null }])
    );
    assert_eq!(
        grant(&world, &id).await,
        json!({ "status": "USED", "error": null, "accounts": [] })
    );
    let again = change(
        &world,
        "connectionCreate",
        fields,
        json!({ "grantId": id, "accountIds": ["77"] }),
    )
    .await;
    assert_eq!(again["errors"][0]["code"], "OAUTH_STATE_INVALID");
}

#[tokio::test]
async fn a_state_serves_once_and_for_fifteen_minutes() {
    let world = World::with_http(ScriptedHttp::new(consent("77"))).await;
    let (_, state) = authorize(&world, None).await;
    let (status, _, page) = callback(&world, &format!("state={state}&code=c1")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.as_str().unwrap().contains("<h1>X gave access</h1>"),
        "{page}"
    );
    for query in [
        format!("state={state}&code=c1"),
        "state=unknown&code=c1".into(),
        "code=c1".into(),
    ] {
        let (status, _, problem) = callback(&world, &query).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::BAD_REQUEST, &json!("OAUTH_STATE_INVALID")),
            "{query}"
        );
    }
    let (_, state) = authorize(&world, None).await;
    world.clock.advance(TimeDelta::minutes(15));
    assert_eq!(
        callback(&world, &format!("state={state}&code=c1")).await.0,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(world.http.asked().len(), 2);
}

#[tokio::test]
async fn a_refusal_is_told_and_kept() {
    let world = World::new().await;
    let (id, state) = authorize(&world, Some("https://posthaste.test/app")).await;
    let (status, location, _) = callback(
        &world,
        &format!("state={state}&error=access_denied&error_description=%3Cb%3Eno%3C%2Fb%3E"),
    )
    .await;
    let expected = format!("https://posthaste.test/app?grant={id}&error=OAUTH_DENIED");
    assert_eq!(
        (status, location.unwrap()),
        (StatusCode::SEE_OTHER, expected)
    );
    assert_eq!(grant(&world, &id).await["status"], "DENIED");
    let (_, state) = authorize(&world, None).await;
    let (_, _, page) = callback(
        &world,
        &format!("state={state}&error_description=%3Cb%3Eno%3C%2Fb%3E"),
    )
    .await;
    assert!(
        page.as_str()
            .unwrap()
            .contains("X gave no access: &lt;b&gt;no&lt;/b&gt;"),
        "{page}"
    );
}

#[tokio::test]
async fn a_network_that_does_not_answer_leaves_a_failed_grant() {
    let world = World::new().await;
    let (id, state) = authorize(&world, None).await;
    callback(&world, &format!("state={state}&code=c1")).await;
    assert_eq!(grant(&world, &id).await["status"], "FAILED");
}

#[tokio::test]
async fn the_browser_is_sent_nowhere_else() {
    let world = World::new().await;
    for address in [
        "https://evil.example/",
        "//evil.example",
        "javascript:alert(1)",
        "/\\evil.example",
        "http://posthaste.test/",
        "",
    ] {
        let input = json!({ "network": "X", "returnTo": address });
        let payload = change(&world, "connectionAuthorize", "grant { id }", input).await;
        assert_eq!(
            (&payload["errors"][0]["code"], &payload["errors"][0]["path"]),
            (&json!("INVALID_INPUT"), &json!(["returnTo"])),
            "{address}"
        );
    }
    for address in [
        "/settings",
        "https://posthaste.test/a?b=c",
        "http://127.0.0.1:9000/done",
        "http://localhost:3000",
    ] {
        authorize(&world, Some(address)).await;
    }
}

#[tokio::test]
async fn only_admins_and_owners_ask_for_a_consent() {
    let world = World::new().await;
    let (id, _) = authorize(&world, None).await;
    for key in [&world.home.editor, &world.home.viewer] {
        for (name, input) in [
            ("connectionAuthorize", json!({ "network": "X" })),
            (
                "connectionReconnect",
                json!({ "id": world.home.on(Network::X) }),
            ),
        ] {
            let answer = world
                .graphql(
                    key,
                    &mutation(name, "grant { id }"),
                    json!({ "input": input }),
                )
                .await;
            assert_eq!(
                answer["data"][name]["errors"][0]["code"], "FORBIDDEN",
                "{name}"
            );
        }
        let input = json!({ "grantId": id, "accountIds": ["1"] });
        let answer = world
            .graphql(
                key,
                &mutation("connectionCreate", "connections { id }"),
                json!({ "input": input }),
            )
            .await;
        assert_eq!(
            answer["data"]["connectionCreate"]["errors"][0]["code"],
            "FORBIDDEN"
        );
    }
    let read = "query($id: ID!) { connectionGrant(id: $id) { id } }";
    for (key, code) in [
        (&world.home.viewer, "FORBIDDEN"),
        (&world.other.owner, "NOT_FOUND"),
    ] {
        let answer = world.graphql(key, read, json!({ "id": id })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], code);
    }
}

#[tokio::test]
async fn a_reconnect_renews_the_same_account_only() {
    let remote = World::new().await;
    let query = "query($id: ID!) { connection(id: $id) { remoteId } }";
    let own = remote
        .ask(query, json!({ "id": remote.home.on(Network::X) }))
        .await["connection"]["remoteId"]
        .as_str()
        .unwrap()
        .to_owned();

    let mut answers = consent("somebody-else");
    answers.extend(consent(&own));
    let world = World::with_http(ScriptedHttp::new(answers)).await;
    let id = world.home.on(Network::X);
    let ask = async || {
        asked(
            &change(
                &world,
                "connectionReconnect",
                "grant { id } authorizeUrl",
                json!({ "id": id }),
            )
            .await,
        )
    };
    let (grant_id, state) = ask().await;
    callback(&world, &format!("state={state}&code=c1")).await;
    let refused = grant(&world, &grant_id).await;
    assert_eq!(
        (&refused["status"], &refused["error"]),
        (
            &json!("DENIED"),
            &json!("The consent was given for New, not for Home on X.")
        )
    );

    let (grant_id, state) = ask().await;
    let (_, _, page) = callback(&world, &format!("state={state}&code=c2")).await;
    assert!(
        page.as_str().unwrap().contains("X is connected again"),
        "{page}"
    );
    assert_eq!(grant(&world, &grant_id).await["status"], "USED");
    let read = world
        .ask(
            "query($id: ID!) { connection(id: $id) { status name username scopes version } }",
            json!({ "id": id }),
        )
        .await;
    assert_eq!(
        read["connection"],
        json!({ "status": "ACTIVE", "name": "Home on X", "username": "new", "scopes": ["tweet.read", "tweet.write"], "version": 2 })
    );
}
