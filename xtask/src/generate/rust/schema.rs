//! The schema, by the names of its types.

use std::{collections::BTreeMap, fs};

use anyhow::{Context, bail};
use async_graphql_parser::{
    Positioned,
    types::{BaseType, FieldDefinition, Type, TypeDefinition, TypeKind, TypeSystemDefinition},
};

use super::names::pascal;
use crate::run;

/// All types of schema.graphql.
pub struct Schema(BTreeMap<String, TypeDefinition>);

impl Schema {
    /// Reads the checked-in file.
    pub fn read() -> anyhow::Result<Self> {
        let text = fs::read_to_string(run::root().join("schema.graphql"))
            .context("cannot read schema.graphql")?;
        Self::parse(&text)
    }

    /// Reads a text.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let document = async_graphql_parser::parse_schema(text)?;
        let types = document
            .definitions
            .into_iter()
            .filter_map(|definition| match definition {
                TypeSystemDefinition::Type(definition) => {
                    let definition = definition.node;
                    Some((definition.name.node.to_string(), definition))
                }
                _ => None,
            });
        Ok(Self(types.collect()))
    }

    /// All types in the order of their names.
    pub fn types(&self) -> impl Iterator<Item = (&str, &TypeDefinition)> {
        self.0
            .iter()
            .map(|(name, definition)| (name.as_str(), definition))
    }

    /// A type that must be there.
    pub fn get(&self, name: &str) -> anyhow::Result<&TypeDefinition> {
        self.0
            .get(name)
            .with_context(|| format!("the schema has no type {name}"))
    }

    /// A field of an object or interface.
    pub fn field(&self, parent: &str, field: &str) -> anyhow::Result<&FieldDefinition> {
        let fields = match &self.get(parent)?.kind {
            TypeKind::Object(object) => &object.fields,
            TypeKind::Interface(interface) => &interface.fields,
            _ => bail!("{parent} has no fields"),
        };
        fields
            .iter()
            .map(|known| &known.node)
            .find(|known| known.name.node == field)
            .with_context(|| format!("{parent} has no field {field}"))
    }

    /// Whether an object has an id by which `node` finds it.
    pub fn is_node(&self, name: &str) -> bool {
        match self.0.get(name).map(|definition| &definition.kind) {
            Some(TypeKind::Object(object)) => object
                .implements
                .iter()
                .any(|interface| interface.node == "Node"),
            _ => false,
        }
    }

    /// Whether it is an interface.
    pub fn is_interface(&self, name: &str) -> bool {
        let definition = self.0.get(name);
        definition.is_some_and(|definition| matches!(definition.kind, TypeKind::Interface(_)))
    }

    /// Whether it is an input object.
    pub fn is_input(&self, name: &str) -> bool {
        let definition = self.0.get(name);
        definition.is_some_and(|definition| matches!(definition.kind, TypeKind::InputObject(_)))
    }

    /// The Rust type of a scalar or enum; none for objects.
    pub fn leaf(&self, name: &str) -> anyhow::Result<Option<String>> {
        let known = match name {
            "ID" | "String" | "LocalDateTime" => "String",
            "Int" => "i64",
            "Float" => "f64",
            "Boolean" => "bool",
            "DateTime" => "DateTime<Utc>",
            "JSON" => "Value",
            _ => match self.get(name)?.kind {
                TypeKind::Enum(_) => return Ok(Some(pascal(name))),
                TypeKind::Scalar => bail!(
                    "say in xtask/src/generate/rust/schema.rs what the scalar {name} is in Rust"
                ),
                _ => return Ok(None),
            },
        };
        Ok(Some(known.to_owned()))
    }
}

/// The description or a text in its place.
pub fn described<'a>(description: Option<&'a Positioned<String>>, otherwise: &'a str) -> &'a str {
    description.map_or(otherwise, |text| text.node.as_str())
}

/// The name at the heart of a type.
pub fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => named(inner),
    }
}

/// The type around a Rust type for its heart: lists and what may be null.
pub fn wrapped(ty: &Type, heart: &str) -> String {
    let inner = bare(ty, heart);
    if ty.nullable {
        format!("Option<{inner}>")
    } else {
        inner
    }
}

/// [`wrapped`] without the outermost `Option`.
pub fn bare(ty: &Type, heart: &str) -> String {
    match &ty.base {
        BaseType::Named(_) => heart.to_owned(),
        BaseType::List(inner) => format!("Vec<{}>", wrapped(inner, heart)),
    }
}
