//! Every GraphQL example of the guides is executed as it stands there.

use posthaste_core::Network;
use posthaste_docs::examples;
use serde_json::{Value, json};

use crate::{sse::Follower, world::World};

/// A post with a time, so that there is something to ask for.
async fn scheduled(world: &World) -> String {
    let input = json!({
        "text": "Fresh rolls", "targets": [{ "connectionId": world.home.on(Network::X) }],
        "schedule": { "localTime": "2027-06-01T09:00", "timeZone": "Europe/Paris" },
    });
    let made = world.change("postCreate", "post { id }", input).await;
    made["post"]["id"].as_str().unwrap().to_owned()
}

async fn first_cursor(world: &World) -> String {
    let events = world
        .ask("{ events(first: 1) { nodes { cursor } } }", json!({}))
        .await;
    events["events"]["nodes"][0]["cursor"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn endpoint(world: &World) -> String {
    let query = "mutation { webhookEndpointCreate(input: { url: \"https://example.org/\" }) { webhookEndpoint { id } } }";
    let made = world.graphql(&world.home.owner, query, json!({})).await;
    let id = &made["data"]["webhookEndpointCreate"]["webhookEndpoint"]["id"];
    id.as_str().unwrap().to_owned()
}

/// The example's variables: the JSON that follows it, with real ids in the places for one's own.
fn variables(world: &World, json: Option<&str>, post: &str, cursor: &str, endpoint: &str) -> Value {
    let text = json
        .unwrap_or("{}")
        .replace("YOUR_X_CONNECTION", world.home.on(Network::X))
        .replace("YOUR_POST", post)
        .replace("YOUR_CURSOR", cursor)
        .replace("YOUR_ENDPOINT", endpoint);
    assert!(!text.contains("YOUR_"), "{text}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn every_graphql_example_works() {
    let world = World::new().await;
    let post = scheduled(&world).await;
    let cursor = first_cursor(&world).await;
    let endpoint = endpoint(&world).await;
    let all = examples();
    let mut count = 0;
    for (index, example) in all.iter().enumerate() {
        if example.language != "graphql" {
            continue;
        }
        count += 1;
        let next = all.get(index + 1).filter(|next| next.language == "json");
        let json = next.map(|next| next.code.as_str());
        let variables = variables(&world, json, &post, &cursor, &endpoint);
        let answer = if example.code.starts_with("subscription") {
            let mut follower =
                Follower::open(&world, &world.home.editor, &example.code, variables).await;
            follower.next().await.unwrap()
        } else {
            // Not everything is for editors.
            let key = match example.guide.as_str() {
                "webhooks" | "quotas-and-money" | "members" => &world.home.owner,
                _ => &world.home.editor,
            };
            world.graphql(key, &example.code, variables).await
        };
        let shown = format!("{}: {}\n{answer}", example.guide, example.code);
        assert_eq!(answer["errors"], Value::Null, "{shown}");
        // Only the guide on errors shows what goes wrong.
        let payload = answer["data"].as_object().unwrap().values().next().unwrap();
        let refused = payload["errors"]
            .as_array()
            .is_some_and(|errors| !errors.is_empty());
        assert_eq!(
            refused,
            example.guide == "errors-and-retries" && next.is_some(),
            "{shown}"
        );
    }
    assert!(count > 15, "{count}");
}

/// The tests of the SDKs run the code of their READMEs.
#[test]
fn code_for_the_sdks_stands_in_their_readmes() {
    let readmes = [
        ("ts", include_str!("../../../sdk-ts/README.md")),
        ("python", include_str!("../../../sdk-python/README.md")),
        ("rust", include_str!("../../../sdk-rust/README.md")),
    ];
    for (language, readme) in readmes {
        let mut count = 0;
        for example in examples().iter().filter(|one| one.language == language) {
            assert!(readme.contains(&example.code), "{}", example.code);
            count += 1;
        }
        assert!(count > 0, "{language}");
    }
}
