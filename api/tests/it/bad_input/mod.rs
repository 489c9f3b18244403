//! Wrong requests of every kind: each gets its code and path, and nothing is written.

mod bulk;
mod content;
mod developer;
mod fixture;
mod ids;
mod members;
mod protocol;
mod state;
mod time;
mod webhook;

use axum::{body::Body, http::Request};
use fixture::Fixture;
use serde_json::{Value, json};

use crate::world::{World, body, mutation};

/// A wrong request and what it must be answered with.
struct Case {
    name: &'static str,
    request: Ask,
    code: &'static str,
    path: String,
}

enum Ask {
    /// A mutation with an input, by the editor.
    Change(&'static str, Value),
    /// A document with variables, with a key.
    Document(String, Value, String),
    /// Anything over HTTP.
    Raw(Request<Body>),
}

/// A case with a mutation.
fn change(
    name: &'static str,
    mutation: &'static str,
    input: Value,
    code: &'static str,
    path: &str,
) -> Case {
    Case {
        name,
        request: Ask::Change(mutation, input),
        code,
        path: path.into(),
    }
}

/// A case with a document of the editor.
fn document(
    f: &Fixture,
    name: &'static str,
    query: impl Into<String>,
    code: &'static str,
    path: &str,
) -> Case {
    let request = Ask::Document(query.into(), json!({}), f.world.home.editor.clone());
    Case {
        name,
        request,
        code,
        path: path.into(),
    }
}

impl Ask {
    async fn send(self, world: &World) -> Value {
        match self {
            Self::Change(name, input) => {
                let fields = if name == "postDelete" {
                    "deletedId"
                } else if name.starts_with("target") {
                    "target { id }"
                } else if name.starts_with("bulkJob") {
                    "bulkJob { id }"
                } else {
                    "post { id }"
                };
                world
                    .graphql(
                        &world.home.editor,
                        &mutation(name, fields),
                        json!({ "input": input }),
                    )
                    .await
            }
            Self::Document(query, variables, key) => world.graphql(&key, &query, variables).await,
            Self::Raw(request) => body(world.send(request).await).await.1,
        }
    }
}

/// The error of an answer of any kind: a problem document, a GraphQL error or a payload's first.
fn error(answer: &Value) -> &Value {
    if answer["code"].is_string() {
        return answer;
    }
    if answer["errors"].is_array() {
        return &answer["errors"][0]["extensions"];
    }
    let payload = answer["data"]
        .as_object()
        .and_then(|fields| fields.values().next());
    payload.map_or(&Value::Null, |payload| &payload["errors"][0])
}

fn path(error: &Value) -> String {
    let parts = error["path"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    parts
        .iter()
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join(".")
}

#[tokio::test]
async fn every_wrong_request_gets_its_code_and_path_and_changes_nothing() {
    let f = Fixture::new().await;
    let before = f.rows().await;
    let mut wrong = Vec::new();
    let cases = [
        ids::cases(&f),
        bulk::cases(),
        time::cases(&f),
        content::cases(&f),
        state::cases(&f),
        protocol::cases(&f),
        developer::cases(&f),
        members::cases(&f),
        webhook::cases(&f),
    ];
    let cases: Vec<_> = cases.into_iter().flatten().collect();
    assert!(cases.len() >= 120, "only {} kinds", cases.len());
    for case in cases {
        let answer = case.request.send(&f.world).await;
        let told = error(&answer);
        if (told["code"].as_str(), path(told)) != (Some(case.code), case.path.clone()) {
            wrong.push(format!(
                "{}: expected {} at '{}', got {answer}",
                case.name, case.code, case.path
            ));
        } else if told["advice"].as_str().is_none_or(str::is_empty) {
            wrong.push(format!("{}: no advice in {answer}", case.name));
        }
        if f.rows().await != before {
            wrong.push(format!("{}: rows were changed", case.name));
            break;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
