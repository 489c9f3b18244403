//! Tokens of a session, from one refresh to the next.

use chrono::TimeDelta;
use posthaste_engine::audit::export;
use serde_json::{Value, json};

use super::{ada, from, opens, sql, text, with_person};
use crate::world::World;

const REFRESH: &str = "mutation($input: SessionRefreshInput!) { sessionRefresh(input: $input) { \
    token tokenExpiresAt refreshToken session { id isCurrent expiresAt refreshedAt authenticatedAt } errors { code } } }";

async fn refresh(world: &World, token: &Value) -> Value {
    let variables = json!({ "input": { "refreshToken": token } });
    from(world, "192.0.2.1", REFRESH, variables).await
}

/// The next tokens.
async fn refreshed(world: &World, token: &Value) -> Value {
    let mut answer = refresh(world, token).await;
    let errors = &answer["data"]["sessionRefresh"]["errors"];
    assert_eq!(errors, &json!([]), "{answer}");
    answer["data"]["sessionRefresh"].take()
}

/// Asserts that a token gets no others.
async fn refused(world: &World, token: &Value) {
    let answer = refresh(world, token).await;
    let code = &answer["errors"][0]["extensions"]["code"];
    assert_eq!(code, "UNAUTHENTICATED", "{answer}");
}

/// What the home workspace's audit log says of sessions.
async fn told(world: &World) -> Vec<(String, String, Option<String>)> {
    let chain = Some(world.home.workspace);
    let entries = export(&world.app.db, chain, 0).await.unwrap();
    let entries = entries.into_iter();
    let of_sessions = entries.filter(|entry| entry.act.starts_with("session."));
    of_sessions
        .map(|entry| (entry.act, entry.actor, entry.subject))
        .collect()
}

#[tokio::test]
async fn a_refresh_gives_new_tokens_and_access_goes_on_until_its_own_end() {
    let world = World::new().await;
    with_person(&world).await;
    let first = ada(&world).await;
    world.clock.advance(TimeDelta::minutes(10));
    let second = refreshed(&world, &first["refreshToken"]).await;
    assert_eq!(second["session"]["id"], first["session"]["id"]);
    assert_eq!(second["session"]["isCurrent"], true);
    assert_eq!(second["tokenExpiresAt"], "2027-01-04T08:25:00+00:00");
    assert_eq!(second["session"]["expiresAt"], "2027-01-18T08:10:00+00:00");
    let proof = &second["session"]["authenticatedAt"];
    assert_eq!(proof, "2027-01-04T08:00:00+00:00");
    assert!(second["token"] != first["token"] && second["refreshToken"] != first["refreshToken"]);
    let (before, now) = (&first["token"], &second["token"]);
    world
        .clock
        .advance(TimeDelta::minutes(5) - TimeDelta::seconds(1));
    assert!(opens(&world, before).await && opens(&world, now).await);
    world.clock.advance(TimeDelta::seconds(1));
    assert!(!opens(&world, before).await && opens(&world, now).await);
    world.clock.advance(TimeDelta::minutes(10));
    assert!(!opens(&world, now).await);
    refreshed(&world, &second["refreshToken"]).await;
    assert_eq!(told(&world).await, []);
}

#[tokio::test]
async fn a_lost_answer_is_given_again_for_half_a_minute_and_a_later_copy_ends_the_session() {
    let world = World::new().await;
    let ada_id = with_person(&world).await;
    let first = ada(&world).await;
    let other = ada(&world).await;
    world.clock.advance(TimeDelta::minutes(5));
    let second = refreshed(&world, &first["refreshToken"]).await;
    world
        .clock
        .advance(TimeDelta::seconds(30) - TimeDelta::microseconds(1));
    assert_eq!(refreshed(&world, &first["refreshToken"]).await, second);
    world.clock.advance(TimeDelta::microseconds(1));
    assert!(opens(&world, &second["token"]).await);
    assert_eq!(told(&world).await, []);

    let copied = &first["refreshToken"];
    refused(&world, copied).await;
    for token in [&first["token"], &second["token"]] {
        assert!(!opens(&world, token).await);
    }
    for token in [copied, &second["refreshToken"], copied] {
        refused(&world, token).await;
    }
    assert!(opens(&world, &other["token"]).await);
    let id = text(&first["session"]["id"]).to_owned();
    let once = (
        "session.refresh_reused".to_owned(),
        ada_id.clone(),
        Some(id),
    );
    assert_eq!(told(&world).await, [once]);
    let query = "{ incidents { nodes { rule subject times allowedActions } } }";
    let answer = world.graphql(&world.home.owner, query, json!({})).await;
    assert_eq!(
        answer["data"]["incidents"]["nodes"],
        json!([{ "rule": "REFRESH_TOKEN_REUSED", "subject": ada_id, "times": 1,
            "allowedActions": ["REVOKE_SESSIONS", "NOTIFY_ADMINS"] }])
    );
}

#[tokio::test]
async fn a_token_of_two_refreshes_ago_ends_the_session_at_once() {
    let world = World::new().await;
    with_person(&world).await;
    let first = ada(&world).await;
    let second = refreshed(&world, &first["refreshToken"]).await;
    let third = refreshed(&world, &second["refreshToken"]).await;
    assert!(!opens(&world, &first["token"]).await);
    assert!(opens(&world, &second["token"]).await);
    refused(&world, &first["refreshToken"]).await;
    assert!(!opens(&world, &third["token"]).await);
    refused(&world, &third["refreshToken"]).await;
    assert_eq!(told(&world).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_refresh_at_once_get_the_same_tokens() {
    let world = World::new().await;
    with_person(&world).await;
    let first = ada(&world).await;
    let token = &first["refreshToken"];
    let many = (0..12).map(|_| refreshed(&world, token));
    let many = futures::future::join_all(many).await;
    assert!(many.iter().all(|one| *one == many[0]), "{many:?}");
    assert!(many[0]["refreshToken"] != *token);
    let next = refreshed(&world, &many[0]["refreshToken"]).await;
    assert!(opens(&world, &next["token"]).await);
    assert_eq!(told(&world).await, []);
}

#[tokio::test]
async fn a_session_ends_ninety_days_after_signing_in_however_much_it_is_used() {
    let world = World::new().await;
    with_person(&world).await;
    let mut token = ada(&world).await["refreshToken"].take();
    for _ in 0..6 {
        world.clock.advance(TimeDelta::days(13));
        token = refreshed(&world, &token).await["refreshToken"].take();
    }
    world
        .clock
        .advance(TimeDelta::days(12) - TimeDelta::seconds(1));
    let last = refreshed(&world, &token).await;
    let end = json!("2027-04-04T08:00:00+00:00");
    assert_eq!(last["session"]["expiresAt"], end);
    assert_eq!(last["tokenExpiresAt"], end);
    assert!(opens(&world, &last["token"]).await);
    world.clock.advance(TimeDelta::seconds(1));
    assert!(!opens(&world, &last["token"]).await);
    refused(&world, &last["refreshToken"]).await;
}

#[tokio::test]
async fn a_session_that_is_unused_for_two_weeks_has_ended() {
    let world = World::new().await;
    with_person(&world).await;
    let (used, unused) = (ada(&world).await, ada(&world).await);
    world
        .clock
        .advance(TimeDelta::days(14) - TimeDelta::seconds(1));
    refreshed(&world, &used["refreshToken"]).await;
    world.clock.advance(TimeDelta::seconds(1));
    refused(&world, &unused["refreshToken"]).await;
}

#[tokio::test]
async fn a_refresh_that_the_database_lost_is_no_copy() {
    let world = World::new().await;
    with_person(&world).await;
    let first = ada(&world).await;
    let second = refreshed(&world, &first["refreshToken"]).await;
    let back = "UPDATE sessions SET generation = 1, before_at = NULL";
    sql(&world, back).await;
    let third = refreshed(&world, &second["refreshToken"]).await;
    assert!(opens(&world, &third["token"]).await);
    assert_eq!(told(&world).await, []);
}

#[tokio::test]
async fn neither_token_stands_for_the_other_and_none_is_kept() {
    let world = World::new().await;
    with_person(&world).await;
    let made = ada(&world).await;
    assert!(!opens(&world, &made["refreshToken"]).await);
    let key = json!(world.home.owner);
    for wrong in [&json!(""), &json!("phr_"), &key, &made["token"]] {
        refused(&world, wrong).await;
    }
    let (client, connection) = world.app.db.address().wire().await.unwrap();
    tokio::spawn(connection);
    let query = "SELECT to_jsonb(sessions)::text FROM sessions";
    let row = client.query_one(query, &[]).await.unwrap();
    let row: &str = row.get(0);
    for token in [&made["token"], &made["refreshToken"]] {
        let code = text(token)["phs_".len()..].chars().skip(27);
        assert!(!row.contains(&code.collect::<String>()), "{row}");
    }
    // With another salt, what was made before opens nothing.
    let salt = "UPDATE sessions SET salt = decode(repeat('07', 32), 'hex')";
    sql(&world, salt).await;
    assert!(!opens(&world, &made["token"]).await);
    refused(&world, &made["refreshToken"]).await;
}
