//! Who guesses passwords.

use chrono::TimeDelta;
use posthaste_engine::audit::export;
use serde_json::{Value, json};

use super::{ada, from, sign_in, sign_in_from, sql, with_person};
use crate::world::{PASSWORD, World};

/// The code of a refusal, wherever it stands; empty when somebody was signed in.
fn code(answer: &Value) -> &str {
    let of_payload = &answer["data"]["sessionCreate"]["errors"][0]["code"];
    let of_request = &answer["errors"][0]["extensions"]["code"];
    let code = of_payload.as_str().or(of_request.as_str());
    code.unwrap_or_default()
}

/// Subject and detail of each refusal in the server's audit log.
async fn refusals(world: &World) -> Vec<(Option<String>, Value)> {
    let entries = export(&world.app.db, None, 0).await.unwrap();
    let entries = entries.into_iter();
    let refused = entries.filter(|entry| entry.act == "session.refused");
    refused
        .map(|entry| (entry.subject, entry.detail.unwrap()))
        .collect()
}

#[tokio::test]
async fn an_address_that_tries_many_e_mails_waits_and_others_do_not() {
    let world = World::new().await;
    with_person(&world).await;
    let guess = async |number: usize| {
        let email = format!("{number}@example.org");
        let answer = sign_in_from(&world, "203.0.113.9", &email, "wrong").await;
        code(&answer).to_owned()
    };
    for number in 0..20 {
        assert_eq!(guess(number).await, "WRONG_CREDENTIALS");
    }
    assert_eq!(guess(20).await, "RATE_LIMITED");
    // Not even with the right password, but not for long and nowhere else.
    let right = async |address| {
        let answer = sign_in_from(&world, address, "ada@example.org", PASSWORD).await;
        code(&answer).to_owned()
    };
    assert_eq!(right("203.0.113.9").await, "RATE_LIMITED");
    assert_eq!(right("203.0.113.10").await, "");
    world.clock.advance(TimeDelta::seconds(1));
    assert_eq!(right("203.0.113.9").await, "");
    assert_eq!(guess(21).await, "WRONG_CREDENTIALS");
    assert_eq!(guess(22).await, "RATE_LIMITED");
}

#[tokio::test]
async fn each_alias_in_a_document_is_a_try() {
    let world = World::new().await;
    with_person(&world).await;
    let alias = |n| {
        format!(
            "t{n}: sessionCreate(input: {{ email: \"ada@example.org\", password: \"guess {n}\" }}) {{ errors {{ code }} }}"
        )
    };
    let tries: Vec<String> = (0..8).map(alias).collect();
    let document = format!("mutation {{ {} }}", tries.join(" "));
    let answer = from(&world, "192.0.2.1", &document, json!({})).await;
    let error = &answer["errors"][0];
    assert_eq!(
        (&error["extensions"]["code"], &error["path"]),
        (&json!("RATE_LIMITED"), &json!(["t5"])),
        "{answer}"
    );
    let answer = sign_in(&world, "ada@example.org", PASSWORD).await;
    assert_eq!(code(&answer), "RATE_LIMITED");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tries_at_once_do_not_slip_through() {
    let world = World::new().await;
    with_person(&world).await;
    let tries = (0..30).map(|_| sign_in(&world, "ada@example.org", "wrong"));
    let answers = futures::future::join_all(tries).await;
    let checked = answers
        .iter()
        .filter(|answer| code(answer) == "WRONG_CREDENTIALS");
    // Two are checked at the same time, so one more than five may have begun.
    let checked = checked.count();
    assert!((5..=6).contains(&checked), "{checked} were checked");
}

#[tokio::test]
async fn refused_sign_ins_are_in_the_servers_audit_log_and_cannot_fill_it() {
    let world = World::new().await;
    let id = with_person(&world).await;
    let guess = async |address: &str, email: &str| {
        sign_in_from(&world, address, email, "wrong").await;
    };
    for _ in 0..9 {
        guess("192.0.2.1", "ada@example.org").await;
    }
    world.clock.advance(TimeDelta::seconds(1));
    guess("192.0.2.1", "ada@example.org").await;
    let told = refusals(&world).await;
    let steps: Vec<_> = told.iter().map(|(_, detail)| &detail["failures"]).collect();
    assert_eq!(steps, [1, 5, 6]);
    assert!(told.iter().all(|(subject, _)| *subject == Some(id.clone())));
    assert_eq!(told[0].1["address"], "192.0.2.1");
    assert!(!format!("{told:?}").contains("example.org"));
    guess("192.0.2.2", "nobody@example.org").await;
    let told = refusals(&world).await;
    assert_eq!(told[3].0, None);
    assert!(told[3].1["emailHash"] != told[0].1["emailHash"]);

    for number in 0..80 {
        let address = format!("198.51.100.{number}");
        guess(&address, &format!("{number}@example.org")).await;
    }
    let told = refusals(&world).await;
    let last = |(_, detail): &(_, Value)| detail["lastOfThisHour"] == true;
    let marked: Vec<usize> = (0..told.len()).filter(|n| last(&told[*n])).collect();
    assert_eq!((told.len(), marked), (60, vec![59]));
    world.clock.advance(TimeDelta::hours(1));
    guess("192.0.2.1", "ada@example.org").await;
    assert_eq!(refusals(&world).await.len(), 61);
}

async fn hash(world: &World) -> String {
    let (client, connection) = world.app.db.address().wire().await.unwrap();
    tokio::spawn(connection);
    let query = "SELECT password_hash FROM users WHERE email = 'ada@example.org'";
    client.query_one(query, &[]).await.unwrap().get(0)
}

/// The hash of [`PASSWORD`] with a fraction of the work.
const WEAK: &str = "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MjZP1+1U9JUbDWvDvtLyEsZiNXOKEUxfi6O2oe46uxA";

/// How a hash of today begins.
const TODAY: &str = "$argon2id$v=19$m=19456,t=2,p=1$";

#[tokio::test]
async fn a_password_hash_of_less_work_is_made_anew_at_sign_in() {
    let world = World::new().await;
    with_person(&world).await;
    let first = hash(&world).await;
    assert!(first.starts_with(TODAY), "{first}");
    ada(&world).await;
    assert_eq!(hash(&world).await, first);
    sql(
        &world,
        &format!("UPDATE users SET password_hash = '{WEAK}'"),
    )
    .await;
    sign_in(&world, "ada@example.org", "wrong").await;
    assert_eq!(hash(&world).await, WEAK);
    ada(&world).await;
    let anew = hash(&world).await;
    assert!(anew.starts_with(TODAY), "{anew}");
    ada(&world).await;
    assert_eq!(hash(&world).await, anew);
}
