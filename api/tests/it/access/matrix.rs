//! Another workspace's ids, by every role and by a key that is limited to some connections.

use posthaste_core::{Network, access::Role};
use posthaste_testkit::rows_of;
use serde_json::json;

use super::{
    code, id, limited,
    table::{Needs, change, table},
};
use crate::world::{World, person, sign_in};

/// The end of an id that is nowhere.
const NOWHERE: &str = "01h455vb4pex5vsknk084sn02q";

/// A key of the home workspace with a role.
async fn with_role(world: &World, role: Role) -> String {
    let input = json!({ "name": role.as_str(), "role": role });
    let made = world
        .change_by(&world.home.owner, "apiKeyCreate", "secret", input)
        .await;
    made["secret"].as_str().unwrap().to_owned()
}

/// How much of the other workspace there is.
async fn theirs(world: &World) -> Vec<(String, i64)> {
    let mut conn = world.app.db.get().await.unwrap();
    rows_of(&mut conn, world.other.workspace).await
}

#[tokio::test]
async fn another_workspaces_ids_are_as_good_as_none_for_every_role_and_scope() {
    let world = World::new().await;
    let mut keys = vec![("a limit", limited(&world).await)];
    for role in Role::built_in() {
        keys.push((role.as_str(), with_role(&world, role).await));
    }
    // What keys may not do, whatever their role.
    person(&world, &world.home, "olga@example.org", Role::Owner).await;
    let session = sign_in(&world, &world.home, "olga@example.org").await;
    keys.push(("a signed-in owner", session));
    let mut rows = Vec::new();
    for row in table().into_iter().filter(|row| row.takes_id) {
        let foreign = id(&world, &world.other, row.field).await;
        rows.push((row, foreign));
    }
    let before = theirs(&world).await;
    let mut wrong = Vec::new();
    for (row, foreign) in &rows {
        let (prefix, _) = foreign.rsplit_once('_').unwrap();
        let nowhere = format!("{prefix}_{NOWHERE}");
        for (who, key) in &keys {
            let told = code(&world, key, row, foreign).await;
            let expected = code(&world, key, row, &nowhere).await;
            if told.is_empty() || told != expected {
                wrong.push(format!("{} by {who}: {told}, not {expected}", row.field));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(theirs(&world).await, before);
}

#[tokio::test]
async fn another_workspaces_ids_are_as_good_as_none_in_second_places() {
    let world = World::new().await;
    let theirs = async |field: &str| id(&world, &world.other, field).await;
    let ours = async |field: &str| id(&world, &world.home, field).await;
    let (person, role) = (theirs("member").await, theirs("customRole").await);
    let account = world.other.on(Network::X).to_owned();
    let (member, own, team) = (
        ours("member").await,
        ours("customRole").await,
        ours("team").await,
    );
    let post = ours("post").await;
    let new = "name: \"New\", role: VIEWER";
    let asked = "email: \"new@example.org\"";
    let places = [
        ("teamCreate", format!("{new}, memberIds: [$id]"), &person),
        (
            "teamCreate",
            format!("{new}, connectionIds: [$id]"),
            &account,
        ),
        (
            "teamCreate",
            "name: \"New\", customRoleId: $id".to_owned(),
            &role,
        ),
        (
            "teamUpdate",
            format!("id: \"{team}\", version: 1, memberIds: [$id]"),
            &person,
        ),
        (
            "teamUpdate",
            format!("id: \"{team}\", version: 1, connectionIds: [$id]"),
            &account,
        ),
        (
            "teamUpdate",
            format!("id: \"{team}\", version: 1, customRoleId: $id"),
            &role,
        ),
        (
            "memberUpdate",
            format!("id: \"{member}\", connectionIds: [$id]"),
            &account,
        ),
        (
            "memberUpdate",
            format!("id: \"{member}\", customRoleId: $id"),
            &role,
        ),
        (
            "invitationCreate",
            format!("{asked}, role: VIEWER, connectionIds: [$id]"),
            &account,
        ),
        (
            "invitationCreate",
            format!("{asked}, customRoleId: $id"),
            &role,
        ),
        (
            "customRoleDelete",
            format!("id: \"{own}\", customRoleId: $id"),
            &role,
        ),
        (
            "apiKeyCreate",
            format!("{new}, connectionIds: [$id]"),
            &account,
        ),
        (
            "postUpdate",
            format!("id: \"{post}\", targets: [{{ connectionId: $id }}]"),
            &account,
        ),
    ];
    for (field, input, foreign) in places {
        let row = change(field, Needs::Credential, &input);
        let (prefix, _) = foreign.rsplit_once('_').unwrap();
        let nowhere = format!("{prefix}_{NOWHERE}");
        for id in [foreign, &nowhere] {
            let told = code(&world, &world.home.owner, &row, id).await;
            assert_eq!(told, "NOT_FOUND", "{field} with {input} for {id}");
        }
    }
}
