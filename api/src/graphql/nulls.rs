//! What stands where a field failed (GraphQL specification, 6.4.4): null if the field may be null, else
//! its parent becomes null, and so on up to `data`. The executor leaves the field out and makes an
//! object without any field null, so this is made up for here, by the paths of the errors.

use async_graphql::{
    Name, PathSegment, Response, Value,
    indexmap::IndexMap,
    parser::types::{
        ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
    },
    registry::{MetaTypeName, Registry},
};

/// Completes the data of an answer.
pub fn complete(
    registry: &Registry,
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    answer: &mut Response,
) {
    let Response { data, errors, .. } = answer;
    if *data == Value::Null && errors.is_empty() {
        // Every field was skipped.
        *data = Value::Object(IndexMap::new());
    }
    let paths = || errors.iter().map(|error| error.path.as_slice());
    // All nulls first: one that goes up must not be taken for an object that lost its fields.
    for path in paths() {
        put(data, path);
    }
    let types = Types { registry, document };
    let root = types.root(operation);
    for path in paths() {
        types.carry_up(&root, data, path);
    }
}

/// Puts a null where a path ends and nothing stands.
fn put(value: &mut Value, path: &[PathSegment]) {
    let Some((segment, rest)) = path.split_first() else {
        return;
    };
    match segment {
        PathSegment::Index(index) => {
            if let Value::List(items) = value
                && let Some(item) = items.get_mut(*index)
            {
                put(item, rest);
            }
        }
        PathSegment::Field(name) => {
            if *value == Value::Null {
                *value = Value::Object(IndexMap::new());
            }
            let Value::Object(fields) = value else {
                return;
            };
            match fields.get_mut(name.as_str()) {
                Some(inner) => put(inner, rest),
                None => {
                    fields.insert(Name::new(name), Value::Null);
                }
            }
        }
    }
}

/// A selection and the type that it is made on.
type Selected<'a> = (&'a str, &'a SelectionSet);

struct Types<'a> {
    registry: &'a Registry,
    document: &'a ExecutableDocument,
}

/// A place in an answer: its type as the schema writes it, and what is selected of it.
struct Place<'a> {
    declared: &'a str,
    selected: Vec<Selected<'a>>,
}

impl Place<'_> {
    fn is_violated_by(&self, value: &Value) -> bool {
        *value == Value::Null && MetaTypeName::create(self.declared).is_non_null()
    }

    /// An item of a list.
    fn item(&self) -> Option<Self> {
        let MetaTypeName::List(declared) =
            MetaTypeName::create(self.declared.trim_end_matches('!'))
        else {
            return None;
        };
        Some(Self {
            declared,
            selected: self.selected.clone(),
        })
    }
}

impl<'a> Types<'a> {
    fn root(&self, operation: &'a OperationDefinition) -> Place<'a> {
        let declared = match operation.ty {
            OperationType::Query => Some(&self.registry.query_type),
            OperationType::Mutation => self.registry.mutation_type.as_ref(),
            OperationType::Subscription => self.registry.subscription_type.as_ref(),
        };
        let declared = declared.map_or("", String::as_str);
        Place {
            declared,
            selected: vec![(declared, &operation.selection_set.node)],
        }
    }

    /// Lets a null at the end of a path go up as far as it must.
    fn carry_up(&self, place: &Place<'a>, value: &mut Value, path: &[PathSegment]) {
        let Some((segment, rest)) = path.split_first() else {
            return;
        };
        let inner = match (segment, &mut *value) {
            (PathSegment::Field(name), Value::Object(fields)) => {
                self.field(place, name).zip(fields.get_mut(name.as_str()))
            }
            (PathSegment::Index(index), Value::List(items)) => {
                place.item().zip(items.get_mut(*index))
            }
            _ => None,
        };
        let Some((inner, found)) = inner else {
            return;
        };
        self.carry_up(&inner, found, rest);
        if inner.is_violated_by(found) {
            *value = Value::Null;
        }
    }

    /// The field that answers under a name; fields that share one have the same shape (GraphQL
    /// specification, 5.3.2).
    fn field(&self, place: &Place<'a>, name: &str) -> Option<Place<'a>> {
        let mut found = None;
        for (parent, set) in &place.selected {
            self.collect(parent, set, name, &mut found);
        }
        found
    }

    fn collect(
        &self,
        parent: &'a str,
        set: &'a SelectionSet,
        name: &str,
        found: &mut Option<Place<'a>>,
    ) {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) if field.node.response_key().node == name => {
                    let known = self.registry.types.get(parent);
                    let field = &field.node;
                    let Some(known) = known.and_then(|ty| ty.field_by_name(&field.name.node))
                    else {
                        continue;
                    };
                    let place = found.get_or_insert_with(|| Place {
                        declared: &known.ty,
                        selected: Vec::new(),
                    });
                    let inner = MetaTypeName::concrete_typename(&known.ty);
                    place.selected.push((inner, &field.selection_set.node));
                }
                Selection::Field(_) => {}
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let parent = condition.map_or(parent, |condition| &condition.node.on.node);
                    self.collect(parent, &fragment.node.selection_set.node, name, found);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) =
                        self.document.fragments.get(&spread.node.fragment_name.node)
                    {
                        let parent = &fragment.node.type_condition.node.on.node;
                        self.collect(parent, &fragment.node.selection_set.node, name, found);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{
        EmptyMutation, EmptySubscription, Error, Object, Result, Schema, SimpleObject, Union,
    };
    use serde_json::{Value as Json, json};

    use crate::graphql::order::Order;

    #[derive(SimpleObject)]
    struct Leaf {
        id: i32,
    }

    struct Branch {
        fails: bool,
    }

    #[Object]
    impl Branch {
        async fn id(&self) -> i32 {
            1
        }

        async fn must(&self) -> Result<i32> {
            if self.fails {
                Err(Error::new("x"))
            } else {
                Ok(2)
            }
        }

        async fn may(&self) -> Result<Option<i32>> {
            if self.fails {
                Err(Error::new("x"))
            } else {
                Ok(None)
            }
        }
    }

    #[derive(Union)]
    enum Thing {
        Leaf(Leaf),
        Branch(Branch),
    }

    struct Query;

    #[Object]
    impl Query {
        async fn good(&self) -> Leaf {
            Leaf { id: 7 }
        }

        async fn must(&self) -> Result<Leaf> {
            Err(Error::new("x"))
        }

        async fn may(&self) -> Result<Option<Leaf>> {
            Err(Error::new("x"))
        }

        async fn branch(&self) -> Branch {
            Branch { fails: true }
        }

        async fn twig(&self) -> Option<Branch> {
            Some(Branch { fails: true })
        }

        async fn things(&self) -> [Option<Thing>; 2] {
            let leaf = Thing::Leaf(Leaf { id: 8 });
            [Some(Thing::Branch(Branch { fails: true })), Some(leaf)]
        }

        async fn maybe(&self) -> Vec<Option<Branch>> {
            [true, false].map(|fails| Some(Branch { fails })).into()
        }

        async fn all(&self) -> Option<Vec<Branch>> {
            Some([false, true].map(|fails| Branch { fails }).into())
        }
    }

    async fn data(query: &str) -> (Json, usize) {
        let schema = Schema::build(Query, EmptyMutation, EmptySubscription)
            .extension(Order)
            .finish();
        let answer = schema.execute(query).await;
        (answer.data.into_json().unwrap(), answer.errors.len())
    }

    #[tokio::test]
    async fn a_field_that_may_be_null_becomes_null() {
        for (query, expected) in [
            (
                "{ good { id } may { id } }",
                json!({ "good": { "id": 7 }, "may": null }),
            ),
            ("{ may { id } }", json!({ "may": null })),
            ("{ branch { may } }", json!({ "branch": { "may": null } })),
            (
                "{ branch { a: may id } }",
                json!({ "branch": { "a": null, "id": 1 } }),
            ),
            (
                "{ maybe { may } }",
                json!({ "maybe": [{ "may": null }, { "may": null }] }),
            ),
        ] {
            assert_eq!(data(query).await, (expected, 1), "{query}");
        }
    }

    #[tokio::test]
    async fn a_null_that_must_not_be_goes_up() {
        for (query, errors, expected) in [
            ("{ good { id } must { id } }", 1, Json::Null),
            ("{ good { id } branch { id must } }", 1, Json::Null),
            (
                "{ good { id } twig { id must } }",
                1,
                json!({ "good": { "id": 7 }, "twig": null }),
            ),
            ("{ twig { may must } }", 2, json!({ "twig": null })),
            (
                "{ twig { ...F } } fragment F on Branch { must may }",
                2,
                json!({ "twig": null }),
            ),
            (
                "{ maybe { id must } }",
                1,
                json!({ "maybe": [null, { "id": 1, "must": 2 }] }),
            ),
            ("{ all { must } }", 1, json!({ "all": null })),
            (
                "{ things { ... on Leaf { id } ... on Branch { must } } }",
                1,
                json!({ "things": [null, { "id": 8 }] }),
            ),
        ] {
            assert_eq!(data(query).await, (expected, errors), "{query}");
        }
    }

    #[tokio::test]
    async fn an_answer_without_fields_is_an_object() {
        assert_eq!(data("{ __typename @skip(if: true) }").await, (json!({}), 0));
    }
}
