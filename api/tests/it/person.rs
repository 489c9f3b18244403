//! People who register, prove and change themselves, and are erased.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Request, header},
};
use chrono::TimeDelta;
use posthaste_core::{access::Role, hex, ports::MemoryMailer};
use posthaste_engine::mail;
use serde_json::{Value, json};

use crate::{
    scrub::tables,
    world::{PASSWORD, World, body, mutation, person, sign_in},
};

const NEW: &str = "another long password";

/// No error.
const NONE: [(String, String); 0] = [];

/// Sends a mutation without a credential; the whole answer.
async fn bare(world: &World, name: &str, fields: &str, input: Value) -> Value {
    let request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(
            json!({ "query": mutation(name, fields), "variables": { "input": input } }).to_string(),
        ))
        .unwrap();
    body(world.send(request).await).await.1
}

/// The payload of a mutation without a credential.
async fn ask(world: &World, name: &str, fields: &str, input: Value) -> Value {
    let mut answer = bare(world, name, fields, input).await;
    assert_eq!(answer["errors"], Value::Null, "{name}: {answer}");
    answer["data"][name].take()
}

/// Codes and paths of a payload's errors.
fn told(payload: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let errors = payload["errors"].as_array().unwrap().iter();
    errors
        .map(|error| (text(&error["code"]), text(&error["path"][0])))
        .collect()
}

fn pair(code: &str, path: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), path.to_owned())]
}

fn registration(email: &str) -> Value {
    json!({ "email": email, "password": NEW, "name": "Nina", "workspaceName": "Bakery", "timeZone": "Europe/Paris" })
}

/// What is sent by now: to whom, the subject, and the token if there is one.
async fn sent(world: &World, mailer: &Arc<MemoryMailer>) -> Vec<(String, String, String)> {
    while mail::send_due(&world.app).await.unwrap() > 0 {}
    let token = |text: &str| {
        let link = text.lines().find(|line| line.starts_with("https://"));
        let token = link.and_then(|link| link.split_once('#'));
        token.map_or_else(String::new, |(_, token)| token.to_owned())
    };
    let all = mailer.take().into_iter();
    all.map(|mail| {
        let token = token(&mail.text);
        (mail.to, mail.subject, token)
    })
    .collect()
}

/// The token of the only mail that is sent by now.
async fn token(world: &World, mailer: &Arc<MemoryMailer>) -> String {
    let mut sent = sent(world, mailer).await;
    assert_eq!(sent.len(), 1, "{sent:?}");
    sent.remove(0).2
}

/// Signs in; the token, or the code of the error.
async fn enter(world: &World, email: &str, password: &str) -> Result<String, String> {
    let input = json!({ "email": email, "password": password });
    let payload = ask(world, "sessionCreate", "token", input).await;
    match payload["token"].as_str() {
        Some(token) => Ok(token.to_owned()),
        None => Err(told(&payload)[0].0.clone()),
    }
}

async fn viewer(world: &World, key: &str) -> Value {
    let query = "{ viewer { role person { name email } workspace { name timeZone } } }";
    world.graphql(key, query, json!({})).await["data"]["viewer"].clone()
}

/// Acts of the server's audit log but for refused sign-ins.
async fn acts(world: &World) -> Vec<String> {
    let entries = posthaste_engine::audit::export(&world.app.db, None, 0).await;
    entries
        .unwrap()
        .into_iter()
        .map(|entry| entry.act)
        .filter(|act| act != "session.refused")
        .collect()
}

#[tokio::test]
async fn who_registers_shows_the_address_to_be_theirs_and_founds_a_workspace() {
    let (world, mailer) = World::mailing().await;
    let input = registration(" Nina@Example.org ");
    let payload = ask(&world, "personRegister", "isMailed", input).await;
    assert_eq!(
        (told(&payload), &payload["isMailed"]),
        (vec![], &json!(true))
    );
    // Until then there is nobody.
    assert_eq!(
        enter(&world, "nina@example.org", NEW).await,
        Err("WRONG_CREDENTIALS".into())
    );
    let mails = sent(&world, &mailer).await;
    assert_eq!(mails.len(), 1);
    let (to, subject, token) = &mails[0];
    assert_eq!(
        (to.as_str(), subject.as_str()),
        ("nina@example.org", "Confirm your e-mail address")
    );
    let dump = tables(&world).await;
    assert!(!dump.contains(token) && !dump.contains(&hex::encode(token.as_bytes())));
    assert!(!dump.contains(NEW));
    let input = json!({ "token": token });
    let done = ask(&world, "emailVerify", "personId workspaceId", input.clone()).await;
    assert_eq!(told(&done), NONE);
    let session = enter(&world, "nina@example.org", NEW).await.unwrap();
    assert_eq!(
        viewer(&world, &session).await,
        json!({ "role": "OWNER", "person": { "name": "Nina", "email": "nina@example.org" },
            "workspace": { "name": "Bakery", "timeZone": "Europe/Paris" } })
    );
    let again = ask(&world, "emailVerify", "personId", input).await;
    assert_eq!(told(&again), pair("TOKEN_INVALID", "token"));
    assert_eq!(acts(&world).await, ["person.registered"]);
}

#[tokio::test]
async fn a_taken_address_gets_the_same_answer_and_its_owner_a_mail() {
    let (world, mailer) = World::mailing().await;
    person(&world, &world.home, "nina@example.org", Role::Viewer).await;
    let taken = bare(
        &world,
        "personRegister",
        "isMailed",
        registration("nina@example.org"),
    )
    .await;
    let free = bare(
        &world,
        "personRegister",
        "isMailed",
        registration("olga@example.org"),
    )
    .await;
    assert_eq!(taken, free);
    let mut mails = sent(&world, &mailer).await;
    mails.sort();
    let subjects: Vec<_> = mails
        .iter()
        .map(|mail| (mail.0.as_str(), mail.1.as_str()))
        .collect();
    assert_eq!(
        subjects,
        [
            ("nina@example.org", "You have an account already"),
            ("olga@example.org", "Confirm your e-mail address")
        ]
    );
    assert_eq!(mails[0].2, "");
    // The password of the account is the one that it was.
    assert!(enter(&world, "nina@example.org", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_registration_lasts_a_day_and_the_first_that_is_verified_gets_the_address() {
    let (world, mailer) = World::mailing().await;
    for _ in 0..2 {
        ask(
            &world,
            "personRegister",
            "isMailed",
            registration("nina@example.org"),
        )
        .await;
    }
    let tokens: Vec<String> = sent(&world, &mailer)
        .await
        .into_iter()
        .map(|mail| mail.2)
        .collect();
    assert_ne!(tokens[0], tokens[1]);
    let verify = async |token: &str| {
        let input = json!({ "token": token });
        told(&ask(&world, "emailVerify", "personId", input).await)
    };
    assert_eq!(verify(&tokens[1]).await, NONE);
    assert_eq!(verify(&tokens[0]).await, pair("TOKEN_INVALID", "token"));
    ask(
        &world,
        "personRegister",
        "isMailed",
        registration("olga@example.org"),
    )
    .await;
    let late = token(&world, &mailer).await;
    world.clock.advance(TimeDelta::hours(24));
    assert_eq!(verify(&late).await, pair("TOKEN_INVALID", "token"));
}

#[tokio::test]
async fn a_server_without_mail_or_registration_says_so() {
    let world = World::new().await;
    let payload = ask(
        &world,
        "personRegister",
        "isMailed",
        registration("nina@example.org"),
    )
    .await;
    assert_eq!(told(&payload), pair("REGISTRATION_CLOSED", ""));
    let input = json!({ "email": "nina@example.org" });
    let payload = ask(&world, "passwordResetRequest", "isMailed", input).await;
    assert_eq!(told(&payload), pair("MAIL_NOT_CONFIGURED", ""));
}

#[tokio::test]
async fn all_that_is_wrong_with_a_registration_is_told_and_weak_passwords_are_refused() {
    let (world, _) = World::mailing().await;
    let input = json!({ "email": "nina@example.org\r\nBcc: eve@example.org", "password": NEW, "name": " ",
        "workspaceName": "", "timeZone": "Mars" });
    let payload = ask(&world, "personRegister", "isMailed", input).await;
    let expected = [
        ("INVALID_INPUT", "email"),
        ("INVALID_INPUT", "name"),
        ("INVALID_INPUT", "workspaceName"),
        ("INVALID_TIME_ZONE", "timeZone"),
    ];
    let expected = expected.map(|(code, path)| (code.to_owned(), path.to_owned()));
    assert_eq!(told(&payload), expected);
    let with = async |password: &str| {
        let mut input = registration("nina.tailor@example.org");
        input["password"] = password.into();
        told(&ask(&world, "personRegister", "isMailed", input).await)
    };
    assert_eq!(with("password1").await, pair("WEAK_PASSWORD", "password"));
    assert_eq!(with("ninatailor").await, pair("WEAK_PASSWORD", "password"));
    assert_eq!(with("kürzer7").await, pair("INVALID_INPUT", "password"));
    assert_eq!(
        with(&"é".repeat(257)).await,
        pair("INVALID_INPUT", "password")
    );
}

#[tokio::test]
async fn a_password_is_kept_as_it_is_given() {
    let (world, mailer) = World::mailing().await;
    // As many characters as there may be, of several bytes each, with blanks at both ends.
    let inner: String = "🌊⛵🐚".chars().cycle().take(254).collect();
    let password = format!(" {inner} ");
    assert_eq!(password.chars().count(), 256);
    let mut input = registration("nina@example.org");
    input["password"] = password.clone().into();
    assert_eq!(
        told(&ask(&world, "personRegister", "isMailed", input).await),
        NONE
    );
    let input = json!({ "token": token(&world, &mailer).await });
    ask(&world, "emailVerify", "personId", input).await;
    let shorter: String = password.chars().take(255).collect();
    for wrong in [password.trim(), shorter.as_str()] {
        assert!(enter(&world, "nina@example.org", wrong).await.is_err());
    }
    assert!(enter(&world, "nina@example.org", &password).await.is_ok());
}

#[tokio::test]
async fn a_forgotten_password_is_chosen_anew_once_and_ends_all_sessions() {
    let (world, mailer) = World::mailing().await;
    person(&world, &world.home, "nina@example.org", Role::Editor).await;
    let before = sign_in(&world, &world.home, "nina@example.org").await;
    let request = async |email: &str| {
        let input = json!({ "email": email });
        bare(&world, "passwordResetRequest", "isMailed", input).await
    };
    let known = request("Nina@example.org").await;
    assert_eq!(known["data"]["passwordResetRequest"]["isMailed"], true);
    assert_eq!(request("nobody@example.org").await, known);
    // Nobody gets no mail.
    let word = token(&world, &mailer).await;
    let dump = tables(&world).await;
    assert!(!dump.contains(&word) && !dump.contains(&hex::encode(word.as_bytes())));
    let reset = async |token: &str, password: &str| {
        let input = json!({ "token": token, "password": password });
        told(&ask(&world, "passwordReset", "isChanged", input).await)
    };
    assert_eq!(reset("phw_none", NEW).await, pair("TOKEN_INVALID", "token"));
    // A weak password does not use the token up.
    assert_eq!(
        reset(&word, "password").await,
        pair("WEAK_PASSWORD", "password")
    );
    assert_eq!(reset(&word, NEW).await, NONE);
    assert_eq!(reset(&word, NEW).await, pair("TOKEN_INVALID", "token"));
    assert_eq!(viewer(&world, &before).await, Value::Null);
    assert!(enter(&world, "nina@example.org", PASSWORD).await.is_err());
    assert!(enter(&world, "nina@example.org", NEW).await.is_ok());
    let mails = sent(&world, &mailer).await;
    assert_eq!(mails[0].1, "Your password was changed");
    assert_eq!(acts(&world).await, ["person.password_reset"]);

    request("nina@example.org").await;
    let late = token(&world, &mailer).await;
    world.clock.advance(TimeDelta::hours(1));
    assert_eq!(reset(&late, PASSWORD).await, pair("TOKEN_INVALID", "token"));
}

#[tokio::test]
async fn of_two_who_come_with_one_token_one_chooses_the_password() {
    let (world, mailer) = World::mailing().await;
    person(&world, &world.home, "nina@example.org", Role::Editor).await;
    let input = json!({ "email": "nina@example.org" });
    ask(&world, "passwordResetRequest", "isMailed", input).await;
    let token = token(&world, &mailer).await;
    let reset = async |password: &str| {
        let input = json!({ "token": token, "password": password });
        ask(&world, "passwordReset", "isChanged", input).await["isChanged"].clone()
    };
    let outcomes = tokio::join!(reset(NEW), reset("yet another long one"));
    let changed = [&outcomes.0, &outcomes.1]
        .into_iter()
        .filter(|it| **it == true);
    assert_eq!(changed.count(), 1, "{outcomes:?}");
}

#[tokio::test]
async fn an_address_gets_few_mails_and_a_stranger_may_ask_for_few() {
    let (world, mailer) = World::mailing().await;
    person(&world, &world.home, "nina@example.org", Role::Editor).await;
    let request = async |email: String| {
        let input = json!({ "email": email });
        bare(&world, "passwordResetRequest", "isMailed", input).await
    };
    let first = request("nina@example.org".to_owned()).await;
    for _ in 0..9 {
        assert_eq!(request("nina@example.org".to_owned()).await, first);
    }
    assert_eq!(sent(&world, &mailer).await.len(), 5);
    for number in 0..10 {
        assert_eq!(request(format!("{number}@example.org")).await, first);
    }
    let refused = request("olga@example.org".to_owned()).await;
    assert_eq!(
        refused["errors"][0]["extensions"]["code"], "RATE_LIMITED",
        "{refused}"
    );
    world.clock.advance(TimeDelta::hours(1));
    assert_eq!(request("nina@example.org".to_owned()).await, first);
    assert_eq!(sent(&world, &mailer).await.len(), 1);
}

#[tokio::test]
async fn a_person_changes_the_password_and_stays_signed_in_here_alone() {
    let (world, mailer) = World::mailing().await;
    person(&world, &world.home, "nina@example.org", Role::Editor).await;
    let here = sign_in(&world, &world.home, "nina@example.org").await;
    let there = sign_in(&world, &world.home, "nina@example.org").await;
    let change = async |key: &str, current: &str, new: &str| {
        let input = json!({ "current": current, "new": new });
        told(
            &world
                .change_by(key, "passwordChange", "isChanged", input)
                .await,
        )
    };
    let key = &world.home.owner;
    assert_eq!(change(key, PASSWORD, NEW).await, pair("INVALID_STATE", ""));
    assert_eq!(
        change(&here, "wrong one", NEW).await,
        pair("WRONG_CREDENTIALS", "")
    );
    assert_eq!(
        change(&here, PASSWORD, "nina@example.org").await,
        pair("WEAK_PASSWORD", "new")
    );
    assert_eq!(change(&here, PASSWORD, NEW).await, NONE);
    assert_eq!(viewer(&world, &here).await["role"], "EDITOR");
    assert_eq!(viewer(&world, &there).await, Value::Null);
    assert!(enter(&world, "nina@example.org", NEW).await.is_ok());
    assert_eq!(
        sent(&world, &mailer).await[0].1,
        "Your password was changed"
    );
    assert_eq!(acts(&world).await, ["person.password_changed"]);
}

#[tokio::test]
async fn another_address_is_shown_to_be_theirs_and_the_one_before_is_told() {
    let (world, mailer) = World::mailing().await;
    person(&world, &world.home, "nina@example.org", Role::Editor).await;
    person(&world, &world.home, "olga@example.org", Role::Editor).await;
    let session = sign_in(&world, &world.home, "nina@example.org").await;
    let change = async |email: &str, password: &str| {
        let input = json!({ "email": email, "password": password });
        told(
            &world
                .change_by(&session, "emailChange", "isMailed", input)
                .await,
        )
    };
    assert_eq!(
        change("new@example.org", "wrong one").await,
        pair("WRONG_CREDENTIALS", "")
    );
    assert_eq!(
        change("nina@example.org", PASSWORD).await,
        pair("INVALID_INPUT", "email")
    );
    assert_eq!(change("olga@example.org", PASSWORD).await, NONE);
    assert_eq!(
        sent(&world, &mailer).await[0].1,
        "You have an account already"
    );
    assert_eq!(change("new@example.org", PASSWORD).await, NONE);
    let mails = sent(&world, &mailer).await;
    assert_eq!((mails.len(), mails[0].0.as_str()), (1, "new@example.org"));
    assert_eq!(
        viewer(&world, &session).await["person"]["email"],
        "nina@example.org"
    );
    let input = json!({ "token": mails[0].2 });
    let done = ask(&world, "emailVerify", "personId workspaceId", input).await;
    assert_eq!((told(&done), &done["workspaceId"]), (vec![], &Value::Null));
    assert_eq!(
        viewer(&world, &session).await["person"]["email"],
        "new@example.org"
    );
    let mails = sent(&world, &mailer).await;
    assert_eq!(
        (mails[0].0.as_str(), mails[0].1.as_str()),
        ("nina@example.org", "Your e-mail address was changed")
    );
    assert!(enter(&world, "nina@example.org", PASSWORD).await.is_err());
    assert!(enter(&world, "new@example.org", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_person_is_renamed_and_erased_but_leaves_no_workspace_without_an_owner() {
    let (world, _) = World::mailing().await;
    let id = person(&world, &world.home, "nina@example.org", Role::Owner).await;
    let session = sign_in(&world, &world.home, "nina@example.org").await;
    let payload = world
        .change_by(
            &session,
            "personUpdate",
            "person { name }",
            json!({ "name": " Nina T. " }),
        )
        .await;
    assert_eq!(payload["person"], json!({ "name": "Nina T." }));
    let erase = async |password: &str| {
        let input = json!({ "password": password });
        world
            .change_by(&session, "personErase", "erasedId", input)
            .await
    };
    assert_eq!(
        told(&erase("wrong one").await),
        pair("WRONG_CREDENTIALS", "")
    );
    assert_eq!(told(&erase(PASSWORD).await), pair("LAST_OWNER", ""));
    person(&world, &world.home, "olga@example.org", Role::Owner).await;
    let payload = erase(PASSWORD).await;
    assert_eq!((told(&payload), &payload["erasedId"]), (vec![], &json!(id)));
    assert_eq!(viewer(&world, &session).await, Value::Null);
    assert_eq!(
        enter(&world, "nina@example.org", PASSWORD).await,
        Err("WRONG_CREDENTIALS".into())
    );
    let dump = tables(&world).await;
    assert!(!dump.contains("nina@example.org") && !dump.contains("Nina T."));
    assert_eq!(acts(&world).await, ["person.updated", "person.erased"]);
    let whole = posthaste_engine::audit::verify(&world.app.db, None, &[]).await;
    // The rename, and a sign-in that was refused.
    assert_eq!(whole.unwrap().unwrap().erased, 2);
}
