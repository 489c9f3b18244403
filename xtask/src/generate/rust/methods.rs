//! `client.posts().create(…)`: the methods, from the line `# client: posts.create` of each operation.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use async_graphql_parser::types::{
    Field, FragmentDefinition, OperationDefinition, OperationType, Selection,
};

use super::{
    super::operations,
    inputs::{Inputs, Member},
    names::{constant, doc, pascal, snake},
    schema::{Schema, described, named},
    shapes::Shapes,
};

/// Asks for the end of the event log, where `events.follow` begins.
const HEAD: (&str, &str) = ("EventFollow", "EventHead");

/// A public operation, parsed.
pub struct Operation {
    /// Its name, such as `PostCreate`.
    pub name: String,
    /// What it does.
    pub kind: OperationType,
    /// The fragments in its document.
    pub fragments: BTreeMap<String, FragmentDefinition>,
    client: (String, String),
    document: String,
    definition: OperationDefinition,
}

impl Operation {
    /// Parses an operation.
    pub fn read(operation: operations::Operation) -> anyhow::Result<Self> {
        let about = || format!("operation {}", operation.name);
        let parsed = async_graphql_parser::parse_query(&operation.document).with_context(about)?;
        let definition = parsed
            .operations
            .iter()
            .next()
            .map(|(_, found)| found.node.clone());
        let definition = definition.with_context(about)?;
        let (noun, verb) = operation.client.split_once('.').with_context(about)?;
        let fragments = parsed.fragments.into_iter();
        Ok(Self {
            kind: definition.ty,
            fragments: fragments
                .map(|(name, fragment)| (name.to_string(), fragment.node))
                .collect(),
            client: (noun.to_owned(), verb.to_owned()),
            name: operation.name,
            document: operation.document,
            definition,
        })
    }

    /// Its one root field.
    pub fn root(&self) -> anyhow::Result<&Field> {
        match self.definition.selection_set.node.items.as_slice() {
            [item] => match &item.node {
                Selection::Field(field) => Ok(&field.node),
                _ => bail!("{} begins with a fragment", self.name),
            },
            _ => bail!("{} has not exactly one root field", self.name),
        }
    }

    fn variables(&self, schema: &Schema) -> anyhow::Result<Vec<Member>> {
        let root = self.root()?;
        let parent = self.kind.to_string();
        let parent = pascal(&parent);
        let definition = schema.field(&parent, &root.name.node)?;
        let about = |variable: &str| {
            let argument = definition
                .arguments
                .iter()
                .find(|one| one.node.name.node == variable);
            match argument {
                Some(argument) => {
                    described(argument.node.description.as_ref(), variable).to_owned()
                }
                None if variable == "withTotal" => {
                    "Whether to count how many there are altogether.".to_owned()
                }
                None => format!("`{variable}`."),
            }
        };
        let variables = self.definition.variable_definitions.iter();
        Ok(variables
            .map(|variable| {
                let (json, variable) = (variable.node.name.node.to_string(), &variable.node);
                Member {
                    doc: about(&json),
                    json,
                    optional: variable.var_type.node.nullable || variable.default_value.is_some(),
                    ty: variable.var_type.node.clone(),
                }
            })
            .collect())
    }
}

/// The documents.
pub fn documents(operations: &[Operation]) -> String {
    let mut text = String::from("use std::borrow::Cow;\n\nuse crate::call::{Kind, Operation};\n");
    for operation in operations {
        let field = operation
            .root()
            .map(|field| field.response_key().node.to_string());
        text += &format!(
            "\npub const {}: Operation = Operation {{\n name: Some(\"{}\"),\n kind: Kind::{},\n field: Some(\"{}\"),\n document: Cow::Borrowed({}),\n}};\n",
            constant(&operation.name),
            operation.name,
            pascal(&operation.kind.to_string()),
            field.unwrap_or_default(),
            raw(&operation.document),
        );
    }
    text
}

/// A text as Rust writes it.
fn raw(text: &str) -> String {
    let hash = if text.contains('"') { "#" } else { "" };
    format!("r{hash}\"{text}\"{hash}")
}

/// The structs of nouns with their methods.
pub fn write(
    schema: &Schema,
    operations: &[Operation],
    shapes: &Shapes,
    inputs: &mut Inputs<'_>,
) -> anyhow::Result<String> {
    let mut nouns: BTreeMap<&str, String> = BTreeMap::new();
    for operation in operations {
        let method = Method {
            schema,
            shapes,
            operations,
            operation,
        };
        let text = method
            .write(inputs)
            .with_context(|| format!("operation {}", operation.name))?;
        *nouns.entry(&operation.client.0).or_default() += &text;
    }
    let mut text = String::from(
        "//! The operations by what they are about: `client.posts().create(…)`.\n\n\
         use chrono::{DateTime, Utc};\nuse serde_json::json;\n\nuse super::{operations, types::*};\n\
         use crate::{call::Call, client::{Client, merged, none}, follow::{Follow, Resume}, page::{self, Items}};\n",
    );
    for (noun, methods) in &nouns {
        // `Client::sandbox()` makes a client.
        let rust = if *noun == "sandbox" {
            "sandbox_controls".to_owned()
        } else {
            snake(noun)
        };
        let name = pascal(noun) + "Api";
        text += &format!(
            "\nimpl Client {{\n/// Operations on {noun}.\npub fn {rust}(&self) -> {name} {{\n{name} {{ client: self.clone() }}\n}}\n}}\n\n\
             /// Operations on {noun}.\n#[derive(Clone, Debug)]\npub struct {name} {{\npub(crate) client: Client,\n}}\n\nimpl {name} {{{}}}\n",
            methods.trim_end().to_owned() + "\n"
        );
    }
    Ok(text)
}

struct Method<'a> {
    schema: &'a Schema,
    shapes: &'a Shapes,
    operations: &'a [Operation],
    operation: &'a Operation,
}

impl Method<'_> {
    fn write(&self, inputs: &mut Inputs<'_>) -> anyhow::Result<String> {
        let Arguments {
            parameters,
            variables,
            options,
        } = self.arguments(inputs)?;
        let (answer, verb) = (
            self.shapes.root(&self.operation.name),
            snake(&self.operation.client.1),
        );
        let operation = format!("operations::{}", constant(&self.operation.name));
        let about = doc(&self.about()?);
        if self.operation.kind == OperationType::Subscription {
            let body = self.follow(&operation, &variables, answer)?;
            return Ok(format!(
                "\n{about}pub fn {verb}(&self{parameters}) -> Items<{answer}> {{\n{body}}}\n"
            ));
        }
        let mut text = format!(
            "\n{about}pub fn {verb}(&self{parameters}) -> Call<{answer}> {{\nself.client.call({operation}, {variables})\n}}\n"
        );
        if let (Some(options), Some(item)) = (options, self.shapes.item(answer)) {
            text += &all(&verb, &options, item, &parameters)?;
        }
        Ok(text)
    }

    /// What the function takes, and the variables that it makes of it.
    fn arguments(&self, inputs: &mut Inputs<'_>) -> anyhow::Result<Arguments> {
        let (optional, required): (Vec<_>, Vec<_>) = self
            .operation
            .variables(self.schema)?
            .into_iter()
            .partition(|variable| variable.optional);
        let (mut parameters, mut values) = (String::new(), Vec::new());
        for variable in &required {
            inputs.need(named(&variable.ty))?;
            let (ty, value) = variable.parameter(self.schema)?;
            parameters += &format!(", {}: {ty}", snake(&variable.json));
            let value = if ty.starts_with("impl IntoIterator") {
                format!(
                    "{}.into_iter().map(Into::into).collect::<Vec<String>>()",
                    snake(&variable.json)
                )
            } else if ty.starts_with("impl Into<") {
                format!(
                    "Into::<{}>::into({})",
                    &ty["impl Into<".len()..ty.len() - 1],
                    snake(&variable.json)
                )
            } else {
                value
            };
            values.push(format!("\"{}\": {value}", variable.json));
        }
        let options = (!optional.is_empty()).then(|| format!("{}Options", self.operation.name));
        if let Some(name) = &options {
            for variable in &optional {
                inputs.need(named(&variable.ty))?;
            }
            let client = &self.operation.client;
            let about = format!(
                "What may be said to `{}().{}()`.",
                snake(&client.0),
                snake(&client.1)
            );
            inputs.add(name, &about, &optional)?;
            parameters += &format!(", options: {name}");
        }
        let values = format!("json!({{ {} }})", values.join(", "));
        let variables = match (required.is_empty(), &options) {
            (true, None) => "none()".to_owned(),
            (true, Some(_)) => "options".to_owned(),
            (false, None) => values,
            (false, Some(_)) => format!("merged({values}, options)"),
        };
        Ok(Arguments {
            parameters,
            variables,
            options,
        })
    }

    fn about(&self) -> anyhow::Result<String> {
        let parent = pascal(&self.operation.kind.to_string());
        let field = &self.operation.root()?.name.node;
        let description = self.schema.field(&parent, field)?.description.as_ref();
        Ok(described(description, field).to_owned())
    }

    fn follow(&self, operation: &str, variables: &str, answer: &str) -> anyhow::Result<String> {
        let resume = self.resume(answer)?;
        let (follow, head) = HEAD;
        let begins = self.operation.name == follow;
        let asks = self
            .operations
            .iter()
            .find(|operation| begins && operation.name == head);
        let head = asks.map_or("None".to_owned(), |head| {
            format!("Some(self.{}())", snake(&head.client.1))
        });
        Ok(format!(
            "Follow {{\n client: self.client.clone(),\n operation: {operation},\n variables: serde_json::to_value({variables}),\n resume: {resume},\n head: {head},\n}}\n.start()\n"
        ))
    }

    /// How it goes on after a lost connection. What takes no cursor begins with the present, and may
    /// begin again; results that tell the present and no event have no place to go on from.
    fn resume(&self, answer: &str) -> anyhow::Result<String> {
        let variables = self.operation.variables(self.schema)?;
        if !variables.iter().any(|variable| variable.json == "after") {
            return Ok("Resume::Anew".to_owned());
        }
        let cursor = if self.shapes.has(answer, "event") {
            "item.event.as_ref().map(|_| item.cursor.as_str())"
        } else {
            "Some(item.cursor.as_str())"
        };
        Ok(format!("Resume::After(|item: &{answer}| {cursor})"))
    }
}

struct Arguments {
    parameters: String,
    variables: String,
    options: Option<String>,
}

/// The method that goes through all pages.
fn all(verb: &str, options: &str, item: &str, parameters: &str) -> anyhow::Result<String> {
    let only = format!(", options: {options}");
    if parameters != only {
        bail!("a list takes its arguments by options: give its variables `null` or a default");
    }
    Ok(format!(
        "\n/// [`{verb}`](Self::{verb}), page by page, one item after the other.\n\
         pub fn {verb}_all(&self{parameters}) -> Items<{item}> {{\n\
         let (list, after) = (self.clone(), options.after.clone());\n\
         page::all(move |after| {{\n let mut options = options.clone();\n options.after = after;\n list.{verb}(options)\n}}, after)\n}}\n"
    ))
}
