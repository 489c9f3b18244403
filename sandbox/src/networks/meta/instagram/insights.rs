//! How media do.

use serde_json::Value;

use super::super::{Graph, error::GraphError, insights, params, route::At};
use super::{Right, allowed, node};
use crate::networks::growth::Growth;

/// Stories with fewer viewers are not told.
const FEWEST: u64 = 5;

/// `GET /{media}/insights`.
pub fn read(at: &At<'_>) -> Graph {
    let params = params(at.call, &["metric", "period", "breakdown", "metric_type"])?;
    allowed(at, Right::Read)?;
    allowed(at, Right::Insights)?;
    let now = at.networks.now();
    let state = at.networks.state();
    let post = node::visible(at, &state)?;
    let growth = Growth::of(&state, post, now);
    let story = post.kind == "story";
    if story && growth.reach < FEWEST {
        let text = "(#10) Not enough viewers for the media to show insights";
        return Err(GraphError::new(10, None, text));
    }
    let unknown = |name: &str| {
        let text =
            "The Media Insights API does not support the {} metric for this media product type.";
        GraphError::param(text.replace("{}", name))
    };
    insights::answer(&params, at.id, |name| figure(&growth, story, name), unknown)
}

fn figure(growth: &Growth, story: bool, name: &str) -> Option<Value> {
    let count = match name {
        "views" => growth.views,
        "reach" => growth.reach,
        "shares" => growth.shares,
        "total_interactions" => growth.likes + growth.comments + growth.shares + growth.saves,
        "replies" if story => growth.comments,
        "likes" if !story => growth.likes,
        "comments" if !story => growth.comments,
        "saved" if !story => growth.saves,
        _ => return None,
    };
    Some(count.into())
}
