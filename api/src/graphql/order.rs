//! Fields in the order in which they were asked for (GraphQL specification, 7.2.2): the executor
//! resolves them side by side and keeps the order in which they were ready.

use std::sync::{Arc, OnceLock};

use async_graphql::{
    Name, Response, ServerResult, Value, Variables,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute, NextParseQuery},
    indexmap::IndexMap,
    parser::types::{ExecutableDocument, Selection, SelectionSet},
};

use super::{chosen::chosen, nulls};

/// Completes each answer ([`nulls`]) and puts its fields in order.
pub struct Order;

impl ExtensionFactory for Order {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(OrderExtension::default())
    }
}

#[derive(Default)]
struct OrderExtension {
    document: OnceLock<ExecutableDocument>,
}

#[async_trait::async_trait]
impl Extension for OrderExtension {
    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        let document = next.run(ctx, query, variables).await?;
        let _ = self.document.set(document.clone());
        Ok(document)
    }

    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        let mut response = next.run(ctx, operation_name).await;
        let operation = self
            .document
            .get()
            .and_then(|document| Some((document, chosen(document, operation_name)?)));
        if let Some((document, operation)) = operation {
            let registry = &ctx.schema_env.registry;
            nulls::complete(registry, document, operation, &mut response);
            arrange(
                document,
                &[&operation.selection_set.node],
                &mut response.data,
            );
        }
        response
    }
}

/// What is selected under one name, from everywhere it stands.
type Selected<'a> = IndexMap<&'a str, Vec<&'a SelectionSet>>;

fn arrange(document: &ExecutableDocument, sets: &[&SelectionSet], value: &mut Value) {
    let mut selected = Selected::new();
    for set in sets {
        collect(document, set, &mut selected);
    }
    arrange_by(document, &selected, value);
}

fn arrange_by(document: &ExecutableDocument, selected: &Selected<'_>, value: &mut Value) {
    match value {
        Value::List(items) => {
            for item in items {
                arrange_by(document, selected, item);
            }
        }
        Value::Object(fields) => {
            let place = |name: &Name| selected.get_index_of(name.as_str());
            if !fields.keys().is_sorted_by_key(place) {
                fields.sort_by(|one, _, other, _| place(one).cmp(&place(other)));
            }
            for (name, value) in fields {
                let inner = selected.get(name.as_str());
                if let Some(sets) = inner.filter(|sets| !sets.is_empty()) {
                    arrange(document, sets, value);
                }
            }
        }
        _ => {}
    }
}

/// Adds the names of a selection in order, those of fragments where they are spread. Whether a
/// fragment fits the type does not matter: what it does not add is not in the answer.
fn collect<'a>(
    document: &'a ExecutableDocument,
    set: &'a SelectionSet,
    selected: &mut Selected<'a>,
) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => {
                let inner = &field.node.selection_set.node;
                let sets = selected
                    .entry(field.node.response_key().node.as_str())
                    .or_default();
                if !inner.items.is_empty() {
                    sets.push(inner);
                }
            }
            Selection::InlineFragment(fragment) => {
                collect(document, &fragment.node.selection_set.node, selected);
            }
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    collect(document, &fragment.node.selection_set.node, selected);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_of_lists_and_fragments_are_put_in_order() {
        let document = parse_query(
            "query { posts { id ...Rest } viewer { role } again: viewer { kind } posts { z: text } } \
             fragment Rest on Post { target { state } ... on Post { text } }",
        )
        .unwrap();
        let mut value = Value::from_json(json!({
            "again": { "kind": "KEY" },
            "viewer": { "role": "OWNER" },
            "posts": [{ "z": "a", "text": "a", "target": { "state": "DRAFT" }, "id": 1 }, null],
        }))
        .unwrap();
        let set = chosen(&document, None).unwrap();
        arrange(&document, &[&set.selection_set.node], &mut value);
        assert_eq!(
            value.to_string(),
            r#"{posts: [{id: 1, target: {state: "DRAFT"}, text: "a", z: "a"}, null], viewer: {role: "OWNER"}, again: {kind: "KEY"}}"#
        );
    }
}
