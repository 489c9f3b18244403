use async_graphql::Value;
use posthaste_core::ErrorCode;

/// Whether every payload of a mutation was refused for reasons that pass: nothing was changed, and a
/// repeat may go better.
pub fn is_all_retryable(data: &Value) -> bool {
    let Value::Object(fields) = data else {
        return false;
    };
    let mut payloads = fields
        .values()
        .filter(|value| matches!(value, Value::Object(_)))
        .peekable();
    payloads.peek().is_some() && payloads.all(is_retryable)
}

/// The same for one payload: all its errors are retryable. Errors say that nothing was changed; of
/// each its `code` or `retryable` must have been asked for.
pub(super) fn is_retryable(payload: &Value) -> bool {
    let Value::Object(payload) = payload else {
        return false;
    };
    match payload.get("errors") {
        Some(Value::List(errors)) => !errors.is_empty() && errors.iter().all(passes),
        _ => false,
    }
}

fn passes(error: &Value) -> bool {
    let Value::Object(error) = error else {
        return false;
    };
    match (error.get("retryable"), error.get("code")) {
        (Some(Value::Boolean(retryable)), _) => *retryable,
        (_, Some(Value::Enum(code))) => is_retryable_code(code),
        (_, Some(Value::String(code))) => is_retryable_code(code),
        _ => false,
    }
}

fn is_retryable_code(code: &str) -> bool {
    ErrorCode::from_name(code).is_some_and(ErrorCode::is_retryable)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    #[test]
    fn every_error_of_every_payload_must_pass() {
        let told = |data: Json| is_all_retryable(&Value::from_json(data).unwrap());
        let waits = json!({ "errors": [{ "code": "MEDIA_NOT_READY" }] });
        let mistaken = json!({ "errors": [{ "code": "TEXT_TOO_LONG" }] });
        assert!(told(json!({ "a": waits })));
        assert!(told(json!({ "a": waits, "b": waits, "t": "Mutation" })));
        assert!(told(json!({ "a": { "errors": [{ "retryable": true }] } })));
        for other in [
            json!({ "a": mistaken }),
            json!({ "a": waits, "b": mistaken }),
            json!({ "a": waits, "b": { "errors": [] } }),
            json!({ "a": { "errors": [{ "code": "MEDIA_NOT_READY" }, { "code": "TEXT_TOO_LONG" }] } }),
            json!({ "a": { "errors": [{ "code": "MEDIA_NOT_READY", "retryable": false }] } }),
            json!({ "a": { "errors": [{ "message": "x" }] } }),
            json!({ "a": { "errors": [] } }),
            json!({ "a": null }),
            json!({}),
        ] {
            assert!(!told(other.clone()), "{other}");
        }
    }
}
