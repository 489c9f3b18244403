//! From the first question to the last token.

use axum::{body::Body, http::Request};

use super::*;

#[tokio::test]
async fn a_person_signs_in_lets_an_app_in_and_it_works_for_them() {
    let world = World::new().await;
    let ada = person(&world, &world.home, EMAIL, Role::Editor).await;
    let author = Author::new(&world, &world.other, true).await;
    let mut surfer = Surfer::new(&world).await;

    let server = surfer
        .document("/.well-known/oauth-authorization-server")
        .await;
    assert_eq!(server["issuer"], PUBLIC_URL);
    let endpoint = server["authorization_endpoint"].as_str().unwrap();
    let asks = author.asks(&[("resource", Some(PUBLIC_URL))]);
    assert!(asks.starts_with(endpoint.strip_prefix(PUBLIC_URL).unwrap()));

    let page = surfer.get(&asks).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.text
            .contains("Calendar &lt;b&gt; wants to work for you"),
        "{}",
        page.text
    );
    let wrong = [("email", EMAIL), ("password", "another horse")];
    let again = surfer.submit(&page, "/oauth/sign-in", &wrong).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    assert!(
        again
            .text
            .contains("E-mail and password do not belong together.")
    );
    let right = [("email", EMAIL), ("password", PASSWORD)];
    let led = surfer.submit(&page, "/oauth/sign-in", &right).await;
    assert_eq!(led.status, StatusCode::SEE_OTHER, "{}", led.text);
    assert!(surfer.jar["__Host-posthaste"].starts_with("phb_"));
    assert_eq!(led.location(), asks);

    let page = surfer.get(led.location()).await;
    for said in [
        "Calendar &lt;b&gt; wants to work for you",
        "registered by Other",
        "signed in as ada@example.org",
        "<code>https://app.example/back</code>",
        "In Home it may",
        "<small>(READ)</small>",
        "<small>(WRITE)</small>",
        "Home on Pinterest",
    ] {
        assert!(page.text.contains(said), "{said}: {}", page.text);
    }
    assert!(!page.text.contains("(PUBLISH)") && !page.text.contains("<script"));
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
    assert!(policy.contains("frame-ancestors 'none'"));
    assert!(
        policy.ends_with("form-action 'self' https://app.example"),
        "{policy}"
    );
    assert_eq!(page.headers["x-frame-options"], "DENY");

    let back = surfer
        .submit(&page, "/oauth/authorize", &[("decision", "allow")])
        .await;
    assert!(back.location().starts_with("https://app.example/back?"));
    let pairs = answer(&back);
    assert_eq!(found(&pairs, "state"), Some("a state & more"));
    assert_eq!(found(&pairs, "iss"), Some(PUBLIC_URL));
    let code = found(&pairs, "code").unwrap();
    assert!(code.starts_with("phc_"));

    let (status, tokens) = author.fetch(&surfer, &[("code", code)]).await;
    assert_eq!(status, StatusCode::OK, "{tokens}");
    let (access, refresh) = (
        text(&tokens, "access_token"),
        text(&tokens, "refresh_token"),
    );
    assert!(access.starts_with("pha_") && refresh.starts_with("phf_"));
    assert_eq!(
        tokens,
        json!({ "access_token": access, "token_type": "Bearer", "expires_in": 900,
            "refresh_token": refresh, "scope": "READ WRITE" })
    );

    let viewer = "{ viewer { kind app { id name } person { email } key { id } role permissions workspace { name } } }";
    let answer = world.graphql(access, viewer, json!({})).await;
    assert_eq!(
        answer["data"]["viewer"],
        json!({ "kind": "APP", "app": { "id": author.id, "name": "Calendar <b>" }, "person": { "email": EMAIL },
            "key": null, "role": "CUSTOM", "permissions": ["READ", "WRITE"], "workspace": { "name": "Home" } })
    );
    let provenance = "post { provenance { kind personId appId keyId } }";
    let made = world
        .change_by(
            access,
            "postCreate",
            provenance,
            json!({ "text": "By an app" }),
        )
        .await;
    assert_eq!(
        made["post"]["provenance"],
        json!({ "kind": "APP", "personId": ada, "appId": author.id, "keyId": null })
    );
    let log = audited(&world).await;
    assert_eq!(log, [("oauth_grant.created".to_owned(), ada)]);
}

#[tokio::test]
async fn a_person_says_no_and_the_app_is_told() {
    let (world, mut surfer) = signed_in(Role::Editor).await;
    let author = Author::new(&world, &world.home, false).await;
    let page = surfer.get(&author.asks(&[])).await;
    let back = surfer
        .submit(&page, "/oauth/authorize", &[("decision", "deny")])
        .await;
    let pairs = answer(&back);
    assert_eq!(found(&pairs, "error"), Some("access_denied"));
    assert_eq!(found(&pairs, "state"), Some("a state & more"));
    assert_eq!(found(&pairs, "iss"), Some(PUBLIC_URL));
    assert_eq!(found(&pairs, "code"), None);
}

#[tokio::test]
async fn programs_on_loopback_are_answered_at_the_port_they_listen_on() {
    let (world, mut surfer) = signed_in(Role::Editor).await;
    let author = Author::new(&world, &world.home, false).await;
    let here = "http://127.0.0.1:51004/back";
    let asks = author.asks(&[
        ("redirect_uri", Some(here)),
        ("scope", None),
        ("state", None),
    ]);
    let code = code(&mut surfer, &asks).await;
    let (_, refused) = author.fetch(&surfer, &[("code", &code)]).await;
    assert_eq!(refused["error"], "invalid_grant");
    let fields = [("code", code.as_str()), ("redirect_uri", here)];
    let (status, tokens) = author.fetch(&surfer, &fields).await;
    assert_eq!(
        (status, &tokens["scope"]),
        (StatusCode::OK, &json!("READ WRITE PUBLISH"))
    );
}

#[tokio::test]
async fn the_person_chooses_the_workspace_and_the_accounts() {
    let (world, mut surfer) = signed_in(Role::Editor).await;
    let author = Author::new(&world, &world.home, false).await;
    // A second workspace, where the person may only look.
    let mut conn = world.app.db.get().await.unwrap();
    let ada = posthaste_store::access::user_by_email(&mut conn, EMAIL);
    let ada = ada.await.unwrap().unwrap();
    posthaste_engine::session::add_member(&world.app, world.other.workspace, ada.id, Role::Viewer)
        .await
        .unwrap();
    let page = surfer.get(&author.asks(&[])).await;
    let other = world.other.workspace.to_string();
    let choice = [("decision", "elsewhere"), ("workspace", &other)];
    let page = surfer.submit(&page, "/oauth/authorize", &choice).await;
    assert!(page.text.contains("In Other it may") && page.text.contains("(READ)"));
    assert!(!page.text.contains("(WRITE)"), "{}", page.text);
    let allow = [("decision", "allow"), ("workspace", &other)];
    let back = surfer.submit(&page, "/oauth/authorize", &allow).await;
    let code = answer(&back);
    let code = found(&code, "code").unwrap();
    let (_, tokens) = author.fetch(&surfer, &[("code", code)]).await;
    assert_eq!(tokens["scope"], "READ");
    let query = "{ viewer { workspace { name } permissions connectionIds } }";
    let viewer = world
        .graphql(text(&tokens, "access_token"), query, json!({}))
        .await;
    assert_eq!(
        viewer["data"]["viewer"],
        json!({ "workspace": { "name": "Other" }, "permissions": ["READ"], "connectionIds": null })
    );

    let page = surfer.get(&author.asks(&[])).await;
    let x = world.home.on(posthaste_core::Network::X);
    let choice = [("decision", "allow"), ("connection", x)];
    let back = surfer.submit(&page, "/oauth/authorize", &choice).await;
    let code = answer(&back);
    let (_, tokens) = author
        .fetch(&surfer, &[("code", found(&code, "code").unwrap())])
        .await;
    let query = "{ viewer { connectionIds } connections { nodes { id } } }";
    let found = world
        .graphql(text(&tokens, "access_token"), query, json!({}))
        .await;
    assert_eq!(
        found["data"],
        json!({ "viewer": { "connectionIds": [x] }, "connections": { "nodes": [{ "id": x }] } })
    );

    // Another workspace's accounts, and a workspace that is not theirs.
    let page = surfer.get(&author.asks(&[])).await;
    let foreign = world.other.on(posthaste_core::Network::X);
    let choice = [("decision", "allow"), ("connection", foreign)];
    let refused = surfer.submit(&page, "/oauth/authorize", &choice).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    let stranger = person(&world, &world.other, "eve@example.org", Role::Owner).await;
    assert!(!stranger.is_empty());
    let mut eve = Surfer::new(&world).await;
    eve.sign_in("eve@example.org").await;
    let page = eve.get(&author.asks(&[])).await;
    let home = world.home.workspace.to_string();
    for decision in ["allow", "elsewhere"] {
        let choice = [("decision", decision), ("workspace", &home)];
        let refused = eve.submit(&page, "/oauth/authorize", &choice).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{decision}");
    }
}

#[tokio::test]
async fn apps_learn_by_themselves_how_to_ask() {
    let world = World::new().await;
    let net = Surfer::new(&world).await;
    let server = net
        .document("/.well-known/oauth-authorization-server")
        .await;
    assert_eq!(
        server,
        json!({
            "issuer": PUBLIC_URL,
            "authorization_endpoint": "https://posthaste.test/oauth/authorize",
            "token_endpoint": "https://posthaste.test/oauth/token",
            "revocation_endpoint": "https://posthaste.test/oauth/revoke",
            "scopes_supported": ["READ", "WRITE", "PUBLISH", "MANAGE_CONNECTIONS", "MANAGE_WEBHOOKS", "MANAGE_BUDGETS",
                "READ_USAGE", "READ_AUDIT_LOG", "MANAGE_MEMBERS", "MANAGE_ROLES"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
            "service_documentation": "https://posthaste.test/docs/oauth-apps",
        })
    );
    let resource = net.document("/.well-known/oauth-protected-resource").await;
    assert_eq!(resource["resource"], PUBLIC_URL);
    assert_eq!(resource["authorization_servers"], json!([PUBLIC_URL]));
    let request = Request::get("/auth/session");
    let request = request.body(Body::empty()).unwrap();
    let told = world.send(request).await;
    assert_eq!(told.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(
        told.headers()["www-authenticate"],
        "Bearer resource_metadata=\"https://posthaste.test/.well-known/oauth-protected-resource\""
    );
}
