//! Deleting a workspace, taking it back, and what is left of one that is erased.

use std::fs;

use chrono::TimeDelta;
use posthaste_core::{Network, access::Role};
use posthaste_engine::{
    Actor,
    audit::{export, verify},
    connection::{self, give_back_due},
    media::{ORIGINAL, blob_key},
    session::{self, NewWorkspace},
    workspace::erase_due,
};
use posthaste_store::workspace;
use posthaste_testkit::rows_of;
use serde_json::{Value, json};

use crate::world::{PASSWORD, Tenant, World, account, person, picture, sign_in};

async fn owner(world: &World) -> String {
    person(world, &world.home, "olga@example.org", Role::Owner).await;
    sign_in(world, &world.home, "olga@example.org").await
}

async fn delete(world: &World, session: &str, name: &str) -> Value {
    let fields = "workspace { deletedAt eraseAt }";
    let input = json!({ "name": name });
    world
        .change_by(session, "workspaceDelete", fields, input)
        .await
}

/// Which connections are paused, by network.
async fn paused(world: &World) -> Vec<String> {
    let list = "{ connections { nodes { network lane { pausedAt } } } }";
    let told = world.ask(list, json!({})).await;
    let mut paused: Vec<String> = told["connections"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|node| node["lane"]["pausedAt"].is_string())
        .map(|node| node["network"].as_str().unwrap().to_owned())
        .collect();
    paused.sort();
    paused
}

#[tokio::test]
async fn a_deleted_workspace_stands_still_and_can_be_taken_back() {
    let world = World::new().await;
    let session = owner(&world).await;
    let pinterest = json!({ "id": world.home.on(Network::Pinterest) });
    let keep = world
        .change_by(&session, "connectionPause", "connection { id }", pinterest)
        .await;
    assert_eq!(keep["errors"], json!([]), "{keep}");
    let payload = delete(&world, &session, "Hom").await;
    assert_eq!(payload["errors"][0]["path"], json!(["name"]));
    let payload = delete(&world, &world.home.owner, "Home").await;
    assert_eq!(payload["errors"][0]["code"], "INVALID_STATE");
    world.clock.advance(TimeDelta::seconds(1));
    let payload = delete(&world, &session, "Home").await;
    assert_eq!(
        payload["workspace"],
        json!({ "deletedAt": "2027-01-04T08:00:01+00:00", "eraseAt": "2027-01-18T08:00:01+00:00" })
    );
    assert_eq!(
        paused(&world).await,
        ["FACEBOOK", "INSTAGRAM", "PINTEREST", "X"]
    );
    let may = async |key: &str| {
        let answer = world
            .graphql(key, "{ viewer { permissions } }", json!({}))
            .await;
        answer["data"]["viewer"]["permissions"].clone()
    };
    assert_eq!(may(&session).await, json!(["READ", "OWN_WORKSPACE"]));
    assert_eq!(may(&world.home.editor).await, json!(["READ"]));
    let payload = delete(&world, &session, "Home").await;
    assert_eq!(payload["errors"][0]["code"], "INVALID_STATE");

    world
        .clock
        .advance(TimeDelta::days(14) - TimeDelta::seconds(1));
    erase_due(&world.app).await.unwrap();
    let session = sign_in(&world, &world.home, "olga@example.org").await;
    let restore =
        "mutation { workspaceRestore { workspace { deletedAt eraseAt } errors { code } } }";
    let answer = world.graphql(&session, restore, json!({})).await;
    assert_eq!(
        answer["data"]["workspaceRestore"],
        json!({ "workspace": { "deletedAt": null, "eraseAt": null }, "errors": [] })
    );
    assert_eq!(paused(&world).await, ["PINTEREST"]);
    assert_eq!(
        may(&world.home.editor).await,
        json!(["READ", "WRITE", "PUBLISH"])
    );
    let answer = world.graphql(&session, restore, json!({})).await;
    assert_eq!(
        answer["data"]["workspaceRestore"]["errors"][0]["code"],
        "INVALID_STATE"
    );
    let events =
        "{ events(types: [WORKSPACE_DELETED, WORKSPACE_RESTORED]) { nodes { type data } } }";
    let log = world.ask(events, json!({})).await;
    assert_eq!(
        log["events"]["nodes"],
        json!([
            { "type": "WORKSPACE_DELETED", "data": { "eraseAt": "2027-01-18T08:00:01Z" } },
            { "type": "WORKSPACE_RESTORED", "data": {} },
        ])
    );
}

/// How many rows each table has of a workspace.
async fn rows(world: &World, tenant: &Tenant) -> Vec<(String, i64)> {
    let mut conn = world.app.db.get().await.unwrap();
    rows_of(&mut conn, tenant.workspace).await
}

#[tokio::test]
async fn after_the_grace_nothing_is_left_of_a_workspace_and_others_stay() {
    let world = World::new().await;
    let session = owner(&world).await;
    let mut files = Vec::new();
    for tenant in [&world.home, &world.other] {
        let media = world
            .upload(tenant, "a.jpg", picture(400, 400, image::ImageFormat::Jpeg))
            .await;
        files.push(blob_key(tenant.workspace, media.parse().unwrap(), ORIGINAL));
        let post = json!({ "text": "Bread", "targets": [{ "connectionId": tenant.on(Network::X) }],
            "schedule": { "at": "2027-03-01T09:00:00Z" } });
        let made = world
            .change_by(&tenant.editor, "postCreate", "post { id }", post)
            .await;
        assert_eq!(made["errors"], json!([]), "{made}");
        let job =
            json!({ "kind": "POSTS_IMPORT", "format": "CSV", "fileName": "a.csv", "bytes": 3 });
        world
            .change_by(&tenant.editor, "bulkJobCreate", "bulkJob { id }", job)
            .await;
        let hook = json!({ "url": "https://example.org/hook" });
        world
            .change_by(&tenant.owner, "webhookEndpointCreate", "secret", hook)
            .await;
        let role = json!({ "name": "Own", "permissions": ["READ"] });
        world
            .change_by(&tenant.owner, "customRoleCreate", "customRole { id }", role)
            .await;
        let asked = json!({ "email": "new@example.org", "role": "VIEWER" });
        world
            .change_by(&tenant.owner, "invitationCreate", "token", asked)
            .await;
    }
    for file in &files {
        assert!(world.app.blobs.size(file).await.unwrap().is_some());
    }
    let (client, connection) = world.app.db.address().wire().await.unwrap();
    tokio::spawn(connection);
    let log = format!(
        "INSERT INTO request_log (id, workspace_id, request_id, at, credential, transport, kind, operation, root_fields, status, duration_ms)
         SELECT gen_random_uuid(), '{}', 'req_' || n, '2027-01-04', 'key_1', 'HTTP', 'QUERY', 'post', '{{post}}', 200, 5
         FROM generate_series(1, 600) n",
        world.home.workspace.uuid()
    );
    client.batch_execute(&log).await.unwrap();
    let others = rows(&world, &world.other).await;
    assert!(others.len() > 10, "{others:?}");
    delete(&world, &session, "Home").await;
    world.clock.advance(TimeDelta::days(14));
    let session = sign_in(&world, &world.home, "olga@example.org").await;
    let asked = world.http.asked().len();
    erase_due(&world.app).await.unwrap();
    assert_eq!(
        world.http.asked().len(),
        asked,
        "erasing waits for no network"
    );
    let left = rows(&world, &world.home).await;
    let kept: Vec<_> = left.iter().map(|(table, _)| table.as_str()).collect();
    assert!(
        kept.contains(&"revocations") && !kept.contains(&"posts") && !kept.contains(&"request_log"),
        "{left:?}"
    );
    let restore = "mutation { workspaceRestore { errors { code } } }";
    let answer = world.graphql(&session, restore, json!({})).await;
    let errors = &answer["data"]["workspaceRestore"]["errors"];
    assert_eq!(errors, &json!([{ "code": "INVALID_STATE" }]));
    // The networks do not answer: after a week of asking the access is left to end by itself.
    for _ in 0..8 {
        world.clock.advance(TimeDelta::days(1));
        give_back_due(&world.app).await.unwrap();
        erase_due(&world.app).await.unwrap();
    }
    assert_eq!(world.app.blobs.size(&files[0]).await.unwrap(), None);
    assert!(world.app.blobs.size(&files[1]).await.unwrap().is_some());
    let gone = rows(&world, &world.home).await;
    assert_eq!(gone, [], "left of the workspace");
    let (db, chain) = (&world.app.db, Some(world.home.workspace));
    let told = export(db, chain, 0).await.unwrap();
    assert!(told.len() > 3 && told.iter().all(|entry| entry.detail.is_none()));
    assert!(verify(db, chain, &[]).await.unwrap().is_ok());
    let server = export(db, None, 0).await.unwrap();
    assert_eq!(server.len(), 1);
    assert_eq!(
        (server[0].act.as_str(), server[0].subject.clone()),
        ("workspace.erased", Some(world.home.workspace.to_string()))
    );
    let answer = world
        .graphql(&world.home.viewer, "{ viewer { role } }", json!({}))
        .await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert_eq!(rows(&world, &world.other).await, others);
}

#[tokio::test]
async fn workspaces_that_cannot_be_erased_yet_keep_no_other() {
    let world = World::new().await;
    let now = world.app.now();
    let mut made = Vec::new();
    for n in 0..=12 {
        let new = NewWorkspace {
            id: None,
            name: format!("Workspace {n}"),
            time_zone: "UTC".into(),
        };
        let id = session::create_workspace(&world.app, new).await.unwrap().id;
        // The access to the account is to be given back first.
        if n < 12 {
            let account = account("Other", Network::X);
            connection::import(&world.app, &Actor::system(id), Network::X, &account)
                .await
                .unwrap();
        }
        let mut conn = world.app.db.get().await.unwrap();
        workspace::set_deleted(&mut conn, id, Some((now, now)))
            .await
            .unwrap();
        made.push(id);
    }
    erase_due(&world.app).await.unwrap();
    let mut conn = world.app.db.get().await.unwrap();
    let mut left = Vec::new();
    for id in &made {
        if workspace::get(&mut conn, *id).await.is_ok() {
            left.push(*id);
        }
    }
    assert_eq!(left, made[..12]);
}

#[tokio::test]
async fn bytes_that_the_storage_keeps_are_not_forgotten() {
    let world = World::new().await;
    owner(&world).await;
    let file = picture(400, 400, image::ImageFormat::Jpeg);
    let media = world.upload(&world.home, "a.jpg", file).await;
    let key = blob_key(world.home.workspace, media.parse().unwrap(), ORIGINAL);
    let path = world.dir.path().join("blobs").join(key);
    let now = world.app.now();
    let mut conn = world.app.db.get().await.unwrap();
    workspace::set_deleted(&mut conn, world.home.workspace, Some((now, now)))
        .await
        .unwrap();
    // What is no file cannot be removed as one.
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let has_media = async || {
        let rows = rows(&world, &world.home).await;
        rows.iter().any(|(table, _)| table == "media")
    };
    erase_due(&world.app).await.unwrap();
    assert!(has_media().await);
    fs::remove_dir(&path).unwrap();
    erase_due(&world.app).await.unwrap();
    assert!(!has_media().await);
}

#[tokio::test]
async fn who_names_no_workspace_signs_in_to_one_that_lives() {
    let world = World::new().await;
    let olga = person(&world, &world.home, "olga@example.org", Role::Owner).await;
    world.clock.advance(TimeDelta::seconds(1));
    let (user, other) = (olga.parse().unwrap(), world.other.workspace);
    session::add_member(&world.app, other, user, Role::Viewer)
        .await
        .unwrap();
    let opened = async || {
        let input = json!({ "email": "olga@example.org", "password": PASSWORD });
        let made = world
            .change_by(&world.home.viewer, "sessionCreate", "token", input)
            .await;
        let token = made["token"].as_str().unwrap();
        let answer = world
            .graphql(token, "{ workspace { id } }", json!({}))
            .await;
        answer["data"]["workspace"]["id"].clone()
    };
    assert_eq!(opened().await, world.home.workspace.to_string());
    let now = world.app.now();
    let mut conn = world.app.db.get().await.unwrap();
    workspace::set_deleted(&mut conn, world.home.workspace, Some((now, now)))
        .await
        .unwrap();
    assert_eq!(opened().await, other.to_string());
}
