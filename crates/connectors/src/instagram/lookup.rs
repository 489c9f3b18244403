//! Reads back what became of a container (networks.md, 3.5): its status tells whether, the list of
//! media which post it is.

use chrono::TimeDelta;
use posthaste_core::{
    Network,
    connector::{Ctx, Failure, FailureClass, Intent, Lookup, Published, Rendition, Session},
    post::ContentKind,
};
use serde_json::Value;

use super::{
    CONTAINER_PREFIX,
    container::{Containers, Status},
    prepare::Ready,
};
use crate::{
    meta::{Graph, time},
    wire::same_text,
};

/// Pages of media read at most.
const MOST_PAGES: usize = 5;
/// How far the clocks may differ.
const SKEW: TimeDelta = TimeDelta::minutes(5);

/// Looks for what the intent meant to publish.
pub async fn lookup(
    ctx: &Ctx,
    session: &Session,
    rendition: &Rendition,
    caption: &str,
    intent: &Intent,
) -> Result<Lookup, Failure> {
    let Ok(Ready { container }) = serde_json::from_value(intent.ready.clone()) else {
        let reason = "The record of what was sent cannot be read.".to_owned();
        return Ok(Lookup::CannotTell { reason });
    };
    let (status, _) = Containers::new(ctx, session).status(&container).await?;
    match status {
        Status::Published => {
            let graph = Graph::new(ctx, Network::Instagram, &session.access);
            let told = find(&graph, session, rendition.kind, caption, intent).await;
            Ok(Lookup::Found(told.unwrap_or_else(|| Published {
                remote_id: format!("{CONTAINER_PREFIX}{container}"),
                permalink: None,
            })))
        }
        Status::Finished | Status::Expired | Status::Error => Ok(Lookup::Absent { proved: true }),
        Status::InProgress => {
            let message = "Instagram is still processing the post.";
            Err(Failure::new(FailureClass::Retry, message))
        }
    }
}

/// The one post that can be it; a wrong id is worse than none.
async fn find(
    graph: &Graph<'_>,
    session: &Session,
    kind: ContentKind,
    caption: &str,
    intent: &Intent,
) -> Option<Published> {
    let story = kind == ContentKind::Story;
    let edge = if story { "stories" } else { "media" };
    let since = intent.at - SKEW;
    let is_before = |media: &Value| time(&media["timestamp"]).is_some_and(|at| at < since);
    let request = graph
        .get(&format!("/{}/{edge}", session.account_id))
        .query("fields", "id,caption,timestamp,permalink");
    let listing = graph
        .list(request, MOST_PAGES, |page| page.iter().any(is_before))
        .await
        .ok()?;
    let is_known = |media: &Value| intent.known_ids.iter().any(|id| media["id"] == id.as_str());
    let is_same =
        |media: &Value| story || same_text(media["caption"].as_str().unwrap_or_default(), caption);
    let mut candidates = listing
        .items
        .iter()
        .filter(|media| !is_before(media) && !is_known(media) && is_same(media));
    let found = candidates.next().filter(|_| listing.complete)?;
    if candidates.next().is_some() {
        return None;
    }
    Some(Published {
        remote_id: found["id"].as_str()?.to_owned(),
        permalink: found["permalink"].as_str().map(str::to_owned),
    })
}
