//! Tokens of an app, from one refresh to the next.

use chrono::TimeDelta;

use super::*;

#[tokio::test]
async fn a_refresh_gives_new_tokens_and_a_lost_answer_is_given_again() {
    let (world, mut surfer) = signed_in(Role::Editor).await;
    let author = Author::new(&world, &world.home, true).await;
    let first = tokens(&mut surfer, &author).await;
    world.clock.advance(TimeDelta::minutes(10));
    let (status, second) = author.refresh(&surfer, &first["refresh_token"]).await;
    assert_eq!(
        (status, &second["expires_in"]),
        (StatusCode::OK, &json!(900))
    );
    assert!(second["access_token"] != first["access_token"]);
    assert!(second["refresh_token"] != first["refresh_token"]);
    world.clock.advance(TimeDelta::seconds(29));
    let (_, again) = author.refresh(&surfer, &first["refresh_token"]).await;
    assert_eq!(again["refresh_token"], second["refresh_token"]);
    assert_eq!(again["expires_in"], 871);
    // The access token before goes on until its own end.
    assert_eq!(opens(&world, &first).await, "");
    world
        .clock
        .advance(TimeDelta::minutes(5) - TimeDelta::seconds(29));
    assert_eq!(opens(&world, &first).await, "UNAUTHENTICATED");
    assert_eq!(opens(&world, &second).await, "");
    world.clock.advance(TimeDelta::minutes(10));
    assert_eq!(opens(&world, &second).await, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_refresh_token_that_comes_again_later_ends_what_the_app_was_given() {
    let (world, mut surfer) = signed_in(Role::Editor).await;
    let author = Author::new(&world, &world.home, false).await;
    let first = tokens(&mut surfer, &author).await;
    let other = tokens(&mut surfer, &author).await;
    let (_, second) = author.refresh(&surfer, &first["refresh_token"]).await;
    world.clock.advance(TimeDelta::seconds(30));
    let (status, told) = author.refresh(&surfer, &first["refresh_token"]).await;
    assert_eq!(
        (status.as_u16(), &told["error"]),
        (400, &json!("invalid_grant"))
    );
    assert_eq!(opens(&world, &second).await, "UNAUTHENTICATED");
    let (_, told) = author.refresh(&surfer, &second["refresh_token"]).await;
    assert_eq!(told["error"], "invalid_grant");
    // What it was given another time goes on.
    assert_eq!(opens(&world, &other).await, "");
    let ended = audited(&world).await.pop().unwrap();
    assert_eq!(
        ended,
        ("oauth_grant.revoked".to_owned(), "system".to_owned())
    );
}

#[tokio::test]
async fn many_who_refresh_at_once_get_the_same_tokens() {
    let (world, mut surfer) = signed_in(Role::Editor).await;
    let author = Author::new(&world, &world.home, false).await;
    let first = tokens(&mut surfer, &author).await;
    let many = (0..8).map(|_| author.refresh(&surfer, &first["refresh_token"]));
    let many = futures::future::join_all(many).await;
    for (status, tokens) in &many {
        assert_eq!(*status, StatusCode::OK, "{tokens}");
        assert_eq!(tokens["refresh_token"], many[0].1["refresh_token"]);
    }
    assert_eq!(opens(&world, &many[0].1).await, "");
}

#[tokio::test]
async fn a_refresh_token_is_one_apps_and_no_token_stands_for_another() {
    let (world, mut surfer) = signed_in(Role::Editor).await;
    let author = Author::new(&world, &world.home, true).await;
    let other = Author::new(&world, &world.home, true).await;
    let given = tokens(&mut surfer, &author).await;
    let refused = async |author: &Author, token: &str| {
        let (status, told) = author.refresh(&surfer, &json!(token)).await;
        assert_eq!(
            (status.as_u16(), &told["error"]),
            (400, &json!("invalid_grant")),
            "{token}"
        );
    };
    let (access, refresh) = (text(&given, "access_token"), text(&given, "refresh_token"));
    refused(&other, refresh).await;
    refused(&author, access).await;
    refused(&author, &access.replace("pha_", "phf_")).await;
    refused(&author, &refresh[..refresh.len() - 1]).await;
    for token in [
        refresh.to_owned(),
        refresh.replace("phf_", "pha_"),
        access.replace("pha_", "phs_"),
    ] {
        let tokens = json!({ "access_token": token });
        assert_eq!(opens(&world, &tokens).await, "UNAUTHENTICATED", "{token}");
    }
    let posing = refresh.replace("phf_", "phr_");
    let input = json!({ "refreshToken": posing });
    let document = crate::world::mutation("sessionRefresh", "token");
    let answer = world
        .graphql(access, &document, json!({ "input": input }))
        .await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    // A narrower scope is not given, a wider one even less.
    for (scope, status) in [
        ("READ WRITE", 200),
        ("READ", 400),
        ("READ WRITE PUBLISH", 400),
        ("all", 400),
    ] {
        let mut fields = author.shown();
        fields.extend([
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh),
            ("scope", scope),
        ]);
        let (told, _) = surfer.program("/oauth/token", &fields).await;
        assert_eq!(told.as_u16(), status, "{scope}");
    }
}

#[tokio::test]
async fn what_an_app_was_given_ends_after_a_month_without_use_and_after_half_a_year() {
    let (world, mut surfer) = signed_in(Role::Editor).await;
    let author = Author::new(&world, &world.home, false).await;
    let unused = tokens(&mut surfer, &author).await;
    let mut used = tokens(&mut surfer, &author).await;
    for _ in 0..6 {
        world
            .clock
            .advance(TimeDelta::days(30) - TimeDelta::seconds(1));
        let (status, next) = author.refresh(&surfer, &used["refresh_token"]).await;
        assert_eq!(status, StatusCode::OK, "{next}");
        used = next;
    }
    let (_, told) = author.refresh(&surfer, &unused["refresh_token"]).await;
    assert_eq!(told["error"], "invalid_grant");
    // Six seconds are left.
    assert_eq!(used["expires_in"], 6);
    world.clock.advance(TimeDelta::seconds(6));
    assert_eq!(opens(&world, &used).await, "UNAUTHENTICATED");
    let (_, told) = author.refresh(&surfer, &used["refresh_token"]).await;
    assert_eq!(told["error"], "invalid_grant");
    posthaste_engine::oauth::sweep(&world.app).await.unwrap();
    world.clock.advance(TimeDelta::days(2));
    assert_eq!(posthaste_engine::oauth::sweep(&world.app).await.unwrap(), 1);
}
