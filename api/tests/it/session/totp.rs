//! Second factors: an authenticator app, and codes that stand in for it.

use chrono::TimeDelta;
use posthaste_core::access::Role;
use posthaste_engine::audit::export;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret, Totp};

use super::{SIGN_IN, ada, from, opens, text};
use crate::world::{PASSWORD, World, mutation, person, sign_in};

/// Executes a mutation without an input; the payload.
async fn order(world: &World, token: &str, name: &str, fields: &str) -> Value {
    let document = format!("mutation {{ {name} {{ {fields} errors {{ code path }} }} }}");
    let mut answer = world.graphql(token, &document, json!({})).await;
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    answer["data"][name].take()
}

/// The app of an enrolment.
fn app(enrolled: &Value) -> Totp {
    let secret = Secret::try_from_base32(text(&enrolled["secret"])).unwrap();
    Builder::new().with_secret(secret).build().unwrap()
}

/// The code that the app shows so many steps from now.
fn code(world: &World, app: &Totp, steps: i64) -> String {
    let at = world.app.now().timestamp() + 30 * steps;
    app.generate(at as u64).to_string()
}

async fn confirm(world: &World, token: &str, code: &str) -> Value {
    let input = json!({ "code": code });
    world
        .change_by(token, "totpConfirm", "recoveryCodes", input)
        .await
}

/// Signs Ada in with more than the password; the payload.
async fn sign_in_with(world: &World, more: Value) -> Value {
    let mut input = json!({ "email": "ada@example.org", "password": PASSWORD });
    let fields = more.as_object().unwrap().clone();
    input.as_object_mut().unwrap().extend(fields);
    let mut answer = from(world, "192.0.2.1", SIGN_IN, json!({ "input": input })).await;
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    answer["data"]["sessionCreate"].take()
}

/// The code of a refusal; null when somebody was signed in.
async fn refused(world: &World, more: Value) -> Value {
    let payload = sign_in_with(world, more).await;
    payload["errors"][0]["code"].clone()
}

/// Ada with an app: what it is, her recovery codes, and her session.
async fn enrolled(world: &World) -> (Totp, Vec<String>, String) {
    person(world, &world.home, "ada@example.org", Role::Owner).await;
    let session = sign_in(world, &world.home, "ada@example.org").await;
    let made = order(world, &session, "totpEnrol", "secret url").await;
    let app = app(&made);
    let payload = confirm(world, &session, &code(world, &app, 0)).await;
    let codes = payload["recoveryCodes"].as_array().unwrap().iter();
    let codes = codes.map(|code| text(code).to_owned()).collect();
    (app, codes, session)
}

#[tokio::test]
async fn a_code_is_asked_for_once_the_app_has_shown_that_it_knows_the_secret() {
    let world = World::new().await;
    let id = person(&world, &world.home, "ada@example.org", Role::Owner).await;
    let session = sign_in(&world, &world.home, "ada@example.org").await;
    let first = order(&world, &session, "totpEnrol", "secret url").await;
    let made = order(&world, &session, "totpEnrol", "secret url").await;
    assert!(first["secret"] != made["secret"]);
    let secret = text(&made["secret"]);
    assert_eq!(secret.len(), 32);
    assert_eq!(
        made["url"],
        format!("otpauth://totp/Posthaste:ada%40example.org?secret={secret}&issuer=Posthaste")
    );
    assert_eq!(refused(&world, json!({})).await, Value::Null);
    let of_first = confirm(&world, &session, &code(&world, &app(&first), 0)).await;
    let error = &of_first["errors"][0];
    assert_eq!(
        (&error["code"], &error["path"]),
        (&json!("SECOND_FACTOR_WRONG"), &json!(["code"]))
    );
    let app = app(&made);
    let payload = confirm(&world, &session, &code(&world, &app, 0)).await;
    assert_eq!(payload["recoveryCodes"].as_array().unwrap().len(), 10);
    let again = confirm(&world, &session, &code(&world, &app, 1)).await;
    assert_eq!(again["errors"][0]["code"], "INVALID_STATE");
    let again = order(&world, &session, "totpEnrol", "secret").await;
    assert_eq!(again["errors"][0]["code"], "INVALID_STATE");

    assert_eq!(refused(&world, json!({})).await, "SECOND_FACTOR_REQUIRED");
    let more = json!({ "code": code(&world, &app, 1) });
    let opened = sign_in_with(&world, more).await;
    assert_eq!(opened["session"]["secondFactor"], true);
    assert!(opens(&world, &opened["token"]).await);
    let stands = "{ secondFactor { totpSince recoveryCodesLeft } }";
    let answer = world.graphql(&session, stands, json!({})).await;
    assert_eq!(
        answer["data"]["secondFactor"],
        json!({ "totpSince": "2027-01-04T08:00:00+00:00", "recoveryCodesLeft": 10 })
    );
    let entries = export(&world.app.db, None, 0).await.unwrap();
    let added = |entry: &&posthaste_core::audit::Entry| entry.act == "person.second_factor_added";
    let added: Vec<_> = entries.iter().filter(added).collect();
    assert_eq!((added.len(), &added[0].actor), (1, &id));
}

#[tokio::test]
async fn a_code_works_once_and_one_step_beside_the_clock() {
    let world = World::new().await;
    let (app, ..) = enrolled(&world).await;
    let with = async |steps: i64| {
        let more = json!({ "code": code(&world, &app, steps) });
        refused(&world, more).await
    };
    // The one of the confirmation was used, and with it those before.
    assert_eq!(with(0).await, "SECOND_FACTOR_WRONG");
    assert_eq!(with(-1).await, "SECOND_FACTOR_WRONG");
    assert_eq!(with(2).await, "SECOND_FACTOR_WRONG");
    assert_eq!(with(1).await, Value::Null);
    assert_eq!(with(1).await, "SECOND_FACTOR_WRONG");
    world.clock.advance(TimeDelta::seconds(90));
    assert_eq!(with(-2).await, "SECOND_FACTOR_WRONG");
    assert_eq!(with(-1).await, Value::Null);
    assert_eq!(with(0).await, Value::Null);
}

#[tokio::test]
async fn a_recovery_code_stands_in_once_and_lies_hashed() {
    let world = World::new().await;
    let (_, codes, session) = enrolled(&world).await;
    let with = async |code: &str| refused(&world, json!({ "recoveryCode": code })).await;
    let (client, connection) = world.app.db.address().wire().await.unwrap();
    tokio::spawn(connection);
    let query = "SELECT string_agg(to_jsonb(c)::text, ' ') FROM recovery_codes c";
    let row = client.query_one(query, &[]).await.unwrap();
    let kept: &str = row.get(0);
    assert!(
        !codes
            .iter()
            .any(|code| kept.contains(&code.replace('-', "")))
    );

    let written = codes[0].to_uppercase().replace('-', " ");
    assert_eq!(with(&written).await, Value::Null);
    assert_eq!(with(&codes[0]).await, "SECOND_FACTOR_WRONG");
    assert_eq!(with("00000-00000-00000-00000").await, "SECOND_FACTOR_WRONG");
    let renewed = order(&world, &session, "recoveryCodesRenew", "recoveryCodes").await;
    assert_eq!(with(&codes[1]).await, "SECOND_FACTOR_WRONG");
    assert_eq!(with(text(&renewed["recoveryCodes"][9])).await, Value::Null);
}

#[tokio::test]
async fn wrong_codes_wait_like_wrong_passwords_although_the_password_is_right() {
    let world = World::new().await;
    enrolled(&world).await;
    let guess = async || {
        let input = json!({ "email": "ada@example.org", "password": PASSWORD, "code": "000000" });
        from(&world, "192.0.2.1", SIGN_IN, json!({ "input": input })).await
    };
    for _ in 0..5 {
        // Asking for the code forgets none of them.
        assert_eq!(refused(&world, json!({})).await, "SECOND_FACTOR_REQUIRED");
        let errors = &guess().await["data"]["sessionCreate"]["errors"];
        assert_eq!(errors[0]["code"], "SECOND_FACTOR_WRONG");
    }
    let answer = guess().await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "RATE_LIMITED");
}

#[tokio::test]
async fn changes_of_second_factors_take_a_proof_and_that_takes_a_code() {
    let world = World::new().await;
    let (app, _, session) = enrolled(&world).await;
    world
        .clock
        .advance(TimeDelta::minutes(10) + TimeDelta::seconds(1));
    for name in ["totpEnrol", "totpDisable", "recoveryCodesRenew"] {
        let payload = order(&world, &session, name, "__typename").await;
        assert_eq!(
            payload["errors"][0]["code"], "REAUTHENTICATION_REQUIRED",
            "{name}"
        );
    }
    let again = async |input: Value| {
        world
            .change_by(&session, "sessionReauthenticate", "token", input)
            .await
    };
    let refused_code = again(json!({ "password": PASSWORD })).await;
    assert_eq!(refused_code["errors"][0]["code"], "SECOND_FACTOR_REQUIRED");
    let input = json!({ "password": PASSWORD, "code": code(&world, &app, 0) });
    let fresh = again(input).await["token"].clone();
    let gone = order(&world, text(&fresh), "totpDisable", "disabled").await;
    assert_eq!(gone["disabled"], true);
    assert_eq!(refused(&world, json!({})).await, Value::Null);
    ada(&world).await;
}

#[tokio::test]
async fn a_workspace_that_asks_for_a_second_factor_is_closed_without_one_but_for_enrolling() {
    let world = World::new().await;
    let (app, _, olga) = enrolled(&world).await;
    person(&world, &world.home, "ben@example.org", Role::Owner).await;
    let ben = sign_in(&world, &world.home, "ben@example.org").await;
    let require = async |token: &str, required: bool| {
        let fields = "workspace { secondFactorRequired }";
        let input = json!({ "secondFactorRequired": required });
        world
            .change_by(token, "workspaceSecurityUpdate", fields, input)
            .await
    };
    let payload = require(&ben, true).await;
    assert_eq!(payload["errors"][0]["code"], "INVALID_STATE");
    let payload = require(&world.home.owner, true).await;
    assert_eq!(payload["errors"][0]["code"], "INVALID_STATE");
    let payload = require(&olga, true).await;
    assert_eq!(payload["workspace"]["secondFactorRequired"], true);

    let posts = async |token: &str| {
        let answer = world
            .graphql(token, "{ posts { nodes { id } } }", json!({}))
            .await;
        answer["errors"][0]["extensions"]["code"].clone()
    };
    assert_eq!(posts(&ben).await, "SECOND_FACTOR_REQUIRED");
    assert_eq!(posts(&olga).await, Value::Null);
    assert_eq!(posts(&world.home.viewer).await, Value::Null);
    for (name, input) in [
        ("workspaceDelete", json!({ "name": "Home" })),
        (
            "workspaceSecurityUpdate",
            json!({ "secondFactorRequired": false }),
        ),
        ("apiKeyCreate", json!({ "name": "Mine", "role": "VIEWER" })),
    ] {
        let document = mutation(name, "__typename");
        let answer = world
            .graphql(&ben, &document, json!({ "input": input }))
            .await;
        let code = &answer["data"][name]["errors"][0]["code"];
        assert_eq!(code, "SECOND_FACTOR_REQUIRED", "{answer}");
    }
    let made = order(&world, &ben, "totpEnrol", "secret").await;
    let bens = self::app(&made);
    let payload = confirm(&world, &ben, &code(&world, &bens, 0)).await;
    assert_eq!(payload["errors"], json!([]));
    assert_eq!(posts(&ben).await, Value::Null);
    // Whoever takes the own away is outside again.
    let more = json!({ "code": code(&world, &app, 1) });
    let other = sign_in_with(&world, more).await["token"].clone();
    order(&world, &olga, "totpDisable", "disabled").await;
    assert_eq!(posts(text(&other)).await, "SECOND_FACTOR_REQUIRED");
}
