//! What is refused: to apps, to who poses as one, and to pages of other sites.

use chrono::TimeDelta;

use super::*;

#[tokio::test]
async fn without_a_known_app_at_its_own_address_nobody_is_sent_anywhere() {
    let (world, mut surfer) = signed_in(Role::Editor).await;
    let author = Author::new(&world, &world.home, false).await;
    let unknown = "app_01h455vb4pex5vsknk084sn02q";
    for (name, value, status) in [
        ("client_id", Some(unknown), 404),
        ("client_id", Some("x"), 404),
        ("client_id", None, 404),
        ("redirect_uri", None, 400),
        ("redirect_uri", Some("https://app.example/back/more"), 400),
        ("redirect_uri", Some("https://app.example/bac"), 400),
        (
            "redirect_uri",
            Some("https://app.example.evil.example/back"),
            400,
        ),
        ("redirect_uri", Some("https://app.example/back?x=1"), 400),
        ("redirect_uri", Some("http://localhost:5100/back"), 400),
        ("redirect_uri", Some("javascript:alert(1)"), 400),
    ] {
        let page = surfer.get(&author.asks(&[(name, value)])).await;
        assert_eq!(
            page.status.as_u16(),
            status,
            "{name}: {value:?} {}",
            page.text
        );
        assert!(!page.headers.contains_key("location"));
        assert!(page.text.contains("Nothing was given to anybody"));
    }
    let twice = format!("{}&redirect_uri=https://evil.example", author.asks(&[]));
    let page = surfer.get(&twice).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_app_that_asks_wrongly_is_told_so_at_its_address() {
    let (world, mut surfer) = signed_in(Role::Editor).await;
    let author = Author::new(&world, &world.home, true).await;
    for (name, value, error) in [
        ("response_type", Some("token"), "unsupported_response_type"),
        ("response_type", None, "unsupported_response_type"),
        ("code_challenge", None, "invalid_request"),
        ("code_challenge", Some("short"), "invalid_request"),
        ("code_challenge_method", None, "invalid_request"),
        ("code_challenge_method", Some("plain"), "invalid_request"),
        ("scope", Some("READ MANAGE_MEMBERS"), "invalid_scope"),
        ("scope", Some("MANAGE_KEYS"), "invalid_scope"),
        ("scope", Some("OWN_WORKSPACE"), "invalid_scope"),
        ("scope", Some("everything"), "invalid_scope"),
        ("resource", Some("https://other.example"), "invalid_target"),
    ] {
        let page = surfer.get(&author.asks(&[(name, value)])).await;
        let pairs = answer(&page);
        assert_eq!(found(&pairs, "error"), Some(error), "{name}: {value:?}");
        assert_eq!(found(&pairs, "state"), Some("a state & more"));
        assert_eq!(found(&pairs, "iss"), Some(PUBLIC_URL));
        assert!(page.location().starts_with("https://app.example/back?"));
    }
    let twice = format!("{}&scope=READ", author.asks(&[]));
    let pairs = answer(&surfer.get(&twice).await);
    assert_eq!(found(&pairs, "error"), Some("invalid_request"));
}

#[tokio::test]
async fn a_code_is_one_apps_at_one_address_for_a_minute_and_whose_it_is_knows_the_verifier() {
    let (world, mut surfer) = signed_in(Role::Editor).await;
    let author = Author::new(&world, &world.home, true).await;
    let other = Author::new(&world, &world.other, true).await;
    let code = code(&mut surfer, &author.asks(&[])).await;
    let with = [("code", code.as_str())];
    let wrong_verifier = "a".repeat(43);
    for (name, value, error) in [
        ("code", "phc_x", "invalid_grant"),
        ("code", "", "invalid_request"),
        ("code_verifier", wrong_verifier.as_str(), "invalid_grant"),
        ("code_verifier", "", "invalid_request"),
        ("redirect_uri", "http://127.0.0.1/back", "invalid_grant"),
        ("redirect_uri", "https://app.example/back/", "invalid_grant"),
        ("grant_type", "password", "unsupported_grant_type"),
        ("grant_type", "client_credentials", "unsupported_grant_type"),
        ("grant_type", "", "invalid_request"),
        ("client_secret", "phx_wrong", "invalid_client"),
        ("client_secret", "", "invalid_client"),
        ("client_id", other.id.as_str(), "invalid_client"),
        ("resource", "https://other.example", "invalid_target"),
    ] {
        let fields = [with[0], (name, value)];
        let (status, told) = author.fetch(&surfer, &fields).await;
        assert_eq!(told["error"], error, "{name}: {value}");
        let expected = if error == "invalid_client" { 401 } else { 400 };
        assert_eq!(status.as_u16(), expected, "{name}: {value}");
    }
    let (_, told) = other.fetch(&surfer, &with).await;
    assert_eq!(told["error"], "invalid_grant");
    // None of that used it up.
    let (status, _) = author.fetch(&surfer, &with).await;
    assert_eq!(status, StatusCode::OK);

    let code = super::code(&mut surfer, &author.asks(&[])).await;
    world.clock.advance(TimeDelta::seconds(60));
    let (_, told) = author.fetch(&surfer, &[("code", &code)]).await;
    assert_eq!(told["error"], "invalid_grant");
    assert_eq!(count(&world, "oauth_grants").await, 1);
}

async fn count(world: &World, table: &str) -> i64 {
    let (client, connection) = world.app.db.address().wire().await.unwrap();
    let driving = tokio::spawn(connection);
    let query = format!("SELECT count(*) FROM {table}");
    let row = client.query_one(&query, &[]).await.unwrap();
    driving.abort();
    row.get(0)
}

#[tokio::test]
async fn a_code_that_comes_again_ends_what_it_gave() {
    let (world, mut surfer) = signed_in(Role::Editor).await;
    let author = Author::new(&world, &world.home, false).await;
    let code = code(&mut surfer, &author.asks(&[])).await;
    let with = [("code", code.as_str())];
    let (_, tokens) = author.fetch(&surfer, &with).await;
    assert_eq!(opens(&world, &tokens).await, "");
    let (_, told) = author.fetch(&surfer, &with).await;
    assert_eq!(told["error"], "invalid_grant");
    assert_eq!(opens(&world, &tokens).await, "UNAUTHENTICATED");
    let (_, told) = author.refresh(&surfer, &tokens["refresh_token"]).await;
    assert_eq!(told["error"], "invalid_grant");
    let acts = audited(&world).await;
    let acts: Vec<&str> = acts.iter().map(|(act, _)| act.as_str()).collect();
    assert_eq!(
        acts,
        [
            "oauth_app.created",
            "oauth_grant.created",
            "oauth_grant.revoked"
        ]
    );
}

#[tokio::test]
async fn of_many_who_come_with_one_code_one_gets_tokens_and_loses_them() {
    let (world, mut surfer) = signed_in(Role::Editor).await;
    let author = Author::new(&world, &world.home, false).await;
    let code = code(&mut surfer, &author.asks(&[])).await;
    let with = [("code", code.as_str())];
    let many = futures::future::join_all((0..8).map(|_| author.fetch(&surfer, &with))).await;
    let given: Vec<_> = many
        .iter()
        .filter(|(status, _)| *status == StatusCode::OK)
        .collect();
    assert_eq!(given.len(), 1);
    assert_eq!(opens(&world, &given[0].1).await, "UNAUTHENTICATED");
    assert_eq!(count(&world, "oauth_grants").await, 0);
}

#[tokio::test]
async fn an_app_shows_its_secret_in_one_place_and_a_public_one_shows_none() {
    let (world, mut surfer) = signed_in(Role::Editor).await;
    let author = Author::new(&world, &world.home, true).await;
    let code = code(&mut surfer, &author.asks(&[])).await;
    let secret = author.secret.as_deref().unwrap();
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("code_verifier", VERIFIER),
    ];
    let shown = (author.id.as_str(), secret);
    let wrong = (author.id.as_str(), "phx_wrong");
    let (status, headers, told) = surfer.with_basic("/oauth/token", wrong, &fields).await;
    assert_eq!(
        (status.as_u16(), &told["error"]),
        (401, &json!("invalid_client"))
    );
    assert_eq!(headers["www-authenticate"], "Basic realm=\"Posthaste\"");
    let mut both = fields.to_vec();
    both.push(("client_secret", secret));
    let (status, _, told) = surfer.with_basic("/oauth/token", shown, &both).await;
    assert_eq!(
        (status.as_u16(), &told["error"]),
        (400, &json!("invalid_request"))
    );
    let (status, ..) = surfer.with_basic("/oauth/token", shown, &fields).await;
    assert_eq!(status, StatusCode::OK);

    let public = Author::new(&world, &world.home, false).await;
    assert_eq!(public.secret, None);
    let code = super::code(&mut surfer, &public.asks(&[])).await;
    let (status, told) = public
        .fetch(&surfer, &[("code", &code), ("client_secret", "phx_x")])
        .await;
    assert_eq!(
        (status.as_u16(), &told["error"]),
        (401, &json!("invalid_client"))
    );
}

#[tokio::test]
async fn nobody_is_made_to_agree_by_a_page_of_another_site() {
    let (world, mut surfer) = signed_in(Role::Editor).await;
    let author = Author::new(&world, &world.home, false).await;
    let page = surfer.get(&author.asks(&[])).await;
    let (request, seal) = (
        page.hidden("request").unwrap(),
        page.hidden("seal").unwrap(),
    );
    let workspace = page.hidden("workspace").unwrap();
    let fields = |seal: &str, request: &str| {
        [
            ("decision", "allow"),
            ("workspace", &workspace),
            ("seal", seal),
            ("request", request),
        ]
        .map(|(name, value)| (name, value.to_owned()))
    };
    let send = async |surfer: &mut Surfer, path: &str, fields: [(&str, String); 4]| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        surfer.post(path, &fields).await
    };
    for origin in [
        ("https://evil.example", "cross-site"),
        ("https://evil.example", "same-site"),
        ("null", "cross-site"),
    ] {
        surfer.origin = origin;
        for path in ["/oauth/authorize", "/oauth/sign-in"] {
            let refused = send(&mut surfer, path, fields(&seal, &request)).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{origin:?} {path}");
            assert!(refused.text.contains("ORIGIN_NOT_ALLOWED"));
        }
    }
    surfer.origin = (PUBLIC_URL, "same-origin");
    let other = author.asks(&[("state", Some("another"))]);
    let other = other.strip_prefix("/oauth/authorize?").unwrap();
    let mut eve = Surfer::new(&world).await;
    person(&world, &world.home, "eve@example.org", Role::Editor).await;
    eve.sign_in("eve@example.org").await;
    let of_eve = eve.get(&author.asks(&[])).await.hidden("seal").unwrap();
    for (seal, request) in [("", request.as_str()), (&of_eve, &request), (&seal, other)] {
        let refused = send(&mut surfer, "/oauth/authorize", fields(seal, request)).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert!(
            refused.text.contains("The form is not of this browser"),
            "{}",
            refused.text
        );
    }
    let agreed = send(&mut surfer, "/oauth/authorize", fields(&seal, &request)).await;
    assert_eq!(agreed.status, StatusCode::SEE_OTHER);
    // Who signed out meanwhile is asked again who they are.
    surfer.jar.clear();
    let led = send(&mut surfer, "/oauth/authorize", fields(&seal, &request)).await;
    assert_eq!(led.location(), author.asks(&[]));
}

#[tokio::test]
async fn a_program_cannot_agree_for_a_person() {
    let (world, mut surfer) = signed_in(Role::Editor).await;
    let author = Author::new(&world, &world.home, false).await;
    let given = tokens(&mut surfer, &author).await;
    let access = crate::world::sign_in(&world, &world.home, EMAIL).await;
    for token in [text(&given, "access_token"), &access, &world.home.owner] {
        let mut program = Surfer::new(&world).await;
        program
            .jar
            .insert("__Host-posthaste".to_owned(), token.to_owned());
        let page = program.get(&author.asks(&[])).await;
        assert!(page.text.contains("<h1>Sign in</h1>"), "{}", page.text);
    }
}

#[tokio::test]
async fn a_workspace_that_asks_for_a_second_factor_lets_no_app_in_without_one() {
    let (world, mut surfer) = signed_in(Role::Owner).await;
    let author = Author::new(&world, &world.home, false).await;
    let (client, connection) = world.app.db.address().wire().await.unwrap();
    let driving = tokio::spawn(connection);
    let strict = "UPDATE workspaces SET second_factor_required = true";
    client.batch_execute(strict).await.unwrap();
    driving.abort();
    let page = surfer.get(&author.asks(&[])).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.text);
    assert!(
        page.text
            .contains("There is no workspace that you could let an app into.")
    );
}
