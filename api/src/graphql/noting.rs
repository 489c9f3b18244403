//! What the request log is told about a GraphQL request and its answer.

use async_graphql::{
    Response, Value,
    parser::types::{
        ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
    },
};
use posthaste_core::{ErrorCode, request::RequestKind};

use super::errors::{code_of, is_request_error};
use crate::ticket::{Asked, Ticket};

/// Most root fields that are remembered.
const ROOT_FIELDS: usize = 20;

/// Notes what the wanted operation of a document asks for.
pub fn asks(ticket: &Ticket, document: &ExecutableDocument, wanted: Option<&str>) {
    if let Some(asked) = asked(document, wanted) {
        ticket.asks(asked);
    }
}

/// Notes the first error and the cost of a completed answer.
pub fn answered(ticket: &Ticket, answer: &Response) {
    let code = answer.errors.first().map(code_of);
    if let Some(code) = code.or_else(|| payload_error(&answer.data)) {
        ticket.failed(code, is_request_error(answer));
    }
    if let Some(Value::Object(cost)) = answer.extensions.get("cost")
        && let Some(Value::Number(actual)) = cost.get("actual")
        && let Some(actual) = actual.as_f64()
    {
        ticket.cost(actual.round() as i32);
    }
}

/// The code of the first error in the payload of a mutation, if the document asks for it.
fn payload_error(data: &Value) -> Option<ErrorCode> {
    let Value::Object(fields) = data else {
        return None;
    };
    fields.values().find_map(|payload| {
        let Value::Object(payload) = payload else {
            return None;
        };
        let Some(Value::List(errors)) = payload.get("errors") else {
            return None;
        };
        match errors.first()? {
            Value::Object(error) => match error.get("code")? {
                Value::Enum(code) => ErrorCode::from_name(code),
                Value::String(code) => ErrorCode::from_name(code),
                _ => None,
            },
            _ => None,
        }
    })
}

/// What the wanted operation of a document asks for; nothing when it has none of that name.
fn asked(document: &ExecutableDocument, wanted: Option<&str>) -> Option<Asked> {
    let mut operations = document.operations.iter();
    let (name, operation) = match wanted {
        Some(wanted) => operations.find(|(name, _)| name.is_some_and(|name| name == wanted))?,
        None => operations.next()?,
    };
    let root_fields = root_fields(document, &operation.node);
    Some(Asked {
        kind: match operation.node.ty {
            OperationType::Query => RequestKind::Query,
            OperationType::Mutation => RequestKind::Mutation,
            OperationType::Subscription => RequestKind::Subscription,
        },
        operation: name.map_or_else(|| root_fields.join(", "), ToString::to_string),
        root_fields,
    })
}

fn root_fields(document: &ExecutableDocument, operation: &OperationDefinition) -> Vec<String> {
    let mut fields = Vec::new();
    add_fields(document, &operation.selection_set.node, 0, &mut fields);
    fields
}

fn add_fields(
    document: &ExecutableDocument,
    set: &SelectionSet,
    depth: usize,
    fields: &mut Vec<String>,
) {
    for item in &set.items {
        // Fragments of fragments may multiply; what is told by two levels is enough.
        if fields.len() >= ROOT_FIELDS || depth > 2 {
            return;
        }
        match &item.node {
            Selection::Field(field) => {
                let name = field.node.name.node.to_string();
                if !fields.contains(&name) {
                    fields.push(name);
                }
            }
            Selection::InlineFragment(fragment) => {
                add_fields(
                    document,
                    &fragment.node.selection_set.node,
                    depth + 1,
                    fields,
                );
            }
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    add_fields(
                        document,
                        &fragment.node.selection_set.node,
                        depth + 1,
                        fields,
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn told(text: &str, wanted: Option<&str>) -> Option<(String, RequestKind)> {
        let asked = asked(&parse_query(text).unwrap(), wanted)?;
        Some((asked.operation, asked.kind))
    }

    #[test]
    fn an_operation_is_called_by_its_name_or_its_root_fields() {
        let query = |name: &str| Some((name.to_owned(), RequestKind::Query));
        assert_eq!(
            told(
                "{ a b a c: b ...f ... { d } } fragment f on Query { e }",
                None
            ),
            query("a, b, e, d")
        );
        let several = "query One { a } mutation Two { b }";
        assert_eq!(told(several, Some("One")), query("One"));
        assert_eq!(
            told(several, Some("Two")),
            Some(("Two".to_owned(), RequestKind::Mutation))
        );
        assert_eq!(told(several, Some("Three")), None);
    }

    #[test]
    fn fragments_that_contain_each_other_come_to_an_end() {
        let text = "{ ...f } fragment f on Query { ...g } fragment g on Query { ...f a }";
        assert_eq!(told(text, None), Some(("a".to_owned(), RequestKind::Query)));
    }
}
