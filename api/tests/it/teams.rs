//! Teams: a role beside the member's own, for some connections.

use posthaste_core::{Network, access::Role};
use serde_json::{Value, json};

use crate::world::{World, person, sign_in};

const FIELDS: &str = "team { id name role connectionIds memberIds version }";

/// The code and path of a payload's only error.
fn told(payload: &Value) -> (&str, &str) {
    let errors = payload["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{payload}");
    (
        errors[0]["code"].as_str().unwrap(),
        errors[0]["path"][0].as_str().unwrap_or_default(),
    )
}

/// What becomes of a draft for a network.
async fn writes(world: &World, key: &str, network: Network) -> String {
    let targets = json!([{ "connectionId": world.home.on(network) }]);
    let input = json!({ "text": format!("{network}"), "targets": targets });
    let payload = world
        .change_by(key, "postCreate", "post { id }", input)
        .await;
    let code = payload["errors"][0]["code"].as_str();
    code.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_team_gives_its_role_on_its_connections_and_nowhere_else() {
    let world = World::new().await;
    let vera = person(&world, &world.home, "vera@example.org", Role::Viewer).await;
    let session = sign_in(&world, &world.home, "vera@example.org").await;
    let x = world.home.on(Network::X);
    assert_eq!(writes(&world, &session, Network::X).await, "FORBIDDEN");
    let owner = &world.home.owner;
    let input =
        json!({ "name": "X desk", "role": "EDITOR", "connectionIds": [x], "memberIds": [vera] });
    let payload = world.change_by(owner, "teamCreate", FIELDS, input).await;
    let id = payload["team"]["id"].clone();
    assert_eq!(
        payload["team"],
        json!({ "id": id, "name": "X desk", "role": "EDITOR", "connectionIds": [x], "memberIds": [vera], "version": 1 })
    );
    assert_eq!(writes(&world, &session, Network::X).await, "");
    assert_eq!(
        writes(&world, &session, Network::Facebook).await,
        "NOT_FOUND"
    );
    let query =
        "{ viewer { role permissions connectionIds } posts { nodes { content { text } allowedActions } }
        connections { totalCount nodes { id } } }";
    let both = json!({ "text": "Both", "targets": [{ "connectionId": x }, { "connectionId": world.home.on(Network::Facebook) }] });
    let made = world.change("postCreate", "post { id }", both).await;
    let answer = world.graphql(&session, query, json!({})).await;
    let data = &answer["data"];
    assert_eq!(
        data["viewer"],
        json!({ "role": "VIEWER", "permissions": ["READ", "WRITE", "PUBLISH"], "connectionIds": null })
    );
    assert_eq!(data["connections"]["totalCount"], 4);
    // All is to be seen, and what goes to the team's connection alone can be changed.
    for post in data["posts"]["nodes"].as_array().unwrap() {
        let may = post["allowedActions"].as_array().unwrap();
        assert_eq!(
            may.contains(&json!("UPDATE")),
            post["content"]["text"] != "Both",
            "{post}"
        );
    }
    let input = json!({ "id": made["post"]["id"], "text": "New" });
    let payload = world
        .change_by(&session, "postUpdate", "post { id }", input)
        .await;
    assert_eq!(told(&payload), ("NOT_FOUND", ""));

    // Who has a right on some connections gives it to nobody and begins no job of the whole workspace.
    let input = json!({ "kind": "POSTS_IMPORT", "format": "CSV", "fileName": "a.csv", "bytes": 3 });
    let payload = world
        .change_by(&session, "bulkJobCreate", "bulkJob { id }", input)
        .await;
    assert_eq!(told(&payload), ("FORBIDDEN", ""));

    let input = json!({ "id": id, "version": 1, "memberIds": [] });
    let payload = world.change_by(owner, "teamUpdate", FIELDS, input).await;
    assert_eq!(payload["team"]["memberIds"], json!([]), "{payload}");
    assert_eq!(writes(&world, &session, Network::X).await, "FORBIDDEN");
    let payload = world
        .change_by(owner, "teamDelete", "deletedId", json!({ "id": id }))
        .await;
    assert_eq!(payload["deletedId"], id);
    let events =
        "{ events(types: [TEAM_CREATED, TEAM_UPDATED, TEAM_DELETED]) { nodes { type data } } }";
    let log = world.ask(events, json!({})).await;
    let told = |kind: &str, users: Value| {
        json!({ "type": kind, "data": { "teamId": id, "name": "X desk", "role": "EDITOR", "roleId": null,
            "connectionIds": [x], "userIds": users } })
    };
    assert_eq!(
        log["events"]["nodes"],
        json!([
            told("TEAM_CREATED", json!([vera])),
            told("TEAM_UPDATED", json!([])),
            told("TEAM_DELETED", json!([])),
        ])
    );
}

#[tokio::test]
async fn nobody_makes_or_changes_a_team_above_their_own_rights() {
    let world = World::new().await;
    let owner = &world.home.owner;
    let role = json!({ "name": "People", "permissions": ["READ", "MANAGE_MEMBERS"] });
    let made = world
        .change_by(owner, "customRoleCreate", "customRole { id }", role)
        .await;
    let ada = person(&world, &world.home, "ada@example.org", Role::Viewer).await;
    let input = json!({ "id": ada, "customRoleId": made["customRole"]["id"] });
    world
        .change_by(owner, "memberUpdate", "member { role }", input)
        .await;
    let session = sign_in(&world, &world.home, "ada@example.org").await;

    let input = json!({ "name": "A", "role": "EDITOR", "memberIds": [ada] });
    let payload = world
        .change_by(&session, "teamCreate", FIELDS, input.clone())
        .await;
    assert_eq!(told(&payload), ("FORBIDDEN", "role"));
    let payload = world
        .change_by(owner, "teamCreate", FIELDS, input.clone())
        .await;
    let id = &payload["team"]["id"];
    let payload = world.change_by(owner, "teamCreate", FIELDS, input).await;
    assert_eq!(told(&payload), ("ALREADY_EXISTS", "name"));
    let person = person(&world, &world.home, "vera@example.org", Role::Viewer).await;
    let other = json!({ "name": "B", "role": "DEVELOPER", "memberIds": [person] });
    let payload = world.change_by(owner, "teamCreate", FIELDS, other).await;
    let above = json!({ "id": payload["team"]["id"], "version": 1, "memberIds": [ada] });
    let payload = world.change_by(&session, "teamUpdate", FIELDS, above).await;
    assert_eq!(told(&payload), ("FORBIDDEN", ""));
    // What the team gives is one's own right, and may be handed on.
    let rename = json!({ "id": id, "version": 1, "name": "C" });
    let payload = world
        .change_by(&session, "teamUpdate", FIELDS, rename.clone())
        .await;
    assert_eq!(payload["team"]["version"], 2, "{payload}");
    let payload = world
        .change_by(&session, "teamUpdate", FIELDS, rename)
        .await;
    assert_eq!(told(&payload), ("VERSION_CONFLICT", "version"));
    // Nobody removes a member whose team may do more.
    let payload = world
        .change_by(
            &session,
            "memberRemove",
            "removedId",
            json!({ "id": person }),
        )
        .await;
    assert_eq!(told(&payload), ("FORBIDDEN", ""));
}

#[tokio::test]
async fn a_role_that_a_team_gives_is_in_use() {
    let world = World::new().await;
    let owner = &world.home.owner;
    let role = json!({ "name": "Own", "permissions": ["READ", "PUBLISH"] });
    let made = world
        .change_by(owner, "customRoleCreate", "customRole { id }", role)
        .await;
    let role = &made["customRole"]["id"];
    let input = json!({ "name": "A", "customRoleId": role });
    let made = world.change_by(owner, "teamCreate", FIELDS, input).await;
    assert_eq!(made["team"]["role"], "CUSTOM", "{made}");
    let delete = async |input: Value| {
        world
            .change_by(owner, "customRoleDelete", "deletedId", input)
            .await
    };
    assert_eq!(
        told(&delete(json!({ "id": role })).await),
        ("ROLE_IN_USE", "")
    );
    let payload = delete(json!({ "id": role, "role": "OWNER" })).await;
    assert_eq!(told(&payload), ("INVALID_INPUT", "role"));
    let input = json!({ "name": "Roles", "permissions": ["READ", "PUBLISH", "MANAGE_ROLES"] });
    let key = world
        .change_by(owner, "apiKeyCreate", "secret", input)
        .await;
    let payload = world
        .change_by(
            key["secret"].as_str().unwrap(),
            "customRoleDelete",
            "deletedId",
            json!({ "id": role, "role": "APPROVER" }),
        )
        .await;
    assert_eq!(told(&payload), ("FORBIDDEN", ""));
    assert_eq!(
        delete(json!({ "id": role, "role": "APPROVER" })).await["deletedId"],
        *role
    );
    let events = "{ events(types: [TEAM_UPDATED, ROLE_DELETED]) { nodes { type data } } }";
    let log = world.ask(events, json!({})).await;
    let nodes = &log["events"]["nodes"];
    assert_eq!(
        nodes[0],
        json!({ "type": "TEAM_UPDATED", "data": { "teamId": made["team"]["id"], "name": "A", "role": "APPROVER",
            "roleId": null, "connectionIds": null, "userIds": [] } })
    );
    assert_eq!(nodes[1]["type"], "ROLE_DELETED");
    let one = "query($id: ID!) { team(id: $id) { role customRole { id } } }";
    let answer = world
        .graphql(owner, one, json!({ "id": made["team"]["id"] }))
        .await;
    assert_eq!(
        answer["data"]["team"],
        json!({ "role": "APPROVER", "customRole": null })
    );
}

#[tokio::test]
async fn who_is_no_longer_a_member_is_in_no_team_and_the_team_says_so() {
    let world = World::new().await;
    let owner = &world.home.owner;
    let vera = person(&world, &world.home, "vera@example.org", Role::Viewer).await;
    let ben = person(&world, &world.home, "ben@example.org", Role::Viewer).await;
    let input = json!({ "name": "A", "role": "EDITOR", "memberIds": [vera, ben] });
    let made = world.change_by(owner, "teamCreate", FIELDS, input).await;
    let id = &made["team"]["id"];
    world
        .change_by(owner, "memberRemove", "removedId", json!({ "id": vera }))
        .await;
    let one = "query($id: ID!) { team(id: $id) { memberIds version } }";
    let answer = world.graphql(owner, one, json!({ "id": id })).await;
    assert_eq!(
        answer["data"]["team"],
        json!({ "memberIds": [ben], "version": 2 })
    );
    let events = "{ events(types: [TEAM_UPDATED, MEMBER_REMOVED]) { nodes { type data } } }";
    let log = world.ask(events, json!({})).await;
    let nodes = &log["events"]["nodes"];
    assert_eq!(
        (&nodes[0]["type"], &nodes[0]["data"]["userIds"]),
        (&json!("TEAM_UPDATED"), &json!([ben]))
    );
    assert_eq!(nodes[1]["type"], "MEMBER_REMOVED");
}
