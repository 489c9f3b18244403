//! Each step of a sign-in works once, for a while, and for who began.

use axum::http::StatusCode;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use posthaste_core::access::Role;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    browser::{Browser, parameter, refusal},
    issuer::Issuer,
};
use crate::world::{World, person};

/// A provider that is trusted with e-mails, and Ada, whose e-mail it tells.
async fn with_ada() -> (Issuer, World) {
    let issuer = Issuer::start().await;
    let mut settings = issuer.settings();
    settings.trust_email = true;
    let world = Issuer::world_of(vec![settings]).await;
    person(&world, &world.home, "ada@example.org", Role::Editor).await;
    (issuer, world)
}

#[tokio::test]
async fn a_browser_is_sent_there_and_back_and_its_code_opens_a_session() {
    let (issuer, world) = with_ada().await;
    let mut browser = Browser::default();
    let page = browser
        .open(&world, "/auth/oidc/acme?return_to=/welcome?a=b", None)
        .await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let cookie = page.headers["set-cookie"].to_str().unwrap();
    let (name, rest) = cookie.split_once('=').unwrap();
    let (value, rest) = rest.split_once(';').unwrap();
    assert_eq!((name, value.len()), ("__Host-posthaste-oidc", 43));
    assert_eq!(
        rest,
        " Path=/; Max-Age=1200; Secure; HttpOnly; SameSite=Lax"
    );
    let there = page.location().to_owned();
    let words = ["state", "nonce", "code_challenge"].map(|name| parameter(&there, name).unwrap());
    assert!(words.iter().all(|word| word.len() == 43));
    let redirect = "https://posthaste.test/auth/oidc/acme/callback";
    assert_eq!(parameter(&there, "redirect_uri").unwrap(), redirect);

    let end = browser.follow(&world, &issuer.answer(&there)).await;
    let (place, code) = end.split_once("&code=").unwrap();
    assert_eq!(place, "https://posthaste.test/welcome?a=b");
    let opened = browser.redeem(&world, json!({ "code": code })).await;
    assert_eq!(opened["errors"], json!([]));
    let session = &opened["session"];
    assert_eq!(
        (&session["secondFactor"], &session["workspaceId"]),
        (&json!(false), &json!(world.home.workspace.to_string()))
    );
    assert!(super::super::opens(&world, &opened["token"]).await);
    // Nothing of it lies readable in the database.
    let (client, connection) = world.app.db.address().wire().await.unwrap();
    tokio::spawn(connection);
    browser.follow(&world, "/auth/oidc/acme?return_to=/").await;
    let query = "SELECT string_agg(to_jsonb(s)::text, ' ') FROM provider_steps s";
    let kept: String = client.query_one(query, &[]).await.unwrap().get(0);
    let secrets = words.iter().map(String::as_str).chain([value, code]);
    for secret in secrets {
        assert!(!kept.contains(secret), "{secret} in {kept}");
    }
}

#[tokio::test]
async fn a_state_works_once_in_the_browser_that_began_and_for_ten_minutes() {
    let (issuer, world) = with_ada().await;
    let invalid = async |browser: &mut Browser, back: &str| {
        let page = browser.open(&world, back, None).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{}", page.text);
        assert!(page.text.contains("SIGN_IN_INVALID"), "{}", page.text);
    };
    let start = "/auth/oidc/acme?return_to=/welcome";
    let mut browser = Browser::default();
    let back = issuer.answer(&browser.follow(&world, start).await);
    // Another browser, with a sign-in of its own or without; a made-up state; none.
    let mut other = Browser::default();
    invalid(&mut other, &back).await;
    other.follow(&world, start).await;
    invalid(&mut other, &back).await;
    let state = parameter(&back, "state").unwrap();
    invalid(&mut browser, &back.replace(&state, &"A".repeat(43))).await;
    invalid(&mut browser, "/auth/oidc/acme/callback?code=a-code").await;
    assert_eq!(issuer.times("token"), 0);
    // None of that took it away; two windows of a browser do not disturb each other.
    browser.follow(&world, start).await;
    let end = browser.follow(&world, &back).await;
    assert!(parameter(&end, "code").is_some(), "{end}");
    invalid(&mut browser, &back).await;
    assert_eq!(issuer.times("token"), 1);

    let back = issuer.answer(&browser.follow(&world, start).await);
    world.clock.advance(TimeDelta::minutes(10));
    invalid(&mut browser, &back).await;
}

#[tokio::test]
async fn an_answer_of_one_provider_is_none_of_another() {
    let (issuer, other) = (Issuer::start().await, Issuer::start().await);
    let mut settings = other.settings();
    settings.name = "other".into();
    let world = Issuer::world_of(vec![issuer.settings(), settings]).await;
    let mut browser = Browser::default();
    let there = browser
        .follow(&world, "/auth/oidc/acme?return_to=/welcome")
        .await;
    let back = issuer.answer(&there).replace("/acme/", "/other/");
    let page = browser.open(&world, &back, None).await;
    assert!(page.text.contains("SIGN_IN_INVALID"), "{}", page.text);
    assert_eq!(issuer.times("token") + other.times("token"), 0);
    for path in [
        "/auth/oidc/none?return_to=/",
        "/auth/oidc/none/callback?state=x",
    ] {
        let page = browser.open(&world, path, None).await;
        assert!(page.status.is_client_error(), "{path}");
    }
}

/// What refuses a code; null when it opened a session.
async fn redeemed(world: &World, browser: &Browser, input: Value) -> Value {
    let payload = browser.redeem(world, input).await;
    assert_eq!(payload["token"].is_null(), !refusal(&payload).is_null());
    refusal(&payload).clone()
}

#[tokio::test]
async fn a_code_works_once_for_a_minute_in_the_browser_that_got_it() {
    let (issuer, world) = with_ada().await;
    let mut browser = Browser::default();
    let code = issuer.code(&world, &mut browser).await;
    let input = json!({ "code": code });
    assert_eq!(redeemed(&world, &browser, input.clone()).await, Value::Null);
    assert_eq!(redeemed(&world, &browser, input).await, "SIGN_IN_INVALID");

    let late = issuer.code(&world, &mut browser).await;
    world.clock.advance(TimeDelta::seconds(60));
    let input = json!({ "code": late });
    assert_eq!(redeemed(&world, &browser, input).await, "SIGN_IN_INVALID");
    world.clock.advance(TimeDelta::seconds(-60));

    // Whoever gets hold of one has it for nothing, and then it is worth nothing to anybody.
    let stolen = json!({ "code": issuer.code(&world, &mut browser).await });
    let mut thief = Browser::default();
    thief.follow(&world, "/auth/oidc/acme?return_to=/").await;
    assert_eq!(
        redeemed(&world, &thief, stolen.clone()).await,
        "SIGN_IN_INVALID"
    );
    assert_eq!(redeemed(&world, &browser, stolen).await, "SIGN_IN_INVALID");
    for code in ["", "x", &"A".repeat(43), &"A".repeat(10_000)] {
        let input = json!({ "code": code });
        assert_eq!(redeemed(&world, &browser, input).await, "SIGN_IN_INVALID");
    }
}

#[tokio::test]
async fn of_many_who_bring_a_code_at_once_one_gets_a_session() {
    let (issuer, world) = with_ada().await;
    let mut browser = Browser::default();
    let code = issuer.code(&world, &mut browser).await;
    let all = (0..6).map(|_| redeemed(&world, &browser, json!({ "code": code })));
    let all = futures::future::join_all(all).await;
    let opened = all.iter().filter(|told| told.is_null()).count();
    assert_eq!(opened, 1, "{all:?}");
}

#[tokio::test]
async fn a_program_shows_the_word_behind_its_challenge_in_the_place_of_a_cookie() {
    let (issuer, world) = with_ada().await;
    let word = "a word that only the program knows";
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(word));
    let code = async || {
        let start =
            format!("/auth/oidc/acme?return_to=http://127.0.0.1:4711/done&challenge={challenge}");
        let mut browser = Browser::default();
        let there = browser.follow(&world, &start).await;
        let end = browser.follow(&world, &issuer.answer(&there)).await;
        assert!(end.starts_with("http://127.0.0.1:4711/done?code="), "{end}");
        (parameter(&end, "code").unwrap(), browser)
    };
    let program = Browser::default();
    let (first, _) = code().await;
    let input = json!({ "code": first, "verifier": word });
    assert_eq!(redeemed(&world, &program, input).await, Value::Null);
    // Neither another word nor the browser's cookie will do.
    let (second, browser) = code().await;
    let input = json!({ "code": second, "verifier": "another" });
    assert_eq!(redeemed(&world, &browser, input).await, "SIGN_IN_INVALID");
    let (third, browser) = code().await;
    let input = json!({ "code": third });
    assert_eq!(redeemed(&world, &browser, input).await, "SIGN_IN_INVALID");
}

#[tokio::test]
async fn nobody_is_sent_elsewhere() {
    let (_issuer, world) = with_ada().await;
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest("a word"));
    let open = async |return_to: &str, challenge: Option<&str>| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("return_to", return_to);
        if let Some(challenge) = challenge {
            query.append_pair("challenge", challenge);
        }
        let address = format!("/auth/oidc/acme?{}", query.finish());
        let page = Browser::default().open(&world, &address, None).await;
        page.status.as_u16()
    };
    for fine in ["/", "/sign-in?a=b", "https://posthaste.test/x"] {
        assert_eq!(open(fine, None).await, 303, "{fine}");
    }
    for fine in [
        "http://127.0.0.1:4711/",
        "http://[::1]:1/x",
        "http://localhost:5/",
        "https://app.example/in",
    ] {
        assert_eq!(open(fine, Some(&challenge)).await, 303, "{fine}");
        assert_eq!(open(fine, None).await, 400, "{fine}");
        assert_eq!(open(fine, Some("short")).await, 400, "{fine}");
    }
    for wrong in [
        "",
        "welcome",
        "//evil.example/",
        "/\\evil.example/",
        "https://evil.example/",
        "https://posthaste.test.evil.example/",
        "https://posthaste.test@evil.example/",
        "https://me@posthaste.test/",
        "http://posthaste.test/",
        "https://app.example:8443/",
        "https://posthaste.test/#x",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://127.0.0.1/",
        &format!("/{}", "x".repeat(3000)),
    ] {
        assert_eq!(open(wrong, Some(&challenge)).await, 400, "{wrong}");
    }
    let page = Browser::default()
        .open(&world, "/auth/oidc/acme", None)
        .await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn whoever_guesses_waits_as_with_passwords() {
    let (issuer, world) = with_ada().await;
    let guess = async || {
        let input = json!({ "code": "A".repeat(43) });
        let document = crate::world::mutation("sessionFromProvider", "token");
        let answer =
            super::super::from(&world, "192.0.2.9", &document, json!({ "input": input })).await;
        let told = refusal(&answer["data"]["sessionFromProvider"]).clone();
        if told.is_null() {
            answer["errors"][0]["extensions"]["code"].clone()
        } else {
            told
        }
    };
    for _ in 0..20 {
        assert_eq!(guess().await, "SIGN_IN_INVALID");
    }
    assert_eq!(guess().await, "RATE_LIMITED");
    // Others go on.
    let mut browser = Browser::default();
    let code = issuer.code(&world, &mut browser).await;
    assert_eq!(
        redeemed(&world, &browser, json!({ "code": code })).await,
        Value::Null
    );
}
