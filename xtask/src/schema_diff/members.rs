//! A schema as a flat list of everything that a client can name.

use std::collections::BTreeMap;

use anyhow::Context;
use async_graphql_parser::{
    Positioned, parse_schema,
    types::{
        BaseType, ConstDirective, FieldDefinition, InputValueDefinition, SchemaDefinition, Type,
        TypeDefinition, TypeKind, TypeSystemDefinition,
    },
};

/// Everything of a schema by its path: `Post`, `Post.text`, `Query.posts(first)`, `PostStatus.DRAFT`.
pub type Members = BTreeMap<String, Member>;

/// Something that a client can name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The path of what it belongs to.
    pub parent: Option<String>,
    /// What it is.
    pub shape: Shape,
    /// The reason of its deprecation.
    pub deprecated: Option<String>,
}

/// What a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A type and its kind.
    Type(&'static str),
    /// A field of an object or interface.
    Output(Type),
    /// An argument, or a field of an input object.
    Input(Type, Option<String>),
    /// An enum's value.
    Value,
    /// That a type stands in a union, implements an interface, or is the root of operations.
    Membership(String),
    /// A directive.
    Directive,
    /// Where a directive may stand.
    Location,
}

impl Member {
    /// The type that it names.
    pub fn names(&self) -> Option<&str> {
        match &self.shape {
            Shape::Output(ty) | Shape::Input(ty, _) => Some(base(ty)),
            Shape::Membership(name) => Some(name),
            _ => None,
        }
    }
}

fn base(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(inner) => base(inner),
    }
}

/// Reads a schema.
pub fn read(sdl: &str) -> anyhow::Result<Members> {
    let mut reader = Reader::default();
    for definition in parse_schema(sdl)
        .context("the schema cannot be read")?
        .definitions
    {
        match definition {
            TypeSystemDefinition::Schema(schema) => reader.roots(&schema.node),
            TypeSystemDefinition::Type(ty) => reader.define(ty.node),
            TypeSystemDefinition::Directive(directive) => {
                let directive = directive.node;
                let path = format!("@{}", directive.name.node);
                reader.add(path.clone(), None, Shape::Directive, &[]);
                reader.arguments(&path, directive.arguments);
                for location in directive.locations {
                    let place = format!("{path} on {:?}", location.node);
                    reader.add(place, Some(&path), Shape::Location, &[]);
                }
            }
        }
    }
    Ok(reader.0)
}

#[derive(Default)]
struct Reader(Members);

type Directives = [Positioned<ConstDirective>];

impl Reader {
    fn add(&mut self, path: String, parent: Option<&str>, shape: Shape, directives: &Directives) {
        let member = Member {
            parent: parent.map(str::to_owned),
            shape,
            deprecated: deprecation(directives),
        };
        self.0.insert(path, member);
    }

    fn roots(&mut self, schema: &SchemaDefinition) {
        let roots = [
            ("query", &schema.query),
            ("mutation", &schema.mutation),
            ("subscription", &schema.subscription),
        ];
        for (operation, root) in roots {
            if let Some(name) = root {
                let shape = Shape::Membership(name.node.to_string());
                self.add(format!("schema.{operation}"), None, shape, &[]);
            }
        }
    }

    fn define(&mut self, definition: TypeDefinition) {
        let name = definition.name.node.to_string();
        let kind = match definition.kind {
            TypeKind::Scalar => "scalar",
            TypeKind::Object(object) => {
                self.memberships(&name, "implements", object.implements.iter());
                self.fields(&name, object.fields);
                "type"
            }
            TypeKind::Interface(interface) => {
                self.memberships(&name, "implements", interface.implements.iter());
                self.fields(&name, interface.fields);
                "interface"
            }
            TypeKind::Union(union) => {
                self.memberships(&name, "=", union.members.iter());
                "union"
            }
            TypeKind::Enum(list) => {
                for value in list.values {
                    let path = format!("{name}.{}", value.node.value.node);
                    self.add(path, Some(&name), Shape::Value, &value.node.directives);
                }
                "enum"
            }
            TypeKind::InputObject(input) => {
                for field in input.fields {
                    self.input(
                        format!("{name}.{}", field.node.name.node),
                        &name,
                        field.node,
                    );
                }
                "input"
            }
        };
        self.add(name, None, Shape::Type(kind), &[]);
    }

    fn memberships<'a>(
        &mut self,
        name: &str,
        verb: &str,
        others: impl Iterator<Item = &'a Positioned<async_graphql_value::Name>>,
    ) {
        for other in others {
            let path = format!("{name} {verb} {}", other.node);
            let shape = Shape::Membership(other.node.to_string());
            self.add(path, Some(name), shape, &[]);
        }
    }

    fn fields(&mut self, name: &str, fields: Vec<Positioned<FieldDefinition>>) {
        for field in fields {
            let field = field.node;
            let path = format!("{name}.{}", field.name.node);
            let shape = Shape::Output(field.ty.node);
            self.add(path.clone(), Some(name), shape, &field.directives);
            self.arguments(&path, field.arguments);
        }
    }

    fn arguments(&mut self, owner: &str, arguments: Vec<Positioned<InputValueDefinition>>) {
        for argument in arguments {
            let path = format!("{owner}({})", argument.node.name.node);
            self.input(path, owner, argument.node);
        }
    }

    fn input(&mut self, path: String, owner: &str, value: InputValueDefinition) {
        let default = value.default_value.map(|default| default.node.to_string());
        let shape = Shape::Input(value.ty.node, default);
        self.add(path, Some(owner), shape, &value.directives);
    }
}

fn deprecation(directives: &Directives) -> Option<String> {
    let directive = directives
        .iter()
        .find(|directive| directive.node.name.node == "deprecated")?;
    let reason = directive
        .node
        .arguments
        .iter()
        .find(|(name, _)| name.node == "reason")
        .and_then(|(_, value)| match &value.node {
            async_graphql_value::ConstValue::String(reason) => Some(reason.clone()),
            _ => None,
        });
    Some(reason.unwrap_or_default())
}
