//! Consent, tokens and codes.

use reqwest::{Method, Url};
use serde_json::json;

use super::{API, Profile, USER};
use crate::world::{Answered, World};

const CALLBACK: &str = "https://posthaste.example/callback";

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// S256 of the verifier (RFC 7636, appendix B).
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn authorize(scope: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("response_type", "code"),
            ("client_id", "sandbox-x"),
            ("redirect_uri", CALLBACK),
            ("scope", scope),
            ("state", "s&1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ])
        .finish();
    format!("/x.com/i/oauth2/authorize?{query}")
}

/// Clicks through the consent page; the parameters of the redirect.
async fn consent(world: &World, scope: &str, decision: &str) -> Vec<(String, String)> {
    let path = authorize(scope);
    let page = world.get(&path).await.ok();
    assert!(page.as_str().unwrap().contains("Harbor Street Bakery"));
    let clicked = world
        .post(&path, &[("account", USER), ("decision", decision)])
        .await;
    assert_eq!(clicked.status, 302);
    let back = Url::parse(clicked.headers["location"].to_str().unwrap()).unwrap();
    assert!(back.as_str().starts_with(CALLBACK));
    back.query_pairs().into_owned().collect()
}

async fn exchange(world: &World, form: &[(&str, &str)]) -> Answered {
    let request = world.request(Method::POST, &format!("{API}/oauth2/token"));
    let request = request.basic_auth("sandbox-x", Some("sandbox-x-secret"));
    world.send(request.form(form)).await
}

async fn code(world: &World, scope: &str) -> String {
    consent(world, scope, "allow")
        .await
        .into_iter()
        .find(|(k, _)| k == "code")
        .unwrap()
        .1
}

const SCOPES: &str = "tweet.read tweet.write users.read offline.access";

fn by_code(code: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

#[tokio::test]
async fn consent_leads_to_tokens_that_rotate() {
    let world = World::start().await;
    let denied = consent(&world, SCOPES, "deny").await;
    assert!(denied.contains(&("error".into(), "access_denied".into())));
    assert!(denied.contains(&("state".into(), "s&1".into())));
    let code = code(&world, SCOPES).await;
    let made = exchange(&world, &by_code(&code)).await.ok();
    assert_eq!(
        (&made["token_type"], &made["expires_in"]),
        (&json!("bearer"), &json!(7200))
    );
    let mut scopes: Vec<_> = made["scope"].as_str().unwrap().split(' ').collect();
    scopes.sort_unstable();
    assert_eq!(
        scopes,
        ["offline.access", "tweet.read", "tweet.write", "users.read"]
    );
    assert_eq!(exchange(&world, &by_code(&code)).await.status, 400);

    let refresh = made["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let renewed = exchange(&world, &form).await.ok();
    assert_ne!(renewed["refresh_token"], made["refresh_token"]);
    let dead = exchange(&world, &form).await;
    assert_eq!(dead.status, 400);
    assert_eq!(dead.body["error"], "invalid_request");
    assert_eq!(
        dead.body["error_description"],
        "Value passed for the token was invalid."
    );

    let token = renewed["access_token"].as_str().unwrap().to_owned();
    let x = Profile { world, token };
    let me = x.get("/users/me?user.fields=profile_image_url").await.ok();
    assert_eq!(
        (&me["data"]["id"], &me["data"]["username"]),
        (&json!(USER), &json!("harborstreet"))
    );
    let picture = me["data"]["profile_image_url"].as_str().unwrap();
    assert_eq!(x.world.get(picture).await.status, 200);
    let revoke = x
        .world
        .request(Method::POST, &format!("{API}/oauth2/revoke"));
    let revoke = revoke.basic_auth("sandbox-x", Some("sandbox-x-secret"));
    let revoked = x.world.send(revoke.form(&[("token", &x.token)])).await.ok();
    assert_eq!(revoked["revoked"], true);
    assert_eq!(x.get("/users/me").await.status, 401);
}

#[tokio::test]
async fn codes_are_strict() {
    let world = World::start().await;
    let without = code(&world, "tweet.read users.read").await;
    let made = exchange(&world, &by_code(&without)).await.ok();
    assert!(made.get("refresh_token").is_none());
    for (name, value) in [
        ("code_verifier", "wrong"),
        ("redirect_uri", "https://elsewhere.example/"),
    ] {
        let code = code(&world, SCOPES).await;
        let mut form = by_code(&code);
        form.retain(|(key, _)| *key != name);
        form.push((name, value));
        assert_eq!(exchange(&world, &form).await.status, 400, "{name}");
    }
    let late = code(&world, SCOPES).await;
    world.advance(31.0).await;
    assert_eq!(exchange(&world, &by_code(&late)).await.status, 400);
    let secretless = code(&world, SCOPES).await;
    let mut form = by_code(&secretless);
    form.push(("client_id", "sandbox-x"));
    let refused = world.post(&format!("{API}/oauth2/token"), &form).await;
    assert_eq!(
        (refused.status, &refused.body["error"]),
        (401, &json!("unauthorized_client"))
    );
    let path = authorize("tweet.read");
    for (from, to) in [
        ("sandbox-x", "stranger"),
        ("tweet.read", "colour.read"),
        ("S256", "MD5"),
        ("response_type=code", "response_type=token"),
        ("https%3A%2F%2Fposthaste.example", ""),
    ] {
        assert_eq!(
            world.get(&path.replace(from, to)).await.status,
            400,
            "{from}"
        );
    }
}
