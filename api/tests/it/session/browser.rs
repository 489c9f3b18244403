//! Sessions of browsers, which are cookies.

use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use chrono::TimeDelta;
use posthaste_core::access::Role;
use serde_json::{Value, json};

use crate::world::{PASSWORD, PUBLIC_URL, World, body, mutation, person};

const EMAIL: &str = "ada@example.org";
const VIEWER: &str = "{ viewer { kind person { email } } }";

/// A page of this server in a browser, with the browser's cookie.
pub(crate) struct Browser<'w> {
    pub(crate) world: &'w World,
    pub(crate) cookie: Option<String>,
}

impl<'w> Browser<'w> {
    pub(crate) fn new(world: &'w World) -> Self {
        Self {
            world,
            cookie: None,
        }
    }

    /// Sends what a page's script sends, and keeps the cookie that comes.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        sent: Option<Value>,
    ) -> (StatusCode, HeaderMap, Value) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::ORIGIN, PUBLIC_URL)
            .header("sec-fetch-site", "same-origin")
            .header(header::ACCEPT, "application/json");
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        if sent.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let sent = sent.map_or(Body::empty(), |sent| Body::from(sent.to_string()));
        let response = self.world.send(request.body(sent).unwrap()).await;
        let headers = response.headers().clone();
        if let Some(set) = headers.get(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            self.cookie = (!pair.ends_with('=')).then(|| pair.to_owned());
        }
        let (status, answer) = body(response).await;
        (status, headers, answer)
    }

    pub(crate) async fn sign_in(&mut self, email: &str) -> Value {
        let sent = json!({ "email": email, "password": PASSWORD });
        let (status, _, answer) = self.send("POST", "/auth/session", Some(sent)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }

    async fn graphql(&mut self, query: &str, variables: Value) -> (HeaderMap, Value) {
        let sent = json!({ "query": query, "variables": variables });
        let (_, headers, answer) = self.send("POST", "/graphql", Some(sent)).await;
        (headers, answer)
    }

    /// Whether the cookie opens anything.
    async fn is_in(&mut self) -> bool {
        let (_, answer) = self.graphql(VIEWER, json!({})).await;
        let code = &answer["errors"][0]["extensions"]["code"];
        assert!(
            *code == Value::Null || *code == "UNAUTHENTICATED",
            "{answer}"
        );
        *code == Value::Null
    }
}

async fn world() -> World {
    let world = World::new().await;
    person(&world, &world.home, EMAIL, Role::Admin).await;
    world
}

#[tokio::test]
async fn a_browser_signs_in_and_out_with_a_cookie_that_no_script_reads() {
    let world = world().await;
    let mut browser = Browser::new(&world);
    let sent = json!({ "email": " Ada@example.org", "password": PASSWORD, "workspaceId": world.home.workspace });
    let (status, headers, answer) = browser.send("POST", "/auth/session", Some(sent)).await;
    assert_eq!(status, StatusCode::OK);
    let set = headers[header::SET_COOKIE].to_str().unwrap();
    let (pair, attributes) = set.split_once("; ").unwrap();
    assert!(pair.starts_with("__Host-posthaste=phb_"), "{pair}");
    assert_eq!(
        attributes,
        "Max-Age=7776000; Path=/; Secure; HttpOnly; SameSite=Lax"
    );
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    let token = pair.split_once('=').unwrap().1;
    assert!(!answer.to_string().contains(&token[4..]), "{answer}");
    let expected = json!({
        "id": answer["id"], "workspaceId": world.home.workspace, "role": "ADMIN",
        "person": { "id": answer["person"]["id"], "name": "ada", "email": EMAIL },
        "createdAt": "2027-01-04T08:00:00Z", "expiresAt": "2027-01-18T08:00:00Z",
        "authenticatedAt": "2027-01-04T08:00:00Z", "secondFactor": false,
    });
    assert_eq!(answer, expected);

    let (status, _, again) = browser.send("GET", "/auth/session", None).await;
    assert_eq!((status, again), (StatusCode::OK, expected));
    let (_, answer) = browser.graphql(VIEWER, json!({})).await;
    let viewer = json!({ "kind": "PERSON", "person": { "email": EMAIL } });
    assert_eq!(answer["data"]["viewer"], viewer);

    let before = browser.cookie.clone();
    let (status, headers, _) = browser.send("DELETE", "/auth/session", None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(
        headers[header::SET_COOKIE],
        "__Host-posthaste=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"
    );
    browser.cookie = before;
    assert!(!browser.is_in().await);
    let (status, _, answer) = browser.send("GET", "/auth/session", None).await;
    assert_eq!(
        (status, &answer["code"]),
        (StatusCode::UNAUTHORIZED, &json!("UNAUTHENTICATED"))
    );
    // Who is out already can say so once more, and sign in whatever the cookie is worth.
    let (status, ..) = browser.send("DELETE", "/auth/session", None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    browser.sign_in(EMAIL).await;
    assert!(browser.is_in().await);
}

#[tokio::test]
async fn each_sign_in_makes_another_token_and_ends_the_session_before() {
    let world = world().await;
    let mut browser = Browser::new(&world);
    browser.sign_in(EMAIL).await;
    let first = browser.cookie.clone();
    browser.sign_in(EMAIL).await;
    assert!(browser.cookie != first && browser.is_in().await);
    let second = std::mem::replace(&mut browser.cookie, first);
    assert!(!browser.is_in().await);
    // A failed one ends nothing.
    browser.cookie.clone_from(&second);
    let sent = json!({ "email": EMAIL, "password": "another horse" });
    let (status, _, answer) = browser.send("POST", "/auth/session", Some(sent)).await;
    assert_eq!(
        (status, &answer["code"]),
        (StatusCode::UNAUTHORIZED, &json!("WRONG_CREDENTIALS"))
    );
    assert!(browser.cookie == second && browser.is_in().await);
}

#[tokio::test]
async fn use_moves_the_end_of_a_session_once_an_hour_and_not_beyond_ninety_days() {
    let world = world().await;
    let mut browser = Browser::new(&world);
    let ends = async |browser: &mut Browser<'_>| {
        let (_, _, answer) = browser.send("GET", "/auth/session", None).await;
        answer["expiresAt"].as_str().unwrap_or("-").to_owned()
    };
    browser.sign_in(EMAIL).await;
    world.clock.advance(TimeDelta::minutes(59));
    assert_eq!(ends(&mut browser).await, "2027-01-18T08:00:00Z");
    world.clock.advance(TimeDelta::minutes(1));
    assert_eq!(ends(&mut browser).await, "2027-01-18T09:00:00Z");
    world
        .clock
        .advance(TimeDelta::days(14) - TimeDelta::seconds(1));
    assert_eq!(ends(&mut browser).await, "2027-02-01T08:59:59Z");
    for _ in 0..5 {
        world.clock.advance(TimeDelta::days(13));
        assert!(browser.is_in().await);
    }
    // Day 79 since signing in.
    assert_eq!(ends(&mut browser).await, "2027-04-04T08:00:00Z");
    world.clock.advance(TimeDelta::days(10));
    assert!(browser.is_in().await);
    world.clock.advance(TimeDelta::days(1));
    assert!(!browser.is_in().await);

    browser.sign_in(EMAIL).await;
    world.clock.advance(TimeDelta::days(14));
    assert!(!browser.is_in().await);
}

#[tokio::test]
async fn another_proof_brings_another_cookie_and_no_token_that_a_script_reads() {
    let world = world().await;
    let mut browser = Browser::new(&world);
    browser.sign_in(EMAIL).await;
    let first = browser.cookie.clone();
    world.clock.advance(TimeDelta::minutes(11));
    let key = json!({ "input": { "name": "Mine", "role": "VIEWER" } });
    let create = mutation("apiKeyCreate", "apiKey { id }");
    let (_, answer) = browser.graphql(&create, key.clone()).await;
    let code = &answer["data"]["apiKeyCreate"]["errors"][0]["code"];
    assert_eq!(code, "REAUTHENTICATION_REQUIRED");

    let again = mutation(
        "sessionReauthenticate",
        "token tokenExpiresAt refreshToken session { isCurrent authenticatedAt }",
    );
    let wrong = json!({ "input": { "password": "another horse" } });
    let (headers, answer) = browser.graphql(&again, wrong).await;
    let code = &answer["data"]["sessionReauthenticate"]["errors"][0]["code"];
    assert_eq!(code, "WRONG_CREDENTIALS");
    assert!(!headers.contains_key(header::SET_COOKIE));
    let right = json!({ "input": { "password": PASSWORD } });
    let (headers, answer) = browser.graphql(&again, right).await;
    let payload = &answer["data"]["sessionReauthenticate"];
    assert_eq!(
        *payload,
        json!({ "token": null, "tokenExpiresAt": null, "refreshToken": null, "errors": [], "warnings": [],
            "session": { "isCurrent": true, "authenticatedAt": "2027-01-04T08:11:00+00:00" } })
    );
    let set = headers[header::SET_COOKIE].to_str().unwrap();
    assert!(set.contains("; Max-Age=7775340; Path=/; Secure; HttpOnly; SameSite=Lax"));
    let (_, answer) = browser.graphql(&create, key).await;
    assert_eq!(answer["data"]["apiKeyCreate"]["errors"], json!([]));
    let second = std::mem::replace(&mut browser.cookie, first);
    assert!(browser.cookie != second && !browser.is_in().await);
}

#[tokio::test]
async fn a_browsers_token_is_of_no_use_elsewhere_and_no_other_in_the_cookie() {
    let world = world().await;
    let mut browser = Browser::new(&world);
    browser.sign_in(EMAIL).await;
    let cookie = browser.cookie.clone().unwrap();
    let token = cookie.split_once('=').unwrap().1.to_owned();
    let answer = world.graphql(&token, VIEWER, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    let refresh = mutation("sessionRefresh", "token");
    for prefix in ["phr_", "phs_", "phb_"] {
        let posing = token.replace("phb_", prefix);
        let input = json!({ "input": { "refreshToken": posing } });
        let (_, answer) = Browser::new(&world).graphql(&refresh, input).await;
        let code = &answer["errors"][0]["extensions"]["code"];
        assert_eq!(code, "UNAUTHENTICATED", "{answer}");
        let answer = world.graphql(&posing, VIEWER, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    }
    let access = crate::world::sign_in(&world, &world.home, EMAIL).await;
    for other in [
        access.clone(),
        world.home.owner.clone(),
        access.replace("phs_", "phb_"),
    ] {
        browser.cookie = Some(format!("__Host-posthaste={other}"));
        assert!(!browser.is_in().await, "{other}");
    }
    // What the header says counts, with a cookie beside it too.
    let request = Request::get("/graphql?query=%7Bviewer%7Bkind%7D%7D")
        .header(header::COOKIE, cookie)
        .header(
            header::AUTHORIZATION,
            format!("Bearer {}", world.home.viewer),
        );
    let (_, answer) = body(world.send(request.body(Body::empty()).unwrap()).await).await;
    assert_eq!(answer["data"]["viewer"]["kind"], "KEY");
}

#[tokio::test]
async fn signing_in_is_refused_with_the_codes_and_waits_of_session_create() {
    let world = world().await;
    let mut browser = Browser::new(&world);
    let mut refused = async |sent: Value| {
        let (status, headers, answer) = browser.send("POST", "/auth/session", Some(sent)).await;
        assert!(!headers.contains_key(header::SET_COOKIE));
        (status.as_u16(), answer["code"].as_str().unwrap().to_owned())
    };
    let told = |status: u16, code: &str| (status, code.to_owned());
    let with = |more: Value| {
        let mut sent = json!({ "email": EMAIL, "password": PASSWORD });
        sent.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        sent
    };
    for (sent, expected) in [
        (json!({ "email": EMAIL }), told(400, "BAD_REQUEST")),
        (json!([]), told(400, "BAD_REQUEST")),
        (with(json!({ "role": "OWNER" })), told(400, "BAD_REQUEST")),
        (with(json!({ "workspaceId": "x" })), told(400, "INVALID_ID")),
        (
            with(json!({ "workspaceId": world.other.workspace })),
            told(403, "FORBIDDEN"),
        ),
    ] {
        assert_eq!(refused(sent.clone()).await, expected, "{sent}");
    }
    for _ in 0..5 {
        let wrong = with(json!({ "password": "wrong" }));
        assert_eq!(refused(wrong).await, told(401, "WRONG_CREDENTIALS"));
    }
    assert_eq!(refused(with(json!({}))).await, told(429, "RATE_LIMITED"));
    // It is the same count: GraphQL waits, too.
    let answer = super::sign_in(&world, EMAIL, PASSWORD).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "RATE_LIMITED");
}
