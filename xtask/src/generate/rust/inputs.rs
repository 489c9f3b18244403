//! What is sent: enums, input objects, and the options of operations.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use async_graphql_parser::types::{BaseType, Type, TypeKind};

use super::{
    names::{doc, pascal, rename, snake},
    schema::{Schema, bare, described, named},
};

/// Every enum of the schema.
pub fn enums(schema: &Schema) -> String {
    let mut text = String::from("use crate::value::open_enum;\n");
    for (name, definition) in schema.types() {
        let TypeKind::Enum(found) = &definition.kind else {
            continue;
        };
        let about = described(definition.description.as_ref(), name);
        text += &format!(
            "\nopen_enum! {{\n{}{} {{\n",
            indented(&doc(about), 1),
            indent(1, &pascal(name))
        );
        for value in &found.values {
            let json = value.node.value.node.as_str();
            let about = described(value.node.description.as_ref(), json);
            text += &indented(&doc(about), 2);
            text += &indent(2, &format!("{} = \"{json}\",\n", pascal(json)));
        }
        text += "    }\n}\n";
    }
    text
}

/// rustfmt leaves the inside of a macro as it is.
fn indent(depth: usize, line: &str) -> String {
    "    ".repeat(depth) + line
}

fn indented(lines: &str, depth: usize) -> String {
    lines
        .lines()
        .map(|line| indent(depth, line) + "\n")
        .collect()
}

/// A member of an input.
pub struct Member {
    /// The name in JSON.
    pub json: String,
    /// What it means.
    pub doc: String,
    /// Its type.
    pub ty: Type,
    /// Whether it may be left out.
    pub optional: bool,
}

impl Member {
    /// What a function takes for it, and how that becomes the value.
    pub fn parameter(&self, schema: &Schema) -> anyhow::Result<(String, String)> {
        let (heart, name) = (heart(schema, &self.ty)?, snake(&self.json));
        Ok(match &self.ty.base {
            BaseType::Named(_) => into(&heart, &name),
            BaseType::List(inner) if matches!(inner.base, BaseType::Named(_)) => (
                format!("impl IntoIterator<Item = impl Into<{heart}>>"),
                format!("{name}.into_iter().map(Into::into).collect()"),
            ),
            BaseType::List(_) => (bare(&self.ty, &heart), name),
        })
    }
}

fn into(heart: &str, name: &str) -> (String, String) {
    match heart {
        "bool" | "f64" | "DateTime<Utc>" => (heart.to_owned(), name.to_owned()),
        _ => (format!("impl Into<{heart}>"), format!("{name}.into()")),
    }
}

fn heart(schema: &Schema, ty: &Type) -> anyhow::Result<String> {
    let name = named(ty);
    Ok(schema.leaf(name)?.unwrap_or_else(|| pascal(name)))
}

/// The inputs that operations use, and what these use.
pub struct Inputs<'a> {
    schema: &'a Schema,
    texts: BTreeMap<String, String>,
    seen: BTreeSet<String>,
    /// Inputs that an id is enough for.
    ids: BTreeSet<String>,
}

impl<'a> Inputs<'a> {
    /// None yet.
    pub fn new(schema: &'a Schema) -> Self {
        Self {
            schema,
            texts: BTreeMap::new(),
            seen: BTreeSet::new(),
            ids: BTreeSet::new(),
        }
    }

    /// Takes in an input object and those inside it; other types are left alone.
    pub fn need(&mut self, name: &str) -> anyhow::Result<()> {
        if !self.schema.is_input(name) || !self.seen.insert(name.to_owned()) {
            return Ok(());
        }
        let definition = self.schema.get(name)?;
        let TypeKind::InputObject(input) = &definition.kind else {
            bail!("{name} is no input");
        };
        let mut members = Vec::new();
        for field in &input.fields {
            let field = &field.node;
            self.need(named(&field.ty.node))?;
            let json = field.name.node.to_string();
            members.push(Member {
                doc: described(field.description.as_ref(), &json).to_owned(),
                json,
                optional: field.ty.node.nullable || field.default_value.is_some(),
                ty: field.ty.node.clone(),
            });
        }
        let about = described(definition.description.as_ref(), name);
        self.add(&pascal(name), about, &members)
    }

    /// Takes in a struct with these members.
    pub fn add(&mut self, name: &str, about: &str, members: &[Member]) -> anyhow::Result<()> {
        let mut required = Vec::new();
        let mut fields = String::new();
        let mut setters = String::new();
        for member in members {
            let heart = heart(self.schema, &member.ty)?;
            let (bare, rust) = (bare(&member.ty, &heart), snake(&member.json));
            let (parameter, value) = member.parameter(self.schema)?;
            let clears = member.optional && member.ty.nullable && name.ends_with("UpdateInput");
            let (ty, skip, wrap) = match (member.optional, clears) {
                (false, _) => (bare.clone(), "", ""),
                (true, false) => (
                    format!("Option<{bare}>"),
                    "#[serde(skip_serializing_if = \"Option::is_none\")]\n",
                    "Some",
                ),
                (true, true) => (
                    format!("Change<{bare}>"),
                    "#[serde(skip_serializing_if = \"Change::is_keep\")]\n",
                    "Change::Set",
                ),
            };
            let about = doc(&member.doc);
            fields += &format!(
                "{about}{}{skip}pub {rust}: {ty},\n",
                rename(&member.json, &rust)
            );
            if !member.optional {
                required.push((rust, parameter, value));
                continue;
            }
            setters += &format!(
                "\n{about}pub fn {rust}(mut self, {rust}: {parameter}) -> Self {{\nself.{rust} = {wrap}({value});\nself\n}}\n"
            );
            if clears {
                setters += &format!(
                    "\n/// Takes `{}` away.\npub fn clear_{rust}(mut self) -> Self {{\nself.{rust} = Change::Clear;\nself\n}}\n",
                    member.json
                );
            }
        }
        let default = if required.is_empty() { ", Default" } else { "" };
        let new = constructor(&required, members, name.ends_with("UpdateInput"));
        let text = format!(
            "\n{}#[derive(Clone, Debug{default}, PartialEq, Serialize)]\n#[serde(rename_all = \"camelCase\")]\n#[non_exhaustive]\n\
             pub struct {name} {{\n{fields}}}\n\nimpl {name} {{\n{new}{setters}}}\n",
            doc(about)
        );
        if let [member] = members
            .iter()
            .filter(|member| !member.optional)
            .collect::<Vec<_>>()
            .as_slice()
            && matches!(&member.ty.base, BaseType::Named(name) if name == "ID")
        {
            self.ids.insert(name.to_owned());
        }
        if self.texts.insert(name.to_owned(), text).is_some() {
            bail!("two inputs are called {name}");
        }
        Ok(())
    }

    /// The Rust text.
    pub fn write(&self) -> String {
        let ids: Vec<&str> = self.ids.iter().map(String::as_str).collect();
        let texts: String = self.texts.values().map(String::as_str).collect();
        format!(
            "use chrono::{{DateTime, Utc}};\nuse serde::Serialize;\nuse serde_json::Value;\n\n\
             use super::*;\nuse crate::value::{{Change, from_id}};\n{texts}\nfrom_id! {{\n    {}\n}}\n",
            ids.join("\n    ")
        )
    }
}

fn constructor(required: &[(String, String, String)], members: &[Member], update: bool) -> String {
    if required.is_empty() {
        return "/// Nothing said yet.\npub fn new() -> Self {\nSelf::default()\n}\n".to_owned();
    }
    let parameters: Vec<String> = required
        .iter()
        .map(|(name, parameter, _)| format!("{name}: {parameter}"))
        .collect();
    let mut fields = String::new();
    for member in members {
        let rust = snake(&member.json);
        let value = required.iter().find(|(name, _, _)| *name == rust);
        match value {
            Some((_, _, value)) if *value == rust => fields += &format!("{rust},\n"),
            Some((_, _, value)) => fields += &format!("{rust}: {value},\n"),
            None if update && member.ty.nullable => fields += &format!("{rust}: Change::Keep,\n"),
            None => fields += &format!("{rust}: None,\n"),
        }
    }
    format!(
        "/// With what must be said.\npub fn new({}) -> Self {{\nSelf {{\n{fields}}}\n}}\n",
        parameters.join(", ")
    )
}
