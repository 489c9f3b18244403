//! Changes of who may do what that come at the same time: each is judged by what holds when its turn comes.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, header},
};
use posthaste_core::access::Role;
use posthaste_store::workspace;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::world::{PASSWORD, World, body, mutation, person, sign_in};

/// Waits until so many wait for a lock.
async fn until_waiting(world: &World, expected: i64) {
    let (client, connection) = world.app.db.address().wire().await.unwrap();
    let driving = tokio::spawn(connection);
    let query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    for _ in 0..1000 {
        let row = client.query_one(query, &[]).await.unwrap();
        if row.get::<_, i64>(0) == expected {
            driving.abort();
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("{expected} do not wait for the workspace");
}

/// Has both wait for the workspace, one after the other, and lets them go.
async fn in_turn<T>(
    world: &World,
    first: impl Future<Output = T>,
    second: impl Future<Output = T>,
) -> (T, T) {
    let mut held = world.app.db.begin().await.unwrap();
    workspace::hold(&mut held, world.home.workspace)
        .await
        .unwrap();
    let second = async {
        until_waiting(world, 1).await;
        second.await
    };
    let release = async {
        until_waiting(world, 2).await;
        held.commit().await.unwrap();
    };
    let (first, second, ()) = tokio::join!(first, second, release);
    (first, second)
}

/// What came of a mutation: the code of its refusal, or nothing.
async fn told(world: &World, key: &str, name: &str, input: Value) -> String {
    let document = mutation(name, "__typename");
    let answer = world
        .graphql(key, &document, json!({ "input": input }))
        .await;
    let refused = &answer["errors"][0]["extensions"]["code"];
    let mistaken = &answer["data"][name]["errors"][0]["code"];
    let code = refused.as_str().or(mistaken.as_str());
    code.unwrap_or_default().to_owned()
}

async fn leave(world: &World, session: &str) -> String {
    let document = "mutation { workspaceLeave { errors { code } } }";
    let answer = world.graphql(session, document, json!({})).await;
    let code = answer["data"]["workspaceLeave"]["errors"][0]["code"].as_str();
    code.unwrap_or_default().to_owned()
}

async fn role_of(world: &World, person: &str) -> Value {
    let one = "query($id: ID!) { member(id: $id) { role } }";
    let answer = world
        .graphql(&world.home.owner, one, json!({ "id": person }))
        .await;
    answer["data"]["member"]["role"].clone()
}

/// Adds a person and signs them in.
async fn member(world: &World, email: &str, role: Role) -> (String, String) {
    let id = person(world, &world.home, email, role).await;
    (id, sign_in(world, &world.home, email).await)
}

#[tokio::test]
async fn of_two_transfers_the_second_comes_too_late() {
    let world = World::new().await;
    let (olga, session) = member(&world, "olga@example.org", Role::Owner).await;
    let noor = person(&world, &world.home, "noor@example.org", Role::Admin).await;
    let ben = person(&world, &world.home, "ben@example.org", Role::Editor).await;
    let to = |id: &str| {
        told(
            &world,
            &session,
            "workspaceTransfer",
            json!({ "personId": id }),
        )
    };
    let (first, second) = in_turn(&world, to(&noor), to(&ben)).await;
    assert_eq!((first.as_str(), second.as_str()), ("", "FORBIDDEN"));
    assert_eq!(role_of(&world, &olga).await, "ADMIN");
    assert_eq!(role_of(&world, &noor).await, "OWNER");
    assert_eq!(role_of(&world, &ben).await, "EDITOR");
}

#[tokio::test]
async fn two_owners_do_not_leave_the_workspace_to_nobody() {
    let world = World::new().await;
    let (_, olga) = member(&world, "olga@example.org", Role::Owner).await;
    let (noor, session) = member(&world, "noor@example.org", Role::Owner).await;
    let (first, second) = in_turn(&world, leave(&world, &olga), leave(&world, &session)).await;
    assert_eq!((first.as_str(), second.as_str()), ("", "LAST_OWNER"));
    assert_eq!(role_of(&world, &noor).await, "OWNER");
}

#[tokio::test]
async fn whoever_is_removed_meanwhile_changes_nothing() {
    let world = World::new().await;
    let (_, olga) = member(&world, "olga@example.org", Role::Owner).await;
    let service = json!({ "name": "S", "role": "ADMIN", "kind": "SERVICE" });
    let role = json!({ "name": "R", "permissions": ["READ"] });
    let asked = json!({ "email": "x@example.org", "role": "ADMIN" });
    let team = json!({ "name": "T", "role": "ADMIN", "memberIds": [] });
    for (name, input) in [
        ("apiKeyCreate", service),
        ("customRoleCreate", role),
        ("invitationCreate", asked),
        ("teamCreate", team),
    ] {
        let email = format!("{}@example.org", name.to_lowercase());
        let (ada, session) = member(&world, &email, Role::Admin).await;
        let remove = told(&world, &olga, "memberRemove", json!({ "id": ada }));
        let change = told(&world, &session, name, input);
        let (first, second) = in_turn(&world, remove, change).await;
        assert_eq!(
            (first.as_str(), second.as_str()),
            ("", "UNAUTHENTICATED"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn whoever_is_demoted_meanwhile_may_no_longer() {
    let world = World::new().await;
    let (_, olga) = member(&world, "olga@example.org", Role::Owner).await;
    let (ada, session) = member(&world, "ada@example.org", Role::Admin).await;
    let ben = person(&world, &world.home, "ben@example.org", Role::Viewer).await;
    let lower = json!({ "id": ada, "role": "EDITOR" });
    let raise = json!({ "id": ben, "role": "ADMIN" });
    let (first, second) = in_turn(
        &world,
        told(&world, &olga, "memberUpdate", lower),
        told(&world, &session, "memberUpdate", raise),
    )
    .await;
    assert_eq!((first.as_str(), second.as_str()), ("", "FORBIDDEN"));
    assert_eq!(role_of(&world, &ben).await, "VIEWER");
}

#[tokio::test]
async fn a_key_that_is_revoked_meanwhile_makes_no_other() {
    let world = World::new().await;
    let input = json!({ "name": "A", "permissions": ["READ", "MANAGE_KEYS"] });
    let fields = "secret apiKey { id }";
    let made = world
        .change_by(&world.home.owner, "apiKeyCreate", fields, input)
        .await;
    let (id, secret) = (&made["apiKey"]["id"], made["secret"].as_str().unwrap());
    let (first, second) = in_turn(
        &world,
        told(
            &world,
            &world.home.owner,
            "apiKeyRevoke",
            json!({ "id": id }),
        ),
        told(
            &world,
            secret,
            "apiKeyCreate",
            json!({ "name": "B", "role": "VIEWER" }),
        ),
    )
    .await;
    assert_eq!((first.as_str(), second.as_str()), ("", "UNAUTHENTICATED"));
}

#[tokio::test]
async fn an_invitation_is_accepted_once() {
    let world = World::new().await;
    let input = json!({ "email": "nina@example.org", "role": "EDITOR" });
    let made = world
        .change_by(&world.home.owner, "invitationCreate", "token", input)
        .await;
    let accept = async || {
        let input = json!({ "token": made["token"], "name": "Nina", "password": PASSWORD });
        let document = mutation("invitationAccept", "role");
        let request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(
                json!({ "query": document, "variables": { "input": input } }).to_string(),
            ))
            .unwrap();
        let answer = body(world.send(request).await).await.1;
        let payload = &answer["data"]["invitationAccept"];
        (
            payload["role"].clone(),
            payload["errors"][0]["code"].clone(),
        )
    };
    let (first, second) = in_turn(&world, accept(), accept()).await;
    assert_eq!(first, (json!("EDITOR"), Value::Null));
    assert_eq!(second, (Value::Null, json!("INVITATION_INVALID")));
}
