//! The operation of a document that a request means.

use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition};

/// The operation of that name, or the only one; none when it is not clear (GraphQL specification,
/// 6.1). As the executor chooses: a name never means an operation without one.
pub fn chosen<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Option<&'a OperationDefinition> {
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some(&operation.node),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(operations), Some(name)) => {
            operations.get(name).map(|operation| &operation.node)
        }
        (DocumentOperations::Multiple(operations), None) => {
            let mut operations = operations.values();
            let only = operations.next().map(|operation| &operation.node);
            only.filter(|_| operations.next().is_none())
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::{parse_query, types::OperationType};

    use super::*;

    fn kind(text: &str, name: Option<&str>) -> Option<OperationType> {
        chosen(&parse_query(text).unwrap(), name).map(|operation| operation.ty)
    }

    #[test]
    fn an_operation_is_chosen_by_name_or_when_it_is_the_only_one() {
        let both = "query A { a } mutation B { b }";
        assert_eq!(kind(both, Some("B")), Some(OperationType::Mutation));
        assert_eq!(kind(both, Some("C")), None);
        assert_eq!(kind(both, None), None);
        assert_eq!(
            kind("mutation B { b }", None),
            Some(OperationType::Mutation)
        );
        assert_eq!(kind("{ a }", None), Some(OperationType::Query));
        assert_eq!(kind("{ a }", Some("A")), None);
    }
}
