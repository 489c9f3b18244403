//! A person's own identities: linked, unlinked, and shown again.

use axum::http::StatusCode;
use chrono::TimeDelta;
use posthaste_core::access::Role;
use posthaste_engine::audit::export;
use serde_json::{Value, json};

use super::{
    browser::{Browser, parameter, refusal},
    issuer::Issuer,
};
use crate::world::{PASSWORD, World, person, sign_in};

const ADDRESS: &str = "address addressExpiresAt";
const BACK: &str = "/settings";

/// A provider, Ada who does not use it yet, and her session.
async fn with_ada() -> (Issuer, World, String) {
    let issuer = Issuer::start().await;
    let world = issuer.world().await;
    person(&world, &world.home, "ada@harbor.example", Role::Owner).await;
    let session = sign_in(&world, &world.home, "ada@harbor.example").await;
    (issuer, world, session)
}

/// Begins, and goes the whole way; the code that it ends with.
async fn code(
    issuer: &Issuer,
    world: &World,
    browser: &mut Browser,
    session: &str,
    name: &str,
) -> String {
    let input = json!({ "provider": "acme", "returnTo": BACK });
    let payload = world.change_by(session, name, ADDRESS, input).await;
    assert_eq!(payload["errors"], json!([]));
    let address = payload["address"].as_str().unwrap();
    let there = browser.follow(world, address).await;
    let end = browser.follow(world, &issuer.answer(&there)).await;
    parameter(&end, "code").unwrap_or_else(|| panic!("{end}"))
}

/// Links an identity; the payload.
async fn link(issuer: &Issuer, world: &World, session: &str) -> Value {
    let mut browser = Browser::default();
    let code = code(issuer, world, &mut browser, session, "identityLinkStart").await;
    let input = json!({ "code": code });
    let fields = "identity { id provider email linkedAt lastUsedAt }";
    browser
        .change(world, Some(session), "identityLink", fields, input)
        .await
}

async fn identities(world: &World, session: &str) -> usize {
    let answer = world
        .graphql(session, "{ identities { id } }", json!({}))
        .await;
    answer["data"]["identities"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_person_links_an_identity_signs_in_with_it_and_unlinks_it() {
    let (issuer, world, session) = with_ada().await;
    let mut browser = Browser::default();
    let end = issuer.dance(&world, &mut browser).await;
    assert_eq!(parameter(&end, "error").unwrap(), "IDENTITY_UNKNOWN");

    let payload = link(&issuer, &world, &session).await;
    let identity = &payload["identity"];
    assert_eq!(
        (
            &identity["provider"],
            &identity["email"],
            &identity["lastUsedAt"]
        ),
        (&json!("acme"), &json!("ada@example.org"), &Value::Null)
    );
    // Once more is the same.
    let again = link(&issuer, &world, &session).await;
    assert_eq!(again["identity"]["id"], identity["id"]);
    assert_eq!(identities(&world, &session).await, 1);
    let code = json!({ "code": issuer.code(&world, &mut browser).await });
    let opened = browser.redeem(&world, code).await;
    assert_eq!(
        opened["session"]["workspaceId"],
        world.home.workspace.to_string()
    );

    let input = json!({ "id": identity["id"] });
    let payload = world
        .change_by(&session, "identityUnlink", "unlinkedId", input.clone())
        .await;
    assert_eq!(payload["unlinkedId"], identity["id"]);
    let payload = world
        .change_by(&session, "identityUnlink", "unlinkedId", input)
        .await;
    assert_eq!(refusal(&payload), "NOT_FOUND");
    let end = issuer.dance(&world, &mut browser).await;
    assert_eq!(parameter(&end, "error").unwrap(), "IDENTITY_UNKNOWN");
    let entries = export(&world.app.db, None, 0).await.unwrap();
    let acts: Vec<_> = entries.iter().map(|entry| entry.act.as_str()).collect();
    assert_eq!(
        acts,
        [
            "session.refused",
            "person.identity_linked",
            "person.identity_unlinked",
            "session.refused"
        ]
    );
}

#[tokio::test]
async fn linking_and_unlinking_take_a_proof_of_ten_minutes() {
    let (issuer, world, session) = with_ada().await;
    let linked = link(&issuer, &world, &session).await;
    world
        .clock
        .advance(TimeDelta::minutes(10) + TimeDelta::seconds(1));
    for (name, input) in [
        (
            "identityLinkStart",
            json!({ "provider": "acme", "returnTo": BACK }),
        ),
        ("identityUnlink", json!({ "id": linked["identity"]["id"] })),
    ] {
        let payload = world.change_by(&session, name, "__typename", input).await;
        assert_eq!(refusal(&payload), "REAUTHENTICATION_REQUIRED", "{name}");
    }
    assert_eq!(identities(&world, &session).await, 1);
}

#[tokio::test]
async fn what_is_linked_is_linked_by_the_session_that_began_and_in_its_browser() {
    let (issuer, world, session) = with_ada().await;
    person(&world, &world.home, "eve@harbor.example", Role::Owner).await;
    let eve = sign_in(&world, &world.home, "eve@harbor.example").await;
    let another = sign_in(&world, &world.home, "ada@harbor.example").await;
    // Eve has Ada open an address of hers: what Ada shows there is linked to nobody.
    let mut browser = Browser::default();
    for by in [Some(session.as_str()), Some(another.as_str())] {
        let code = code(&issuer, &world, &mut browser, &eve, "identityLinkStart").await;
        let input = json!({ "code": code });
        let payload = browser
            .change(&world, by, "identityLink", "__typename", input)
            .await;
        assert_eq!(refusal(&payload), "SIGN_IN_INVALID");
        // Nor can Eve use it from elsewhere.
        let input = json!({ "code": code });
        let payload = Browser::default()
            .change(&world, Some(&eve), "identityLink", "__typename", input)
            .await;
        assert_eq!(refusal(&payload), "SIGN_IN_INVALID");
    }
    // A code for one purpose is of no use for another.
    let linking =
        json!({ "code": code(&issuer, &world, &mut browser, &session, "identityLinkStart").await });
    let payload = browser.redeem(&world, linking.clone()).await;
    assert_eq!(refusal(&payload), "SIGN_IN_INVALID");
    let payload = browser
        .change(
            &world,
            Some(&session),
            "identityLink",
            "__typename",
            linking,
        )
        .await;
    assert_eq!(refusal(&payload), "SIGN_IN_INVALID");
    for token in [&session, &eve] {
        assert_eq!(identities(&world, token).await, 0);
    }
    let key = json!({ "provider": "acme", "returnTo": BACK });
    let payload = world
        .change_by(&world.home.owner, "identityLinkStart", ADDRESS, key)
        .await;
    assert_eq!(refusal(&payload), "INVALID_STATE");
}

#[tokio::test]
async fn an_address_to_open_works_once_and_for_ten_minutes() {
    let (_issuer, world, session) = with_ada().await;
    let input = json!({ "provider": "acme", "returnTo": BACK });
    let address = async || {
        let payload = world
            .change_by(&session, "identityLinkStart", ADDRESS, input.clone())
            .await;
        assert_eq!(payload["addressExpiresAt"], "2027-01-04T08:10:00+00:00");
        payload["address"].as_str().unwrap().to_owned()
    };
    let first = address().await;
    assert!(first.starts_with("https://posthaste.test/auth/oidc/acme?ticket="));
    let mut browser = Browser::default();
    browser.follow(&world, &first).await;
    let second = address().await;
    let elsewhere = second.replace("/acme?", "/other?");
    world.clock.advance(TimeDelta::minutes(10));
    for wrong in [&first, &elsewhere, &second] {
        let page = browser.open(&world, wrong, None).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{wrong}");
        assert!(page.text.contains("SIGN_IN_INVALID"), "{}", page.text);
    }
    let away = json!({ "provider": "acme", "returnTo": "https://evil.example/" });
    let payload = world
        .change_by(&session, "identityLinkStart", ADDRESS, away)
        .await;
    assert_eq!(refusal(&payload), "INVALID_INPUT");
    let none = json!({ "provider": "none", "returnTo": BACK });
    let payload = world
        .change_by(&session, "identityLinkStart", ADDRESS, none)
        .await;
    assert_eq!(refusal(&payload), "NOT_FOUND");
}

#[tokio::test]
async fn an_identity_belongs_to_one_person() {
    let (issuer, world, session) = with_ada().await;
    link(&issuer, &world, &session).await;
    person(&world, &world.home, "eve@harbor.example", Role::Owner).await;
    let eve = sign_in(&world, &world.home, "eve@harbor.example").await;
    assert_eq!(
        refusal(&link(&issuer, &world, &eve).await),
        "IDENTITY_TAKEN"
    );
    let of_ada = world
        .graphql(&session, "{ identities { id } }", json!({}))
        .await;
    let id = json!({ "id": of_ada["data"]["identities"][0]["id"] });
    let payload = world
        .change_by(&eve, "identityUnlink", "__typename", id)
        .await;
    assert_eq!(refusal(&payload), "NOT_FOUND");
    assert_eq!(identities(&world, &session).await, 1);
    // It goes with the person.
    let payload = world
        .change_by(
            &session,
            "personErase",
            "__typename",
            json!({ "password": PASSWORD }),
        )
        .await;
    assert_eq!(payload["errors"], json!([]));
    assert_eq!(link(&issuer, &world, &eve).await["errors"], json!([]));
}

#[tokio::test]
async fn nobody_takes_their_last_way_to_sign_in_away() {
    let issuer = Issuer::start().await;
    let mut settings = issuer.settings();
    settings.registration = vec!["example.org".into()];
    let world = Issuer::world_of(vec![settings]).await;
    let mut browser = Browser::default();
    let code = json!({ "code": issuer.code(&world, &mut browser).await });
    let session = browser.redeem(&world, code).await["token"].take();
    let session = session.as_str().unwrap();
    let own = async || {
        let answer = world
            .graphql(session, "{ identities { id } }", json!({}))
            .await;
        let all = answer["data"]["identities"].as_array().unwrap().clone();
        all.iter().map(|one| one["id"].clone()).collect::<Vec<_>>()
    };
    let unlink = async |id: &Value| {
        let payload = world
            .change_by(session, "identityUnlink", "__typename", json!({ "id": id }))
            .await;
        refusal(&payload).clone()
    };
    let first = own().await;
    assert_eq!(unlink(&first[0]).await, "LAST_SIGN_IN");
    issuer.set(|script| script.claims = json!({ "sub": "another" }));
    link(&issuer, &world, session).await;
    // Of two at once one stays.
    let both = own().await;
    let (one, other) = tokio::join!(unlink(&both[0]), unlink(&both[1]));
    let mut told = [one.to_string(), other.to_string()];
    told.sort();
    assert_eq!(told, ["\"LAST_SIGN_IN\"", "null"]);
    // An identity at a provider that this server knows no more is no way in.
    super::super::sql(&world, "INSERT INTO identities SELECT gen_random_uuid(), user_id, 'gone', 'https://gone.example', 'x', NULL, linked_at, NULL FROM identities").await;
    let left = own().await;
    assert_eq!(left.len(), 2);
    let answer = world
        .graphql(session, "{ identities { id provider } }", json!({}))
        .await;
    let all = answer["data"]["identities"].as_array().unwrap().clone();
    let usable = all.iter().find(|one| one["provider"] == "acme").unwrap();
    assert_eq!(unlink(&usable["id"]).await, "LAST_SIGN_IN");
    // With a password it is one of two ways.
    let change = json!({ "current": "", "new": "a horse that is correct" });
    let payload = world
        .change_by(session, "passwordChange", "__typename", change)
        .await;
    assert_eq!(payload["errors"], json!([]));
    assert_eq!(unlink(&usable["id"]).await, Value::Null);
}

#[tokio::test]
async fn a_new_sign_in_at_the_provider_is_a_fresh_proof() {
    let (issuer, world, session) = with_ada().await;
    link(&issuer, &world, &session).await;
    world.clock.advance(TimeDelta::minutes(11));
    let now = world.app.now().timestamp();
    let at = |auth_time: Value| json!({ "iat": now, "exp": now + 300, "auth_time": auth_time });
    let begin = async |browser: &mut Browser| {
        let input = json!({ "provider": "acme", "returnTo": BACK });
        let payload = world
            .change_by(&session, "identityProofStart", ADDRESS, input)
            .await;
        let there = browser
            .follow(&world, payload["address"].as_str().unwrap())
            .await;
        assert_eq!(parameter(&there, "prompt").unwrap(), "login");
        assert_eq!(parameter(&there, "max_age").unwrap(), "0");
        browser.follow(&world, &issuer.answer(&there)).await
    };
    // It must say when that was, and it must have been now.
    let mut browser = Browser::default();
    for auth_time in [
        Value::Null,
        json!(now - 61),
        json!(now - 3600),
        json!(now + 61),
    ] {
        issuer.set(|script| script.claims = at(auth_time.clone()));
        let end = begin(&mut browser).await;
        assert_eq!(
            parameter(&end, "error").unwrap(),
            "PROVIDER_ANSWER_INVALID",
            "{auth_time}"
        );
    }
    let again = async |browser: &Browser, end: String| {
        let input = json!({ "providerCode": parameter(&end, "code").unwrap() });
        let fields = "token session { authenticatedAt }";
        browser
            .change(
                &world,
                Some(&session),
                "sessionReauthenticate",
                fields,
                input,
            )
            .await
    };
    // Somebody else who signs in there is no proof.
    let mut claims = at(json!(now));
    claims["sub"] = json!("another");
    issuer.set(|script| script.claims = claims);
    let end = begin(&mut browser).await;
    assert_eq!(refusal(&again(&browser, end).await), "IDENTITY_UNKNOWN");

    issuer.set(|script| script.claims = at(json!(now)));
    let end = begin(&mut browser).await;
    let payload = again(&browser, end.clone()).await;
    assert_eq!(
        payload["session"]["authenticatedAt"],
        "2027-01-04T08:11:00+00:00"
    );
    let fresh = payload["token"].as_str().unwrap();
    let key = json!({ "name": "Mine", "role": "VIEWER" });
    let made = world
        .change_by(fresh, "apiKeyCreate", "__typename", key)
        .await;
    assert_eq!(made["errors"], json!([]));
    assert!(!super::super::opens(&world, &json!(session)).await);
    let input = json!({ "providerCode": parameter(&end, "code").unwrap() });
    let payload = browser
        .change(
            &world,
            Some(fresh),
            "sessionReauthenticate",
            "__typename",
            input,
        )
        .await;
    assert_eq!(refusal(&payload), "SIGN_IN_INVALID");
    // One of the two, not both and not neither.
    for input in [
        json!({}),
        json!({ "password": PASSWORD, "providerCode": "x" }),
    ] {
        let payload = browser
            .change(
                &world,
                Some(fresh),
                "sessionReauthenticate",
                "__typename",
                input,
            )
            .await;
        assert_eq!(refusal(&payload), "INVALID_INPUT");
    }
}

#[tokio::test]
async fn providers_are_told_to_everybody_and_what_they_are_configured_with_to_nobody() {
    let (_issuer, world, _) = with_ada().await;
    let query = "{ identityProviders { name label url } }";
    let answer = super::super::from(&world, "192.0.2.1", query, json!({})).await;
    assert_eq!(
        answer["data"]["identityProviders"],
        json!([{ "name": "acme", "label": "Acme", "url": "https://posthaste.test/auth/oidc/acme" }])
    );
}
