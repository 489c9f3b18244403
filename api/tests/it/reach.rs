//! Limits per connection: whoever has one deals with these connections, and with the posts that go
//! nowhere else.

use posthaste_core::{Network, access::Role, ids::PostId};
use serde_json::{Value, json};

use crate::world::{PASSWORD, World, person, picture, sign_in};

/// The code of a payload's first error; empty without one.
async fn code(world: &World, key: &str, name: &str, input: Value) -> String {
    let payload = world.change_by(key, name, "__typename", input).await;
    let code = payload["errors"][0]["code"].as_str();
    code.unwrap_or_default().to_owned()
}

/// Writes a draft for these networks; its id and its first target's.
async fn draft(world: &World, text: &str, networks: &[Network]) -> (String, String) {
    let targets: Vec<_> = networks
        .iter()
        .map(|network| json!({ "connectionId": world.home.on(*network) }))
        .collect();
    let input = json!({ "text": text, "targets": targets });
    let fields = "post { id targets { id } }";
    let made = world
        .change_by(&world.home.editor, "postCreate", fields, input)
        .await;
    assert_eq!(made["errors"], json!([]), "{made}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let post = &made["post"];
    (text(&post["id"]), text(&post["targets"][0]["id"]))
}

/// A key limited to X.
async fn limited(world: &World) -> String {
    let input =
        json!({ "name": "X only", "role": "ADMIN", "connectionIds": [world.home.on(Network::X)] });
    let payload = world
        .change_by(&world.home.owner, "apiKeyCreate", "secret", input)
        .await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    payload["secret"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn reads_show_what_is_within_the_limit_and_nothing_else() {
    let world = World::new().await;
    let key = limited(&world).await;
    let (mine, target) = draft(&world, "Mine", &[Network::X]).await;
    let (both, _) = draft(&world, "Both", &[Network::X, Network::Facebook]).await;
    let (other, foreign) = draft(&world, "Other", &[Network::Facebook]).await;
    let query = "query($facebook: ID!, $both: ID!, $other: ID!, $foreign: ID!) {
        viewer { permissions connectionIds }
        connections { totalCount nodes { network } }
        posts { totalCount nodes { id targets { id } } }
        targets { totalCount nodes { id post { id } } }
        filtered: posts(filter: { connectionIds: [$facebook] }) { totalCount }
        nodes(ids: [$facebook, $both, $other, $foreign]) { id }
        events { nodes { type postId connectionId } }
    }";
    let facebook = world.home.on(Network::Facebook);
    let variables =
        json!({ "facebook": facebook, "both": both, "other": other, "foreign": foreign });
    let answer = world.graphql(&key, query, variables).await;
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    let data = &answer["data"];
    let x = world.home.on(Network::X);
    assert_eq!(
        data["viewer"],
        json!({ "permissions": ["READ", "WRITE", "PUBLISH", "MANAGE_CONNECTIONS"], "connectionIds": [x] })
    );
    assert_eq!(
        data["connections"],
        json!({ "totalCount": 1, "nodes": [{ "network": "X" }] })
    );
    assert_eq!(
        data["posts"],
        json!({ "totalCount": 1, "nodes": [{ "id": mine, "targets": [{ "id": target }] }] })
    );
    assert_eq!(
        data["targets"],
        json!({ "totalCount": 1, "nodes": [{ "id": target, "post": { "id": mine } }] })
    );
    assert_eq!(data["filtered"]["totalCount"], 0);
    assert_eq!(data["nodes"], json!([null, null, null, null]));
    assert_eq!(
        data["events"]["nodes"],
        json!([
            { "type": "CONNECTION_CREATED", "postId": null, "connectionId": x },
            { "type": "POST_CREATED", "postId": mine, "connectionId": null },
        ])
    );
}

#[tokio::test]
async fn the_log_is_read_in_parts_where_most_is_not_to_be_seen() {
    let world = World::new().await;
    let key = limited(&world).await;
    let workspace = world.home.workspace.uuid();
    let (client, connection) = world.app.db.address().wire().await.unwrap();
    tokio::spawn(connection);
    let foreign = format!(
        "INSERT INTO events (workspace_id, seq, id, at, kind, connection_id, provenance, data)
         SELECT head.workspace_id, head.seq + n, gen_random_uuid(), '2027-01-04', 'connection.created', account.id,
            '{{\"kind\":\"SYSTEM\"}}', '{{}}'
         FROM generate_series(1, 2500) n, event_heads head
            JOIN connections account ON account.workspace_id = head.workspace_id AND account.network = 'FACEBOOK'
         WHERE head.workspace_id = '{workspace}';
         UPDATE event_heads SET seq = seq + 2500 WHERE workspace_id = '{workspace}'"
    );
    client.batch_execute(&foreign).await.unwrap();
    draft(&world, "Mine", &[Network::X]).await;
    let query = "query($after: String) { events(after: $after, first: 10) {
        nodes { type } pageInfo { hasNextPage endCursor } } }";
    let page = async |after: &Value| {
        let answer = world.graphql(&key, query, json!({ "after": after })).await;
        answer["data"]["events"].clone()
    };
    let first = page(&Value::Null).await;
    assert_eq!(first["nodes"], json!([{ "type": "CONNECTION_CREATED" }]));
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    let rest = page(&first["pageInfo"]["endCursor"]).await;
    assert_eq!(rest["nodes"], json!([{ "type": "POST_CREATED" }]));
    assert_eq!(rest["pageInfo"]["hasNextPage"], false);
    let none = page(&rest["pageInfo"]["endCursor"]).await;
    assert_eq!(
        none,
        json!({ "nodes": [], "pageInfo": { "hasNextPage": false, "endCursor": null } })
    );
}

#[tokio::test]
async fn what_a_post_did_on_another_connection_is_not_told() {
    let world = World::new().await;
    let key = limited(&world).await;
    let (mine, _) = draft(&world, "Mine", &[Network::X]).await;
    let post: PostId = mine.parse().unwrap();
    let (client, connection) = world.app.db.address().wire().await.unwrap();
    tokio::spawn(connection);
    // As when it had gone to Facebook, too, until its targets were changed.
    let earlier = format!(
        "INSERT INTO events (workspace_id, seq, id, at, kind, post_id, connection_id, provenance, data)
         SELECT head.workspace_id, head.seq + 1, gen_random_uuid(), '2027-01-04', 'target.cancelled', '{}', account.id,
            '{{\"kind\":\"SYSTEM\"}}', '{{}}'
         FROM event_heads head JOIN connections account
            ON account.workspace_id = head.workspace_id AND account.network = 'FACEBOOK'
         WHERE head.workspace_id = '{}'",
        post.uuid(),
        world.home.workspace.uuid()
    );
    client.batch_execute(&earlier).await.unwrap();
    client
        .batch_execute("UPDATE event_heads SET seq = seq + 1")
        .await
        .unwrap();
    let query = "query($id: ID!) { events(postId: $id) { nodes { type } } }";
    let told = async |key: &str| {
        let answer = world.graphql(key, query, json!({ "id": mine })).await;
        answer["data"]["events"]["nodes"].clone()
    };
    assert_eq!(told(&key).await, json!([{ "type": "POST_CREATED" }]));
    assert_eq!(
        told(&world.home.viewer).await,
        json!([{ "type": "POST_CREATED" }, { "type": "TARGET_CANCELLED" }])
    );
}

#[tokio::test]
async fn a_repetition_is_told_without_the_post_beyond_the_limit() {
    let world = World::new().await;
    let key = limited(&world).await;
    let to = |networks: &[Network], at: &str| {
        let targets: Vec<_> = networks
            .iter()
            .map(|network| json!({ "connectionId": world.home.on(*network) }))
            .collect();
        json!({ "text": "Fresh bread", "targets": targets, "schedule": { "at": at } })
    };
    let create = async |key: &str, input: Value| {
        world
            .change_by(key, "postCreate", "post { id }", input)
            .await
    };
    let both = to(&[Network::X, Network::Facebook], "2027-02-01T09:00:00Z");
    let first = create(&world.home.editor, both).await;
    let id = first["post"]["id"].as_str().unwrap();
    let again = to(&[Network::X], "2027-02-01T10:00:00Z");
    for (key, named) in [(&key, "another post"), (&world.home.editor, id)] {
        let refused = create(key, again.clone()).await;
        assert_eq!(refused["errors"][0]["code"], "POSSIBLE_DUPLICATE");
        let message = refused["errors"][0]["message"].as_str().unwrap();
        let said = format!("{named} goes out on 1 February 2027 at 09:00 UTC.");
        assert!(message.ends_with(&said), "{message}");
    }
}

#[tokio::test]
async fn of_the_limits_of_others_ones_own_connections_are_shown() {
    let world = World::new().await;
    let key = limited(&world).await;
    let noor = person(&world, &world.home, "noor@example.org", Role::Editor).await;
    let (x, facebook) = (world.home.on(Network::X), world.home.on(Network::Facebook));
    let limit = json!({ "id": noor, "connectionIds": [x, facebook] });
    let owner = &world.home.owner;
    world
        .change_by(owner, "memberUpdate", "member { role }", limit)
        .await;
    let team =
        json!({ "name": "Desk", "role": "EDITOR", "connectionIds": [facebook], "memberIds": [] });
    world
        .change_by(owner, "teamCreate", "team { id }", team)
        .await;
    let query =
        "{ members { nodes { name connectionIds } } teams { nodes { name connectionIds } } }";
    let told = async |key: &str| world.graphql(key, query, json!({})).await["data"].clone();
    assert_eq!(
        told(&key).await,
        json!({ "members": { "nodes": [{ "name": "noor", "connectionIds": [x] }] },
            "teams": { "nodes": [{ "name": "Desk", "connectionIds": [] }] } })
    );
    assert_eq!(
        told(&world.home.viewer).await,
        json!({ "members": { "nodes": [{ "name": "noor", "connectionIds": [x, facebook] }] },
            "teams": { "nodes": [{ "name": "Desk", "connectionIds": [facebook] }] } })
    );
}

#[tokio::test]
async fn the_words_about_a_picture_of_a_post_beyond_the_limit_stay() {
    let world = World::new().await;
    let key = limited(&world).await;
    let file = picture(400, 400, image::ImageFormat::Jpeg);
    let media = world.upload(&world.home, "a.jpg", file).await;
    let rename = json!({ "id": media, "altText": "Mine" });
    assert_eq!(code(&world, &key, "mediaUpdate", rename.clone()).await, "");
    for (network, told) in [(Network::X, ""), (Network::Facebook, "FORBIDDEN")] {
        let input = json!({ "text": "Look", "media": [{ "id": media }],
            "targets": [{ "connectionId": world.home.on(network) }] });
        let made = code(&world, &world.home.editor, "postCreate", input).await;
        assert_eq!(made, "");
        let answer = code(&world, &key, "mediaUpdate", rename.clone()).await;
        assert_eq!(answer, told, "{network}");
    }
    let editor = &world.home.editor;
    assert_eq!(code(&world, editor, "mediaUpdate", rename).await, "");
}

#[tokio::test]
async fn writes_do_not_reach_beyond_the_limit() {
    let world = World::new().await;
    let key = limited(&world).await;
    let (mine, _) = draft(&world, "Mine", &[Network::X]).await;
    let (both, target) = draft(&world, "Both", &[Network::X, Network::Facebook]).await;
    let facebook = world.home.on(Network::Facebook);
    let now = json!({ "now": true });
    for (name, input) in [
        ("postUpdate", json!({ "id": both, "text": "New" })),
        ("postSchedule", json!({ "id": both, "schedule": now })),
        ("postCancel", json!({ "id": both })),
        ("postDelete", json!({ "id": both })),
        ("targetRetry", json!({ "id": target })),
        (
            "postCreate",
            json!({ "text": "A", "targets": [{ "connectionId": facebook }] }),
        ),
        (
            "postUpdate",
            json!({ "id": mine, "targets": [{ "connectionId": facebook }] }),
        ),
        ("connectionPause", json!({ "id": facebook })),
        (
            "connectionAuthorize",
            json!({ "network": "FACEBOOK", "connectionId": facebook }),
        ),
    ] {
        assert_eq!(code(&world, &key, name, input).await, "NOT_FOUND", "{name}");
    }
    for (name, input) in [
        ("connectionAuthorize", json!({ "network": "X" })),
        (
            "webhookEndpointCreate",
            json!({ "url": "https://example.org/hook" }),
        ),
        (
            "bulkJobCreate",
            json!({ "kind": "POSTS_IMPORT", "format": "CSV", "fileName": "a.csv", "bytes": 3 }),
        ),
        ("apiKeyCreate", json!({ "name": "a", "role": "VIEWER" })),
    ] {
        assert_eq!(code(&world, &key, name, input).await, "FORBIDDEN", "{name}");
    }
    // A post for no connection would be out of its author's sight.
    for (name, input) in [
        ("postCreate", json!({ "text": "A" })),
        ("postUpdate", json!({ "id": mine, "targets": [] })),
    ] {
        let told = code(&world, &key, name, input).await;
        assert_eq!(told, "TARGETS_REQUIRED", "{name}");
    }
    let x = world.home.on(Network::X);
    for (name, input) in [
        ("postUpdate", json!({ "id": mine, "text": "New" })),
        (
            "postCreate",
            json!({ "text": "A", "targets": [{ "connectionId": x }] }),
        ),
        ("connectionPause", json!({ "id": x })),
    ] {
        assert_eq!(code(&world, &key, name, input).await, "", "{name}");
    }
}

#[tokio::test]
async fn a_members_limit_bounds_the_members_keys() {
    let world = World::new().await;
    let ben = person(&world, &world.home, "ben@example.org", Role::Developer).await;
    let session = sign_in(&world, &world.home, "ben@example.org").await;
    let (x, facebook) = (world.home.on(Network::X), world.home.on(Network::Facebook));
    let input = json!({ "name": "CI", "role": "EDITOR", "connectionIds": [x, facebook] });
    let made = world
        .change_by(&session, "apiKeyCreate", "secret", input)
        .await;
    let secret = made["secret"].as_str().unwrap();
    let seen = async |key: &str| {
        let query = "{ viewer { connectionIds permissions } connections { nodes { network } } }";
        world.graphql(key, query, json!({})).await["data"].clone()
    };
    assert_eq!(
        seen(secret).await["viewer"]["connectionIds"],
        json!([x, facebook])
    );

    let limit = json!({ "id": ben, "connectionIds": [x] });
    let fields = "member { role connectionIds permissions }";
    let payload = world
        .change_by(&world.home.owner, "memberUpdate", fields, limit)
        .await;
    assert_eq!(
        payload["member"],
        json!({ "role": "DEVELOPER", "connectionIds": [x], "permissions": ["READ", "WRITE", "PUBLISH"] })
    );
    for credential in [session.as_str(), secret] {
        assert_eq!(
            seen(credential).await,
            json!({ "viewer": { "connectionIds": [x], "permissions": ["READ", "WRITE", "PUBLISH"] },
                "connections": { "nodes": [{ "network": "X" }] } })
        );
    }
    let lift = json!({ "id": ben, "connectionIds": null });
    world
        .change_by(&world.home.owner, "memberUpdate", fields, lift)
        .await;
    assert_eq!(seen(&session).await["viewer"]["connectionIds"], Value::Null);
}

#[tokio::test]
async fn nobody_lifts_the_limit_of_a_role_above_their_own() {
    let world = World::new().await;
    let x = world.home.on(Network::X);
    let role = json!({ "name": "People", "permissions": ["READ", "WRITE", "PUBLISH", "MANAGE_CONNECTIONS", "MANAGE_MEMBERS"] });
    let made = world
        .change_by(
            &world.home.owner,
            "customRoleCreate",
            "customRole { id }",
            role,
        )
        .await;
    let ada = person(&world, &world.home, "ada@example.org", Role::Viewer).await;
    let noor = person(&world, &world.home, "noor@example.org", Role::Admin).await;
    let update = async |key: &str, input: Value| {
        let payload = world
            .change_by(key, "memberUpdate", "member { role }", input)
            .await;
        payload["errors"][0]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let role = json!({ "id": ada, "customRoleId": made["customRole"]["id"] });
    assert_eq!(update(&world.home.owner, role).await, "");
    let limit = json!({ "id": noor, "connectionIds": [x] });
    assert_eq!(update(&world.home.owner, limit).await, "");
    let session = sign_in(&world, &world.home, "ada@example.org").await;
    let lift = json!({ "id": noor, "connectionIds": null });
    assert_eq!(update(&session, lift).await, "FORBIDDEN");
}

#[tokio::test]
async fn an_invitation_carries_a_limit_and_owners_have_none() {
    let world = World::new().await;
    let x = world.home.on(Network::X);
    let input = json!({ "email": "nina@example.org", "role": "EDITOR", "connectionIds": [x] });
    let fields = "token invitation { connectionIds }";
    let payload = world
        .change_by(&world.home.owner, "invitationCreate", fields, input)
        .await;
    assert_eq!(payload["invitation"]["connectionIds"], json!([x]));
    let accept = json!({ "token": payload["token"], "name": "Nina", "password": PASSWORD });
    world
        .change_by(&world.home.viewer, "invitationAccept", "role", accept)
        .await;
    let session = sign_in(&world, &world.home, "nina@example.org").await;
    let answer = world
        .graphql(&session, "{ viewer { connectionIds } }", json!({}))
        .await;
    assert_eq!(answer["data"]["viewer"]["connectionIds"], json!([x]));

    let olga = person(&world, &world.home, "olga@example.org", Role::Owner).await;
    let other = world.other.on(Network::X);
    for (input, told) in [
        (
            json!({ "id": olga, "connectionIds": [x] }),
            ("INVALID_INPUT", json!(["connectionIds"])),
        ),
        (
            json!({ "id": olga, "connectionIds": [] }),
            ("INVALID_INPUT", json!(["connectionIds"])),
        ),
        (
            json!({ "id": olga, "connectionIds": [other] }),
            ("NOT_FOUND", json!(["connectionIds", "0"])),
        ),
    ] {
        let payload = world
            .change_by(&world.home.owner, "memberUpdate", "member { role }", input)
            .await;
        let error = &payload["errors"][0];
        assert_eq!((&error["code"], &error["path"]), (&json!(told.0), &told.1));
    }
}
