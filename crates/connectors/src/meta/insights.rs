//! Insights of a post (networks.md, 2.7 and 3.6): named figures, each a number or an object of numbers.

use posthaste_core::{
    connector::{Failure, FailureClass},
    metric::{Metric, Metrics, Reading},
};
use serde_json::{Value, json};

use super::{Graph, is_gone};

/// A figure of the Graph.
#[derive(Clone, Copy)]
pub struct Insight {
    /// Its name.
    pub name: &'static str,
    /// The part of it that counts; all parts together when there is none.
    pub part: Option<&'static str>,
    /// What it is among ours.
    pub metric: Metric,
}

impl Insight {
    /// A figure that counts as a whole.
    pub const fn whole(name: &'static str, metric: Metric) -> Self {
        Self {
            name,
            part: None,
            metric,
        }
    }

    /// One part of a figure.
    pub const fn part(name: &'static str, part: &'static str, metric: Metric) -> Self {
        Self {
            name,
            part: Some(part),
            metric,
        }
    }
}

/// The insights of the post `id`. One figure that the Graph does not give for it fails the call for
/// all; then each is asked for alone, and only if none is given is that a failure.
pub async fn read(graph: &Graph<'_>, id: &str, wanted: &[Insight]) -> Result<Reading, Failure> {
    match ask(graph, id, wanted).await {
        Ok(metrics) => Ok(Reading::Told(metrics)),
        Err(failure) if is_gone(&failure) => Ok(Reading::Gone),
        Err(failure) if is_too_early(&failure) => Ok(Reading::Told(Metrics::default())),
        Err(failure) if is_about_a_figure(&failure) => {
            let alone = one_by_one(graph, id, wanted).await?;
            alone.map(Reading::Told).ok_or(failure)
        }
        Err(failure) => Err(failure),
    }
}

async fn one_by_one(
    graph: &Graph<'_>,
    id: &str,
    wanted: &[Insight],
) -> Result<Option<Metrics>, Failure> {
    let mut given = None;
    for insight in wanted.chunk_by(|one, next| one.name == next.name) {
        match ask(graph, id, insight).await {
            Ok(metrics) => {
                let all: &mut Metrics = given.get_or_insert_default();
                for metric in metrics.told() {
                    all.add(metric, metrics.get(metric).unwrap_or_default());
                }
            }
            Err(failure) if is_about_a_figure(&failure) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(given)
}

async fn ask(graph: &Graph<'_>, id: &str, wanted: &[Insight]) -> Result<Metrics, Failure> {
    let mut names: Vec<&str> = wanted.iter().map(|insight| insight.name).collect();
    names.dedup();
    let request = graph
        .get(&format!("/{id}/insights"))
        .query("metric", json!(names).to_string());
    let body = graph.call(request).await?;
    let mut metrics = Metrics::default();
    for row in body["data"].as_array().into_iter().flatten() {
        for insight in wanted.iter().filter(|insight| row["name"] == insight.name) {
            if let Some(count) = count(value(row), insight.part) {
                metrics.add(insight.metric, count);
            }
        }
    }
    Ok(metrics)
}

/// `values` of a period, or `total_value`; nothing where there is no data yet.
fn value(row: &Value) -> &Value {
    match &row["values"][0]["value"] {
        Value::Null => &row["total_value"]["value"],
        value => value,
    }
}

fn count(value: &Value, part: Option<&str>) -> Option<i64> {
    match (value, part) {
        (Value::Object(parts), None) => Some(parts.values().filter_map(whole).sum()),
        // What nobody did is left out of the object.
        (Value::Object(parts), Some(part)) => Some(parts.get(part).map_or(Some(0), whole)?),
        (value, None) => whole(value),
        (_, Some(_)) => None,
    }
}

fn whole(value: &Value) -> Option<i64> {
    value.as_i64().filter(|count| *count >= 0)
}

/// 100 is a figure that this kind of post does not have, 200 to 299 one that this page does not get.
fn is_about_a_figure(failure: &Failure) -> bool {
    let code = failure.remote_code.as_deref();
    let code = code.and_then(|code| code.parse::<i64>().ok());
    matches!(
        failure.class,
        FailureClass::Rejected | FailureClass::Permission
    ) && code.is_some_and(|code| code == 100 || (200..300).contains(&code))
}

/// `(#10) Not enough viewers for the media to show insights`: a story that few have seen.
fn is_too_early(failure: &Failure) -> bool {
    failure.remote_code.as_deref() == Some("10") && failure.message.contains("Not enough viewers")
}

#[cfg(test)]
mod tests;
