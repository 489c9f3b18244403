//! Values that no field could use, found before anything is executed.

use async_graphql::{
    Name, Positioned, Value, Variables,
    parser::types::{
        Directive, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet,
    },
};
use posthaste_core::{Error, ErrorCode, Result};

/// Refuses a variable without the value that its type asks for (GraphQL specification, 6.1.2), which
/// the executor would take for one that was not given.
pub fn check_given(operation: &OperationDefinition, variables: &Variables) -> Result<()> {
    for definition in &operation.variable_definitions {
        let definition = &definition.node;
        if definition.var_type.node.nullable {
            continue;
        }
        let name = definition.name.node.as_str();
        let wrong = match variables.get(name) {
            None if definition.default_value.is_none() => "given",
            Some(Value::Null) => "other than null",
            _ => continue,
        };
        let declared = &definition.var_type.node;
        let message = format!("The variable '${name}' is of type {declared} and must be {wrong}.");
        return Err(Error::new(ErrorCode::BadRequest, message).at([name]));
    }
    Ok(())
}

/// Refuses U+0000, which the database cannot keep, in the texts of a document and its variables.
pub fn check_texts(document: &ExecutableDocument, variables: &Variables) -> Result<()> {
    let mut path = Vec::new();
    let operations = document
        .operations
        .iter()
        .map(|(_, operation)| &operation.node);
    let is_found = variables
        .iter()
        .any(|(name, value)| is_in(name, value, &mut path))
        || operations.clone().any(|operation| {
            operation.variable_definitions.iter().any(|definition| {
                let definition = &definition.node;
                let default = definition.default_value.as_ref();
                default.is_some_and(|value| is_in(&definition.name.node, &value.node, &mut path))
            })
        })
        || operations
            .map(|operation| &operation.selection_set.node)
            .chain(
                document
                    .fragments
                    .values()
                    .map(|fragment| &fragment.node.selection_set.node),
            )
            .any(|set| is_selected(set, &mut path));
    if !is_found {
        return Ok(());
    }
    path.reverse();
    // As in the errors of payloads.
    let path = match path.split_first() {
        Some((first, rest)) if first == "input" && !rest.is_empty() => rest.to_vec(),
        _ => path,
    };
    let message = "The text contains a NUL character.";
    Err(Error::new(ErrorCode::InvalidInput, message).at(path))
}

fn is_selected(set: &SelectionSet, path: &mut Vec<String>) -> bool {
    set.items.iter().any(|item| match &item.node {
        Selection::Field(field) => is_asked(&field.node, path),
        Selection::InlineFragment(fragment) => {
            are_marked(&fragment.node.directives, path)
                || is_selected(&fragment.node.selection_set.node, path)
        }
        Selection::FragmentSpread(spread) => are_marked(&spread.node.directives, path),
    })
}

fn is_asked(field: &Field, path: &mut Vec<String>) -> bool {
    are_written(&field.arguments, path)
        || are_marked(&field.directives, path)
        || is_selected(&field.selection_set.node, path)
}

fn are_marked(directives: &[Positioned<Directive>], path: &mut Vec<String>) -> bool {
    let mut directives = directives.iter();
    directives.any(|directive| are_written(&directive.node.arguments, path))
}

type Written = (Positioned<Name>, Positioned<async_graphql_value::Value>);

fn are_written(arguments: &[Written], path: &mut Vec<String>) -> bool {
    arguments.iter().any(|(name, value)| {
        // Variables are looked at by themselves.
        let value = value
            .node
            .clone()
            .into_const_with(|_| Ok::<_, ()>(Value::Null));
        value.is_ok_and(|value| is_in(&name.node, &value, path))
    })
}

/// Whether a value contains the character; then `path` leads there, innermost first.
fn is_in(name: &str, value: &Value, path: &mut Vec<String>) -> bool {
    let is_found = match value {
        Value::String(text) => text.contains('\0'),
        Value::List(items) => {
            let mut items = items.iter().enumerate();
            items.any(|(index, item)| is_in(&index.to_string(), item, path))
        }
        Value::Object(fields) => fields.iter().any(|(name, value)| is_in(name, value, path)),
        _ => false,
    };
    if is_found {
        path.push(name.to_owned());
    }
    is_found
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::{parse_query, types::DocumentOperations};
    use serde_json::{Value as Json, json};

    use super::*;

    fn place(query: &str, variables: Json) -> Option<String> {
        let checked = check_texts(
            &parse_query(query).unwrap(),
            &Variables::from_json(variables),
        );
        let error = checked.err()?;
        assert_eq!(error.code, ErrorCode::InvalidInput);
        Some(error.path_text())
    }

    #[test]
    fn the_character_is_found_wherever_a_text_stands() {
        for (query, variables, expected) in [
            (
                "{ a }",
                json!({ "input": { "tags": ["x", "a\0"] } }),
                Some("tags.1"),
            ),
            ("{ a }", json!({ "input": "a\0" }), Some("input")),
            (
                "{ a }",
                json!({ "filter": { "text": "a\0" } }),
                Some("filter.text"),
            ),
            (r#"{ a(text: "\u0000") }"#, json!({}), Some("text")),
            (
                r#"{ a { b(in: { c: ["\u0000"] }) } }"#,
                json!({}),
                Some("in.c.0"),
            ),
            (
                r#"{ ...f } fragment f on T { a(text: "\u0000") }"#,
                json!({}),
                Some("text"),
            ),
            (r#"{ ... @x(key: "\u0000") { a } }"#, json!({}), Some("key")),
            (
                r#"query($a: String = "\u0000") { a(text: $a) }"#,
                json!({}),
                Some("a"),
            ),
            (
                r#"{ a(text: "\\u0000") }"#,
                json!({ "a": ["b", 1, null] }),
                None,
            ),
        ] {
            assert_eq!(place(query, variables).as_deref(), expected, "{query}");
        }
    }

    #[test]
    fn variables_have_the_values_that_their_types_ask_for() {
        let told = |query: &str, variables: Json| {
            let document = parse_query(query).unwrap();
            let DocumentOperations::Single(operation) = &document.operations else {
                panic!("one operation");
            };
            let error = check_given(&operation.node, &Variables::from_json(variables)).err()?;
            Some((error.code, error.message))
        };
        let bad = |message: &str| Some((ErrorCode::BadRequest, message.to_owned()));
        let must = "query($a: [Int!]!) { a }";
        assert_eq!(
            told(must, json!({})),
            bad("The variable '$a' is of type [Int!]! and must be given.")
        );
        let not_null = bad("The variable '$a' is of type [Int!]! and must be other than null.");
        assert_eq!(told(must, json!({ "a": null })), not_null);
        assert_eq!(told(must, json!({ "a": [] })), None);
        let default = "query($a: Int! = 1, $b: Int) { a }";
        assert_eq!(told(default, json!({ "b": null })), None);
        assert!(told(default, json!({ "a": null })).is_some());
    }
}
