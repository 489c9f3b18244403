//! Passkeys, with an authenticator in software of another make.

use async_trait::async_trait;
use chrono::TimeDelta;
use passkey::{
    authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod},
    client::{Client, DefaultClientData},
    crypto::rust_crypto::RustCryptoBackend,
    types::{
        Passkey,
        ctap2::{Aaguid, Ctap2Error},
        webauthn::{CredentialCreationOptions, CredentialRequestOptions},
    },
};
use posthaste_core::access::Role;
use posthaste_engine::audit::export;
use serde_json::{Value, json};
use url::Url;

use super::{SIGN_IN, from, opens, text};
use crate::world::{PASSWORD, World, person, sign_in};

/// Whoever holds the device, and whether it asks for finger or PIN.
struct Holder {
    is_verified: bool,
}

#[async_trait]
impl UserValidationMethod for Holder {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _: UiHint<'a, Passkey>,
        _: bool,
        _: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck {
            presence: true,
            verification: self.is_verified,
        })
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }
}

/// A device with one passkey, in a browser on a page.
#[derive(Clone)]
struct Device {
    passkey: Option<Passkey>,
    is_verified: bool,
    page: Url,
}

impl Device {
    fn new() -> Self {
        Self {
            passkey: None,
            is_verified: true,
            page: Url::parse("https://posthaste.test").unwrap(),
        }
    }

    fn authenticator(&self) -> Authenticator<Option<Passkey>, Holder, RustCryptoBackend> {
        let holder = Holder {
            is_verified: self.is_verified,
        };
        let passkey = self.passkey.clone();
        let mut device =
            Authenticator::new(Aaguid::new_empty(), passkey, holder, RustCryptoBackend);
        device.set_make_credentials_with_signature_counter(true);
        device
    }

    async fn register(&mut self, options: &Value) -> Value {
        let public_key = serde_json::from_value(options.clone()).unwrap();
        let request = CredentialCreationOptions { public_key };
        let mut client = Client::new(self.authenticator());
        let made = client
            .register(&self.page, request, DefaultClientData)
            .await;
        self.passkey.clone_from(client.authenticator().store());
        serde_json::to_value(made.unwrap()).unwrap()
    }

    async fn prove(&mut self, options: &Value) -> Value {
        let public_key = serde_json::from_value(options.clone()).unwrap();
        let request = CredentialRequestOptions { public_key };
        let mut client = Client::new(self.authenticator());
        let shown = client
            .authenticate(&self.page, request, DefaultClientData)
            .await;
        self.passkey.clone_from(client.authenticator().store());
        serde_json::to_value(shown.unwrap()).unwrap()
    }
}

/// Asks for a ceremony: by the person of a session, or by nobody.
async fn start(world: &World, token: Option<&str>, name: &str) -> Value {
    let document = format!("mutation {{ {name} {{ ceremonyId options errors {{ code }} }} }}");
    let mut answer = match token {
        Some(token) => world.graphql(token, &document, json!({})).await,
        None => from(world, "192.0.2.1", &document, json!({})).await,
    };
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    answer["data"][name].take()
}

async fn register(world: &World, token: &str, ceremony: &Value, credential: Value) -> Value {
    let input = json!({ "ceremonyId": ceremony, "name": "Phone", "credential": credential });
    let fields = "passkey { id name createdAt lastUsedAt }";
    world
        .change_by(token, "passkeyRegister", fields, input)
        .await
}

/// A person with a passkey on a device; the session it was registered with.
async fn with_passkey(world: &World, email: &str) -> (Device, String, Value) {
    person(world, &world.home, email, Role::Owner).await;
    let session = sign_in(world, &world.home, email).await;
    let mut device = Device::new();
    let asked = start(world, Some(&session), "passkeyRegistrationStart").await;
    let made = device.register(&asked["options"]).await;
    let mut payload = register(world, &session, &asked["ceremonyId"], made).await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    (device, session, payload["passkey"].take())
}

/// Signs in by an answer of a device; the payload.
async fn enter(world: &World, ceremony: &Value, credential: &Value) -> Value {
    let document = SIGN_IN
        .replace("SessionCreateInput", "SessionCreateByPasskeyInput")
        .replace("sessionCreate(", "sessionCreateByPasskey(");
    let input = json!({ "input": { "ceremonyId": ceremony, "credential": credential } });
    let mut answer = from(world, "192.0.2.1", &document, input).await;
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    answer["data"]["sessionCreateByPasskey"].take()
}

async fn enter_with(world: &World, device: &mut Device) -> Value {
    let asked = start(world, None, "passkeyProofStart").await;
    let shown = device.prove(&asked["options"]).await;
    enter(world, &asked["ceremonyId"], &shown).await
}

fn code(payload: &Value) -> &Value {
    &payload["errors"][0]["code"]
}

#[tokio::test]
async fn a_passkey_signs_in_without_e_mail_password_and_code() {
    let world = World::new().await;
    let (mut device, session, registered) = with_passkey(&world, "ada@example.org").await;
    assert_eq!(
        (&registered["name"], &registered["createdAt"]),
        (&json!("Phone"), &json!("2027-01-04T08:00:00+00:00"))
    );
    world.clock.advance(TimeDelta::minutes(1));
    let opened = enter_with(&world, &mut device).await;
    assert_eq!(opened["session"]["secondFactor"], true, "{opened}");
    assert!(opens(&world, &opened["token"]).await);
    let again = enter_with(&world, &mut device).await;
    assert_eq!(again["errors"], json!([]));

    let seen = world
        .graphql(&session, "{ passkeys { id name lastUsedAt } }", json!({}))
        .await;
    assert_eq!(
        seen["data"]["passkeys"],
        json!([{ "id": registered["id"], "name": "Phone", "lastUsedAt": "2027-01-04T08:01:00+00:00" }])
    );
    let entries = export(&world.app.db, None, 0).await.unwrap();
    assert_eq!(
        entries
            .iter()
            .filter(|entry| entry.act == "person.passkey_added")
            .count(),
        1
    );
}

#[tokio::test]
async fn an_answer_is_taken_once_for_five_minutes_and_for_what_was_asked() {
    let world = World::new().await;
    let (mut device, ..) = with_passkey(&world, "ada@example.org").await;
    let asked = start(&world, None, "passkeyProofStart").await;
    let shown = device.prove(&asked["options"]).await;
    let other = start(&world, None, "passkeyProofStart").await;
    let refused = enter(&world, &other["ceremonyId"], &shown).await;
    assert_eq!(*code(&refused), "PASSKEY_REFUSED");
    let opened = enter(&world, &asked["ceremonyId"], &shown).await;
    assert_eq!(opened["errors"], json!([]));
    let refused = enter(&world, &asked["ceremonyId"], &shown).await;
    assert_eq!(
        (code(&refused), &refused["errors"][0]["path"]),
        (&json!("PASSKEY_REFUSED"), &json!(["ceremonyId"]))
    );
    let late = start(&world, None, "passkeyProofStart").await;
    let shown = device.prove(&late["options"]).await;
    world.clock.advance(TimeDelta::minutes(5));
    let refused = enter(&world, &late["ceremonyId"], &shown).await;
    assert_eq!(*code(&refused), "PASSKEY_REFUSED");
    let nothing = enter(&world, &late["ceremonyId"], &json!({})).await;
    assert_eq!(*code(&nothing), "INVALID_INPUT");
}

#[tokio::test]
async fn other_pages_unverified_people_forged_signatures_and_copies_are_refused() {
    let world = World::new().await;
    let (mut device, session, _) = with_passkey(&world, "ada@example.org").await;
    let mut copy = device.clone();

    // A browser signs for a page beneath the name, too.
    device.page = Url::parse("https://evil.posthaste.test").unwrap();
    assert_eq!(
        *code(&enter_with(&world, &mut device).await),
        "PASSKEY_REFUSED"
    );
    device.page = Url::parse("https://posthaste.test").unwrap();

    let asked = start(&world, None, "passkeyProofStart").await;
    let mut shown = device.prove(&asked["options"]).await;
    let signature = text(&shown["response"]["signature"]).to_owned();
    let flipped = if signature.contains('A') {
        ("A", "B")
    } else {
        ("B", "C")
    };
    shown["response"]["signature"] = json!(signature.replacen(flipped.0, flipped.1, 1));
    let refused = enter(&world, &asked["ceremonyId"], &shown).await;
    assert!(
        code(&refused) == "PASSKEY_REFUSED" || code(&refused) == "INVALID_INPUT",
        "{refused}"
    );

    let mut unverified = device.clone();
    unverified.is_verified = false;
    let mut lax = start(&world, None, "passkeyProofStart").await;
    lax["options"]["userVerification"] = json!("discouraged");
    let shown = unverified.prove(&lax["options"]).await;
    let refused = enter(&world, &lax["ceremonyId"], &shown).await;
    assert_eq!(*code(&refused), "PASSKEY_REFUSED");

    // The counter of a copy is behind.
    assert_eq!(enter_with(&world, &mut device).await["errors"], json!([]));
    assert_eq!(
        *code(&enter_with(&world, &mut copy).await),
        "PASSKEY_REFUSED"
    );
    assert!(opens(&world, &json!(session)).await);
}

#[tokio::test]
async fn a_passkey_is_a_fresh_proof_and_registering_one_takes_one() {
    let world = World::new().await;
    let (mut device, session, registered) = with_passkey(&world, "ada@example.org").await;
    world
        .clock
        .advance(TimeDelta::minutes(10) + TimeDelta::seconds(1));
    let refused = start(&world, Some(&session), "passkeyRegistrationStart").await;
    assert_eq!(*code(&refused), "REAUTHENTICATION_REQUIRED");
    let remove = json!({ "id": registered["id"] });
    let refused = world
        .change_by(&session, "passkeyDelete", "deletedId", remove.clone())
        .await;
    assert_eq!(*code(&refused), "REAUTHENTICATION_REQUIRED");

    let asked = start(&world, None, "passkeyProofStart").await;
    let shown = device.prove(&asked["options"]).await;
    let input = json!({ "ceremonyId": asked["ceremonyId"], "credential": shown });
    let fields = "token session { secondFactor }";
    let payload = world
        .change_by(&session, "sessionReauthenticateByPasskey", fields, input)
        .await;
    assert_eq!(payload["session"]["secondFactor"], true, "{payload}");
    let fresh = text(&payload["token"]);
    let again = start(&world, Some(fresh), "passkeyRegistrationStart").await;
    assert_eq!(again["errors"], json!([]));
    // The authenticator is told which it has already.
    let known = &again["options"]["excludeCredentials"];
    assert_eq!(known.as_array().map(Vec::len), Some(1), "{again}");

    let gone = world
        .change_by(fresh, "passkeyDelete", "deletedId", remove)
        .await;
    assert_eq!(gone["deletedId"], registered["id"]);
    assert_eq!(
        *code(&enter_with(&world, &mut device).await),
        "PASSKEY_REFUSED"
    );
    let stands = "{ sessions { nodes { secondFactor } } }";
    let answer = world.graphql(fresh, stands, json!({})).await;
    assert_eq!(
        answer["data"]["sessions"]["nodes"],
        json!([{ "secondFactor": false }])
    );
}

#[tokio::test]
async fn anothers_passkey_proves_changes_and_removes_nothing() {
    let world = World::new().await;
    let (mut adas, ada, of_ada) = with_passkey(&world, "ada@example.org").await;
    let (_, ben, _) = with_passkey(&world, "ben@example.org").await;
    let asked = start(&world, None, "passkeyProofStart").await;
    let shown = adas.prove(&asked["options"]).await;
    let input = json!({ "ceremonyId": asked["ceremonyId"], "credential": shown });
    let payload = world
        .change_by(&ben, "sessionReauthenticateByPasskey", "token", input)
        .await;
    assert_eq!(*code(&payload), "PASSKEY_REFUSED");
    for (name, fields, input) in [
        (
            "passkeyUpdate",
            "passkey { id }",
            json!({ "id": of_ada["id"], "name": "Mine" }),
        ),
        ("passkeyDelete", "deletedId", json!({ "id": of_ada["id"] })),
    ] {
        let payload = world.change_by(&ben, name, fields, input).await;
        assert_eq!(*code(&payload), "NOT_FOUND", "{name}");
    }
    // What one person's device was asked for registers nothing for another, and nothing twice.
    let asked = start(&world, Some(&ada), "passkeyRegistrationStart").await;
    let made = Device::new().register(&asked["options"]).await;
    let refused = register(&world, &ben, &asked["ceremonyId"], made.clone()).await;
    assert_eq!(*code(&refused), "PASSKEY_REFUSED");
    let taken = register(&world, &ada, &asked["ceremonyId"], made.clone()).await;
    assert_eq!(taken["errors"], json!([]));
    let refused = register(&world, &ada, &asked["ceremonyId"], made).await;
    assert_eq!(*code(&refused), "PASSKEY_REFUSED");

    let input = json!({ "id": of_ada["id"], "name": " Laptop " });
    let renamed = world
        .change_by(&ada, "passkeyUpdate", "passkey { name }", input)
        .await;
    assert_eq!(renamed["passkey"]["name"], "Laptop");
}

#[tokio::test]
async fn whoever_is_shut_out_is_told_so_and_opens_nothing() {
    let world = World::new().await;
    let (mut device, ..) = with_passkey(&world, "ada@example.org").await;
    posthaste_engine::session::operator::disable(&world.app, "ada@example.org")
        .await
        .unwrap();
    let refused = enter_with(&world, &mut device).await;
    assert_eq!(*code(&refused), "ACCOUNT_DISABLED");
}

#[tokio::test]
async fn a_passkey_opens_a_workspace_that_asks_for_a_second_factor() {
    let world = World::new().await;
    let (mut device, session, _) = with_passkey(&world, "ada@example.org").await;
    let input = json!({ "secondFactorRequired": true });
    let payload = world
        .change_by(
            &session,
            "workspaceSecurityUpdate",
            "workspace { id }",
            input,
        )
        .await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    let posts = async |token: &str| {
        let answer = world
            .graphql(token, "{ posts { nodes { id } } }", json!({}))
            .await;
        answer["errors"][0]["extensions"]["code"].clone()
    };
    let opened = enter_with(&world, &mut device).await;
    assert_eq!(posts(text(&opened["token"])).await, Value::Null);
    // The password alone is one factor.
    let input = json!({ "input": { "email": "ada@example.org", "password": PASSWORD } });
    let answer = from(&world, "192.0.2.1", SIGN_IN, input).await;
    let token = text(&answer["data"]["sessionCreate"]["token"]);
    assert_eq!(posts(token).await, "SECOND_FACTOR_REQUIRED");
}
