//! The public operations of `api/operations`, as examples on the pages of their fields and in GraphiQL.

use std::collections::{BTreeMap, BTreeSet};

use rust_embed::Embed;
use serde::Serialize;

#[derive(Embed)]
#[folder = "../../api/operations"]
#[include = "*.graphql"]
struct Files;

/// The folder of what several operations share.
const FRAGMENTS: &str = "fragments";

/// An operation that exists ready-made.
#[derive(Clone, Debug, Serialize)]
pub struct Operation {
    /// Its name in the SDKs: `posts.create`.
    pub method: String,
    /// Its document without the fragments.
    pub document: String,
    /// `query`, `mutation` or `subscription`.
    #[serde(skip)]
    kind: String,
    /// Its root field.
    #[serde(skip)]
    field: String,
}

/// All operations.
pub struct Operations(Vec<Operation>);

impl Operations {
    /// Those that the binary carries.
    pub fn embedded() -> Self {
        let files = Files::iter().filter(|file| !file.starts_with(FRAGMENTS));
        Self(files.filter_map(|file| read(&file)).collect())
    }

    /// The operation on a root field; of several the one that gets or lists.
    pub fn on(&self, kind: &str, field: &str) -> Option<&Operation> {
        let on_it = |one: &&Operation| one.kind == kind && one.field == field;
        let is_plain = |one: &&Operation| {
            [".get", ".list"]
                .iter()
                .any(|end| one.method.ends_with(end))
        };
        let found = || self.0.iter().filter(on_it);
        found().find(is_plain).or_else(|| found().next())
    }
}

fn read(file: &str) -> Option<Operation> {
    let (kind, _) = file.split_once('/')?;
    let text = String::from_utf8(Files::get(file)?.data.into_owned()).ok()?;
    let (first, document) = text.split_once('\n')?;
    let method = first.strip_prefix("# client: ")?.trim().to_owned();
    // The root field begins the first line that is indented once, after the variables.
    let line = document.lines().find_map(|line| {
        line.strip_prefix("  ")
            .filter(|rest| !rest.starts_with([' ', '$']))
    })?;
    let end = line
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(line.len());
    Some(Operation {
        method,
        document: document.to_owned(),
        kind: kind.to_owned(),
        field: line[..end].to_owned(),
    })
}

/// An operation that can be sent as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct Ready {
    /// Its name in the SDKs: `posts.create`.
    pub method: String,
    /// `query`, `mutation` or `subscription`.
    pub kind: String,
    /// Its document with the fragments that it needs.
    pub document: String,
}

/// All operations by name.
pub fn operations() -> Vec<Ready> {
    let fragments = fragments();
    let ready = |operation: Operation| Ready {
        document: with_fragments(&operation.document, &fragments),
        method: operation.method,
        kind: operation.kind,
    };
    let mut all: Vec<_> = Operations::embedded().0.into_iter().map(ready).collect();
    all.sort_by(|a, b| a.method.cmp(&b.method));
    all
}

/// The fragments by name.
fn fragments() -> BTreeMap<String, String> {
    let named = |file: &str| {
        let text = String::from_utf8(Files::get(file)?.data.into_owned()).ok()?;
        let name = text.strip_prefix("fragment ")?.split(' ').next()?;
        Some((name.to_owned(), text))
    };
    let files = Files::iter().filter(|file| file.starts_with(FRAGMENTS));
    files.filter_map(|file| named(&file)).collect()
}

fn with_fragments(document: &str, fragments: &BTreeMap<String, String>) -> String {
    let mut whole = document.to_owned();
    let mut seen = BTreeSet::new();
    let mut open = vec![document];
    while let Some(text) = open.pop() {
        for name in spreads(text).filter(|name| seen.insert(*name)) {
            if let Some(fragment) = fragments.get(name) {
                whole.push('\n');
                whole.push_str(fragment);
                open.push(fragment);
            }
        }
    }
    whole
}

/// The fragments that a document names; `... on Type` names none.
fn spreads(text: &str) -> impl Iterator<Item = &str> {
    let name = |rest: &str| rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric());
    text.split("...")
        .skip(1)
        .map(move |rest| &rest[..name(rest).unwrap_or(rest.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_is_found_by_its_field() {
        let all = Operations::embedded();
        let create = all.on("mutation", "postCreate").unwrap();
        assert_eq!(create.method, "posts.create");
        assert!(create.document.starts_with("mutation PostCreate("));
        assert_eq!(all.on("query", "posts").unwrap().method, "posts.list");
        for (field, method) in [
            ("target", "targets.get"),
            ("connection", "connections.get"),
            ("workspace", "workspace.get"),
        ] {
            assert_eq!(all.on("query", field).unwrap().method, method);
        }
        let files = Files::iter().filter(|file| !file.starts_with(FRAGMENTS));
        assert_eq!(all.0.len(), files.count());
    }

    #[test]
    fn ready_ones_stand_in_order_with_each_fragment_once() {
        let all = operations();
        assert!(all.is_sorted_by(|a, b| a.method < b.method));
        let list = all.iter().find(|one| one.method == "posts.list").unwrap();
        assert_eq!(list.kind, "query");
        for fragment in [
            "fragment PostFields on Post ",
            "fragment PageFields on PageInfo ",
        ] {
            assert_eq!(list.document.matches(fragment).count(), 1, "{fragment}");
        }
        for one in &all {
            async_graphql_parser::parse_query(&one.document).unwrap();
            for name in spreads(&one.document).filter(|name| !name.is_empty()) {
                let fragment = format!("fragment {name} on ");
                assert_eq!(one.document.matches(&fragment).count(), 1, "{name}");
            }
        }
    }
}
