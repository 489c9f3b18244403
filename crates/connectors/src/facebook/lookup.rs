//! Reads back what became of a post (networks.md, 2.6).

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Network,
    connector::{Ctx, Failure, Intent, Lookup, Published, Rendition, Session},
    post::ContentKind,
};
use serde_json::Value;

use super::prepare::Ready;
use crate::{
    meta::{self, Graph, time},
    wire::same_text,
};

/// Pages of published posts read at most.
const MOST_PAGES: usize = 5;
/// How far the clocks may differ.
const SKEW: TimeDelta = TimeDelta::minutes(5);
const FIELDS: &str = "id,message,created_time,permalink_url,\
    attachments{media_type,type,url,unshimmed_url,target{id},subattachments{target{id}}}";

/// Looks for what the intent meant to publish.
pub async fn lookup(
    ctx: &Ctx,
    session: &Session,
    rendition: &Rendition,
    text: &str,
    intent: &Intent,
) -> Result<Lookup, Failure> {
    let graph = Graph::new(ctx, Network::Facebook, &session.access);
    if intent.ready.is_null() {
        return unprepared(&graph, session, rendition, text, intent).await;
    }
    let Ok(ready) = serde_json::from_value::<Ready>(intent.ready.clone()) else {
        let reason = "The record of what was sent cannot be read.".to_owned();
        return Ok(Lookup::CannotTell { reason });
    };
    match &ready {
        Ready::Text => {
            let link = rendition.link.as_deref();
            feed(
                &graph,
                session,
                intent,
                &Wanted {
                    text,
                    link,
                    photos: Photos::These(&[]),
                },
            )
            .await
        }
        Ready::Photos { ids } => {
            feed(
                &graph,
                session,
                intent,
                &Wanted {
                    text,
                    link: None,
                    photos: Photos::These(ids),
                },
            )
            .await
        }
        Ready::PhotoStory { photo } => story(&graph, session, photo).await,
        Ready::Video { video, .. } | Ready::Reel { video } | Ready::VideoStory { video } => {
            finished_video(&graph, video).await
        }
    }
}

/// What was prepared is lost: only the feed tells, by the text. Reels and stories have nothing there to
/// tell them by.
async fn unprepared(
    graph: &Graph<'_>,
    session: &Session,
    rendition: &Rendition,
    text: &str,
    intent: &Intent,
) -> Result<Lookup, Failure> {
    let cannot_tell = |reason: &str| {
        let reason = reason.to_owned();
        Ok(Lookup::CannotTell { reason })
    };
    match rendition.kind {
        ContentKind::Reel => cannot_tell("Facebook's feed does not tell reels apart."),
        ContentKind::Story => cannot_tell("Facebook does not tell stories apart."),
        ContentKind::Feed if text.trim().is_empty() && rendition.link.is_none() => {
            cannot_tell("The post has no text to tell it by.")
        }
        ContentKind::Feed => {
            let wanted = Wanted {
                text,
                link: rendition
                    .link
                    .as_deref()
                    .filter(|_| rendition.media.is_empty()),
                photos: Photos::Unknown,
            };
            feed(graph, session, intent, &wanted).await
        }
    }
}

/// What became of a video.
pub struct VideoState {
    /// It is visible.
    pub live: bool,
    failed: bool,
    processing: bool,
    permalink: Option<String>,
}

impl VideoState {
    /// The live video.
    pub fn published(self, video: &str) -> Published {
        Published {
            remote_id: video.to_owned(),
            permalink: self.permalink,
        }
    }
}

/// Reads a video's phases.
pub async fn video_state(graph: &Graph<'_>, video: &str) -> Result<VideoState, Failure> {
    let request = graph
        .get(&format!("/{video}"))
        .query("fields", "status,published,permalink_url");
    let body = graph.call(request).await?;
    let status = &body["status"];
    let phase = |name: &str| status[name]["status"].as_str().unwrap_or_default();
    let publishing = phase("publishing_phase");
    let complete =
        publishing == "complete" || status["publishing_phase"]["publish_status"] == "published";
    // Videos without phases only say that they are published and ready.
    let simple = publishing.is_empty()
        && body["published"].as_bool() == Some(true)
        && status["video_status"] == "ready";
    Ok(VideoState {
        live: complete || simple,
        failed: status["video_status"] == "error"
            || phase("processing_phase") == "error"
            || publishing == "error",
        processing: phase("processing_phase") == "in_progress" || publishing == "in_progress",
        permalink: body["permalink_url"].as_str().map(str::to_owned),
    })
}

async fn finished_video(graph: &Graph<'_>, video: &str) -> Result<Lookup, Failure> {
    let state = video_state(graph, video).await?;
    if state.live {
        return Ok(Lookup::Found(state.published(video)));
    }
    if state.processing {
        let reason = "Facebook is still processing the video.".to_owned();
        return Ok(Lookup::Processing { reason });
    }
    // A video that waits for its last call looks like one whose last call is not yet worked on.
    Ok(Lookup::Absent {
        proved: state.failed,
    })
}

/// Stories name the photo they show.
async fn story(graph: &Graph<'_>, session: &Session, photo: &str) -> Result<Lookup, Failure> {
    let request = graph.get(&format!("/{}/stories", session.account_id));
    let listing = match graph.list(request, MOST_PAGES, |_| false).await {
        Ok(listing) => listing,
        Err(failure) if meta::is_gone(&failure) => {
            let reason = "Facebook does not list this Page's stories.".to_owned();
            return Ok(Lookup::CannotTell { reason });
        }
        Err(failure) => return Err(failure),
    };
    let found = listing
        .items
        .iter()
        .find(|story| story["media_id"] == photo);
    let Some(post) = found.and_then(|story| story["post_id"].as_str()) else {
        return Ok(nothing(listing.complete));
    };
    Ok(Lookup::Found(Published {
        remote_id: post.to_owned(),
        permalink: found
            .and_then(|story| story["url"].as_str())
            .map(str::to_owned),
    }))
}

struct Wanted<'a> {
    text: &'a str,
    link: Option<&'a str>,
    photos: Photos<'a>,
}

enum Photos<'a> {
    These(&'a [String]),
    Unknown,
}

async fn feed(
    graph: &Graph<'_>,
    session: &Session,
    intent: &Intent,
    wanted: &Wanted<'_>,
) -> Result<Lookup, Failure> {
    let since = intent.at - SKEW;
    let request = graph
        .get(&format!("/{}/published_posts", session.account_id))
        .query("fields", FIELDS);
    let listing = graph
        .list(request, MOST_PAGES, |page| {
            page.iter().any(|post| is_before(post, since))
        })
        .await?;
    let candidates = listing
        .items
        .iter()
        .filter(|post| !is_before(post, since) && !is_known(post, intent));
    let matching: Vec<_> = candidates.filter(|post| wanted.matches(post)).collect();
    match matching.as_slice() {
        [post] => Ok(Lookup::Found(Published {
            remote_id: post["id"].as_str().unwrap_or_default().to_owned(),
            permalink: post["permalink_url"].as_str().map(str::to_owned),
        })),
        [] => Ok(nothing(listing.complete)),
        several => Ok(Lookup::CannotTell {
            reason: format!("{} posts of that time look like this one.", several.len()),
        }),
    }
}

fn nothing(complete: bool) -> Lookup {
    if complete {
        return Lookup::Absent { proved: false };
    }
    let reason = "The Page has too many newer posts to read them all.".to_owned();
    Lookup::CannotTell { reason }
}

fn is_before(post: &Value, since: DateTime<Utc>) -> bool {
    time(&post["created_time"]).is_some_and(|created| created < since)
}

fn is_known(post: &Value, intent: &Intent) -> bool {
    intent.known_ids.iter().any(|id| post["id"] == id.as_str())
}

impl Wanted<'_> {
    fn matches(&self, post: &Value) -> bool {
        let attachments = list(&post["attachments"]);
        let targets = photo_targets(attachments);
        let as_many = match self.photos {
            Photos::These(ids) if ids.iter().any(|id| targets.contains(&id.as_str())) => {
                return true;
            }
            Photos::These(ids) => targets.len() == ids.len(),
            Photos::Unknown => true,
        };
        let same = same_text(post["message"].as_str().unwrap_or_default(), self.text);
        same && as_many && self.has_link(attachments)
    }

    fn has_link(&self, attachments: &[Value]) -> bool {
        let Some(link) = self.link else { return true };
        let urls: Vec<_> = attachments
            .iter()
            .flat_map(|attachment| [&attachment["unshimmed_url"], &attachment["url"]])
            .filter_map(Value::as_str)
            .collect();
        // Facebook drops what it could not read of a link; then only the text tells.
        urls.is_empty() && !self.text.is_empty() || urls.contains(&link)
    }
}

fn list(edge: &Value) -> &[Value] {
    edge["data"].as_array().map_or(&[], Vec::as_slice)
}

/// The photos of a post: one attachment, or an album with one subattachment for each.
fn photo_targets(attachments: &[Value]) -> Vec<&str> {
    let inner = attachments.iter().flat_map(|attachment| {
        let inside = list(&attachment["subattachments"]);
        if inside.is_empty() {
            std::slice::from_ref(attachment)
        } else {
            inside
        }
    });
    inner
        .filter_map(|attachment| attachment["target"]["id"].as_str())
        .collect()
}
