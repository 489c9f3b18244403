//! Roles that a workspace makes.

use posthaste_core::{Network, access::Role};
use serde_json::{Value, json};

use crate::world::{World, person, sign_in};

const FIELDS: &str =
    "customRole { id name permissions version allowedActions provenance { kind } }";

async fn made(world: &World, name: &str, permissions: Value) -> String {
    let input = json!({ "name": name, "permissions": permissions });
    let payload = world
        .change_by(&world.home.owner, "customRoleCreate", FIELDS, input)
        .await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    payload["customRole"]["id"].as_str().unwrap().to_owned()
}

/// The codes and first path elements of a payload's errors.
fn told(payload: &Value) -> Vec<(String, String)> {
    let errors = payload["errors"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    errors
        .map(|error| (text(&error["code"]), text(&error["path"][0])))
        .collect()
}

fn error(code: &str, path: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), path.to_owned())]
}

#[tokio::test]
async fn built_in_roles_are_told_with_what_they_carry() {
    let world = World::new().await;
    let told = world
        .ask("{ builtInRoles { role permissions } }", json!({}))
        .await;
    let approver = json!({ "role": "APPROVER", "permissions": ["READ", "PUBLISH"] });
    let roles = told["builtInRoles"].as_array().unwrap();
    assert_eq!(roles.len(), 7);
    assert!(roles.contains(&approver), "{told}");
}

#[tokio::test]
async fn a_role_is_made_held_changed_and_replaced() {
    let world = World::new().await;
    let role = made(&world, " Scheduler ", json!(["PUBLISH", "READ"])).await;
    let ben = person(&world, &world.home, "ben@example.org", Role::Viewer).await;
    let session = sign_in(&world, &world.home, "ben@example.org").await;
    let owner = &world.home.owner;
    let member = "member { role customRole { name } permissions }";
    let input = json!({ "id": ben, "customRoleId": role });
    let payload = world.change_by(owner, "memberUpdate", member, input).await;
    assert_eq!(
        payload["member"],
        json!({ "role": "CUSTOM", "customRole": { "name": "Scheduler" }, "permissions": ["READ", "PUBLISH"] })
    );
    let rights = async || {
        let answer = world
            .graphql(&session, "{ viewer { role permissions } }", json!({}))
            .await;
        answer["data"]["viewer"].clone()
    };
    assert_eq!(
        rights().await,
        json!({ "role": "CUSTOM", "permissions": ["READ", "PUBLISH"] })
    );

    let input = json!({ "id": role, "version": 1, "permissions": ["READ", "WRITE"] });
    let payload = world
        .change_by(owner, "customRoleUpdate", FIELDS, input.clone())
        .await;
    assert_eq!(
        payload["customRole"],
        json!({ "id": role, "name": "Scheduler", "permissions": ["READ", "WRITE"], "version": 2,
            "allowedActions": ["UPDATE", "DELETE"], "provenance": { "kind": "KEY" } })
    );
    assert_eq!(rights().await["permissions"], json!(["READ", "WRITE"]));
    let payload = world
        .change_by(owner, "customRoleUpdate", FIELDS, input)
        .await;
    assert_eq!(told(&payload), error("VERSION_CONFLICT", "version"));

    let delete = async |input: Value| {
        world
            .change_by(owner, "customRoleDelete", "deletedId", input)
            .await
    };
    let payload = delete(json!({ "id": role })).await;
    assert_eq!(told(&payload), error("ROLE_IN_USE", ""));
    let payload = delete(json!({ "id": role, "customRoleId": role })).await;
    assert_eq!(told(&payload), error("INVALID_INPUT", "customRoleId"));
    let payload = delete(json!({ "id": role, "role": "ANALYST" })).await;
    assert_eq!(payload["deletedId"], role, "{payload}");
    assert_eq!(
        rights().await,
        json!({ "role": "ANALYST", "permissions": ["READ", "READ_USAGE"] })
    );
    let events = "{ events(types: [ROLE_CREATED, ROLE_UPDATED, ROLE_DELETED, MEMBER_UPDATED]) { nodes { type data } } }";
    let log = world.ask(events, json!({})).await;
    let nodes = log["events"]["nodes"].as_array().unwrap();
    let kinds: Vec<_> = nodes
        .iter()
        .map(|node| node["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "ROLE_CREATED",
            "MEMBER_UPDATED",
            "ROLE_UPDATED",
            "MEMBER_UPDATED",
            "ROLE_DELETED"
        ]
    );
    assert_eq!(
        nodes[3]["data"],
        json!({ "userId": ben, "role": "ANALYST", "roleId": null })
    );
}

#[tokio::test]
async fn nobody_makes_changes_or_gives_a_role_above_their_own() {
    let world = World::new().await;
    let maker = made(
        &world,
        "Maker",
        json!(["READ", "MANAGE_ROLES", "MANAGE_MEMBERS"]),
    )
    .await;
    let high = made(&world, "High", json!(["READ", "MANAGE_KEYS"])).await;
    let ada = person(&world, &world.home, "ada@example.org", Role::Viewer).await;
    let input = json!({ "id": ada, "customRoleId": maker });
    world
        .change_by(&world.home.owner, "memberUpdate", "member { role }", input)
        .await;
    let session = sign_in(&world, &world.home, "ada@example.org").await;
    let ask = async |name: &str, fields: &str, input: Value| {
        told(&world.change_by(&session, name, fields, input).await)
    };

    let above = json!({ "name": "", "permissions": ["READ", "PUBLISH"] });
    assert_eq!(
        ask("customRoleCreate", FIELDS, above).await,
        [
            ("INVALID_INPUT".to_owned(), "name".to_owned()),
            ("FORBIDDEN".to_owned(), "permissions".to_owned())
        ]
    );
    let change = json!({ "id": high, "version": 1, "name": "Low" });
    assert_eq!(
        ask("customRoleUpdate", FIELDS, change).await,
        error("FORBIDDEN", "")
    );
    let delete = json!({ "id": high });
    assert_eq!(
        ask("customRoleDelete", "deletedId", delete).await,
        error("FORBIDDEN", "")
    );
    let own = made(&world, "Own", json!(["READ"])).await;
    let raise = json!({ "id": own, "version": 1, "permissions": ["READ", "WRITE"] });
    assert_eq!(
        ask("customRoleUpdate", FIELDS, raise).await,
        error("FORBIDDEN", "permissions")
    );
    let replace = json!({ "id": own, "customRoleId": high });
    assert_eq!(
        ask("customRoleDelete", "deletedId", replace).await,
        error("FORBIDDEN", "customRoleId")
    );
    let give = json!({ "id": ada, "role": "EDITOR" });
    assert_eq!(
        ask("memberUpdate", "member { role }", give).await,
        error("FORBIDDEN", "role")
    );
    let whole = json!({ "name": "Whole", "permissions": ["READ", "OWN_WORKSPACE"] });
    let payload = world
        .change_by(&world.home.owner, "customRoleCreate", FIELDS, whole)
        .await;
    assert_eq!(told(&payload), error("INVALID_INPUT", "permissions"));
}

#[tokio::test]
async fn who_approves_publishes_what_others_write_and_writes_nothing() {
    let world = World::new().await;
    let key = async |role: &str| {
        let input = json!({ "name": role, "role": role });
        let made = world
            .change_by(&world.home.owner, "apiKeyCreate", "secret", input)
            .await;
        made["secret"].as_str().unwrap().to_owned()
    };
    let (approver, editor) = (key("APPROVER").await, key("EDITOR").await);
    let post =
        json!({ "text": "Bread", "targets": [{ "connectionId": world.home.on(Network::X) }] });
    let mut scheduled = post.clone();
    scheduled["schedule"] = json!({ "at": "2027-02-01T09:00:00Z" });
    for input in [&post, &scheduled] {
        let payload = world
            .change_by(&approver, "postCreate", "post { id }", input.clone())
            .await;
        assert_eq!(told(&payload), error("FORBIDDEN", ""));
    }
    let made = world
        .change_by(&editor, "postCreate", "post { id }", post)
        .await;
    let input = json!({ "id": made["post"]["id"], "schedule": scheduled["schedule"] });
    let payload = world
        .change_by(&approver, "postSchedule", "post { allowedActions }", input)
        .await;
    assert_eq!(payload["errors"], json!([]));
    let actions = payload["post"]["allowedActions"].as_array().unwrap();
    assert!(!actions.contains(&json!("UPDATE")), "{actions:?}");
    let input = json!({ "id": made["post"]["id"], "text": "Other" });
    let payload = world
        .change_by(&approver, "postUpdate", "post { id }", input)
        .await;
    assert_eq!(told(&payload), error("FORBIDDEN", ""));
}

#[tokio::test]
async fn a_key_has_the_permissions_it_was_given_and_no_others() {
    let world = World::new().await;
    let input = json!({ "name": "Writer", "permissions": ["READ", "WRITE"] });
    let fields = "secret apiKey { role permissions }";
    let payload = world
        .change_by(&world.home.owner, "apiKeyCreate", fields, input)
        .await;
    assert_eq!(
        payload["apiKey"],
        json!({ "role": "CUSTOM", "permissions": ["READ", "WRITE"] })
    );
    let secret = payload["secret"].as_str().unwrap();
    let answer = world
        .graphql(secret, "{ viewer { role permissions } }", json!({}))
        .await;
    assert_eq!(answer["data"]["viewer"], payload["apiKey"]);
}
