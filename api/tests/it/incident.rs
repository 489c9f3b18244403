//! Incidents: what opens one, who is told, what is done about it.

use std::net::SocketAddr;

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, header},
};
use chrono::TimeDelta;
use posthaste_api::tls::Peer;
use posthaste_core::{access::Role, ids::WorkspaceId};
use posthaste_engine::{audit::export, incident, mail, request_log};
use serde_json::{Value, json};

use crate::world::{Tenant, World, body, mutation, person};

const FIELDS: &str = "id rule subject detail openedAt seenAt times closedAt allowedActions \
    timeline { kind note provenance { kind } }";

/// An incident about nobody in a workspace, for tests of who may see and change it.
pub async fn opened(world: &World, workspace: WorkspaceId, subject: &str) -> String {
    let (client, connection) = world.app.db.address().wire().await.unwrap();
    let driving = tokio::spawn(connection);
    let statement =
        "INSERT INTO incidents (id, workspace_id, rule, subject, detail, opened_at, seen_at, times)
        VALUES (gen_random_uuid(), $1, 'MASS_DELETION', $2, '{}', now(), now(), 1) RETURNING id";
    let row = client
        .query_one(statement, &[&workspace.uuid(), &subject])
        .await
        .unwrap();
    driving.abort();
    posthaste_core::ids::IncidentId::from(row.get::<_, uuid::Uuid>(0)).to_string()
}

/// The incidents of the home workspace.
async fn incidents(world: &World, key: &str) -> Value {
    let query = format!("{{ incidents {{ nodes {{ {FIELDS} }} totalCount }} }}");
    let mut answer = world.graphql(key, &query, json!({})).await;
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    answer["data"]["incidents"]["nodes"].take()
}

/// Sends a document from an address.
async fn from(
    world: &World,
    address: &str,
    key: Option<&str>,
    query: &str,
    variables: Value,
) -> Value {
    let peer = Peer(SocketAddr::new(address.parse().unwrap(), 4711));
    let mut request = Request::post("/graphql")
        .extension(ConnectInfo(peer))
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(key) = key {
        request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }
    let body_text = json!({ "query": query, "variables": variables }).to_string();
    let request = request.body(Body::from(body_text)).unwrap();
    body(world.send(request).await).await.1
}

/// Looks as a worker does, after the request log was written.
async fn look(world: &World) {
    request_log::flush(&world.app).await.unwrap();
    incident::watch(&world.app).await.unwrap();
}

async fn key_id(world: &World, key: &str) -> Value {
    let answer = world
        .graphql(key, "{ viewer { key { id } } }", json!({}))
        .await;
    answer["data"]["viewer"]["key"]["id"].clone()
}

async fn use_from(world: &World, key: &str, networks: impl Iterator<Item = u8>) {
    for network in networks {
        let address = format!("198.51.{network}.7");
        from(world, &address, Some(key), "{ viewer { role } }", json!({})).await;
    }
}

#[tokio::test]
async fn a_key_that_is_used_from_ten_networks_in_ten_minutes_opens_one_incident() {
    let (world, mailer) = World::mailing().await;
    person(&world, &world.home, "olga@example.org", Role::Owner).await;
    person(&world, &world.home, "eve@example.org", Role::Editor).await;
    let key = world.home.editor.clone();
    use_from(&world, &key, 0..9).await;
    world.clock.advance(TimeDelta::minutes(9));
    // The same network again, whatever the host.
    from(
        &world,
        "198.51.8.200",
        Some(&key),
        "{ viewer { role } }",
        json!({}),
    )
    .await;
    look(&world).await;
    assert_eq!(incidents(&world, &world.home.owner).await, json!([]));

    use_from(&world, &key, 9..10).await;
    look(&world).await;
    look(&world).await;
    let seen = incidents(&world, &world.home.owner).await;
    let id = key_id(&world, &key).await;
    assert_eq!(
        (&seen[0]["rule"], &seen[0]["subject"], &seen[0]["times"]),
        (&json!("KEY_FROM_MANY_NETWORKS"), &id, &json!(2)),
        "{seen}"
    );
    assert_eq!(seen.as_array().map(Vec::len), Some(1));
    assert_eq!(
        seen[0]["detail"]["networks"].as_array().map(Vec::len),
        Some(10)
    );
    assert_eq!(seen[0]["detail"]["networks"][0], "198.51.0.0/24");
    assert_eq!(
        seen[0]["allowedActions"],
        json!(["REVOKE_KEY", "NOTIFY_ADMINS"])
    );

    mail::send_due(&world.app).await.unwrap();
    let sent = mailer.take();
    assert_eq!(sent.len(), 1, "only who may act is told, and once");
    assert_eq!(sent[0].to, "olga@example.org");
    assert_eq!(sent[0].subject, "Look at this in Home");

    let entries = export(&world.app.db, Some(world.home.workspace), 0)
        .await
        .unwrap();
    let opened = entries
        .iter()
        .filter(|entry| entry.act == "incident.opened");
    assert_eq!(opened.count(), 1);
}

#[tokio::test]
async fn whoever_may_act_is_told_however_late_they_came() {
    let (world, mailer) = World::mailing().await;
    let (client, connection) = world.app.db.address().wire().await.unwrap();
    let driving = tokio::spawn(connection);
    let statement = "WITH people AS (
            INSERT INTO users (id, email, name, password_hash, created_at)
            SELECT gen_random_uuid(), 'p' || n || '@example.org', 'P', NULL, '2026-01-01' FROM generate_series(1, 120) n
            RETURNING id)
        INSERT INTO members (workspace_id, user_id, role, created_at) SELECT $1, id, 'VIEWER', '2026-01-01' FROM people";
    let added = client
        .execute(statement, &[&world.home.workspace.uuid()])
        .await;
    assert_eq!(added.unwrap(), 120);
    driving.abort();
    person(&world, &world.home, "olga@example.org", Role::Owner).await;
    use_from(&world, &world.home.editor, 0..10).await;
    look(&world).await;
    mail::send_due(&world.app).await.unwrap();
    let sent = mailer.take();
    let to: Vec<_> = sent.iter().map(|mail| mail.to.as_str()).collect();
    assert_eq!(to, ["olga@example.org"]);
}

#[tokio::test]
async fn networks_of_long_ago_do_not_count() {
    let world = World::new().await;
    let key = world.home.editor.clone();
    use_from(&world, &key, 0..5).await;
    world.clock.advance(TimeDelta::minutes(11));
    use_from(&world, &key, 5..10).await;
    look(&world).await;
    assert_eq!(incidents(&world, &world.home.owner).await, json!([]));
}

async fn delete(world: &World, tenant: &Tenant, posts: usize) {
    let key = &tenant.editor;
    let create = mutation("postCreate", "post { id }");
    for _ in 0..posts {
        let input = json!({ "input": { "text": "Hello" } });
        let made = world.graphql(key, &create, input).await;
        let id = made["data"]["postCreate"]["post"]["id"].clone();
        assert!(id.is_string(), "{made}");
        let input = json!({ "input": { "id": id } });
        let gone = world
            .graphql(key, &mutation("postDelete", "deletedId"), input)
            .await;
        assert_eq!(gone["data"]["postDelete"]["errors"], json!([]), "{gone}");
    }
}

#[tokio::test]
async fn fifty_deletions_in_ten_minutes_open_an_incident_of_their_workspace_alone() {
    let world = World::new().await;
    delete(&world, &world.home, 49).await;
    look(&world).await;
    assert_eq!(incidents(&world, &world.home.owner).await, json!([]));
    delete(&world, &world.home, 1).await;
    look(&world).await;
    let seen = incidents(&world, &world.home.owner).await;
    assert_eq!(
        (&seen[0]["rule"], &seen[0]["detail"]),
        (
            &json!("MASS_DELETION"),
            &json!({ "deletions": 50, "minutes": 10 })
        ),
        "{seen}"
    );
    assert_eq!(seen[0]["subject"], key_id(&world, &world.home.editor).await);
    assert_eq!(incidents(&world, &world.other.owner).await, json!([]));
}

#[tokio::test]
async fn an_address_that_fails_thirty_times_is_told_to_the_operator() {
    let world = World::new().await;
    let sign_in = "mutation($input: SessionCreateInput!) { sessionCreate(input: $input) { errors { code } } }";
    let known = async || {
        let incidents = incident::operator::newest(&world.app, false).await.unwrap();
        let known = incidents.into_iter();
        known
            .map(|it| (it.rule.as_str(), it.subject, it.workspace_id, it.times))
            .collect::<Vec<_>>()
    };
    for number in 1..=40 {
        assert_eq!(known().await.len(), usize::from(number > 30), "{number}");
        let input = json!({ "email": format!("p{number}@example.org"), "password": "wrong" });
        let input = json!({ "input": input });
        let answer = from(&world, "192.0.2.66", None, sign_in, input).await;
        let code = &answer["data"]["sessionCreate"]["errors"][0]["code"];
        assert_eq!(code, "WRONG_CREDENTIALS", "{answer}");
        // As long as an address waits at most.
        world.clock.advance(TimeDelta::seconds(60));
    }
    let address = "192.0.2.66".to_owned();
    assert_eq!(known().await, [("CREDENTIAL_STUFFING", address, None, 1)]);
    let entries = export(&world.app.db, None, 0).await.unwrap();
    let opened = entries
        .iter()
        .filter(|entry| entry.act == "incident.opened");
    assert_eq!(opened.count(), 1);
    assert_eq!(incidents(&world, &world.home.owner).await, json!([]));
}

#[tokio::test]
async fn an_incident_is_answered_and_closed_with_a_note() {
    let world = World::new().await;
    let user = person(&world, &world.home, "ada@example.org", Role::Editor).await;
    let session = crate::world::sign_in(&world, &world.home, "ada@example.org").await;
    let id = opened(&world, world.home.workspace, &user).await;
    let act = async |action: &str| {
        let input = json!({ "id": id, "action": action });
        let fields = format!("incident {{ {FIELDS} }}");
        world
            .change_by(&world.home.owner, "incidentAct", &fields, input)
            .await
    };
    let payload = act("REVOKE_KEY").await;
    assert_eq!(payload["errors"][0]["code"], "INVALID_STATE");
    let payload = act("REVOKE_SESSIONS").await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    let answer = world
        .graphql(&session, "{ viewer { role } }", json!({}))
        .await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");

    let close = async |note: &str| {
        let input = json!({ "id": id, "note": note });
        let fields = format!("incident {{ {FIELDS} }}");
        world
            .change_by(&world.home.owner, "incidentClose", &fields, input)
            .await
    };
    let payload = close(" ").await;
    assert_eq!(payload["errors"][0]["path"], json!(["note"]));
    let payload = close("Ada tidied up.").await;
    let closed = &payload["incident"];
    assert_eq!(
        closed["timeline"],
        json!([
            { "kind": "SESSIONS_REVOKED", "note": null, "provenance": { "kind": "KEY" } },
            { "kind": "CLOSED", "note": "Ada tidied up.", "provenance": { "kind": "KEY" } },
        ])
    );
    assert_eq!(closed["allowedActions"], json!([]));
    assert_eq!(close("Again.").await["errors"][0]["code"], "INVALID_STATE");
    assert_eq!(
        act("NOTIFY_ADMINS").await["errors"][0]["code"],
        "INVALID_STATE"
    );
    // It may happen again.
    look(&world).await;
    opened(&world, world.home.workspace, &user).await;
    let query = "{ incidents(open: true) { totalCount } }";
    let answer = world.graphql(&world.home.owner, query, json!({})).await;
    assert_eq!(answer["data"]["incidents"]["totalCount"], 1);
}

#[tokio::test]
async fn a_key_is_taken_back_in_its_incident() {
    let world = World::new().await;
    let key = world.home.editor.clone();
    let key_id = key_id(&world, &key).await;
    let id = opened(&world, world.home.workspace, key_id.as_str().unwrap()).await;
    let input = json!({ "id": id, "action": "REVOKE_KEY" });
    let fields = format!("incident {{ {FIELDS} }}");
    let payload = world
        .change_by(&world.home.owner, "incidentAct", &fields, input)
        .await;
    assert_eq!(
        payload["incident"]["timeline"][0]["kind"], "KEY_REVOKED",
        "{payload}"
    );
    let answer = world.graphql(&key, "{ viewer { role } }", json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

#[tokio::test]
async fn the_operator_locks_an_account_and_closes() {
    let world = World::new().await;
    let user = person(&world, &world.home, "ada@example.org", Role::Editor).await;
    let session = crate::world::sign_in(&world, &world.home, "ada@example.org").await;
    let id = opened(&world, world.home.workspace, &user)
        .await
        .parse()
        .unwrap();
    incident::operator::lock_account(&world.app, id)
        .await
        .unwrap();
    let answer = world
        .graphql(&session, "{ viewer { role } }", json!({}))
        .await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    incident::operator::close(&world.app, id, "A stolen laptop.")
        .await
        .unwrap();
    let (closed, steps) = incident::operator::get(&world.app, id).await.unwrap();
    assert!(closed.closed_at.is_some());
    let kinds: Vec<_> = steps.iter().map(|step| step.kind.as_str()).collect();
    assert_eq!(kinds, ["ACCOUNT_LOCKED", "CLOSED"]);
}
