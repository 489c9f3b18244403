//! Whom an identity makes somebody here.

use chrono::TimeDelta;
use posthaste_core::access::Role;
use posthaste_engine::{audit::export, identity::Settings, session::operator};
use serde_json::{Value, json};

use super::{
    browser::{Browser, parameter, refusal},
    issuer::Issuer,
};
use crate::world::{PASSWORD, World, person, sign_in};

/// A provider with these settings, and a world.
async fn with(change: impl FnOnce(&mut Settings)) -> (Issuer, World) {
    let issuer = Issuer::start().await;
    let mut settings = issuer.settings();
    change(&mut settings);
    let world = Issuer::world_of(vec![settings]).await;
    (issuer, world)
}

/// The error with which a sign-in ends; null when it ends with a session.
async fn end(issuer: &Issuer, world: &World) -> Value {
    let mut browser = Browser::default();
    let address = issuer.dance(world, &mut browser).await;
    match parameter(&address, "code") {
        Some(code) => {
            let payload = browser.redeem(world, json!({ "code": code })).await;
            refusal(&payload).clone()
        }
        None => json!(parameter(&address, "error")),
    }
}

/// Signs in; the token.
async fn opened(issuer: &Issuer, world: &World, more: Value) -> String {
    let mut browser = Browser::default();
    let mut input = json!({ "code": issuer.code(world, &mut browser).await });
    let more = more.as_object().unwrap().clone();
    input.as_object_mut().unwrap().extend(more);
    let payload = browser.redeem(world, input).await;
    assert_eq!(payload["errors"], json!([]));
    payload["token"].as_str().unwrap().to_owned()
}

async fn viewer(world: &World, token: &str) -> Value {
    let query = "{ viewer { person { name email } role workspace { name timeZone } } identities { provider issuer email linkedAt lastUsedAt } }";
    world.graphql(token, query, json!({})).await["data"].take()
}

/// Refused sign-ins in the server's audit log: the code, and whether a person is named.
async fn told(world: &World) -> Vec<(String, bool)> {
    let entries = export(&world.app.db, None, 0).await.unwrap();
    let refused = entries
        .iter()
        .filter(|entry| entry.act == "session.refused");
    let code = |detail: &Value| detail["code"].as_str().unwrap_or_default().to_owned();
    refused
        .map(|entry| {
            (
                code(entry.detail.as_ref().unwrap()),
                entry.subject.is_some(),
            )
        })
        .collect()
}

#[tokio::test]
async fn whoever_is_of_an_allowed_domain_registers_with_a_workspace_of_their_own() {
    let (issuer, world) = with(|settings| settings.registration = vec!["example.org".into()]).await;
    let mut browser = Browser::default();
    let code = issuer.code(&world, &mut browser).await;
    let named =
        |zone: &str| json!({ "code": code, "workspaceName": "Harbor Street", "timeZone": zone });
    let payload = browser.redeem(&world, named("Nowhere")).await;
    assert_eq!(refusal(&payload), "INVALID_TIME_ZONE");
    let payload = browser.redeem(&world, named("Europe/Paris")).await;
    let token = payload["token"].as_str().unwrap().to_owned();
    let now = "2027-01-04T08:00:00+00:00";
    assert_eq!(
        viewer(&world, &token).await,
        json!({
            "viewer": {
                "person": { "name": "Ada at Acme", "email": "ada@example.org" }, "role": "OWNER",
                "workspace": { "name": "Harbor Street", "timeZone": "Europe/Paris" },
            },
            "identities": [{
                "provider": "acme", "issuer": issuer.url, "email": "ada@example.org", "linkedAt": now, "lastUsedAt": now,
            }],
        })
    );
    // The next time it is the same person, whatever e-mail the provider tells by then.
    world.clock.advance(TimeDelta::minutes(1));
    let other = json!({ "email": "other@elsewhere.example", "email_verified": false });
    issuer.set(|script| script.claims = other);
    let again = viewer(&world, &opened(&issuer, &world, json!({})).await).await;
    assert_eq!(again["viewer"]["person"]["email"], "ada@example.org");
    assert_eq!(again["identities"].as_array().unwrap().len(), 1);
    let identity = &again["identities"][0];
    assert_eq!(
        (&identity["email"], &identity["lastUsedAt"]),
        (
            &json!("other@elsewhere.example"),
            &json!("2027-01-04T08:01:00+00:00")
        )
    );
    // Somebody else there is somebody else here.
    issuer.set(|script| script.claims = json!({ "sub": "another", "email": "ben@example.org", "name": null, "zoneinfo": "Asia/Tokyo" }));
    let ben = viewer(&world, &opened(&issuer, &world, json!({})).await).await;
    assert_eq!(
        ben["viewer"],
        json!({
            "person": { "name": "ben", "email": "ben@example.org" }, "role": "OWNER",
            "workspace": { "name": "ben", "timeZone": "Asia/Tokyo" },
        })
    );
    let entries = export(&world.app.db, None, 0).await.unwrap();
    let acts: Vec<_> = entries.iter().map(|entry| entry.act.as_str()).collect();
    assert_eq!(
        acts,
        [
            "person.identity_linked",
            "person.registered",
            "person.identity_linked",
            "person.registered"
        ]
    );
}

#[tokio::test]
async fn strangers_become_nobody_without_a_verified_e_mail_that_is_welcome() {
    let (issuer, world) = with(|settings| settings.registration = vec!["example.org".into()]).await;
    let unknown = json!("IDENTITY_UNKNOWN");
    for claims in [
        json!({ "email_verified": false }),
        json!({ "email_verified": "false" }),
        json!({ "email_verified": null }),
        json!({ "email": null }),
        json!({ "email": "not an address" }),
        json!({ "email": "ada@elsewhere.example" }),
        json!({ "email": "ada@sub.example.org" }),
        json!({ "email": "ada@example.org.elsewhere.example" }),
    ] {
        issuer.set(|script| {
            script.claims = claims.clone();
            script.about = json!({ "sub": "248289761001" });
        });
        assert_eq!(end(&issuer, &world).await, unknown, "{claims}");
    }
    assert_eq!(
        told(&world).await,
        vec![("IDENTITY_UNKNOWN".to_owned(), false); 8]
    );
    let (client, connection) = world.app.db.address().wire().await.unwrap();
    tokio::spawn(connection);
    let count = "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM identities)";
    let count: i64 = client.query_one(count, &[]).await.unwrap().get(0);
    assert_eq!(count, 0);
    issuer.set(|script| script.claims = json!({ "email_verified": "true" }));
    assert_eq!(end(&issuer, &world).await, Value::Null);
}

#[tokio::test]
async fn what_the_token_leaves_out_is_asked_for_and_must_be_about_the_same() {
    let (issuer, world) = with(|settings| settings.registration = vec!["example.org".into()]).await;
    let bare = json!({ "email": null, "email_verified": null, "name": null });
    let about = |sub: &str| json!({ "sub": sub, "email": "Ada@Example.org", "email_verified": true, "name": "Ada\nAsked" });
    issuer.set(|script| {
        script.claims = bare;
        script.about = about("another");
    });
    assert_eq!(end(&issuer, &world).await, "PROVIDER_ANSWER_INVALID");
    issuer.set(|script| script.about = about("248289761001"));
    let token = opened(&issuer, &world, json!({})).await;
    assert_eq!(
        viewer(&world, &token).await["viewer"]["person"],
        json!({ "name": "Ada Asked", "email": "ada@example.org" })
    );
}

#[tokio::test]
async fn an_invitation_lets_its_e_mail_in_and_makes_a_member() {
    let (issuer, world) = with(|_| {}).await;
    assert_eq!(end(&issuer, &world).await, "IDENTITY_UNKNOWN");
    let invite = json!({ "email": "ada@example.org", "role": "EDITOR" });
    let made = world
        .change_by(
            &world.home.owner,
            "invitationCreate",
            "invitation { id }",
            invite,
        )
        .await;
    let unverified = json!({ "email_verified": false });
    issuer.set(|script| script.claims = unverified);
    assert_eq!(end(&issuer, &world).await, "IDENTITY_UNKNOWN");
    issuer.set(|script| script.claims = json!({}));
    let token = opened(&issuer, &world, json!({})).await;
    let seen = viewer(&world, &token).await;
    assert_eq!(
        (
            &seen["viewer"]["role"],
            &seen["viewer"]["workspace"]["name"]
        ),
        (&json!("EDITOR"), &json!("Home"))
    );
    let query = "query($id: ID!) { invitation(id: $id) { status } }";
    let id = json!({ "id": made["invitation"]["id"] });
    let answer = world.graphql(&world.home.owner, query, id).await;
    assert_eq!(answer["data"]["invitation"]["status"], "ACCEPTED");

    // One that was taken back lets nobody in.
    issuer.set(|script| script.claims = json!({ "sub": "another", "email": "ben@example.org" }));
    let invite = json!({ "email": "ben@example.org", "role": "EDITOR" });
    let made = world
        .change_by(
            &world.home.owner,
            "invitationCreate",
            "invitation { id }",
            invite,
        )
        .await;
    let id = json!({ "id": made["invitation"]["id"] });
    world
        .change_by(
            &world.home.owner,
            "invitationRevoke",
            "invitation { id }",
            id,
        )
        .await;
    assert_eq!(end(&issuer, &world).await, "IDENTITY_UNKNOWN");
}

#[tokio::test]
async fn an_account_is_opened_by_its_e_mail_only_where_the_provider_is_trusted_with_that() {
    let (issuer, world) = with(|settings| settings.registration = vec!["example.org".into()]).await;
    person(&world, &world.home, "ada@example.org", Role::Owner).await;
    // The same words as for a stranger: nobody learns who has an account.
    assert_eq!(end(&issuer, &world).await, "IDENTITY_UNKNOWN");

    let (issuer, world) = with(|settings| settings.trust_email = true).await;
    person(&world, &world.home, "ada@example.org", Role::Owner).await;
    issuer.set(|script| script.claims = json!({ "email_verified": false }));
    assert_eq!(end(&issuer, &world).await, "IDENTITY_UNKNOWN");
    issuer.set(|script| script.claims = json!({ "email": "ADA@example.org" }));
    let token = opened(&issuer, &world, json!({})).await;
    let seen = viewer(&world, &token).await;
    assert_eq!(seen["viewer"]["person"]["name"], "ada");
    assert_eq!(seen["identities"][0]["provider"], "acme");
}

#[tokio::test]
async fn whoever_is_shut_out_is_so_by_every_way() {
    let (issuer, world) = with(|settings| settings.trust_email = true).await;
    person(&world, &world.home, "ada@example.org", Role::Owner).await;
    opened(&issuer, &world, json!({})).await;
    let mut browser = Browser::default();
    let code = issuer.code(&world, &mut browser).await;
    operator::disable(&world.app, "ada@example.org")
        .await
        .unwrap();
    let payload = browser.redeem(&world, json!({ "code": code })).await;
    assert_eq!(refusal(&payload), "ACCOUNT_DISABLED");
    assert_eq!(end(&issuer, &world).await, "ACCOUNT_DISABLED");
    let refused = ("ACCOUNT_DISABLED".to_owned(), true);
    assert_eq!(told(&world).await, [refused.clone(), refused]);
}

#[tokio::test]
async fn an_authenticator_app_is_asked_for_after_a_provider_too() {
    for second_factor in [false, true] {
        let (issuer, world) = with(|settings| {
            settings.trust_email = true;
            settings.second_factor = second_factor;
        })
        .await;
        person(&world, &world.home, "ada@example.org", Role::Owner).await;
        let session = sign_in(&world, &world.home, "ada@example.org").await;
        let enrol = "mutation { totpEnrol { secret } }";
        let made = world.graphql(&session, enrol, json!({})).await;
        let secret = made["data"]["totpEnrol"]["secret"].as_str().unwrap();
        let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
        let app = totp_rs::Builder::new().with_secret(secret).build().unwrap();
        let code = |steps: i64| {
            let at = world.app.now().timestamp() + 30 * steps;
            app.generate(at as u64).to_string()
        };
        let input = json!({ "code": code(0) });
        let payload = world
            .change_by(&session, "totpConfirm", "recoveryCodes", input)
            .await;
        let recovery = payload["recoveryCodes"][0].clone();

        let mut browser = Browser::default();
        let word = issuer.code(&world, &mut browser).await;
        let with = async |more: Value| {
            let mut input = json!({ "code": word });
            let more = more.as_object().unwrap().clone();
            input.as_object_mut().unwrap().extend(more);
            browser.redeem(&world, input).await
        };
        let asked = with(json!({})).await;
        assert_eq!(refusal(&asked), "SECOND_FACTOR_REQUIRED");
        // Nothing was linked before the code is right.
        let linked = world
            .graphql(&session, "{ identities { id } }", json!({}))
            .await;
        assert_eq!(linked["data"]["identities"], json!([]));
        let wrong = with(json!({ "totpCode": "000000" })).await;
        assert_eq!(refusal(&wrong), "SECOND_FACTOR_WRONG");
        // Who has to find the phone has longer than a minute.
        world.clock.advance(TimeDelta::minutes(4));
        let opened = with(json!({ "totpCode": code(0) })).await;
        assert_eq!(opened["errors"], json!([]));
        assert_eq!(opened["session"]["secondFactor"], true);
        let again = with(json!({ "recoveryCode": recovery })).await;
        assert_eq!(refusal(&again), "SIGN_IN_INVALID");
    }
}

#[tokio::test]
async fn wrong_codes_after_a_provider_wait_like_wrong_passwords_and_a_code_ends_after_five_minutes()
{
    let (issuer, world) = with(|settings| settings.trust_email = true).await;
    person(&world, &world.home, "ada@example.org", Role::Owner).await;
    let session = sign_in(&world, &world.home, "ada@example.org").await;
    let made = world
        .graphql(&session, "mutation { totpEnrol { secret } }", json!({}))
        .await;
    let secret = made["data"]["totpEnrol"]["secret"].as_str().unwrap();
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let app = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let now = world.app.now().timestamp() as u64;
    let input = json!({ "code": app.generate(now).to_string() });
    world
        .change_by(&session, "totpConfirm", "recoveryCodes", input)
        .await;

    let mut browser = Browser::default();
    let code = issuer.code(&world, &mut browser).await;
    let guess = json!({ "code": code, "totpCode": "000000" });
    for _ in 0..5 {
        let payload = browser.redeem(&world, guess.clone()).await;
        assert_eq!(refusal(&payload), "SECOND_FACTOR_WRONG");
    }
    let answer = browser
        .ask(&world, None, "sessionFromProvider", "token", guess)
        .await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "RATE_LIMITED");

    world.clock.advance(TimeDelta::minutes(20));
    let now = world.app.now().timestamp();
    issuer.set(|script| script.claims = json!({ "iat": now, "exp": now + 300 }));
    let code = json!({ "code": issuer.code(&world, &mut browser).await });
    let payload = browser.redeem(&world, code.clone()).await;
    assert_eq!(refusal(&payload), "SECOND_FACTOR_REQUIRED");
    world.clock.advance(TimeDelta::minutes(5));
    let payload = browser.redeem(&world, code).await;
    assert_eq!(refusal(&payload), "SIGN_IN_INVALID");
}

#[tokio::test]
async fn a_provider_opens_a_workspace_that_asks_for_a_second_factor_only_if_it_asks_for_one() {
    for (second_factor, expected) in [
        (false, json!("SECOND_FACTOR_REQUIRED")),
        (true, Value::Null),
    ] {
        let (issuer, world) = with(|settings| {
            settings.trust_email = true;
            settings.second_factor = second_factor;
        })
        .await;
        person(&world, &world.home, "ada@example.org", Role::Editor).await;
        let strict = format!(
            "UPDATE workspaces SET second_factor_required = true WHERE id = '{}'",
            world.home.workspace.uuid()
        );
        super::super::sql(&world, &strict).await;
        let token = opened(&issuer, &world, json!({})).await;
        let posts = "{ posts { nodes { id } } }";
        let answer = world.graphql(&token, posts, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], expected);
    }
}

#[tokio::test]
async fn who_came_by_a_provider_has_no_password_until_they_choose_one() {
    let (issuer, world) = with(|settings| settings.registration = vec!["example.org".into()]).await;
    let token = opened(&issuer, &world, json!({})).await;
    for guess in ["", "null", PASSWORD] {
        let answer = super::super::sign_in(&world, "ada@example.org", guess).await;
        let payload = &answer["data"]["sessionCreate"];
        assert_eq!(refusal(payload), "WRONG_CREDENTIALS", "{answer}");
    }
    // A fresh sign-in counts in its place, an older one does not.
    world.clock.advance(TimeDelta::minutes(11));
    let change = json!({ "current": "", "new": "a horse that is correct" });
    let payload = world
        .change_by(&token, "passwordChange", "__typename", change.clone())
        .await;
    assert_eq!(refusal(&payload), "REAUTHENTICATION_REQUIRED");
    let now = world.app.now().timestamp();
    issuer.set(|script| script.claims = json!({ "iat": now, "exp": now + 300 }));
    let fresh = opened(&issuer, &world, json!({})).await;
    let payload = world
        .change_by(&fresh, "passwordChange", "__typename", change)
        .await;
    assert_eq!(payload["errors"], json!([]));
    let answer = super::super::sign_in(&world, "ada@example.org", "a horse that is correct").await;
    assert_eq!(answer["data"]["sessionCreate"]["errors"], json!([]));
    // From now on there is one, and it is asked for.
    let payload = world
        .change_by(
            &fresh,
            "personErase",
            "__typename",
            json!({ "password": "" }),
        )
        .await;
    assert_eq!(refusal(&payload), "WRONG_CREDENTIALS");
}
