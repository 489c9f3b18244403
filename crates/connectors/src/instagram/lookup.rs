//! Reads back what became of a container (networks.md, 3.5): its status tells whether, the list of
//! media which post it is.

use chrono::TimeDelta;
use posthaste_core::{
    Network,
    connector::{Ctx, Failure, Intent, Lookup, Published, Rendition, Session},
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
/// How long a story is listed, with an hour to spare.
const STORY: TimeDelta = TimeDelta::hours(23);
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
    if intent.ready.is_null() {
        return without_container(ctx, session, rendition.kind, caption, intent).await;
    }
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
            let reason = "Instagram is still processing the post.".to_owned();
            Ok(Lookup::Processing { reason })
        }
    }
}

/// The container is lost: only the list tells, by the caption. Stories have none, and are gone after a
/// day.
async fn without_container(
    ctx: &Ctx,
    session: &Session,
    kind: ContentKind,
    caption: &str,
    intent: &Intent,
) -> Result<Lookup, Failure> {
    let graph = Graph::new(ctx, Network::Instagram, &session.access);
    let Candidates { media, complete } = candidates(&graph, session, kind, caption, intent).await?;
    let cannot_tell = |reason: &str| {
        let reason = reason.to_owned();
        Ok(Lookup::CannotTell { reason })
    };
    if kind == ContentKind::Story && ctx.clock.now() - intent.at > STORY {
        return cannot_tell("Instagram no longer lists the stories of that time.");
    }
    match media.as_slice() {
        [] if complete => Ok(Lookup::Absent { proved: false }),
        [] => cannot_tell("The account has too many newer posts to read them all."),
        _ if kind == ContentKind::Story || caption.trim().is_empty() => {
            cannot_tell("A post of that time has no text to tell it by.")
        }
        [one] => match published(one) {
            Some(live) => Ok(Lookup::Found(live)),
            None => cannot_tell("Instagram shows the post without its id."),
        },
        several => cannot_tell(&format!(
            "{} posts of that time look like this one.",
            several.len()
        )),
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
    let found = candidates(graph, session, kind, caption, intent)
        .await
        .ok()?;
    match found.media.as_slice() {
        [one] if found.complete => published(one),
        _ => None,
    }
}

fn published(media: &Value) -> Option<Published> {
    Some(Published {
        remote_id: media["id"].as_str()?.to_owned(),
        permalink: media["permalink"].as_str().map(str::to_owned),
    })
}

struct Candidates {
    media: Vec<Value>,
    /// Nothing of that time is left unread.
    complete: bool,
}

/// What is not known yet, of that time and, but for stories, with this caption.
async fn candidates(
    graph: &Graph<'_>,
    session: &Session,
    kind: ContentKind,
    caption: &str,
    intent: &Intent,
) -> Result<Candidates, Failure> {
    let story = kind == ContentKind::Story;
    let edge = if story { "stories" } else { "media" };
    let since = intent.at - SKEW;
    let is_before = |media: &Value| time(&media["timestamp"]).is_some_and(|at| at < since);
    let request = graph
        .get(&format!("/{}/{edge}", session.account_id))
        .query("fields", "id,caption,timestamp,permalink");
    let listing = graph
        .list(request, MOST_PAGES, |page| page.iter().any(is_before))
        .await?;
    let is_known = |media: &Value| intent.known_ids.iter().any(|id| media["id"] == id.as_str());
    let is_same =
        |media: &Value| story || same_text(media["caption"].as_str().unwrap_or_default(), caption);
    let complete = listing.complete;
    let media = listing
        .items
        .into_iter()
        .filter(|media| !is_before(media) && !is_known(media) && is_same(media))
        .collect();
    Ok(Candidates { media, complete })
}
