//! What operators do about people.

use std::process::Command;

use posthaste_core::{access::Role, secret::Secret};
use posthaste_engine::{
    audit::export,
    session::{self, Client, SignIn, operator},
};
use serde_json::{Value, json};

use super::{ada, opens, sign_in, text, with_person};
use crate::{
    setup::{FILE, Operator},
    world::{PASSWORD, World},
};

/// The code that a sign-in of Ada is refused with.
async fn refused(world: &World, password: &str) -> Value {
    let answer = sign_in(world, "ada@example.org", password).await;
    answer["data"]["sessionCreate"]["errors"][0]["code"].clone()
}

#[tokio::test]
async fn who_is_shut_out_opens_nothing_from_the_next_request_on() {
    let world = World::new().await;
    let id = with_person(&world).await;
    let signed_in = ada(&world).await;
    let make = async |kind: &str| {
        let input = json!({ "name": kind, "role": "VIEWER", "kind": kind });
        let made = world
            .change_by(text(&signed_in["token"]), "apiKeyCreate", "secret", input)
            .await;
        made["secret"].clone()
    };
    let (own, service) = (make("PERSONAL").await, make("SERVICE").await);
    assert!(opens(&world, &own).await && opens(&world, &service).await);

    let app = &world.app;
    let email = "Ada@example.org";
    assert!(operator::disable(app, email).await.unwrap());
    assert!(!operator::disable(app, email).await.unwrap());
    assert!(!opens(&world, &signed_in["token"]).await);
    assert!(!opens(&world, &own).await);
    assert!(opens(&world, &service).await, "it is the workspace's");
    assert_eq!(refused(&world, "wrong").await, "WRONG_CREDENTIALS");
    assert_eq!(refused(&world, PASSWORD).await, "ACCOUNT_DISABLED");

    assert!(operator::enable(app, email).await.unwrap());
    assert!(!operator::enable(app, email).await.unwrap());
    assert!(opens(&world, &own).await);
    assert!(!opens(&world, &signed_in["token"]).await, "it has ended");
    ada(&world).await;
    let entries = export(&app.db, None, 0).await.unwrap();
    let told: Vec<_> = entries
        .iter()
        .filter(|entry| entry.act.starts_with("person."))
        .map(|entry| (entry.act.as_str(), entry.subject.as_deref()))
        .collect();
    let id = Some(id.as_str());
    assert_eq!(told, [("person.disabled", id), ("person.enabled", id)]);
}

/// Runs the command; whether it went well, and what it says.
fn people(operator: &Operator, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_posthaste"))
        .arg("people")
        .args(arguments)
        .current_dir(operator.dir.path())
        .env("DATABASE_URL", &operator.test.url)
        .env("POSTHASTE_SECRET_FILE", "secret")
        .output()
        .unwrap();
    let told = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(told).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_shuts_people_out_and_ends_their_sessions() {
    let operator = Operator::new().await;
    let email = "ada@bakery.example";
    operator.run("Europe/Paris", email, &FILE);
    let app = operator.app();
    let open = async || {
        let who = SignIn {
            email,
            proof: Secret::new("correct horse").into(),
            workspace: None,
        };
        session::sign_in(&app, who, &Client::default()).await
    };
    let signed_in = open().await.unwrap().access;
    let is_open = async || {
        let actor = session::authenticate(&app, signed_in.expose()).await;
        actor.is_ok()
    };
    let does = |arguments: &[&str], is_good: bool, says: &str| {
        let (good, told) = people(&operator, arguments);
        assert!(good == is_good && told.contains(says), "{told}");
    };
    assert!(is_open().await);
    let ended = "ended 1 sessions of ada@bakery.example";
    does(&["sessions", "revoke", email], true, ended);
    assert!(!is_open().await);
    does(&["disable", email], true, "is shut out");
    assert!(open().await.is_err());
    does(&["enable", email], true, "may sign in again");
    assert_eq!(open().await.unwrap().session.role, Role::Owner);
    let unknown = "There is no person with this e-mail.";
    does(&["disable", "bo@bakery.example"], false, unknown);
}
