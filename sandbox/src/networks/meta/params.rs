//! Parameters of a Graph call: query, form, multipart and JSON are one set; lists and objects may
//! come as JSON text, as `name[0]={..}`, as `name[key]=..` or as comma lists.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{
    super::call::{Body, Call},
    error::GraphError,
};

/// Parameters every edge takes. `id` is what the Node SDK adds to a body.
const COMMON: [&str; 13] = [
    "access_token",
    "appsecret_proof",
    "appsecret_time",
    "debug",
    "fields",
    "format",
    "id",
    "include_headers",
    "locale",
    "method",
    "pretty",
    "suppress_http_code",
    "summary",
];

/// The parameters of one call.
pub struct Params {
    values: BTreeMap<String, Value>,
    files: BTreeMap<String, Bytes>,
}

impl Params {
    /// Reads them; a body that is neither form nor JSON is refused.
    pub fn read(call: &Call) -> Result<Self, GraphError> {
        let mut params = Self {
            values: BTreeMap::new(),
            files: BTreeMap::new(),
        };
        for (name, value) in &call.query {
            params.put(name, value);
        }
        match &call.body {
            Body::Empty => {}
            Body::Form(fields) => fields
                .iter()
                .for_each(|(name, value)| params.put(name, value)),
            Body::Json(Value::Object(fields)) => {
                params
                    .values
                    .extend(fields.iter().map(|(k, v)| (k.clone(), v.clone())));
            }
            Body::Multipart(parts) => {
                for part in parts {
                    match part.as_text() {
                        Some(text) => params.put(&part.name, text),
                        None => {
                            params.files.insert(part.name.clone(), part.data.clone());
                        }
                    }
                }
            }
            Body::Json(_) | Body::Raw(_) => {
                return Err(GraphError::param(
                    "The body is neither a form nor a JSON object",
                ));
            }
        }
        params.values.retain(|_, value| !value.is_null());
        Ok(params)
    }

    /// The token: `access_token`, else the `Authorization` header.
    pub fn token(&self, call: &Call) -> Option<String> {
        self.get_text("access_token")
            .or_else(|| call.bearer().map(str::to_owned))
    }

    /// Refuses parameters that are neither common nor `known`.
    pub fn only(&self, known: &[&str]) -> Result<(), GraphError> {
        let mut names = self.values.keys().chain(self.files.keys());
        match names.find(|n| !COMMON.contains(&n.as_str()) && !known.contains(&n.as_str())) {
            Some(name) => Err(GraphError::param(format!("Unknown parameter: {name}"))),
            None => Ok(()),
        }
    }

    /// Text, or a number as text; none when absent or empty.
    pub fn get_text(&self, name: &str) -> Option<String> {
        match self.values.get(name)? {
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Text; refused when of another type.
    pub fn text(&self, name: &str) -> Result<Option<String>, GraphError> {
        match self.values.get(name) {
            None | Some(Value::String(_) | Value::Number(_)) => Ok(self.get_text(name)),
            Some(_) => Err(GraphError::param(format!("Param {name} must be a string"))),
        }
    }

    /// Text that must be there.
    pub fn required(&self, name: &str) -> Result<String, GraphError> {
        self.text(name)?.ok_or_else(|| GraphError::missing(name))
    }

    /// A flag: `true`, `false`, `1`, `0`.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, GraphError> {
        match self.values.get(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(_) => match self.get_text(name).as_deref() {
                Some("true" | "1") => Ok(Some(true)),
                Some("false" | "0") => Ok(Some(false)),
                _ => Err(GraphError::param(format!("Param {name} must be a boolean"))),
            },
        }
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> Result<Option<u64>, GraphError> {
        self.text(name)?
            .map(|text| text.parse())
            .transpose()
            .map_err(|_| GraphError::param(format!("Param {name} must be an integer")))
    }

    /// A time: unix seconds or ISO 8601.
    pub fn time(&self, name: &str) -> Result<Option<DateTime<Utc>>, GraphError> {
        self.text(name)?
            .map(|text| {
                parse_time(&text)
                    .ok_or_else(|| GraphError::param(format!("Param {name} must be a valid time")))
            })
            .transpose()
    }

    /// A list: JSON, JSON text, indexed, or separated by commas.
    pub fn list(&self, name: &str) -> Result<Vec<Value>, GraphError> {
        let wrong = || GraphError::param(format!("Param {name} must be an array."));
        match self.values.get(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => Ok(items.iter().map(as_json).collect()),
            Some(Value::String(text)) if text.trim_start().starts_with('[') => {
                serde_json::from_str(text).map_err(|_| wrong())
            }
            Some(Value::String(text)) if text.trim_start().starts_with('{') => Err(wrong()),
            Some(Value::String(text)) => Ok(text.split(',').map(|t| t.trim().into()).collect()),
            Some(Value::Object(fields)) => {
                // `name[0]=..`: the keys are the positions.
                let mut items: Vec<(usize, Value)> = fields
                    .iter()
                    .map(|(key, value)| Ok((key.parse().map_err(|_| wrong())?, as_json(value))))
                    .collect::<Result<_, GraphError>>()?;
                items.sort_by_key(|(at, _)| *at);
                Ok(items.into_iter().map(|(_, value)| value).collect())
            }
            Some(_) => Err(wrong()),
        }
    }

    /// A file of a multipart body.
    pub fn file(&self, name: &str) -> Option<Bytes> {
        self.files.get(name).cloned()
    }

    /// The only file of a multipart body, whatever its name.
    pub fn any_file(&self) -> Option<Bytes> {
        self.files.values().next().cloned()
    }

    /// Puts `a`, `a[b]` and `a[b][c]` in place.
    fn put(&mut self, name: &str, value: &str) {
        let mut keys = name.split('[').map(|key| key.trim_end_matches(']'));
        let first = keys.next().unwrap_or_default().to_owned();
        let mut place = self.values.entry(first).or_insert(Value::Null);
        for key in keys {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            let Value::Object(fields) = place else { return };
            let key = if key.is_empty() {
                fields.len().to_string()
            } else {
                key.to_owned()
            };
            place = fields.entry(key).or_insert(Value::Null);
        }
        *place = value.into();
    }
}

/// JSON inside of text becomes JSON: `attached_media[0]={"media_fbid":"1"}`.
fn as_json(value: &Value) -> Value {
    match value {
        Value::String(text) if text.trim_start().starts_with('{') => {
            serde_json::from_str(text).unwrap_or_else(|_| value.clone())
        }
        other => other.clone(),
    }
}

fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(seconds) = text.parse::<i64>() {
        return DateTime::from_timestamp(seconds, 0);
    }
    DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%z"))
        .ok()
        .map(|time| time.with_timezone(&Utc))
}
