//! A person's sessions, as the person sees and ends them.

use chrono::TimeDelta;
use posthaste_core::access::Role;
use posthaste_engine::session;
use serde_json::{Value, json};

use super::{ada, opens, sign_in_from, text, with_person};
use crate::world::{PASSWORD, World, person, sign_in};

const LIST: &str = "query($after: String) { sessions(first: 2, after: $after) { totalCount pageInfo { endCursor hasNextPage } \
    nodes { id isCurrent role workspaceId createdAt userAgent address } } }";

async fn list(world: &World, token: &Value, after: Value) -> Value {
    let variables = json!({ "after": after });
    let mut answer = world.graphql(text(token), LIST, variables).await;
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    answer["data"]["sessions"].take()
}

fn ids(list: &Value) -> Vec<&str> {
    let nodes = list["nodes"].as_array().unwrap();
    nodes.iter().map(|node| text(&node["id"])).collect()
}

fn id(payload: &Value) -> &str {
    text(&payload["session"]["id"])
}

#[tokio::test]
async fn a_person_sees_the_own_sessions_and_where_they_were_opened() {
    let world = World::new().await;
    with_person(&world).await;
    person(&world, &world.home, "eve@example.org", Role::Owner).await;
    sign_in(&world, &world.home, "eve@example.org").await;
    let first = ada(&world).await;
    world.clock.advance(TimeDelta::seconds(1));
    let answer = sign_in_from(&world, "2001:db8::7", "ada@example.org", PASSWORD).await;
    let second = &answer["data"]["sessionCreate"];
    world.clock.advance(TimeDelta::seconds(1));
    let third = ada(&world).await;
    let token = &second["token"];
    let told = list(&world, token, Value::Null).await;
    assert_eq!(told["totalCount"], 3);
    assert_eq!(ids(&told), [id(&third), id(second)]);
    assert_eq!(
        told["nodes"][1],
        json!({
            "id": id(second), "isCurrent": true, "role": "ADMIN", "workspaceId": world.home.workspace.to_string(),
            "createdAt": "2027-01-04T08:00:01+00:00", "address": "2001:db8::7",
            "userAgent": format!("Firefox {}", "x".repeat(192)),
        })
    );
    assert_eq!(told["nodes"][0]["isCurrent"], false);
    let cursor = told["pageInfo"]["endCursor"].clone();
    let rest = list(&world, token, cursor).await;
    assert_eq!(ids(&rest), [id(&first)]);
    assert_eq!(rest["pageInfo"]["hasNextPage"], false);
}

#[tokio::test]
async fn a_person_ends_the_own_sessions_and_no_others() {
    let world = World::new().await;
    with_person(&world).await;
    person(&world, &world.home, "eve@example.org", Role::Owner).await;
    let (one, two, three) = (ada(&world).await, ada(&world).await, ada(&world).await);
    let eve = sign_in(&world, &world.home, "eve@example.org").await;
    let revoke = async |token: &str, payload: &Value| {
        let input = json!({ "id": id(payload) });
        world
            .change_by(token, "sessionRevoke", "revokedId", input)
            .await
    };
    let refused = revoke(&eve, &one).await;
    let error = &refused["errors"][0];
    assert_eq!(
        (&error["code"], &error["path"]),
        (&json!("NOT_FOUND"), &json!(["id"]))
    );
    let present = text(&two["token"]);
    assert_eq!(revoke(present, &one).await["revokedId"], id(&one));
    assert!(!opens(&world, &one["token"]).await);
    let again = revoke(present, &one).await;
    assert_eq!(again["errors"][0]["code"], "NOT_FOUND");

    let others = "mutation { sessionsRevoke { revokedCount errors { code } } }";
    let answer = world.graphql(present, others, json!({})).await;
    assert_eq!(
        answer["data"]["sessionsRevoke"],
        json!({ "revokedCount": 1, "errors": [] })
    );
    assert!(opens(&world, &two["token"]).await);
    assert!(!opens(&world, &three["token"]).await);
    assert!(opens(&world, &json!(eve)).await);
    let told = list(&world, &two["token"], Value::Null).await;
    assert_eq!(ids(&told), [id(&two)]);
    // Also the present one.
    revoke(present, &two).await;
    assert!(!opens(&world, &two["token"]).await);
}

#[tokio::test]
async fn a_key_has_no_sessions() {
    let world = World::new().await;
    let key = &world.home.owner;
    let answer = world
        .graphql(key, "{ sessions { nodes { id } } }", json!({}))
        .await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID_STATE");
    let input = json!({ "password": PASSWORD });
    let payload = world
        .change_by(key, "sessionReauthenticate", "token", input)
        .await;
    assert_eq!(payload["errors"][0]["code"], "INVALID_STATE");
}

#[tokio::test]
async fn sessions_are_forgotten_a_month_after_their_end() {
    let world = World::new().await;
    person(&world, &world.home, "ada@example.org", Role::Admin).await;
    ada(&world).await;
    let kept = async || {
        session::sweep(&world.app).await.unwrap();
        let (client, connection) = world.app.db.address().wire().await.unwrap();
        let driving = tokio::spawn(connection);
        let query = "SELECT count(*) FROM sessions";
        let row = client.query_one(query, &[]).await.unwrap();
        driving.abort();
        row.get::<_, i64>(0)
    };
    // Two weeks until its end.
    world.clock.advance(TimeDelta::days(44));
    assert_eq!(kept().await, 1);
    world.clock.advance(TimeDelta::seconds(1));
    assert_eq!(kept().await, 0);
}
