//! How posts of a page do.

use serde_json::{Value, json};

use super::super::{Graph, auth, error::GraphError, insights, params, route::At};
use crate::networks::{growth::Growth, kinds::Network};

/// `GET /{post}/insights`.
pub fn read(at: &At<'_>) -> Graph {
    let params = params(
        at.call,
        &["metric", "period", "since", "until", "date_preset"],
    )?;
    auth::page_token(&at.bearer, at.account)?;
    auth::scope(&at.bearer, "pages_read_engagement")?;
    auth::scope(&at.bearer, "read_insights")?;
    let now = at.networks.now();
    let state = at.networks.state();
    let post = state.readable(Network::Facebook, at.id, at.call);
    let growth = Growth::of(&state, post.ok_or_else(|| at.no_object())?, now);
    let unknown = |_: &str| GraphError::param("The value must be a valid insights metric");
    insights::answer(&params, at.id, |name| figure(&growth, name), unknown)
}

fn figure(growth: &Growth, name: &str) -> Option<Value> {
    Some(match name {
        "post_media_view" => growth.views.into(),
        "post_total_media_view_unique" => growth.reach.into(),
        "post_clicks" => growth.clicks.into(),
        "post_video_views" => growth.plays.into(),
        "post_reactions_by_type_total" => some(&[("like", growth.likes), ("love", growth.loves)]),
        "post_activity_by_action_type" => some(&[
            ("like", growth.likes + growth.loves),
            ("comment", growth.comments),
            ("share", growth.shares),
        ]),
        _ => return None,
    })
}

/// What nobody did is left out.
fn some(counts: &[(&str, u64)]) -> Value {
    let done = counts.iter().filter(|(_, count)| *count > 0);
    done.map(|(name, count)| ((*name).to_owned(), json!(count)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
