use async_graphql::{Response, Value};
use chrono::{DateTime, Utc};
use http::{HeaderName, HeaderValue};
use posthaste_engine::limit::Level;
use serde_json::json;

use super::CHANGE;

/// The rule and the state of a limit (draft-ietf-httpapi-ratelimit-headers-10).
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STATE: HeaderName = HeaderName::from_static("ratelimit");

/// What a document cost.
#[derive(Clone, Copy, Debug)]
pub struct Bill {
    /// What was reserved.
    pub requested: u32,
    /// What it came to.
    pub actual: u32,
    /// How the bucket stands.
    pub level: Level,
}

impl Bill {
    /// Puts it into an answer: `extensions.cost`, and headers for HTTP.
    pub fn attach(self, response: &mut Response, now: DateTime<Utc>) {
        let Level {
            maximum,
            available,
            restore_rate,
            resets_at,
        } = self.level;
        let cost = json!({
            "requested": self.requested,
            "actual": self.actual,
            "throttle": { "maximum": maximum, "available": available, "restoreRate": restore_rate },
        });
        let cost = Value::from_json(cost).unwrap_or_default();
        response.extensions.insert("cost".to_owned(), cost);

        let window = u64::from(maximum).div_ceil(u64::from(restore_rate.max(1)));
        let reset = (resets_at - now).num_seconds().max(0);
        let headers = &mut response.http_headers;
        for (name, text) in [
            (POLICY, format!("\"points\";q={maximum};w={window}")),
            (STATE, format!("\"points\";r={available};t={reset}")),
        ] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name, value);
            }
        }
    }
}

/// What an answer cost: its fields, and beyond them the changes of a document that has so many. Those
/// that were skipped are not in the answer; behind a null all may have been done.
pub fn actual(data: &Value, changes: u32) -> u32 {
    let done = match data {
        Value::Object(root) => changes.min(root.len() as u32),
        _ => changes,
    };
    fields(data).saturating_add(done * CHANGE)
}

fn fields(value: &Value) -> u32 {
    match value {
        Value::Object(object) => object.values().map(|inner| 1 + fields(inner)).sum(),
        Value::List(items) => items.iter().map(fields).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_every_item_counts_once() {
        let data = json!({ "posts": { "nodes": [{ "id": 1, "tags": ["a", "b"] }, { "id": 2, "tags": [] }] } });
        let data = Value::from_json(data).unwrap();
        assert_eq!(actual(&data, 0), 6);
        assert_eq!(actual(&data, 2), 16);
        assert_eq!(actual(&Value::Null, 2), 20);
    }
}
