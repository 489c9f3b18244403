//! Insights of a post: `GET /{post}/insights`.

use serde_json::{Value, json};

use super::{error::GraphError, params::Params};
use crate::networks::answer::Answer;

/// The figures of a call, in the order asked for; one that a post does not have fails the call.
pub fn answer(
    params: &Params,
    id: &str,
    figure: impl Fn(&str) -> Option<Value>,
    unknown: impl Fn(&str) -> GraphError,
) -> Result<Answer, GraphError> {
    let asked = params.list("metric")?;
    if asked.is_empty() {
        let text = "(#3001) No metric was specified to be fetched.";
        return Err(GraphError::new(3001, Some(1_504_028), text));
    }
    let row = |name: &Value| {
        let name = name.as_str().unwrap_or_default();
        let value = figure(name).ok_or_else(|| unknown(name))?;
        Ok(json!({
            "name": name,
            "period": "lifetime",
            "values": [{ "value": value }],
            "title": name,
            "description": name,
            "id": format!("{id}/insights/{name}/lifetime"),
        }))
    };
    let rows = asked
        .iter()
        .map(row)
        .collect::<Result<Vec<_>, GraphError>>()?;
    Ok(Answer::json(200, &json!({ "data": rows })))
}
