//! The `fields` parameter: `id,message,attachments{media,target},posts.limit(3){id}`.

use serde_json::{Map, Value};

use super::error::GraphError;

/// One requested field with what is wanted inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    name: String,
    inside: Vec<Field>,
}

/// Picks the requested fields of `node`; without any, `default`. `id` always comes along.
/// A field that nodes of this kind do not have is refused.
pub fn select(
    node: &Value,
    kind: &str,
    known: &[&str],
    default: &[&str],
    requested: Option<&str>,
) -> Result<Value, GraphError> {
    let wanted = match requested {
        Some(text) => parse(text)?,
        None => default
            .iter()
            .map(|n| Field {
                name: (*n).into(),
                inside: vec![],
            })
            .collect(),
    };
    if let Some(field) = wanted
        .iter()
        .find(|f| f.name != "id" && !known.contains(&&*f.name))
    {
        let name = &field.name;
        let text = format!("Tried accessing nonexisting field ({name}) on node type ({kind})");
        return Err(GraphError::param(text));
    }
    let mut picked = pick(node, &wanted);
    if let (Value::Object(fields), Some(id)) = (&mut picked, node.get("id")) {
        fields.insert("id".into(), id.clone());
    }
    Ok(picked)
}

fn pick(node: &Value, wanted: &[Field]) -> Value {
    match node {
        Value::Array(items) => items.iter().map(|item| pick(item, wanted)).collect(),
        Value::Object(fields) => match fields.get("data") {
            // An edge inside of a node: the wish is about its items.
            Some(data @ Value::Array(_)) => {
                let mut edge = fields.clone();
                edge.insert("data".into(), pick(data, wanted));
                Value::Object(edge)
            }
            _ => wanted
                .iter()
                .filter_map(|field| {
                    let value = fields.get(&field.name).filter(|value| !value.is_null())?;
                    let value = if field.inside.is_empty() {
                        value.clone()
                    } else {
                        pick(value, &field.inside)
                    };
                    Some((field.name.clone(), value))
                })
                .collect::<Map<_, _>>()
                .into(),
        },
        other => other.clone(),
    }
}

fn parse(text: &str) -> Result<Vec<Field>, GraphError> {
    let mut rest = text;
    let fields = parse_list(&mut rest)?;
    if rest.is_empty() {
        Ok(fields)
    } else {
        Err(syntax(text))
    }
}

fn parse_list(rest: &mut &str) -> Result<Vec<Field>, GraphError> {
    let mut fields = Vec::new();
    loop {
        let end = rest.find([',', '{', '}', '.', '(']).unwrap_or(rest.len());
        let name = rest[..end].trim().to_owned();
        *rest = &rest[end..];
        skip_modifiers(rest)?;
        let mut inside = Vec::new();
        if let Some(after) = rest.strip_prefix('{') {
            *rest = after;
            inside = parse_list(rest)?;
            *rest = rest.strip_prefix('}').ok_or_else(|| syntax(rest))?;
        }
        if !name.is_empty() {
            fields.push(Field { name, inside });
        }
        match rest.strip_prefix(',') {
            Some(after) => *rest = after,
            None => return Ok(fields),
        }
    }
}

/// `.limit(3).order(..)` is read over.
fn skip_modifiers(rest: &mut &str) -> Result<(), GraphError> {
    while rest.starts_with('.') {
        let end = rest.find(')').ok_or_else(|| syntax(rest))?;
        *rest = &rest[end + 1..];
    }
    Ok(())
}

fn syntax(at: &str) -> GraphError {
    let text = format!("Syntax error \"Expected end of string instead of {at}\" in fields");
    GraphError::new(2500, None, text)
}
