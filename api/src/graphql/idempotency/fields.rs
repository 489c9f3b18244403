use std::collections::HashSet;

use async_graphql::{
    Value, Variables,
    parser::types::{
        Directive, ExecutableDocument, Field, OperationDefinition, OperationType, Selection,
        SelectionSet,
    },
};
use posthaste_core::{Error, ErrorCode, Result};
use posthaste_engine::idempotency::check_key;

use crate::graphql::limits::count_fields;

/// The fields of operations' outermost level. Each fragment is looked into once, so that fragments
/// that contain themselves end.
pub fn outermost<'a>(
    document: &'a ExecutableDocument,
    operations: impl Iterator<Item = &'a OperationDefinition>,
) -> Vec<&'a Field> {
    let mut fields = Vec::new();
    let mut seen = HashSet::new();
    for operation in operations {
        collect(
            document,
            &operation.selection_set.node,
            &mut seen,
            &mut fields,
        );
    }
    fields
}

fn collect<'a>(
    document: &'a ExecutableDocument,
    set: &'a SelectionSet,
    seen: &mut HashSet<&'a str>,
    fields: &mut Vec<&'a Field>,
) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => fields.push(&field.node),
            Selection::InlineFragment(fragment) => {
                collect(document, &fragment.node.selection_set.node, seen, fields);
            }
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                if seen.insert(name)
                    && let Some(fragment) = document.fragments.get(name)
                {
                    collect(document, &fragment.node.selection_set.node, seen, fields);
                }
            }
        }
    }
}

/// Checks the keys of fields before anything is done: `@idempotent` stands on outermost fields of
/// mutations only, and no two of them have the same key.
pub fn check(document: &ExecutableDocument, variables: &Variables) -> Result<()> {
    let mutations = document
        .operations
        .iter()
        .map(|(_, operation)| &operation.node)
        .filter(|operation| operation.ty == OperationType::Mutation);
    let fields = outermost(document, mutations);
    let marks: Vec<_> = fields.into_iter().filter_map(mark).collect();
    if marks.len() != count_fields(document, |field| mark(field).is_some()) {
        let message = "@idempotent belongs to the fields of a mutation's outermost level.";
        return Err(Error::new(ErrorCode::BadRequest, message));
    }
    let mut keys = HashSet::new();
    for key in marks.into_iter().filter_map(|mark| key(mark, variables)) {
        check_key(&key)?;
        if let Some(key) = keys.replace(key) {
            let message = format!("The idempotency key '{key}' stands on two fields.");
            return Err(Error::new(ErrorCode::InvalidInput, message));
        }
    }
    Ok(())
}

fn mark(field: &Field) -> Option<&Directive> {
    let mut directives = field.directives.iter().map(|directive| &directive.node);
    directives.find(|directive| directive.name.node == "idempotent")
}

/// The key, as far as it is a text; anything else is told by the validation.
fn key(mark: &Directive, variables: &Variables) -> Option<String> {
    let written = mark.get_argument("key")?.node.clone();
    let known = |name| Ok::<_, ()>(variables.get(&name).cloned().unwrap_or_default());
    match written.into_const_with(known) {
        Ok(Value::String(key)) => Some(key),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::*;

    fn told(query: &str) -> Option<ErrorCode> {
        let variables = Variables::from_json(json!({ "k": "x" }));
        let checked = check(&parse_query(query).unwrap(), &variables);
        checked.err().map(|error| error.code)
    }

    #[test]
    fn keys_stand_on_outermost_fields_of_mutations() {
        for query in [
            "mutation { a @idempotent(key: \"1\") { b } c @idempotent(key: \"2\") { b } }",
            "mutation { ...f ...f } fragment f on Mutation { a @idempotent(key: \"1\") { b } ... { c @idempotent(key: \"2\") } }",
            "query Q { a } mutation M { a @idempotent(key: \"1\") }",
        ] {
            assert_eq!(told(query), None, "{query}");
        }
        for query in [
            "{ a @idempotent(key: \"1\") }",
            "subscription { a @idempotent(key: \"1\") }",
            "mutation { a { b @idempotent(key: \"1\") } }",
            "mutation { a { ...f } } fragment f on A { b @idempotent(key: \"1\") }",
            "mutation { ...f } fragment f on Mutation { ...f a { c @idempotent(key: \"1\") } }",
        ] {
            assert_eq!(told(query), Some(ErrorCode::BadRequest), "{query}");
        }
    }

    #[test]
    fn keys_are_good_and_differ() {
        for query in [
            "mutation { a @idempotent(key: \"1 2\") }",
            "mutation { a @idempotent(key: \"1\") b @idempotent(key: \"1\") }",
            "mutation($k: String!) { a @idempotent(key: \"x\") b @idempotent(key: $k) }",
        ] {
            assert_eq!(told(query), Some(ErrorCode::InvalidInput), "{query}");
        }
    }
}
