//! What the schema says about its own history.

use posthaste_docs::changes;
use serde_json::{Value, json};

use crate::world::World;

const LIST: &str = "query($filter: SchemaChangeFilter, $first: Int, $after: String, $last: Int, $before: String) {
    schemaChanges(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
        nodes { at path severity text } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

async fn list(world: &World, variables: Value) -> Value {
    let answer = world.graphql(&world.home.viewer, LIST, variables).await;
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    answer["data"]["schemaChanges"].clone()
}

fn paths(page: &Value) -> Vec<String> {
    let nodes = page["nodes"].as_array().unwrap().iter();
    nodes
        .map(|node| format!("{}: {}", node["path"], node["text"]))
        .collect()
}

#[tokio::test]
async fn the_list_is_the_file_the_newest_first_page_by_page() {
    let world = World::new().await;
    let known = changes().unwrap();
    let newest = known.last().unwrap();
    let first = list(&world, json!({ "first": 60 })).await;
    assert_eq!(first["totalCount"], known.len());
    assert_eq!(
        first["nodes"][0],
        json!({
            "at": format!("{}T00:00:00+00:00", newest.date),
            "path": newest.path,
            "severity": "SAFE",
            "text": newest.text,
        })
    );

    let mut all = paths(&first);
    let mut page = first.clone();
    while page["pageInfo"]["hasNextPage"] == true {
        let after = page["pageInfo"]["endCursor"].clone();
        page = list(&world, json!({ "first": 60, "after": after })).await;
        all.extend(paths(&page));
    }
    let expected = known
        .iter()
        .rev()
        .map(|change| format!("{}: {}", json!(change.path), json!(change.text)));
    assert_eq!(all, expected.collect::<Vec<_>>());

    // Back from the end of the first page.
    let before = first["pageInfo"]["endCursor"].clone();
    let back = list(&world, json!({ "last": 2, "before": before })).await;
    assert_eq!(paths(&back), all[57..59]);
    assert_eq!(
        (
            &back["pageInfo"]["hasPreviousPage"],
            &back["pageInfo"]["hasNextPage"]
        ),
        (&json!(true), &json!(true))
    );
}

#[tokio::test]
async fn the_list_is_narrowed_by_day_and_meaning() {
    let world = World::new().await;
    let newest = changes().unwrap().last().unwrap().date;
    let count =
        async |filter: Value| list(&world, json!({ "filter": filter })).await["totalCount"].clone();
    let known = changes().unwrap();
    let that_day = known.iter().filter(|change| change.date == newest).count();
    let midnight = format!("{newest}T00:00:00Z");
    assert_eq!(count(json!({ "since": midnight })).await, that_day);
    assert_eq!(
        count(json!({ "since": format!("{newest}T00:00:01Z") })).await,
        0
    );
    let of = async |severity: &str| {
        count(json!({ "severities": [severity] }))
            .await
            .as_u64()
            .unwrap()
    };
    assert_eq!(of("SAFE").await + of("RISKY").await, known.len() as u64);
}

#[tokio::test]
async fn what_is_deprecated_is_told() {
    let world = World::new().await;
    let query = "{ schemaDeprecations { path reason removedAt } }";
    let answer = world.graphql(&world.home.viewer, query, json!({})).await;
    let told = answer["data"]["schemaDeprecations"].as_array().unwrap();
    let sdl = posthaste_api::graphql::sdl();
    assert_eq!(told.len(), sdl.matches("@deprecated(").count());
}
