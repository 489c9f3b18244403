//! Mails to people, as programs and people see them.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use posthaste_core::{hex, ports::ScriptedHttp};
use posthaste_engine::mail;
use serde_json::{Value, json};

use crate::{
    scrub::tables,
    world::{World, body},
};

async fn invite(world: &World, email: &str) -> Value {
    let input = json!({ "email": email, "role": "EDITOR" });
    let fields = "token link isMailed";
    let payload = world
        .change_by(&world.home.owner, "invitationCreate", fields, input)
        .await;
    assert_eq!(payload["errors"], json!([]), "{payload}");
    payload
}

async fn mailbox(world: &World) -> (StatusCode, Value) {
    let request = Request::get("/mailbox").body(Body::empty()).unwrap();
    body(world.send(request).await).await
}

#[tokio::test]
async fn an_invitation_is_mailed_and_its_token_lies_nowhere() {
    let (world, mailer) = World::mailing().await;
    let payload = invite(&world, "nina@example.org").await;
    assert_eq!(payload["isMailed"], true);
    let token = payload["token"].as_str().unwrap();
    let dump = tables(&world).await;
    assert!(dump.contains("nina@example.org"));
    assert!(!dump.contains(token) && !dump.contains(&hex::encode(token.as_bytes())));
    mail::send_due(&world.app).await.unwrap();
    let sent = mailer.take();
    assert_eq!(sent[0].subject, "Invitation to Home");
    assert!(sent[0].text.contains(payload["link"].as_str().unwrap()));
    // What a sandbox shows is shown nowhere else.
    assert_eq!(mailbox(&world).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn without_mail_the_link_is_handed_on() {
    let world = World::new().await;
    let payload = invite(&world, "nina@example.org").await;
    assert_eq!(payload["isMailed"], false);
    assert!(payload["link"].is_string());
    assert_eq!(mail::send_due(&world.app).await.unwrap(), 0);
}

#[tokio::test]
async fn a_sandbox_has_a_mailbox() {
    let world = World::sandbox(ScriptedHttp::default()).await;
    assert!(
        mailbox(&world)
            .await
            .1
            .as_str()
            .unwrap()
            .contains("No mail was written yet.")
    );
    let token = invite(&world, "nina@example.org").await["token"].clone();
    let query = "query($to: String) { sandbox { mails(to: $to) { to subject token isDelivered createdAt } } }";
    let seen = async |key: &str, to: &str| {
        let answer = world.graphql(key, query, json!({ "to": to })).await;
        answer["data"]["sandbox"]["mails"].clone()
    };
    let mail = |is_delivered: bool| {
        json!([{ "to": "nina@example.org", "subject": "Invitation to Home", "token": token,
            "isDelivered": is_delivered, "createdAt": "2027-01-04T08:00:00+00:00" }])
    };
    let owner = &world.home.owner;
    assert_eq!(seen(owner, "Nina@example.org").await, mail(false));
    assert_eq!(mail::send_due(&world.app).await.unwrap(), 1);
    assert_eq!(seen(owner, "nina@example.org").await, mail(true));
    assert_eq!(seen(owner, "olga@example.org").await, json!([]));
    // Another workspace's mails are not its business.
    assert_eq!(
        seen(&world.other.owner, "nina@example.org").await,
        json!([])
    );
    let page = mailbox(&world).await.1;
    let page = page.as_str().unwrap();
    assert!(page.contains("<h2>Invitation to Home</h2>") && page.contains(token.as_str().unwrap()));
}
