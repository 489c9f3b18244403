//! Facebook Login and Instagram Login, as a browser and a server go through them.

use reqwest::Method;
use serde_json::json;

use crate::world::{PAGE, World};

const BACK: &str = "http://127.0.0.1:9/callback";
const IG: &str = "17841400000000001";

/// Posts the consent form; the address the browser is sent to.
async fn consent(world: &World, path: &str, form: &[(&str, &str)]) -> url::Url {
    let page = world.get(path).await;
    assert_eq!(page.status, 200);
    assert!(page.body.as_str().unwrap().contains("Allow"));
    let sent = world
        .request(Method::POST, path)
        .form(form)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 302);
    url::Url::parse(sent.headers()["location"].to_str().unwrap()).unwrap()
}

fn parameter(url: &url::Url, name: &str) -> Option<String> {
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

fn dialog(scope: &str) -> String {
    format!(
        "/www.facebook.com/v26.0/dialog/oauth?client_id=sandbox-facebook&redirect_uri={BACK}\
         &state=s1&response_type=code&scope={scope}"
    )
}

#[tokio::test]
async fn facebook_login_from_consent_to_revocation() {
    let world = World::start().await;
    let path = dialog("pages_show_list,pages_manage_posts,pages_read_engagement");
    let back = consent(&world, &path, &[("account", PAGE), ("decision", "allow")]).await;
    assert_eq!(parameter(&back, "state").as_deref(), Some("s1"));
    let code = parameter(&back, "code").unwrap();
    let exchange = format!(
        "/graph.facebook.com/v26.0/oauth/access_token?client_id=sandbox-facebook\
         &client_secret=sandbox-facebook-secret&redirect_uri={BACK}&code={code}"
    );
    let short = world.get(&exchange).await.ok();
    assert_eq!(
        world.get(&exchange).await.graph_error(),
        (400, 100, Some(36009))
    );
    let long = world
        .get(&format!(
            "/graph.facebook.com/v26.0/oauth/access_token?grant_type=fb_exchange_token\
             &client_id=sandbox-facebook&client_secret=sandbox-facebook-secret\
             &fb_exchange_token={}",
            short["access_token"].as_str().unwrap()
        ))
        .await
        .ok();
    assert_eq!(long["expires_in"], 5_183_944);
    let user = long["access_token"].as_str().unwrap();

    let accounts = format!(
        "/graph.facebook.com/v26.0/me/accounts?fields=id,name,username,access_token,tasks,picture\
         &access_token={user}"
    );
    let pages = world.get(&accounts).await.ok();
    assert_eq!(pages["data"].as_array().unwrap().len(), 1);
    assert_eq!(pages["data"][0]["id"], PAGE);
    let page = pages["data"][0]["access_token"].as_str().unwrap();
    let feed = format!("/graph.facebook.com/v26.0/{PAGE}/feed");
    world
        .post(&feed, &[("message", "x"), ("access_token", page)])
        .await
        .ok();
    let as_user = world
        .post(&feed, &[("message", "y"), ("access_token", user)])
        .await;
    assert_eq!(as_user.graph_error(), (400, 190, Some(2_069_032)));

    world.advance(61.0 * 86_400.0).await;
    assert_eq!(
        world.get(&accounts).await.graph_error(),
        (400, 190, Some(463))
    );
    world
        .post(&feed, &[("message", "still"), ("access_token", page)])
        .await
        .ok();
    world.advance(-61.0 * 86_400.0).await;
    let permissions = format!("/graph.facebook.com/v26.0/me/permissions?access_token={user}");
    let granted = world.get(&permissions).await.ok();
    let wanted = json!({ "permission": "pages_manage_posts", "status": "granted" });
    assert!(granted["data"].as_array().unwrap().contains(&wanted));
    world.delete(&permissions).await.ok();
    let dead = world
        .post(&feed, &[("message", "z"), ("access_token", page)])
        .await;
    assert_eq!(dead.graph_error(), (400, 190, Some(458)));
}

#[tokio::test]
async fn a_denied_or_wrong_dialog_gives_no_code() {
    let world = World::start().await;
    let back = consent(&world, &dialog("pages_show_list"), &[("decision", "deny")]).await;
    assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&back, "code"), None);
    for wrong in [
        dialog("make_coffee"),
        dialog("pages_show_list").replace("sandbox-facebook", "someone"),
        dialog("pages_show_list").replace(BACK, "/callback"),
    ] {
        assert_eq!(world.get(&wrong).await.status, 400);
    }
}

#[tokio::test]
async fn codes_are_bound_to_client_redirect_and_time() {
    let world = World::start().await;
    let exchange = |code: String, redirect: &str, secret: &str| {
        format!(
            "/graph.facebook.com/v26.0/oauth/access_token?client_id=sandbox-facebook\
             &client_secret={secret}&redirect_uri={redirect}&code={code}"
        )
    };
    let form = [("account", PAGE), ("decision", "allow")];
    let path = dialog("pages_show_list");
    let code = async || parameter(&consent(&world, &path, &form).await, "code").unwrap();
    let secret = "sandbox-facebook-secret";
    let wrong = world
        .get(&exchange(code().await, "http://elsewhere/", secret))
        .await;
    assert_eq!(wrong.graph_error(), (400, 100, Some(36008)));
    let wrong = world.get(&exchange(code().await, BACK, "guess")).await;
    assert_eq!(wrong.graph_error(), (400, 1, None));
    let old = code().await;
    world.advance(601.0).await;
    let late = world.get(&exchange(old, BACK, secret)).await;
    assert_eq!(late.graph_error(), (400, 100, Some(36009)));
}

#[tokio::test]
async fn instagram_accounts_are_found_through_their_page() {
    let world = World::start().await;
    let token = world.token("INSTAGRAM", IG).await;
    let path = format!(
        "/graph.facebook.com/v26.0/{PAGE}?fields=instagram_business_account&access_token={token}"
    );
    assert_eq!(
        world.get(&path).await.ok()["instagram_business_account"]["id"],
        IG
    );
    let without = world.token("FACEBOOK", PAGE).await;
    let page = world.get(&path.replace(&token, &without)).await.ok();
    assert!(page["instagram_business_account"].is_null());
}

#[tokio::test]
async fn instagram_login_exchanges_and_refreshes() {
    let world = World::start().await;
    let path = format!(
        "/www.instagram.com/oauth/authorize?client_id=sandbox-instagram&redirect_uri={BACK}\
         &response_type=code&state=s2\
         &scope=instagram_business_basic,instagram_business_content_publish"
    );
    let back = consent(&world, &path, &[("account", IG), ("decision", "allow")]).await;
    assert_eq!(back.fragment(), Some("_"));
    let code = parameter(&back, "code").unwrap();
    let form = [
        ("client_id", "sandbox-instagram"),
        ("client_secret", "sandbox-instagram-secret"),
        ("grant_type", "authorization_code"),
        ("redirect_uri", BACK),
        ("code", &code),
    ];
    let short = world
        .post("/api.instagram.com/oauth/access_token", &form)
        .await
        .ok();
    assert_eq!(short["user_id"], IG);
    let long = world
        .get(&format!(
            "/graph.instagram.com/access_token?grant_type=ig_exchange_token\
             &client_secret=sandbox-instagram-secret&access_token={}",
            short["access_token"].as_str().unwrap()
        ))
        .await
        .ok();
    assert_eq!(long["expires_in"], 60 * 86_400);
    let refresh = format!(
        "/graph.instagram.com/refresh_access_token?grant_type=ig_refresh_token&access_token={}",
        long["access_token"].as_str().unwrap()
    );
    assert_eq!(world.get(&refresh).await.graph_error().1, 100);
    world.advance(25.0 * 3600.0).await;
    assert!(world.get(&refresh).await.ok()["access_token"].is_string());
}
