//! The public operations, `api/operations`: each is valid, and each root field has one.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use async_graphql::parser::{
    parse_query, parse_schema,
    types::{
        DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection,
        TypeKind, TypeSystemDefinition,
    },
};
use posthaste_core::Network;
use serde_json::{Value, json};

use crate::world::World;

/// Root fields that are no operation of the SDKs, each with its reason.
const WITHOUT: [(&str, &str); 0] = [];

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("operations")
}

struct File {
    kind: &'static str,
    stem: String,
    text: String,
}

fn files() -> Vec<File> {
    let mut files = Vec::new();
    for kind in ["query", "mutation", "subscription"] {
        for entry in fs::read_dir(folder().join(kind)).unwrap() {
            let path = entry.unwrap().path();
            files.push(File {
                kind,
                stem: path.file_stem().unwrap().to_str().unwrap().to_owned(),
                text: fs::read_to_string(path).unwrap(),
            });
        }
    }
    files
}

/// Documents with their fragments, by operation name.
fn documents() -> BTreeMap<String, (String, ExecutableDocument)> {
    let manifest = fs::read_to_string(folder().join("manifest.json")).unwrap();
    let manifest: BTreeMap<String, String> = serde_json::from_str(&manifest).unwrap();
    manifest
        .into_values()
        .map(|text| {
            let document = parse_query(&text).unwrap();
            let DocumentOperations::Multiple(operations) = &document.operations else {
                panic!("{text} has no name");
            };
            let name = operations.keys().next().unwrap().to_string();
            (name, (text, document))
        })
        .collect()
}

fn operation(document: &ExecutableDocument) -> &OperationDefinition {
    &document.operations.iter().next().unwrap().1.node
}

fn root_fields(operation: &OperationDefinition) -> Vec<String> {
    let items = &operation.selection_set.node.items;
    items
        .iter()
        .filter_map(|item| match &item.node {
            Selection::Field(field) => Some(field.node.name.node.to_string()),
            _ => None,
        })
        .collect()
}

/// `post_create` → `PostCreate`.
fn pascal(stem: &str) -> String {
    let words = stem.split('_').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    });
    words.collect()
}

#[test]
fn files_are_named_after_their_operations_and_clients_differ() {
    let documents = documents();
    let mut clients = BTreeSet::new();
    let files = files();
    for File { kind, stem, text } in &files {
        let (client, rest) = text.split_once('\n').unwrap();
        let client = client.strip_prefix("# client: ").unwrap();
        let (noun, verb) = client.split_once('.').unwrap();
        let is_word = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.chars().all(|c| c.is_ascii_alphanumeric())
        };
        assert!(is_word(noun) && is_word(verb), "{stem}: {client}");
        assert!(clients.insert(client.to_owned()), "{client} is used twice");
        let name = pascal(stem);
        assert!(rest.starts_with(&format!("{kind} {name}")), "{stem}");
        let (_, document) = documents
            .get(&name)
            .unwrap_or_else(|| panic!("manifest.json lacks {name}; run `cargo xtask gen`"));
        let operation = operation(document);
        assert_eq!(operation.ty.to_string(), *kind, "{stem}");
        assert_eq!(root_fields(operation).len(), 1, "{stem}");
    }
    assert_eq!(documents.len(), files.len());
}

/// What costs are worked out from: full pages with all options are within the limits, too.
fn variables(operation: &OperationDefinition) -> Value {
    let declared = operation.variable_definitions.iter();
    let known = declared.filter_map(|variable| {
        let value = match variable.node.name.node.as_str() {
            "first" => json!(100),
            "withTotal" => json!(true),
            "ids" | "connectionIds" => json!([]),
            "input" if operation.ty == OperationType::Query => json!({ "targets": [] }),
            _ => return None,
        };
        Some((variable.node.name.node.to_string(), value))
    });
    Value::Object(known.collect())
}

#[tokio::test]
async fn every_operation_is_valid() {
    let world = World::new().await;
    let mut wrong = Vec::new();
    for (name, (text, document)) in documents() {
        // A second operation makes the choice fail, which comes right after the validation.
        let both = format!("{text} query Second {{ __typename }}");
        let variables = variables(operation(&document));
        let answer = world.graphql(&world.home.owner, &both, variables).await;
        let told = answer["errors"][0]["message"].as_str().unwrap_or("nothing");
        if !told.contains("Operation name required") {
            wrong.push(format!("{name}: {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_query_answers() {
    let world = World::new().await;
    let connection = world.home.on(Network::X);
    let variables = json!({
        "id": connection,
        "ids": [connection],
        "connectionIds": [connection],
        "first": 3,
        "withTotal": true,
        "from": "2027-01-01T00:00:00Z",
        "to": "2027-01-02T00:00:00Z",
        "input": { "text": "a", "targets": [{ "connectionId": connection }] },
    });
    let mut wrong = Vec::new();
    for (name, (text, document)) in documents() {
        if operation(&document).ty != OperationType::Query {
            continue;
        }
        let answer = world
            .graphql(&world.home.owner, &text, variables.clone())
            .await;
        // Not everything can be found by a connection's id.
        let code = answer["errors"][0]["extensions"]["code"].as_str();
        if matches!(code, Some("INTERNAL" | "BAD_REQUEST" | "INVALID_INPUT")) {
            wrong.push(format!("{name}: {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_root_field_has_an_operation() {
    let mut missing = BTreeSet::new();
    for definition in parse_schema(posthaste_api::graphql::sdl())
        .unwrap()
        .definitions
    {
        let TypeSystemDefinition::Type(definition) = definition else {
            continue;
        };
        let root = definition.node.name.node.to_string();
        if let TypeKind::Object(object) = &definition.node.kind
            && matches!(root.as_str(), "Query" | "Mutation" | "Subscription")
        {
            for field in &object.fields {
                missing.insert((root.to_lowercase(), field.node.name.node.to_string()));
            }
        }
    }
    for (_, document) in documents().values() {
        let operation = operation(document);
        for field in root_fields(operation) {
            missing.remove(&(operation.ty.to_string(), field));
        }
    }
    missing.retain(|(_, field)| WITHOUT.iter().all(|(without, _)| without != field));
    assert!(
        missing.is_empty(),
        "no file in api/operations for {missing:?}; CONTRIBUTING says how to write one"
    );
}
