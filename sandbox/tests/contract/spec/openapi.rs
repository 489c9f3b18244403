//! OpenAPI, reduced (`specs/x.json`, `specs/pinterest.json`).

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Recorded;

/// X's API.
pub static X: LazyLock<OpenApi> = LazyLock::new(|| read(include_str!("../specs/x.json")));
/// Pinterest's API.
pub static PINTEREST: LazyLock<OpenApi> =
    LazyLock::new(|| read(include_str!("../specs/pinterest.json")));

fn read(document: &str) -> OpenApi {
    serde_json::from_str(document).unwrap()
}

/// A reduced document.
#[derive(Deserialize)]
pub struct OpenApi {
    paths: BTreeMap<String, Methods>,
    #[serde(rename = "$defs")]
    schemas: Value,
}

/// The operations of a path by method, in lower case.
type Methods = BTreeMap<String, Operation>;

#[derive(Deserialize)]
struct Operation {
    path: BTreeMap<String, Parameter>,
    query: BTreeMap<String, Parameter>,
    /// The schema for each content type.
    body: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Parameter {
    required: bool,
    schema: Value,
}

impl OpenApi {
    /// What in `request` the document does not allow.
    pub fn check(&self, request: &Recorded) -> Vec<String> {
        let Some((methods, arguments)) = self.find(request.path) else {
            return vec![format!("no such path: {}", request.path)];
        };
        let Some(operation) = methods.get(&request.method.to_lowercase()) else {
            return vec![format!("no {} for {}", request.method, request.path)];
        };
        let mut found = self.parameters("path", &operation.path, &arguments);
        found.extend(self.parameters("query", &operation.query, request.query));
        found.extend(self.body(operation, request.body));
        found
    }

    /// The path whose template fits with the fewest parameters, and their values.
    fn find(&self, path: &str) -> Option<(&Methods, Map<String, Value>)> {
        let fits = self
            .paths
            .iter()
            .filter_map(|(template, methods)| Some((methods, arguments(template, path)?)));
        fits.min_by_key(|(_, arguments)| arguments.len())
    }

    fn parameters(
        &self,
        place: &str,
        known: &BTreeMap<String, Parameter>,
        given: &Map<String, Value>,
    ) -> Vec<String> {
        let missing = known
            .iter()
            .filter(|(name, parameter)| parameter.required && !given.contains_key(*name))
            .map(|(name, _)| format!("{place}: {name} is missing"));
        let judged = given
            .iter()
            .flat_map(|(name, value)| match known.get(name) {
                None => vec![format!("{place}: {name} is unknown")],
                Some(parameter) => {
                    let value = self.typed(value, &parameter.schema);
                    self.violations(&format!("{place}: {name}"), &parameter.schema, &value)
                }
            });
        missing.chain(judged).collect()
    }

    /// A body must fit one of the content types; forms carry every value as text.
    fn body(&self, operation: &Operation, body: &Value) -> Vec<String> {
        if operation.body.is_empty() {
            let empty = body.is_null() || body.as_object().is_some_and(Map::is_empty);
            return if empty {
                Vec::new()
            } else {
                vec!["a body is given, none is known".to_owned()]
            };
        }
        let judged = operation.body.iter().map(|(content, schema)| {
            let is_json = content == "application/json";
            let value = if is_json {
                body.clone()
            } else {
                self.typed_fields(body, schema)
            };
            self.violations("body", schema, &value)
        });
        judged.min_by_key(Vec::len).unwrap_or_default()
    }

    fn violations(&self, at: &str, schema: &Value, value: &Value) -> Vec<String> {
        let schema = json!({"allOf": [schema], "$defs": self.schemas});
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors = validator.iter_errors(value);
        errors
            .map(|error| format!("{at}{}: {error}", error.instance_path()))
            .collect()
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => &self.schemas[reference.trim_start_matches("#/$defs/")],
            None => schema,
        }
    }

    fn typed_fields(&self, body: &Value, schema: &Value) -> Value {
        let properties = &self.resolve(schema)["properties"];
        let Some(fields) = body.as_object() else {
            return body.clone();
        };
        let typed = fields
            .iter()
            .map(|(name, value)| (name.clone(), self.typed(value, &properties[name])));
        Value::Object(typed.collect())
    }

    /// A text as the type its schema names; a file counts as text.
    fn typed(&self, value: &Value, schema: &Value) -> Value {
        let schema = self.resolve(schema);
        let Some(text) = value.as_str() else {
            return if value.is_object() {
                json!("file")
            } else {
                value.clone()
            };
        };
        match schema["type"].as_str() {
            Some("integer" | "number" | "boolean") => {
                serde_json::from_str(text).unwrap_or_else(|_| value.clone())
            }
            Some("array") => text
                .split(',')
                .map(|item| self.typed(&json!(item), &schema["items"]))
                .collect(),
            _ => value.clone(),
        }
    }
}

/// The values of a template's parameters in a path it fits.
fn arguments(template: &str, path: &str) -> Option<Map<String, Value>> {
    let (wanted, given): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    if wanted.len() != given.len() {
        return None;
    }
    let mut found = Map::new();
    for (wanted, given) in wanted.into_iter().zip(given) {
        match wanted
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        {
            Some(name) => {
                found.insert(name.to_owned(), json!(given));
            }
            None if wanted == given => {}
            None => return None,
        }
    }
    Some(found)
}
