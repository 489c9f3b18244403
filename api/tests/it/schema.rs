//! The schema: what is checked in is what the code makes, and everything in it is described.

use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};

fn sdl() -> String {
    posthaste_api::graphql::sdl()
}

#[test]
fn the_checked_in_schema_is_the_code_s() {
    let checked_in = include_str!("../../../schema.graphql");
    let made = sdl();
    let first_difference = checked_in
        .lines()
        .zip(made.lines())
        .position(|(one, other)| one != other);
    assert!(
        checked_in == made,
        "schema.graphql differs (first at line {first_difference:?}); run `cargo xtask gen`"
    );
}

/// Everything public that has no description.
fn undescribed() -> Vec<String> {
    let document = parse_schema(sdl()).unwrap();
    let mut missing = Vec::new();
    for definition in document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else {
            continue;
        };
        let definition = definition.node;
        let name = definition.name.node.to_string();
        let mut check = |place: String, described: bool| {
            if !described {
                missing.push(place);
            }
        };
        check(name.clone(), definition.description.is_some());
        match definition.kind {
            TypeKind::Object(object) => fields(&name, &object.fields, &mut check),
            TypeKind::Interface(interface) => fields(&name, &interface.fields, &mut check),
            TypeKind::Enum(list) => {
                for value in list.values {
                    check(
                        format!("{name}.{}", value.node.value.node),
                        value.node.description.is_some(),
                    );
                }
            }
            TypeKind::InputObject(input) => {
                for field in input.fields {
                    check(
                        format!("{name}.{}", field.node.name.node),
                        field.node.description.is_some(),
                    );
                }
            }
            TypeKind::Scalar | TypeKind::Union(_) => {}
        }
    }
    missing
}

type Fields = [async_graphql::Positioned<async_graphql::parser::types::FieldDefinition>];

fn fields(name: &str, fields: &Fields, check: &mut impl FnMut(String, bool)) {
    for field in fields {
        let field = &field.node;
        check(
            format!("{name}.{}", field.name.node),
            field.description.is_some(),
        );
        for argument in &field.arguments {
            check(
                format!("{name}.{}({})", field.name.node, argument.node.name.node),
                argument.node.description.is_some(),
            );
        }
    }
}

#[test]
fn everything_is_described() {
    assert_eq!(undescribed(), Vec::<String>::new());
}

#[test]
fn every_mutation_answers_with_errors_and_warnings() {
    let document = parse_schema(sdl()).unwrap();
    let objects: std::collections::HashMap<String, Vec<String>> = document
        .definitions
        .into_iter()
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => Some(definition.node),
            _ => None,
        })
        .filter_map(|definition| match definition.kind {
            TypeKind::Object(object) => {
                let fields = object
                    .fields
                    .iter()
                    .map(|f| format!("{}: {}", f.node.name.node, f.node.ty.node))
                    .collect();
                Some((definition.name.node.to_string(), fields))
            }
            _ => None,
        })
        .collect();
    assert!(objects["Mutation"].len() >= 10);
    for mutation in &objects["Mutation"] {
        let payload = mutation.rsplit(": ").next().unwrap().trim_end_matches('!');
        for field in ["errors: [MutationError!]!", "warnings: [Warning!]!"] {
            assert!(
                objects[payload].contains(&field.to_owned()),
                "{mutation} lacks {field}"
            );
        }
    }
}
