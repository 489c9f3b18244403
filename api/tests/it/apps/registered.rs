//! Registering apps.

use super::*;
use crate::world::sign_in;

const NEW: &str =
    "secret oauthApp { id name redirectUris permissions isConfidential grantCount version }";

fn wanted(other: Value) -> Value {
    let mut input = json!({ "name": " Calendar ", "redirectUris": [BACK], "permissions": ["READ"], "isConfidential": true });
    input
        .as_object_mut()
        .unwrap()
        .extend(other.as_object().unwrap().clone());
    input
}

#[tokio::test]
async fn an_app_is_registered_changed_given_another_secret_and_removed() {
    let (world, mut surfer) = signed_in(Role::Editor).await;
    let owner = &world.home.owner;
    let made = world
        .change_by(owner, "oauthAppCreate", NEW, wanted(json!({})))
        .await;
    let id = made["oauthApp"]["id"].as_str().unwrap();
    let secret = made["secret"].as_str().unwrap();
    assert!(id.starts_with("app_") && secret.starts_with("phx_"));
    assert_eq!(
        made["oauthApp"],
        json!({ "id": id, "name": "Calendar", "redirectUris": [BACK], "permissions": ["READ"], "isConfidential": true,
            "grantCount": 0, "version": 1 })
    );
    let input = json!({ "id": id, "version": 1, "permissions": ["READ", "WRITE"] });
    let changed = world
        .change_by(
            owner,
            "oauthAppUpdate",
            "oauthApp { name permissions version }",
            input.clone(),
        )
        .await;
    assert_eq!(
        changed["oauthApp"],
        json!({ "name": "Calendar", "permissions": ["READ", "WRITE"], "version": 2 })
    );
    let stale = world
        .change_by(owner, "oauthAppUpdate", "__typename", input)
        .await;
    assert_eq!(stale["errors"][0]["code"], "VERSION_CONFLICT");

    let first = Author {
        id: id.to_owned(),
        secret: Some(secret.to_owned()),
    };
    let given = tokens(&mut surfer, &first).await;
    let rotated = world
        .change_by(owner, "oauthAppSecretRotate", "secret", json!({ "id": id }))
        .await;
    let second = Author {
        secret: rotated["secret"].as_str().map(str::to_owned),
        ..first.clone()
    };
    assert_ne!(first.secret, second.secret);
    let (_, told) = first.refresh(&surfer, &given["refresh_token"]).await;
    assert_eq!(told["error"], "invalid_client");
    let (status, given) = second.refresh(&surfer, &given["refresh_token"]).await;
    assert_eq!(status, StatusCode::OK);

    let gone = world
        .change_by(owner, "oauthAppDelete", "deletedId", json!({ "id": id }))
        .await;
    assert_eq!(gone["deletedId"], id);
    assert_eq!(opens(&world, &given).await, "UNAUTHENTICATED");
    let (_, told) = second.refresh(&surfer, &given["refresh_token"]).await;
    assert_eq!(told["error"], "invalid_client");
    assert_eq!(
        surfer.get(&second.asks(&[])).await.status,
        StatusCode::NOT_FOUND
    );
    let acts = audited(&world).await;
    let acts: Vec<&str> = acts.iter().map(|(act, _)| act.as_str()).collect();
    assert_eq!(
        acts,
        [
            "oauth_app.created",
            "oauth_app.updated",
            "oauth_grant.created",
            "oauth_app.secret_rotated",
            "oauth_grant.revoked",
            "oauth_app.deleted"
        ]
    );
}

#[tokio::test]
async fn all_that_is_wrong_with_an_app_is_told() {
    let world = World::new().await;
    let told = async |input: Value| {
        let told = world
            .change_by(&world.home.owner, "oauthAppCreate", NEW, wanted(input))
            .await;
        let errors = told["errors"].as_array().unwrap().clone();
        let places = errors
            .iter()
            .map(|error| error["path"].as_array().unwrap().last().unwrap().clone());
        places.collect::<Vec<_>>()
    };
    let wrong = json!({ "name": " ", "permissions": ["WRITE"], "redirectUris": [BACK, "http://app.example/back", "com.example.app:/back"] });
    assert_eq!(told(wrong).await, ["name", "1", "2", "permissions"]);
    for permission in ["MANAGE_KEYS", "OWN_WORKSPACE"] {
        let wrong = json!({ "permissions": ["READ", permission] });
        assert_eq!(told(wrong).await, ["permissions"]);
    }
    assert_eq!(told(json!({ "redirectUris": [] })).await, ["redirectUris"]);
    assert_eq!(
        told(json!({ "redirectUris": ["com.example.app:/back"], "isConfidential": false })).await,
        [""; 0]
    );
    let public = world
        .change_by(
            &world.home.owner,
            "oauthAppCreate",
            NEW,
            wanted(json!({ "isConfidential": false })),
        )
        .await;
    assert_eq!(public["secret"], Value::Null);
    let input = json!({ "id": public["oauthApp"]["id"] });
    let rotated = world
        .change_by(&world.home.owner, "oauthAppSecretRotate", "secret", input)
        .await;
    assert_eq!(rotated["errors"][0]["code"], "INVALID_STATE");
}

#[tokio::test]
async fn where_codes_go_takes_a_proof_of_ten_minutes() {
    let world = World::new().await;
    person(&world, &world.home, "olga@example.org", Role::Owner).await;
    let olga = sign_in(&world, &world.home, "olga@example.org").await;
    let made = world
        .change_by(&olga, "oauthAppCreate", NEW, wanted(json!({})))
        .await;
    let id = &made["oauthApp"]["id"];
    world.clock.advance(chrono::TimeDelta::minutes(11));
    let code = async |name: &str, input: Value| {
        let told = world.change_by(&olga, name, "__typename", input).await;
        told["errors"][0]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let elsewhere = json!({ "id": id, "version": 1, "redirectUris": ["https://other.example/"] });
    for (name, input) in [
        ("oauthAppCreate", wanted(json!({}))),
        ("oauthAppUpdate", elsewhere),
        ("oauthAppSecretRotate", json!({ "id": id })),
    ] {
        assert_eq!(
            code(name, input).await,
            "REAUTHENTICATION_REQUIRED",
            "{name}"
        );
    }
    let renamed = json!({ "id": id, "version": 1, "name": "Other" });
    assert_eq!(code("oauthAppUpdate", renamed).await, "");
}
