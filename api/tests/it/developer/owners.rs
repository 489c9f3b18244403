//! Whose a key is: a person's key never does more than the person may at that moment.

use posthaste_core::access::Role;
use serde_json::{Value, json};

use crate::world::{World, person, sign_in};

/// Makes a key; its id and secret.
async fn made(world: &World, by_whom: &str, input: Value) -> (String, String) {
    let fields = "secret apiKey { id kind personId }";
    let payload = world
        .change_by(by_whom, "apiKeyCreate", fields, input)
        .await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&payload["apiKey"]["id"]), text(&payload["secret"]))
}

/// What a credential may do, or the code of the refusal.
async fn may(world: &World, secret: &str) -> Value {
    let answer = world
        .graphql(secret, "{ viewer { permissions } }", json!({}))
        .await;
    if answer["errors"].is_array() {
        return answer["errors"][0]["extensions"]["code"].clone();
    }
    answer["data"]["viewer"]["permissions"].clone()
}

async fn kind(world: &World, key: &str) -> Value {
    let one = "query($id: ID!) { apiKey(id: $id) { kind personId status } }";
    let answer = world
        .graphql(&world.home.owner, one, json!({ "id": key }))
        .await;
    answer["data"]["apiKey"].clone()
}

#[tokio::test]
async fn a_persons_key_loses_what_the_person_loses_and_goes_with_the_person() {
    let world = World::new().await;
    let dev = person(&world, &world.home, "dev@example.org", Role::Developer).await;
    let session = sign_in(&world, &world.home, "dev@example.org").await;
    let input = json!({ "name": "CI", "permissions": ["READ", "WRITE", "MANAGE_KEYS"] });
    let (id, secret) = made(&world, &session, input).await;
    assert_eq!(
        kind(&world, &id).await,
        json!({ "kind": "PERSONAL", "personId": dev, "status": "ACTIVE" })
    );
    assert_eq!(
        may(&world, &secret).await,
        json!(["READ", "WRITE", "MANAGE_KEYS"])
    );
    // A key's key is whose that one is.
    let (second, inner) = made(&world, &secret, json!({ "name": "In", "role": "VIEWER" })).await;
    assert_eq!(kind(&world, &second).await["personId"], dev);

    let change = async |role: &str| {
        let input = json!({ "id": dev, "role": role });
        world
            .change_by(&world.home.owner, "memberUpdate", "member { role }", input)
            .await;
    };
    change("EDITOR").await;
    assert_eq!(may(&world, &secret).await, json!(["READ", "WRITE"]));
    change("ADMIN").await;
    assert_eq!(
        may(&world, &secret).await,
        json!(["READ", "WRITE", "MANAGE_KEYS"])
    );
    change("EDITOR").await;
    let (service, _) = made(
        &world,
        &world.home.owner,
        json!({ "name": "S", "role": "EDITOR" }),
    )
    .await;
    let input = json!({ "id": dev });
    world
        .change_by(&world.home.owner, "memberRemove", "removedId", input)
        .await;
    for secret in [&secret, &inner] {
        assert_eq!(may(&world, secret).await, "UNAUTHENTICATED");
    }
    for id in [&id, &second] {
        assert_eq!(kind(&world, id).await["status"], "REVOKED");
    }
    assert_eq!(
        kind(&world, &service).await,
        json!({ "kind": "SERVICE", "personId": null, "status": "ACTIVE" })
    );
}

#[tokio::test]
async fn a_service_account_stays_and_takes_the_right_to_manage_members() {
    let world = World::new().await;
    person(&world, &world.home, "dev@example.org", Role::Developer).await;
    let noor = person(&world, &world.home, "noor@example.org", Role::Admin).await;
    let service = json!({ "name": "S", "role": "EDITOR", "kind": "SERVICE" });
    let dev = sign_in(&world, &world.home, "dev@example.org").await;
    let payload = world
        .change_by(&dev, "apiKeyCreate", "secret", service.clone())
        .await;
    assert_eq!(
        (&payload["errors"][0]["code"], &payload["errors"][0]["path"]),
        (&json!("FORBIDDEN"), &json!(["kind"]))
    );
    let session = sign_in(&world, &world.home, "noor@example.org").await;
    let (id, secret) = made(&world, &session, service).await;
    assert_eq!(kind(&world, &id).await["kind"], "SERVICE");
    let input = json!({ "id": noor });
    world
        .change_by(&world.home.owner, "memberRemove", "removedId", input)
        .await;
    assert_eq!(
        may(&world, &secret).await,
        json!(["READ", "WRITE", "PUBLISH"])
    );
    let personal = json!({ "name": "P", "role": "VIEWER", "kind": "PERSONAL" });
    let payload = world
        .change_by(&world.home.owner, "apiKeyCreate", "secret", personal)
        .await;
    assert_eq!(payload["errors"][0]["path"], json!(["kind"]));
}

#[tokio::test]
async fn a_person_takes_their_own_keys_back_whatever_they_may_by_now() {
    let world = World::new().await;
    let noor = person(&world, &world.home, "noor@example.org", Role::Admin).await;
    let session = sign_in(&world, &world.home, "noor@example.org").await;
    let personal = |name: &str| json!({ "name": name, "role": "ADMIN", "kind": "PERSONAL" });
    let (first, _) = made(&world, &session, personal("First")).await;
    let (second, secret) = made(&world, &session, personal("Second")).await;
    let service = json!({ "name": "S", "role": "VIEWER", "kind": "SERVICE" });
    let (service, itself) = made(&world, &session, service).await;
    let lower = async |role: &str| {
        let input = json!({ "id": noor, "role": role });
        world
            .change_by(&world.home.owner, "memberUpdate", "member { role }", input)
            .await;
    };
    let revoke = async |key: &str, id: &str| {
        let fields = "apiKey { status }";
        let payload = world
            .change_by(key, "apiKeyRevoke", fields, json!({ "id": id }))
            .await;
        let code = payload["errors"][0]["code"].as_str();
        code.unwrap_or_default().to_owned()
    };
    lower("DEVELOPER").await;
    assert_eq!(revoke(&session, &first).await, "");
    lower("VIEWER").await;
    let list = "{ apiKeys { totalCount nodes { id allowedActions } } }";
    let answer = world.graphql(&session, list, json!({})).await;
    assert_eq!(
        answer["data"]["apiKeys"],
        json!({ "totalCount": 1, "nodes": [{ "id": second, "allowedActions": ["REVOKE"] }] })
    );
    for (key, id) in [
        (&session, &service),
        (&secret, &service),
        (&itself, &second),
    ] {
        assert_eq!(revoke(key, id).await, "FORBIDDEN");
    }
    assert_eq!(revoke(&session, &second).await, "");
    assert_eq!(revoke(&itself, &service).await, "");
    assert_eq!(may(&world, &itself).await, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_service_account_outlives_the_person_whose_key_made_it() {
    let world = World::new().await;
    let noor = person(&world, &world.home, "noor@example.org", Role::Admin).await;
    let session = sign_in(&world, &world.home, "noor@example.org").await;
    let ci = json!({ "name": "CI", "role": "ADMIN", "kind": "PERSONAL" });
    let (_, ci) = made(&world, &session, ci).await;
    let inner = json!({ "name": "In", "role": "ADMIN", "kind": "PERSONAL" });
    let (inner, within) = made(&world, &ci, inner).await;
    let service = json!({ "name": "S", "role": "EDITOR", "kind": "SERVICE" });
    let (service, secret) = made(&world, &within, service).await;
    let input = json!({ "id": noor });
    world
        .change_by(&world.home.owner, "memberRemove", "removedId", input)
        .await;
    assert_eq!(may(&world, &ci).await, "UNAUTHENTICATED");
    assert_eq!(kind(&world, &inner).await["status"], "REVOKED");
    assert_eq!(kind(&world, &service).await["status"], "ACTIVE");
    assert_eq!(
        may(&world, &secret).await,
        json!(["READ", "WRITE", "PUBLISH"])
    );
    let log = world
        .ask(
            "{ events(types: [API_KEY_REVOKED]) { nodes { data } } }",
            json!({}),
        )
        .await;
    assert_eq!(log["events"]["nodes"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_a_key_made_ends_with_it_and_never_later() {
    let world = World::new().await;
    let end = "2027-02-01T00:00:00Z";
    let input = json!({ "name": "A", "permissions": ["READ", "MANAGE_KEYS"], "expiresAt": end });
    let (first, secret) = made(&world, &world.home.owner, input).await;
    for input in [
        json!({ "name": "B", "role": "VIEWER" }),
        json!({ "name": "B", "role": "VIEWER", "expiresAt": "2027-02-01T00:00:01Z" }),
    ] {
        let payload = world
            .change_by(&secret, "apiKeyCreate", "secret", input)
            .await;
        assert_eq!(
            (&payload["errors"][0]["code"], &payload["errors"][0]["path"]),
            (&json!("TIME_TOO_FAR"), &json!(["expiresAt"]))
        );
    }
    let longer = json!({ "id": first, "expiresAt": null });
    let payload = world
        .change_by(&secret, "apiKeyUpdate", "apiKey { id }", longer)
        .await;
    assert_eq!(payload["errors"][0]["code"], "TIME_TOO_FAR");
    let input = json!({ "name": "B", "permissions": ["READ", "MANAGE_KEYS"], "expiresAt": end });
    let (_, inner) = made(&world, &secret, input).await;
    let input = json!({ "name": "C", "role": "VIEWER", "expiresAt": end });
    let (last, innermost) = made(&world, &inner, input).await;
    assert_eq!(may(&world, &innermost).await, json!(["READ"]));
    let input = json!({ "id": first });
    world
        .change_by(&world.home.owner, "apiKeyRevoke", "apiKey { id }", input)
        .await;
    for secret in [&secret, &inner, &innermost] {
        assert_eq!(may(&world, secret).await, "UNAUTHENTICATED");
    }
    assert_eq!(kind(&world, &last).await["status"], "REVOKED");
}

#[tokio::test]
async fn nobody_gets_the_secret_of_a_key_that_is_not_theirs() {
    let world = World::new().await;
    person(&world, &world.home, "dev@example.org", Role::Developer).await;
    person(&world, &world.home, "noor@example.org", Role::Admin).await;
    let dev = sign_in(&world, &world.home, "dev@example.org").await;
    let noor = sign_in(&world, &world.home, "noor@example.org").await;
    let by_whom = async |whose: &str, input: Value| made(&world, whose, input).await;
    let service = json!({ "name": "S", "role": "EDITOR", "kind": "SERVICE" });
    let (service, _) = by_whom(&noor, service).await;
    let (hers, _) = by_whom(&noor, json!({ "name": "N", "role": "VIEWER" })).await;
    let (his, _) = by_whom(&dev, json!({ "name": "D", "role": "VIEWER" })).await;
    let ending = json!({ "name": "E", "permissions": ["READ", "WRITE", "PUBLISH", "MANAGE_KEYS"], "expiresAt": "2027-02-01T00:00:00Z" });
    let (itself, ending) = by_whom(&world.home.owner, ending).await;
    let rotate = async |whose: &str, id: &str| {
        let input = json!({ "id": id });
        let payload = world
            .change_by(whose, "apiKeyRotate", "secret", input)
            .await;
        let code = payload["errors"][0]["code"].as_str();
        code.unwrap_or_default().to_owned()
    };
    for (who, whose, id, told) in [
        ("a developer", &dev, &service, "FORBIDDEN"),
        ("a developer", &dev, &hers, "FORBIDDEN"),
        ("an admin", &noor, &his, "FORBIDDEN"),
        ("a service", &world.home.owner, &hers, "FORBIDDEN"),
        ("a key that ends", &ending, &service, "TIME_TOO_FAR"),
        ("a developer", &dev, &his, ""),
        ("an admin", &noor, &service, ""),
        ("a key that ends", &ending, &itself, ""),
    ] {
        assert_eq!(rotate(whose, id).await, told, "{who} rotates {id}");
    }
    let longer = json!({ "id": itself, "expiresAt": "2028-02-01T00:00:00Z" });
    let payload = world
        .change_by(&dev, "apiKeyUpdate", "apiKey { id }", longer)
        .await;
    assert_eq!(payload["errors"][0]["code"], "FORBIDDEN");
    let one = "query($id: ID!) { apiKey(id: $id) { allowedActions } }";
    let answer = world.graphql(&dev, one, json!({ "id": hers })).await;
    assert_eq!(
        answer["data"]["apiKey"]["allowedActions"],
        json!(["UPDATE", "REVOKE"])
    );
}
