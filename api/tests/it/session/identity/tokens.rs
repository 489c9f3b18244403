//! What a provider says is believed only if it holds.

use axum::http::StatusCode;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use openidconnect::{
    PrivateSigningKey,
    core::{CoreHmacKey, CoreJwsSigningAlgorithm},
};
use serde_json::{Value, json};

use super::{
    browser::{Browser, parameter},
    issuer::{Forge, Issuer, Key, SECRET, token},
};
use crate::world::World;

/// A provider at which somebody may register, and a world with it.
async fn welcoming() -> (Issuer, World) {
    let issuer = Issuer::start().await;
    let mut settings = issuer.settings();
    settings.registration = vec!["example.org".into()];
    let world = Issuer::world_of(vec![settings]).await;
    (issuer, world)
}

/// The error with which a sign-in ends, or `code`.
async fn end(issuer: &Issuer, world: &World) -> String {
    let address = issuer.dance(world, &mut Browser::default()).await;
    assert!(
        address.starts_with("https://posthaste.test/welcome?"),
        "{address}"
    );
    match parameter(&address, "code") {
        Some(_) => "code".to_owned(),
        None => parameter(&address, "error").unwrap(),
    }
}

const INVALID: &str = "PROVIDER_ANSWER_INVALID";

#[tokio::test]
async fn claims_that_do_not_hold_sign_nobody_in() {
    let (issuer, world) = welcoming().await;
    assert_eq!(end(&issuer, &world).await, "code");
    let now = posthaste_testkit::start().timestamp();
    for claims in [
        json!({ "nonce": "another" }),
        json!({ "nonce": null }),
        json!({ "aud": "another" }),
        json!({ "aud": ["posthaste", "another"] }),
        json!({ "aud": null }),
        json!({ "azp": "another" }),
        json!({ "iss": "https://another.example" }),
        json!({ "iss": format!("{}/", issuer.url) }),
        json!({ "iss": null }),
        json!({ "exp": now - 61 }),
        json!({ "exp": null }),
        json!({ "iat": now + 61 }),
        json!({ "iat": now - 61 }),
        json!({ "sub": "" }),
        json!({ "sub": "x".repeat(256) }),
        json!({ "sub": null }),
        json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" }),
    ] {
        issuer.set(|script| script.claims = claims.clone());
        assert_eq!(end(&issuer, &world).await, INVALID, "{claims}");
    }
    // A minute is given to clocks.
    for claims in [
        json!({ "exp": now - 59, "iat": now - 59 }),
        json!({ "iat": now + 60 }),
        json!({ "azp": "posthaste", "aud": ["posthaste"] }),
    ] {
        issuer.set(|script| script.claims = claims.clone());
        assert_eq!(end(&issuer, &world).await, "code", "{claims}");
    }
}

fn hmac(key: &[u8], text: &str) -> String {
    let key = CoreHmacKey::new(key);
    let signed = key.sign(&CoreJwsSigningAlgorithm::HmacSha256, text.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(signed.unwrap())
}

/// A header that names another algorithm.
fn by(algorithm: &str) -> Value {
    json!({ "alg": algorithm, "kid": "first" })
}

#[tokio::test]
async fn signatures_that_anybody_could_make_sign_nobody_in() {
    let (issuer, world) = welcoming().await;
    let forgeries: [(&str, Forge); 9] = [
        ("alg none", |_, _, claims| {
            token(&json!({ "alg": "none" }), claims, |_| String::new())
        }),
        ("alg none with a key's name", |_, _, claims| {
            token(&by("none"), claims, |_| String::new())
        }),
        ("HS256 with the public key", |script, _, claims| {
            let public = script.key.public();
            let key = BASE64_URL_SAFE_NO_PAD.decode(public["x"].as_str().unwrap());
            token(&by("HS256"), claims, |text| hmac(&key.unwrap(), text))
        }),
        ("HS256 with the published document", |script, _, claims| {
            let key = script.key.public().to_string();
            token(&by("HS256"), claims, |text| hmac(key.as_bytes(), text))
        }),
        ("HS256 with the client's secret", |_, _, claims| {
            token(&by("HS256"), claims, |text| hmac(SECRET.as_bytes(), text))
        }),
        ("RS256 with a key of another kind", |_, _, claims| {
            token(&by("RS256"), claims, |text| hmac(b"any", text))
        }),
        ("no signature", |_, header, claims| {
            token(header, claims, |_| String::new())
        }),
        ("a signature of something else", |script, header, claims| {
            let signed = token(header, &json!({}), |_| String::new());
            let other = script.key.sign(&signed);
            token(header, claims, |_| other)
        }),
        ("another key by the same name", |_, header, claims| {
            let other = Key::new("first");
            token(header, claims, |text| other.sign(text))
        }),
    ];
    for (what, forge) in forgeries {
        issuer.set(|script| script.forge = Some(forge));
        assert_eq!(end(&issuer, &world).await, INVALID, "{what}");
    }
    issuer.set(|script| script.forge = None);
    assert_eq!(end(&issuer, &world).await, "code");
}

#[tokio::test]
async fn headers_lead_to_no_other_key_and_tokens_for_other_uses_are_none() {
    let (issuer, world) = welcoming().await;
    // A key of the attacker's, named by the token itself.
    let evil = format!("{}/evil", issuer.url);
    let public = Key::new("evil").public();
    for header in [
        json!({ "jku": evil, "kid": "evil" }),
        json!({ "x5u": evil, "kid": "evil" }),
        json!({ "jwk": public, "kid": "evil" }),
    ] {
        issuer.set(|script| {
            script.header = header.clone();
            script.forge = Some(|_, header, claims| {
                let evil = Key::new("evil");
                token(header, claims, |text| evil.sign(text))
            });
        });
        assert_eq!(end(&issuer, &world).await, INVALID, "{header}");
    }
    assert_eq!(issuer.times("evil"), 0);
    issuer.set(|script| script.forge = None);
    for header in [
        json!({ "typ": "at+jwt" }),
        json!({ "typ": "logout+jwt" }),
        json!({ "cty": "JWT" }),
        json!({ "crit": ["exp"] }),
    ] {
        issuer.set(|script| script.header = header.clone());
        assert_eq!(end(&issuer, &world).await, INVALID, "{header}");
    }
    // With the right key, what it points to besides makes no difference.
    issuer.set(|script| script.header = json!({ "typ": "JWT", "jku": evil }));
    assert_eq!(end(&issuer, &world).await, "code");
    assert_eq!(issuer.times("evil"), 0);
}

#[tokio::test]
async fn an_answer_in_the_name_of_another_issuer_goes_no_further() {
    let (issuer, world) = welcoming().await;
    for iss in [Some("https://another.example"), None] {
        let mut browser = Browser::default();
        let there = browser
            .follow(&world, "/auth/oidc/acme?return_to=/welcome")
            .await;
        let back = issuer.answer(&there);
        let (before, _) = back.split_once("&iss=").unwrap();
        let back = iss.map_or(before.to_owned(), |iss| format!("{before}&iss={iss}"));
        let end = browser.follow(&world, &back).await;
        assert_eq!(parameter(&end, "error").unwrap(), INVALID);
    }
    // The code was shown to nobody.
    assert_eq!(issuer.times("token"), 0);
    // Who says nothing of it may leave it out, but never name another.
    let quiet = json!({ "authorization_response_iss_parameter_supported": null });
    issuer.set(|script| script.metadata = quiet);
    world.clock.advance(TimeDelta::hours(2));
    let now = world.app.now().timestamp();
    issuer.set(|script| script.claims = json!({ "iat": now, "exp": now + 300 }));
    for (iss, expected) in [("", "code"), ("&iss=https://another.example", INVALID)] {
        let mut browser = Browser::default();
        let there = browser
            .follow(&world, "/auth/oidc/acme?return_to=/welcome")
            .await;
        let back = issuer.answer(&there);
        let (before, _) = back.split_once("&iss=").unwrap();
        let end = browser.follow(&world, &format!("{before}{iss}")).await;
        let told = parameter(&end, "error").unwrap_or_else(|| "code".to_owned());
        assert_eq!(told, expected, "{iss}");
    }
}

#[tokio::test]
async fn keys_are_kept_for_an_hour_and_fetched_again_for_a_new_one_now_and_then() {
    let (issuer, world) = welcoming().await;
    let at = |world: &World| {
        let now = world.app.now().timestamp();
        json!({ "iat": now, "exp": now + 300 })
    };
    for _ in 0..3 {
        assert_eq!(end(&issuer, &world).await, "code");
    }
    assert_eq!((issuer.times("metadata"), issuer.times("keys")), (1, 1));
    // The issuer has another key. What was fetched within a minute is not fetched again.
    issuer.set(|script| script.key = Key::new("second"));
    assert_eq!(end(&issuer, &world).await, INVALID);
    assert_eq!(issuer.times("keys"), 1);
    world.clock.advance(TimeDelta::minutes(1));
    issuer.set(|script| script.claims = at(&world));
    assert_eq!(end(&issuer, &world).await, "code");
    assert_eq!(issuer.times("keys"), 2);
    assert_eq!(end(&issuer, &world).await, "code");
    assert_eq!(issuer.times("keys"), 2);
    // A key that is nowhere makes nobody fetch again and again.
    issuer.set(|script| script.published = Some(vec![script.key.public()]));
    issuer.set(|script| script.key = Key::new("third"));
    world.clock.advance(TimeDelta::minutes(1));
    issuer.set(|script| script.claims = at(&world));
    for _ in 0..3 {
        assert_eq!(end(&issuer, &world).await, INVALID);
    }
    assert_eq!(issuer.times("keys"), 3);
    // What is known ends, too.
    issuer.set(|script| script.published = None);
    for (minutes, times) in [(1, 4), (59, 4), (1, 5)] {
        world.clock.advance(TimeDelta::minutes(minutes));
        issuer.set(|script| script.claims = at(&world));
        assert_eq!(end(&issuer, &world).await, "code");
        assert_eq!(issuer.times("keys"), times);
    }
}

#[tokio::test]
async fn a_provider_that_is_away_or_is_none_is_told() {
    let (issuer, world) = welcoming().await;
    let address = "/auth/oidc/acme?return_to=/welcome";
    let mut browser = Browser::default();
    let told = async |browser: &mut Browser| {
        let page = browser.open(&world, address, None).await;
        assert_eq!(
            page.status,
            StatusCode::SERVICE_UNAVAILABLE,
            "{}",
            page.text
        );
        assert!(page.text.contains("PROVIDER_UNAVAILABLE"));
        // What it answered is nobody's business.
        assert!(!page.text.contains("127.0.0.1"), "{}", page.text);
    };
    issuer.set(|script| script.is_away = true);
    told(&mut browser).await;
    issuer.set(|script| script.is_away = false);
    for metadata in [
        json!({ "issuer": "https://another.example" }),
        json!({ "jwks_uri": null }),
        json!({ "authorization_endpoint": "javascript:alert(1)" }),
    ] {
        issuer.set(|script| script.metadata = metadata);
        told(&mut browser).await;
    }
    issuer.set(|script| script.metadata = json!({}));
    let there = browser.follow(&world, address).await;
    let back = issuer.answer(&there);
    issuer.set(|script| script.is_away = true);
    let end = browser.follow(&world, &back).await;
    assert_eq!(parameter(&end, "error").unwrap(), "PROVIDER_UNAVAILABLE");
}

#[tokio::test]
async fn a_provider_in_a_private_network_is_asked_only_where_that_is_allowed() {
    let issuer = Issuer::start().await;
    let mut settings = issuer.settings();
    settings.allow_private = false;
    let world = Issuer::world_of(vec![settings]).await;
    let address = "/auth/oidc/acme?return_to=/welcome";
    let page = Browser::default().open(&world, address, None).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(issuer.times("metadata"), 0);
}

#[tokio::test]
async fn whoever_says_no_at_the_provider_is_sent_back_with_that() {
    let (issuer, world) = welcoming().await;
    let mut browser = Browser::default();
    let there = browser
        .follow(&world, "/auth/oidc/acme?return_to=/welcome?a=b")
        .await;
    let state = parameter(&there, "state").unwrap();
    let back = format!(
        "/auth/oidc/acme/callback?state={state}&error=access_denied&iss={}",
        issuer.url
    );
    let end = browser.follow(&world, &back).await;
    assert_eq!(
        end,
        "https://posthaste.test/welcome?a=b&error=PROVIDER_REFUSED"
    );
    assert_eq!(issuer.times("token"), 0);
}
