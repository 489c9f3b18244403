//! Consent, tokens and accounts, as a browser and the server go through them.

use posthaste_core::{
    Network,
    connector::{Authorization, FailureClass, TokenSet},
};
use serde_json::Value;
use url::Url;

use crate::world::World;

on_every_network!(
    a_consent_opens_the_accounts,
    a_code_works_once,
    a_denied_consent_comes_back_without_code,
    tokens_are_refreshed_where_the_network_can,
);

fn authorization() -> Authorization {
    Authorization {
        redirect_uri: "https://posthaste.example/oauth/callback".to_owned(),
        state: "state-1".to_owned(),
        verifier: "a-verifier-of-at-least-forty-three-characters-0123".to_owned(),
    }
}

/// What a person does on the consent page; the address the browser is sent back to.
async fn decide(world: &World, authorization: &Authorization, decision: &str) -> Url {
    let page = world.connector.authorize_url(&world.ctx, authorization);
    let shown = world.client.get(&page).send().await.unwrap();
    assert_eq!(shown.status().as_u16(), 200, "{page}");
    let mut form = vec![("decision".to_owned(), decision.to_owned())];
    // Facebook Login lets people choose pages, whichever network it is for.
    let html = shown.text().await.unwrap();
    let choices = html.split("name=\"account\" value=\"").skip(1);
    let ids: Vec<_> = choices.filter_map(|rest| rest.split('"').next()).collect();
    let most = if html.contains("type=\"checkbox\"") {
        ids.len()
    } else {
        1
    };
    let chosen = ids.into_iter().take(most);
    form.extend(chosen.map(|id| ("account".to_owned(), id.to_owned())));
    let answer = world.client.post(&page).form(&form).send().await.unwrap();
    assert!(answer.status().is_redirection(), "{}", answer.status());
    let back = answer.headers()["location"].to_str().unwrap();
    assert!(back.starts_with(&authorization.redirect_uri), "{back}");
    back.parse().unwrap()
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

async fn connect(world: &World) -> (TokenSet, String) {
    let authorization = authorization();
    let back = decide(world, &authorization, "allow").await;
    assert_eq!(parameter(&back, "state").as_deref(), Some("state-1"));
    let code = parameter(&back, "code").unwrap();
    let tokens = world
        .connector
        .exchange(&world.ctx, &authorization, &code)
        .await
        .unwrap();
    (tokens, code)
}

async fn a_consent_opens_the_accounts(network: Network) {
    let world = World::start(network).await;
    let (tokens, _) = connect(&world).await;
    for scope in world.connector.capabilities().scopes {
        assert!(
            tokens.scopes.iter().any(|granted| granted == scope),
            "{scope}: {tokens:?}"
        );
    }
    let accounts = world.connector.accounts(&world.ctx, &tokens).await.unwrap();
    let main = &world.accounts().await[0];
    let account = accounts
        .iter()
        .find(|account| main["id"] == *account.remote_id)
        .unwrap();
    assert_eq!(Some(&*account.name), main["name"].as_str());
    assert_eq!(account.username.as_deref(), main["username"].as_str());
    assert!(!account.tokens.access.is_empty());
    // The account's tokens publish.
    let mut world = world;
    world.session.access = account.tokens.access.clone();
    let rendition = crate::cases::simplest(&world, "Just connected").await;
    world.publish_well(&rendition).await;
    let boards = world
        .connector
        .destinations(&world.ctx, &world.session)
        .await
        .unwrap();
    let ids: Vec<_> = boards.iter().map(|board| Value::from(&*board.id)).collect();
    let expected = main["boards"].as_array().into_iter().flatten();
    let expected: Vec<_> = expected.map(|board| board["id"].clone()).collect();
    assert_eq!(ids, expected);
    world.assert_specified().await;
}

async fn a_code_works_once(network: Network) {
    let world = World::start(network).await;
    let (_, code) = connect(&world).await;
    let again = world
        .connector
        .exchange(&world.ctx, &authorization(), &code)
        .await;
    let failure = again.unwrap_err();
    assert_ne!(failure.class, FailureClass::Retry, "{failure:?}");
    assert!(!failure.message.contains(&code), "{}", failure.message);
}

async fn a_denied_consent_comes_back_without_code(network: Network) {
    let world = World::start(network).await;
    let back = decide(&world, &authorization(), "deny").await;
    assert_eq!(parameter(&back, "code"), None);
    assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&back, "state").as_deref(), Some("state-1"));
}

async fn tokens_are_refreshed_where_the_network_can(network: Network) {
    let world = World::start(network).await;
    let (first, _) = connect(&world).await;
    let refreshed = world.connector.refresh(&world.ctx, &first).await;
    if first.refresh.is_none() {
        assert_eq!(refreshed.unwrap_err().class, FailureClass::Reauthorize);
        return;
    }
    let second = refreshed.unwrap();
    assert_ne!(second.access, first.access);
    assert!(
        second
            .refresh
            .as_ref()
            .is_some_and(|token| !token.is_empty())
    );
    assert!(second.expires_at > Some(world.ctx.clock.now()));
    world.connector.accounts(&world.ctx, &second).await.unwrap();
    // A refresh token that was used is dead.
    let again = world.connector.refresh(&world.ctx, &first).await;
    assert_eq!(again.unwrap_err().class, FailureClass::Reauthorize);
    world.assert_specified().await;
}
