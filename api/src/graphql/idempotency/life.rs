use async_graphql::{
    Value, Variables,
    parser::types::{ExecutableDocument, Field, OperationDefinition},
};
use posthaste_engine::idempotency::Life;

use super::fields::outermost;

/// How long an operation's answer is kept: longer when it publishes.
pub fn of_operation(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
) -> Life {
    let fields = outermost(document, [operation].into_iter());
    let publishes = fields.into_iter().any(|field| {
        let input = input(field, variables);
        of_field(field.name.node.as_str(), input.as_ref()) == Life::Publishing
    });
    if publishes {
        Life::Publishing
    } else {
        Life::Usual
    }
}

/// As [`of_operation`], for one field whose arguments are known.
pub(super) fn of_field(name: &str, input: Option<&Value>) -> Life {
    let scheduled = || {
        let Some(Value::Object(input)) = input else {
            return false;
        };
        input
            .get("schedule")
            .is_some_and(|when| *when != Value::Null)
    };
    let publishes = match name {
        "postSchedule" | "postPublishNow" => true,
        "postCreate" => scheduled(),
        _ => name.starts_with("target"),
    };
    if publishes {
        Life::Publishing
    } else {
        Life::Usual
    }
}

/// The argument `input` with variables put in; without those that are missing.
fn input(field: &Field, variables: &Variables) -> Option<Value> {
    let value = field.get_argument("input")?.node.clone();
    let known = |name| Ok::<_, ()>(variables.get(&name).cloned().unwrap_or_default());
    value.into_const_with(known).ok()
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::{parse_query, types::DocumentOperations};
    use serde_json::{Value as Json, json};

    use super::*;

    fn life(query: &str, variables: Json) -> Life {
        let document = parse_query(query).unwrap();
        let DocumentOperations::Single(operation) = &document.operations else {
            panic!("one operation");
        };
        of_operation(&document, &operation.node, &Variables::from_json(variables))
    }

    #[test]
    fn what_publishes_is_kept_longer() {
        let create = "mutation($in: PostCreateInput!) { postCreate(input: $in) { post { id } } }";
        for (query, variables, expected) in [
            (create, json!({ "in": { "text": "a" } }), Life::Usual),
            (create, json!({ "in": { "schedule": null } }), Life::Usual),
            (
                create,
                json!({ "in": { "schedule": { "now": true } } }),
                Life::Publishing,
            ),
            (
                "mutation($s: S) { postCreate(input: { schedule: $s }) { a } }",
                json!({ "s": {} }),
                Life::Publishing,
            ),
            (
                "mutation { ...f } fragment f on Mutation { x: targetRetry(input: { id: 1 }) { a } }",
                json!({}),
                Life::Publishing,
            ),
            (
                "mutation { ... { postPublishNow { a } } }",
                json!({}),
                Life::Publishing,
            ),
            (
                "mutation { mediaDelete(input: {}) { a } }",
                json!({}),
                Life::Usual,
            ),
        ] {
            assert_eq!(life(query, variables), expected, "{query}");
        }
    }
}
