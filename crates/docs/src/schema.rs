//! The schema as pages show it: names, descriptions as HTML, types as links.

use std::collections::BTreeMap;

use async_graphql_parser::{
    Positioned, parse_schema,
    types::{
        BaseType, ConstDirective, EnumValueDefinition, FieldDefinition, InputValueDefinition, Type,
        TypeDefinition, TypeKind, TypeSystemDefinition,
    },
};
use serde::Serialize;

use crate::markdown;

/// Everything public.
pub struct Schema {
    /// Root fields by kind: `query`, `mutation`, `subscription`.
    pub roots: BTreeMap<&'static str, Vec<Field>>,
    /// Every other type by name.
    pub types: BTreeMap<String, TypeDoc>,
}

/// A type as it is written, and the type within its lists.
#[derive(Clone, Debug, Serialize)]
pub struct TypeText {
    /// `[Post!]!`
    pub text: String,
    /// `Post`
    pub base: String,
}

/// A field of a type.
#[derive(Clone, Debug, Serialize)]
pub struct Field {
    pub name: String,
    pub summary: String,
    pub description: String,
    pub arguments: Vec<Input>,
    #[serde(rename = "type")]
    pub ty: TypeText,
    pub deprecated: Option<String>,
}

/// An argument, or a field of an input.
#[derive(Clone, Debug, Serialize)]
pub struct Input {
    pub name: String,
    pub description: String,
    #[serde(rename = "type")]
    pub ty: TypeText,
    pub default: Option<String>,
    pub deprecated: Option<String>,
}

/// A value of an enum.
#[derive(Clone, Debug, Serialize)]
pub struct EnumValue {
    pub name: String,
    pub description: String,
    pub deprecated: Option<String>,
}

/// A type.
#[derive(Clone, Debug, Serialize)]
pub struct TypeDoc {
    pub name: String,
    /// "object", "input", "enum", "interface", "union" or "scalar".
    pub kind: &'static str,
    pub summary: String,
    pub description: String,
    pub fields: Vec<Field>,
    pub inputs: Vec<Input>,
    pub values: Vec<EnumValue>,
    /// What an object implements, or what a union or interface may be.
    pub related: Vec<String>,
}

/// Scalars that every schema has (GraphQL specification, 3.5).
const BUILT_IN: [(&str, &str); 5] = [
    ("Boolean", "`true` or `false`."),
    ("Float", "A number with 64 bits, as IEEE 754 has it."),
    ("ID", "An id: opaque, compared as a text."),
    ("Int", "A whole number with 32 bits and a sign."),
    ("String", "A text in UTF-8."),
];

impl Schema {
    /// Reads the schema definition language.
    pub fn read(sdl: &str) -> Result<Self, async_graphql_parser::Error> {
        let mut definitions = Vec::new();
        let mut names = [("query", None), ("mutation", None), ("subscription", None)];
        for definition in parse_schema(sdl)?.definitions {
            match definition {
                TypeSystemDefinition::Schema(schema) => {
                    let schema = schema.node;
                    let roots = [schema.query, schema.mutation, schema.subscription];
                    for (place, root) in names.iter_mut().zip(roots) {
                        place.1 = root.map(|name| name.node.to_string());
                    }
                }
                TypeSystemDefinition::Type(definition) => definitions.push(definition.node),
                TypeSystemDefinition::Directive(_) => {}
            }
        }
        let mut types: BTreeMap<_, _> = definitions
            .iter()
            .map(|definition| (definition.name.node.to_string(), type_doc(definition)))
            .collect();
        types.extend(BUILT_IN.map(|(name, source)| (name.to_owned(), scalar(name, source))));
        name_members(&mut types);
        let roots = names
            .into_iter()
            .map(|(kind, name)| {
                let root = name.and_then(|name| types.remove(&name));
                (kind, root.map(|root| root.fields).unwrap_or_default())
            })
            .collect();
        Ok(Self { roots, types })
    }

    /// Where a type is used: root fields first, then types.
    pub fn uses(&self, name: &str) -> Vec<String> {
        let uses = |field: &Field| {
            field.ty.base == name
                || field
                    .arguments
                    .iter()
                    .any(|argument| argument.ty.base == name)
        };
        let roots = self.roots.values().flatten();
        let by_fields = roots
            .filter(|field| uses(field))
            .map(|field| field.name.clone());
        let by_types = self.types.values().filter(|ty| {
            ty.fields.iter().any(uses) || ty.inputs.iter().any(|input| input.ty.base == name)
        });
        by_fields
            .chain(by_types.map(|ty| ty.name.clone()))
            .collect()
    }
}

/// Interfaces learn who implements them.
fn name_members(types: &mut BTreeMap<String, TypeDoc>) {
    let implemented: Vec<(String, String)> = types
        .values()
        .filter(|ty| ty.kind == "object")
        .flat_map(|ty| {
            ty.related
                .iter()
                .map(|name| (name.clone(), ty.name.clone()))
        })
        .collect();
    for (interface, member) in implemented {
        if let Some(interface) = types.get_mut(&interface) {
            interface.related.push(member);
        }
    }
}

fn scalar(name: &str, source: &str) -> TypeDoc {
    TypeDoc {
        name: name.to_owned(),
        kind: "scalar",
        summary: summary(source),
        description: markdown::short(source),
        fields: Vec::new(),
        inputs: Vec::new(),
        values: Vec::new(),
        related: Vec::new(),
    }
}

fn type_doc(definition: &TypeDefinition) -> TypeDoc {
    let source = text(definition.description.as_ref());
    let mut doc = scalar(&definition.name.node, &source);
    match &definition.kind {
        TypeKind::Scalar => {}
        TypeKind::Object(object) => {
            doc.kind = "object";
            doc.fields = object
                .fields
                .iter()
                .map(|field| self::field(&field.node))
                .collect();
            doc.related = names(&object.implements);
        }
        TypeKind::Interface(interface) => {
            doc.kind = "interface";
            doc.fields = interface
                .fields
                .iter()
                .map(|field| self::field(&field.node))
                .collect();
        }
        TypeKind::Union(union) => {
            doc.kind = "union";
            doc.related = names(&union.members);
        }
        TypeKind::Enum(one) => {
            doc.kind = "enum";
            doc.values = one
                .values
                .iter()
                .map(|value| enum_value(&value.node))
                .collect();
        }
        TypeKind::InputObject(object) => {
            doc.kind = "input";
            doc.inputs = object
                .fields
                .iter()
                .map(|field| input(&field.node))
                .collect();
        }
    }
    doc
}

fn field(definition: &FieldDefinition) -> Field {
    let source = text(definition.description.as_ref());
    Field {
        name: definition.name.node.to_string(),
        summary: summary(&source),
        description: markdown::short(&source),
        arguments: definition
            .arguments
            .iter()
            .map(|argument| input(&argument.node))
            .collect(),
        ty: type_text(&definition.ty.node),
        deprecated: deprecated(&definition.directives),
    }
}

fn input(definition: &InputValueDefinition) -> Input {
    Input {
        name: definition.name.node.to_string(),
        description: markdown::short(&text(definition.description.as_ref())),
        ty: type_text(&definition.ty.node),
        default: definition
            .default_value
            .as_ref()
            .map(|value| value.node.to_string()),
        deprecated: deprecated(&definition.directives),
    }
}

fn enum_value(definition: &EnumValueDefinition) -> EnumValue {
    EnumValue {
        name: definition.value.node.to_string(),
        description: markdown::short(&text(definition.description.as_ref())),
        deprecated: deprecated(&definition.directives),
    }
}

fn type_text(ty: &Type) -> TypeText {
    fn base(ty: &Type) -> String {
        match &ty.base {
            BaseType::Named(name) => name.to_string(),
            BaseType::List(inner) => base(inner),
        }
    }
    TypeText {
        text: ty.to_string(),
        base: base(ty),
    }
}

fn deprecated(directives: &[Positioned<ConstDirective>]) -> Option<String> {
    let directive = directives
        .iter()
        .find(|directive| directive.node.name.node == "deprecated")?;
    let reason = directive.node.get_argument("reason");
    Some(reason.map_or_else(
        || "No longer supported.".to_owned(),
        |value| value.node.to_string().trim_matches('"').to_owned(),
    ))
}

fn text(description: Option<&Positioned<String>>) -> String {
    description
        .map(|text| text.node.clone())
        .unwrap_or_default()
}

fn names<T: ToString>(list: &[Positioned<T>]) -> Vec<String> {
    list.iter().map(|name| name.node.to_string()).collect()
}

/// The first sentence.
fn summary(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.find(". ") {
        Some(end) => line[..=end].to_owned(),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SDL: &str = "schema { query: Q mutation: M }\n\
        type Q { \"One post. It may be gone.\" post(id: ID!, old: Boolean = false): Post }\n\
        type M { postCreate(input: PostInput!): [Post!]! @deprecated(reason: \"use postMake; removed 2028-01-01\") }\n\
        interface Node { id: ID! }\n\
        type Post implements Node { id: ID! status: Status! }\n\
        enum Status { \"Not yet.\" DRAFT }\n\
        input PostInput { text: String }";

    #[test]
    fn roots_types_and_their_links_are_read() {
        let schema = Schema::read(SDL).unwrap();
        let post = &schema.roots["query"][0];
        assert_eq!(
            (post.name.as_str(), post.summary.as_str()),
            ("post", "One post.")
        );
        assert_eq!(post.description, "<p>One post. It may be gone.</p>\n");
        assert_eq!(post.arguments[1].default.as_deref(), Some("false"));
        let create = &schema.roots["mutation"][0];
        assert_eq!(
            (create.ty.text.as_str(), create.ty.base.as_str()),
            ("[Post!]!", "Post")
        );
        assert_eq!(
            create.deprecated.as_deref(),
            Some("use postMake; removed 2028-01-01")
        );
        assert_eq!(schema.types["Node"].related, ["Post"]);
        assert_eq!(schema.types["Post"].related, ["Node"]);
        assert_eq!(schema.types["Status"].values[0].name, "DRAFT");
        assert_eq!(schema.uses("Post"), ["postCreate", "post"]);
        assert_eq!(schema.uses("PostInput"), ["postCreate"]);
        assert!(!schema.types.contains_key("Q"));
    }
}
