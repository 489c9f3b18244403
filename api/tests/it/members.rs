//! Members and invitations.

use axum::{
    body::Body,
    http::{Request, header},
};
use chrono::TimeDelta;
use posthaste_core::access::Role;
use serde_json::{Value, json};

use crate::world::{PASSWORD, World, body, mutation, person, sign_in};

/// The code and path of a payload's only error.
fn told(payload: &Value) -> (&str, &str) {
    let errors = payload["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{payload}");
    (
        errors[0]["code"].as_str().unwrap(),
        errors[0]["path"][0].as_str().unwrap_or_default(),
    )
}

/// Invites somebody as `key`; the invitation's id and token.
async fn invited(world: &World, key: &str, email: &str, role: &str) -> (String, String) {
    let input = json!({ "email": email, "role": role });
    let fields = "token link invitation { id }";
    let payload = world
        .change_by(key, "invitationCreate", fields, input)
        .await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (id, token) = (text(&payload["invitation"]["id"]), text(&payload["token"]));
    assert_eq!(
        payload["link"],
        format!("https://posthaste.test/invitation#{token}")
    );
    (id, token)
}

/// Accepts without a credential.
async fn accept(world: &World, input: Value) -> Value {
    let document = mutation("invitationAccept", "workspaceId personId role");
    let request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(
            json!({ "query": document, "variables": { "input": input } }).to_string(),
        ))
        .unwrap();
    let answer = body(world.send(request).await).await.1;
    answer["data"]["invitationAccept"].clone()
}

async fn roles(world: &World) -> Vec<(String, String)> {
    let list = world
        .ask("{ members { nodes { name role } } }", json!({}))
        .await;
    let nodes = list["members"]["nodes"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut found: Vec<_> = nodes
        .map(|node| (text(&node["name"]), text(&node["role"])))
        .collect();
    found.sort();
    found
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter()
        .map(|(name, role)| ((*name).to_owned(), (*role).to_owned()))
        .collect()
}

#[tokio::test]
async fn somebody_new_accepts_once_and_signs_in() {
    let world = World::new().await;
    let (id, token) = invited(&world, &world.home.owner, " New@Example.org ", "APPROVER").await;
    assert!(token.starts_with("phi_") && token.len() == 47, "{token}");
    let bare = accept(&world, json!({ "token": token })).await;
    assert_eq!(told(&bare), ("INVALID_INPUT", "name"));
    let input = json!({ "token": token, "name": "Nina", "password": PASSWORD });
    let payload = accept(&world, input.clone()).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    assert_eq!(payload["role"], "APPROVER");
    assert_eq!(payload["workspaceId"], world.home.workspace.to_string());
    assert_eq!(
        told(&accept(&world, input).await),
        ("INVITATION_INVALID", "token")
    );

    let session = sign_in(&world, &world.home, "new@example.org").await;
    let query = "query($id: ID!) { viewer { permissions } member(id: $id) { name email role joinedAt allowedActions } }";
    let person = payload["personId"].as_str().unwrap();
    let answer = world
        .graphql(&session, query, json!({ "id": person }))
        .await;
    assert_eq!(
        answer["data"],
        json!({ "viewer": { "permissions": ["READ", "PUBLISH"] }, "member": { "name": "Nina",
            "email": "new@example.org", "role": "APPROVER", "joinedAt": "2027-01-04T08:00:00+00:00", "allowedActions": [] } })
    );
    // Others are not told the e-mail.
    let seen = world
        .ask("{ members { nodes { name email } } }", json!({}))
        .await;
    assert_eq!(
        seen["members"]["nodes"],
        json!([{ "name": "Nina", "email": null }])
    );
    let events = "{ events(types: [INVITATION_CREATED, MEMBER_ADDED]) { nodes { type data provenance { kind personId } } } }";
    let log = world.ask(events, json!({})).await;
    assert_eq!(
        log["events"]["nodes"][1],
        json!({ "type": "MEMBER_ADDED", "provenance": { "kind": "PERSON", "personId": person },
            "data": { "userId": person, "role": "APPROVER", "roleId": null, "invitationId": id } })
    );
    assert_eq!(
        log["events"]["nodes"][0]["data"],
        json!({ "invitationId": id, "role": "APPROVER", "roleId": null, "expiresAt": "2027-01-11T08:00:00Z" })
    );
}

#[tokio::test]
async fn whoever_has_an_account_shows_that_it_is_theirs() {
    let world = World::new().await;
    person(&world, &world.other, "olga@example.org", Role::Owner).await;
    person(&world, &world.other, "eve@example.org", Role::Owner).await;
    let (_, token) = invited(&world, &world.home.owner, "olga@example.org", "EDITOR").await;
    let name = json!({ "token": token, "name": "Somebody else" });
    assert_eq!(
        told(&accept(&world, name).await),
        ("INVALID_INPUT", "password")
    );
    let wrong = json!({ "token": token, "password": "a wrong password" });
    assert_eq!(
        told(&accept(&world, wrong).await),
        ("WRONG_CREDENTIALS", "")
    );
    let eve = sign_in(&world, &world.other, "eve@example.org").await;
    let input = json!({ "token": token });
    let payload = world
        .change_by(&eve, "invitationAccept", "role", input.clone())
        .await;
    assert_eq!(told(&payload), ("INVALID_INPUT", "password"));

    let olga = sign_in(&world, &world.other, "olga@example.org").await;
    let payload = world
        .change_by(&olga, "invitationAccept", "role", input)
        .await;
    assert_eq!(
        (&payload["role"], &payload["errors"]),
        (&json!("EDITOR"), &json!([]))
    );
    sign_in(&world, &world.home, "olga@example.org").await;
    assert_eq!(roles(&world).await, pairs(&[("olga", "EDITOR")]));

    let (_, token) = invited(&world, &world.home.owner, "eve@example.org", "VIEWER").await;
    let input = json!({ "token": token, "password": PASSWORD });
    assert_eq!(accept(&world, input).await["role"], "VIEWER");
}

#[tokio::test]
async fn an_invitation_ends_is_sent_again_and_taken_back() {
    let world = World::new().await;
    let owner = &world.home.owner;
    let (id, first) = invited(&world, owner, "a@example.org", "VIEWER").await;
    let again = json!({ "email": "A@example.org", "role": "VIEWER" });
    let payload = world
        .change_by(owner, "invitationCreate", "token", again)
        .await;
    assert_eq!(told(&payload), ("ALREADY_EXISTS", "email"));

    world.clock.advance(TimeDelta::days(7));
    let accepted = |token: &str| json!({ "token": token, "name": "A", "password": PASSWORD });
    assert_eq!(
        told(&accept(&world, accepted(&first)).await),
        ("INVITATION_INVALID", "token")
    );
    let fields = "token invitation { status expiresAt allowedActions }";
    let payload = world
        .change_by(owner, "invitationResend", fields, json!({ "id": id }))
        .await;
    assert_eq!(
        payload["invitation"],
        json!({ "status": "OPEN", "expiresAt": "2027-01-18T08:00:00+00:00", "allowedActions": ["RESEND", "REVOKE"] })
    );
    let second = payload["token"].as_str().unwrap();
    assert_ne!(first, second);
    assert_eq!(
        told(&accept(&world, accepted(&first)).await),
        ("INVITATION_INVALID", "token")
    );
    let fields = "invitation { status allowedActions }";
    let payload = world
        .change_by(owner, "invitationRevoke", fields, json!({ "id": id }))
        .await;
    assert_eq!(
        payload["invitation"],
        json!({ "status": "REVOKED", "allowedActions": [] })
    );
    assert_eq!(
        told(&accept(&world, accepted(second)).await),
        ("INVITATION_INVALID", "token")
    );
    for name in ["invitationRevoke", "invitationResend"] {
        let payload = world
            .change_by(owner, name, "invitation { id }", json!({ "id": id }))
            .await;
        assert_eq!(told(&payload), ("INVALID_STATE", ""), "{name}");
    }
    let list = async |arguments: &str| {
        let document = format!("{{ invitations{arguments} {{ totalCount nodes {{ id }} }} }}");
        let answer = world.graphql(owner, &document, json!({})).await;
        answer["data"]["invitations"]["totalCount"].clone()
    };
    assert_eq!(
        [list("").await, list("(filter: { closed: true })").await],
        [0, 1]
    );
    // Now the e-mail can be asked anew.
    invited(&world, owner, "a@example.org", "VIEWER").await;
}

#[tokio::test]
async fn an_invitation_is_worth_what_its_author_may_still_do() {
    let world = World::new().await;
    let ada = person(&world, &world.home, "ada@example.org", Role::Admin).await;
    person(&world, &world.home, "olga@example.org", Role::Owner).await;
    let session = sign_in(&world, &world.home, "ada@example.org").await;
    let input = json!({ "email": "x@example.org", "role": "OWNER" });
    let payload = world
        .change_by(&session, "invitationCreate", "token", input)
        .await;
    assert_eq!(told(&payload), ("FORBIDDEN", "role"));

    let (_, token) = invited(&world, &session, "x@example.org", "ADMIN").await;
    let lower = json!({ "id": ada, "role": "VIEWER" });
    world
        .change_by(&world.home.owner, "memberUpdate", "member { role }", lower)
        .await;
    let input = json!({ "token": token, "name": "X", "password": PASSWORD });
    assert_eq!(
        told(&accept(&world, input).await),
        ("INVITATION_INVALID", "token")
    );
}

#[tokio::test]
async fn members_are_changed_removed_and_leave_but_never_the_last_owner() {
    let world = World::new().await;
    let olga = person(&world, &world.home, "olga@example.org", Role::Owner).await;
    let ben = person(&world, &world.home, "ben@example.org", Role::Editor).await;
    let (owner, session) = (
        sign_in(&world, &world.home, "olga@example.org").await,
        sign_in(&world, &world.home, "ben@example.org").await,
    );
    let lower = json!({ "id": olga, "role": "ADMIN" });
    let payload = world
        .change_by(&owner, "memberUpdate", "member { role }", lower)
        .await;
    assert_eq!(told(&payload), ("LAST_OWNER", ""));
    let remove = json!({ "id": olga });
    let payload = world
        .change_by(&owner, "memberRemove", "removedId", remove)
        .await;
    assert_eq!(told(&payload), ("INVALID_STATE", ""));
    let leave = "mutation { workspaceLeave { removedId errors { code path } } }";
    let left = async |session: &str| {
        let answer = world.graphql(session, leave, json!({})).await;
        answer["data"]["workspaceLeave"].clone()
    };
    assert_eq!(told(&left(&owner).await), ("LAST_OWNER", ""));

    assert_eq!(left(&session).await["removedId"], ben);
    let answer = world
        .graphql(&session, "{ viewer { role } }", json!({}))
        .await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert_eq!(roles(&world).await, pairs(&[("olga", "OWNER")]));

    world.clock.advance(TimeDelta::seconds(1));
    let vera = person(&world, &world.home, "vera@example.org", Role::Viewer).await;
    let admin = person(&world, &world.home, "noor@example.org", Role::Admin).await;
    let noor = sign_in(&world, &world.home, "noor@example.org").await;
    let payload = world
        .change_by(&noor, "memberRemove", "removedId", json!({ "id": olga }))
        .await;
    assert_eq!(told(&payload), ("FORBIDDEN", ""));
    let payload = world
        .change_by(&noor, "memberRemove", "removedId", json!({ "id": vera }))
        .await;
    assert_eq!(payload["removedId"], vera);
    let list = "{ members { nodes { personId allowedActions } } }";
    let answer = world.graphql(&owner, list, json!({})).await;
    assert_eq!(
        answer["data"]["members"]["nodes"],
        json!([{ "personId": olga, "allowedActions": ["UPDATE"] },
            { "personId": admin, "allowedActions": ["UPDATE", "REMOVE", "TRANSFER"] }])
    );
}

#[tokio::test]
async fn no_key_makes_an_owner_or_unmakes_one() {
    let world = World::new().await;
    let olga = person(&world, &world.home, "olga@example.org", Role::Owner).await;
    let noor = person(&world, &world.home, "noor@example.org", Role::Owner).await;
    let ben = person(&world, &world.home, "ben@example.org", Role::Editor).await;
    let session = sign_in(&world, &world.home, "olga@example.org").await;
    let input = json!({ "name": "Mine", "role": "OWNER" });
    let made = world
        .change_by(&session, "apiKeyCreate", "secret", input)
        .await;
    let (id, _) = invited(&world, &session, "x@example.org", "OWNER").await;
    let mallory = json!({ "email": "mallory@example.org", "role": "OWNER" });
    for (name, input) in [
        ("memberUpdate", json!({ "id": ben, "role": "OWNER" })),
        ("memberUpdate", json!({ "id": noor, "role": "VIEWER" })),
        ("memberRemove", json!({ "id": noor })),
        ("invitationCreate", mallory),
        ("invitationResend", json!({ "id": id })),
    ] {
        for key in [world.home.owner.as_str(), made["secret"].as_str().unwrap()] {
            let payload = world
                .change_by(key, name, "__typename", input.clone())
                .await;
            assert_eq!(told(&payload), ("INVALID_STATE", ""), "{name} {input}");
        }
    }
    let unchanged = pairs(&[("ben", "EDITOR"), ("noor", "OWNER"), ("olga", "OWNER")]);
    assert_eq!(roles(&world).await, unchanged);
    let raise = json!({ "id": ben, "role": "OWNER" });
    let payload = world
        .change_by(&session, "memberUpdate", "member { role }", raise)
        .await;
    assert_eq!(payload["member"]["role"], "OWNER", "{payload}");
    let input = json!({ "id": olga, "role": "VIEWER" });
    let payload = world
        .change_by(&session, "memberUpdate", "member { role }", input)
        .await;
    assert_eq!(payload["member"]["role"], "VIEWER", "{payload}");
}

#[tokio::test]
async fn a_workspace_is_handed_over_and_both_sides_are_recorded() {
    let world = World::new().await;
    let olga = person(&world, &world.home, "olga@example.org", Role::Owner).await;
    let noor = person(&world, &world.home, "noor@example.org", Role::Editor).await;
    let stranger = person(&world, &world.other, "eve@example.org", Role::Owner).await;
    let session = sign_in(&world, &world.home, "olga@example.org").await;
    let to = async |key: &str, id: &str| {
        let input = json!({ "personId": id });
        world
            .change_by(key, "workspaceTransfer", "member { personId role }", input)
            .await
    };
    assert_eq!(
        told(&to(&world.home.owner, &noor).await),
        ("INVALID_STATE", "")
    );
    assert_eq!(told(&to(&session, &stranger).await), ("NOT_FOUND", ""));
    assert_eq!(
        told(&to(&session, &olga).await),
        ("INVALID_INPUT", "personId")
    );
    let payload = to(&session, &noor).await;
    assert_eq!(
        payload["member"],
        json!({ "personId": noor, "role": "OWNER" })
    );
    assert_eq!(
        roles(&world).await,
        pairs(&[("noor", "OWNER"), ("olga", "ADMIN")])
    );
    assert_eq!(told(&to(&session, &noor).await), ("FORBIDDEN", ""));
    let events =
        "{ events(types: [WORKSPACE_TRANSFERRED, MEMBER_UPDATED]) { nodes { type data } } }";
    let log = world.ask(events, json!({})).await;
    assert_eq!(
        log["events"]["nodes"],
        json!([
            { "type": "WORKSPACE_TRANSFERRED", "data": { "fromUserId": olga, "toUserId": noor } },
            { "type": "MEMBER_UPDATED", "data": { "userId": noor, "role": "OWNER", "roleId": null, "connectionIds": null } },
            { "type": "MEMBER_UPDATED", "data": { "userId": olga, "role": "ADMIN", "roleId": null, "connectionIds": null } },
        ])
    );
}
