//! What an app may do with what it was given, and how that ends.

use posthaste_engine::session::operator;

use super::*;
use crate::world::sign_in;

#[tokio::test]
async fn an_app_does_never_more_than_the_person_may_now() {
    let (world, mut surfer) = signed_in(Role::Editor).await;
    let author = Author::new(&world, &world.home, false).await;
    let given = tokens(&mut surfer, &author).await;
    let access = text(&given, "access_token");
    let write = async || {
        let made = world
            .change_by(access, "postCreate", "post { id }", json!({ "text": "a" }))
            .await;
        made["errors"][0]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(write().await, "");
    let viewer = world
        .graphql(access, "{ viewer { person { id } } }", json!({}))
        .await;
    let ada = viewer["data"]["viewer"]["person"]["id"].clone();
    let role = async |role: &str| {
        let input = json!({ "id": ada, "role": role });
        world
            .change_by(&world.home.owner, "memberUpdate", "__typename", input)
            .await
    };
    role("VIEWER").await;
    assert_eq!(write().await, "FORBIDDEN");
    role("ADMIN").await;
    assert_eq!(write().await, "");
    // The person may more by now; the app was not given that.
    let document = "{ viewer { permissions } }";
    let viewer = world.graphql(access, document, json!({})).await;
    assert_eq!(
        viewer["data"]["viewer"]["permissions"],
        json!(["READ", "WRITE"])
    );
    let removed = world
        .change_by(
            &world.home.owner,
            "memberRemove",
            "__typename",
            json!({ "id": ada }),
        )
        .await;
    assert_eq!(removed["errors"], json!([]));
    assert_eq!(opens(&world, &given).await, "UNAUTHENTICATED");
    let (_, told) = author.refresh(&surfer, &given["refresh_token"]).await;
    assert_eq!(told["error"], "invalid_grant");
}

#[tokio::test]
async fn who_asks_for_more_than_the_person_may_gets_what_the_person_may() {
    let (world, mut surfer) = signed_in(Role::Viewer).await;
    let author = Author::new(&world, &world.home, false).await;
    let given = tokens(&mut surfer, &author).await;
    assert_eq!(given["scope"], "READ");
}

#[tokio::test]
async fn an_app_is_no_proof_of_who_somebody_is() {
    let (world, mut surfer) = signed_in(Role::Owner).await;
    let author = Author::new(&world, &world.home, false).await;
    let given = tokens(&mut surfer, &author).await;
    let access = text(&given, "access_token");
    for (name, input) in [
        ("apiKeyCreate", json!({ "name": "Mine", "role": "VIEWER" })),
        ("workspaceDelete", json!({ "name": "Home" })),
        (
            "workspaceSecurityUpdate",
            json!({ "secondFactorRequired": true }),
        ),
        (
            "sessionRevoke",
            json!({ "id": "ses_01h455vb4pex5vsknk084sn02q" }),
        ),
        ("sessionReauthenticate", json!({ "password": PASSWORD })),
        (
            "passwordChange",
            json!({ "current": PASSWORD, "new": "another horse" }),
        ),
        ("personErase", json!({ "password": PASSWORD })),
        (
            "oauthAppCreate",
            json!({ "name": "a", "redirectUris": [BACK], "permissions": ["READ"], "isConfidential": true }),
        ),
        (
            "oauthGrantRevoke",
            json!({ "id": "ogr_01h455vb4pex5vsknk084sn02q" }),
        ),
        ("totpConfirm", json!({ "code": "123456" })),
    ] {
        let told = world.change_by(access, name, "__typename", input).await;
        let code = told["errors"][0]["code"].as_str().unwrap_or_default();
        assert!(
            ["FORBIDDEN", "INVALID_STATE"].contains(&code),
            "{name}: {told}"
        );
    }
    for query in [
        "{ sessions { nodes { id } } }",
        "{ oauthGrants { nodes { id } } }",
        "{ secondFactor { recoveryCodesLeft } }",
    ] {
        let answer = world.graphql(access, query, json!({})).await;
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], "INVALID_STATE",
            "{query}"
        );
    }
    let keys = world
        .graphql(access, "{ apiKeys { nodes { id } } }", json!({}))
        .await;
    assert_eq!(keys["data"]["apiKeys"]["nodes"], json!([]), "{keys}");
}

#[tokio::test]
async fn an_app_that_manages_members_still_makes_no_owner() {
    let (world, mut surfer) = signed_in(Role::Owner).await;
    let ben = person(&world, &world.home, "ben@example.org", Role::Viewer).await;
    let input = json!({ "name": "Members", "redirectUris": [BACK], "permissions": ["READ", "MANAGE_MEMBERS"], "isConfidential": false });
    let made = world
        .change_by(
            &world.home.owner,
            "oauthAppCreate",
            "oauthApp { id }",
            input,
        )
        .await;
    let author = Author {
        id: made["oauthApp"]["id"].as_str().unwrap().to_owned(),
        secret: None,
    };
    let asks = author.asks(&[("scope", Some("MANAGE_MEMBERS"))]);
    let code = code(&mut surfer, &asks).await;
    let (_, given) = author.fetch(&surfer, &[("code", &code)]).await;
    let access = text(&given, "access_token");
    let owner = json!({ "email": "new@example.org", "role": "OWNER" });
    for (name, input) in [
        ("memberUpdate", json!({ "id": ben, "role": "OWNER" })),
        ("invitationCreate", owner),
    ] {
        let told = world.change_by(access, name, "__typename", input).await;
        assert_eq!(told["errors"][0]["code"], "FORBIDDEN", "{name}");
    }
}

#[tokio::test]
async fn an_app_gives_its_tokens_back() {
    let (world, mut surfer) = signed_in(Role::Editor).await;
    let author = Author::new(&world, &world.home, true).await;
    let other = Author::new(&world, &world.home, true).await;
    for name in ["access_token", "refresh_token"] {
        let given = tokens(&mut surfer, &author).await;
        let revoke = async |author: &Author, token: &str| {
            let mut fields = author.shown();
            fields.push(("token", token));
            surfer.program("/oauth/revoke", &fields).await.0.as_u16()
        };
        assert_eq!(revoke(&author, "nonsense").await, 200);
        // Another app's it cannot end, and is not told so.
        assert_eq!(revoke(&other, text(&given, name)).await, 200);
        assert_eq!(opens(&world, &given).await, "");
        assert_eq!(revoke(&author, text(&given, name)).await, 200);
        assert_eq!(opens(&world, &given).await, "UNAUTHENTICATED", "{name}");
        let (_, told) = author.refresh(&surfer, &given["refresh_token"]).await;
        assert_eq!(told["error"], "invalid_grant");
    }
    let (status, _) = surfer.program("/oauth/revoke", &[("token", "x")]).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn people_see_and_end_what_they_gave_and_who_manages_keys_sees_all_of_the_workspace() {
    let (world, mut surfer) = signed_in(Role::Editor).await;
    let author = Author::new(&world, &world.other, false).await;
    let given = tokens(&mut surfer, &author).await;
    let ada = sign_in(&world, &world.home, EMAIL).await;
    world
        .graphql(
            text(&given, "access_token"),
            "{ viewer { kind } }",
            json!({}),
        )
        .await;
    let list = "query($all: Boolean!) { oauthGrants(ofWorkspace: $all) { totalCount nodes { id appName personName workspaceId
        permissions connectionIds createdAt expiresAt lastUsedAt } } }";
    let own = world.graphql(&ada, list, json!({ "all": false })).await;
    let grants = &own["data"]["oauthGrants"];
    let id = grants["nodes"][0]["id"].clone();
    assert_eq!(
        *grants,
        json!({ "totalCount": 1, "nodes": [{ "id": id, "appName": "Calendar <b>", "personName": "ada",
            "workspaceId": world.home.workspace, "permissions": ["READ", "WRITE"], "connectionIds": null,
            "createdAt": "2027-01-04T08:00:00+00:00", "expiresAt": "2027-02-03T08:00:00+00:00", "lastUsedAt": null }] })
    );
    let refused = world.graphql(&ada, list, json!({ "all": true })).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
    let all = world
        .graphql(&world.home.owner, list, json!({ "all": true }))
        .await;
    assert_eq!(all["data"]["oauthGrants"]["nodes"][0]["id"], id);
    let others = world
        .graphql(&world.other.owner, list, json!({ "all": true }))
        .await;
    assert_eq!(others["data"]["oauthGrants"]["nodes"], json!([]));
    // Whose app it is sees how many use it, and not who.
    let apps = "{ oauthApps { totalCount nodes { id grantCount } } }";
    let apps = world.graphql(&world.other.owner, apps, json!({})).await;
    assert_eq!(
        apps["data"]["oauthApps"],
        json!({ "totalCount": 1, "nodes": [{ "id": author.id, "grantCount": 1 }] })
    );

    person(&world, &world.home, "eve@example.org", Role::Editor).await;
    let eve = sign_in(&world, &world.home, "eve@example.org").await;
    let revoke = async |by: &str| {
        let input = json!({ "id": id });
        let told = world
            .change_by(by, "oauthGrantRevoke", "revokedId", input)
            .await;
        told["errors"][0]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    for stranger in [&eve, &world.other.owner] {
        assert_eq!(revoke(stranger).await, "NOT_FOUND");
    }
    assert_eq!(opens(&world, &given).await, "");
    assert_eq!(revoke(&ada).await, "");
    assert_eq!(opens(&world, &given).await, "UNAUTHENTICATED");
    assert_eq!(revoke(&ada).await, "NOT_FOUND");
    tokens(&mut surfer, &author).await;
    let again = world.graphql(&ada, list, json!({ "all": false })).await;
    let again = again["data"]["oauthGrants"]["nodes"][0]["id"].clone();
    let input = json!({ "id": again });
    let ended = world
        .change_by(&world.home.owner, "oauthGrantRevoke", "revokedId", input)
        .await;
    assert_eq!(ended["revokedId"], again);
}

#[tokio::test]
async fn who_is_shut_out_is_so_with_apps_too_and_comes_back_with_them() {
    let (world, mut surfer) = signed_in(Role::Editor).await;
    let author = Author::new(&world, &world.home, false).await;
    let given = tokens(&mut surfer, &author).await;
    operator::disable(&world.app, EMAIL).await.unwrap();
    assert_eq!(opens(&world, &given).await, "UNAUTHENTICATED");
    let (_, told) = author.refresh(&surfer, &given["refresh_token"]).await;
    assert_eq!(told["error"], "invalid_grant");
    operator::enable(&world.app, EMAIL).await.unwrap();
    assert_eq!(opens(&world, &given).await, "");
    let (status, _) = author.refresh(&surfer, &given["refresh_token"]).await;
    assert_eq!(status, StatusCode::OK);
}
