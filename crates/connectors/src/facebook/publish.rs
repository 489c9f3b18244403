//! The one call that makes a post visible.

use posthaste_core::{
    Network,
    connector::{Ctx, Failure, FailureClass, Outcome, Published, Rendition, Session},
    ports::{Method, Request},
};
use serde_json::{Value, json};

use super::{lookup::video_state, prepare::Ready};
use crate::meta::{COSMETIC, GRAPH_VIDEO, Graph};

/// Publishes what was prepared.
pub async fn publish(
    ctx: &Ctx,
    session: &Session,
    rendition: &Rendition,
    text: &str,
    ready: &Value,
) -> Outcome {
    let Ok(ready) = serde_json::from_value::<Ready>(ready.clone()) else {
        let message = "The prepared post cannot be read; it is prepared anew.";
        return Outcome::Failed(Failure::new(FailureClass::Retry, message));
    };
    let graph = Graph::new(ctx, Network::Facebook, &session.access);
    let request = request(&graph, session, rendition, text, &ready);
    let answer = match graph.publish(request).await {
        Ok(answer) => answer,
        Err(outcome) => return outcome,
    };
    match &ready {
        Ready::Text | Ready::Photos { .. } => post(&graph, &answer).await,
        Ready::PhotoStory { .. } => story(&answer),
        Ready::Video { video, .. } | Ready::Reel { video } | Ready::VideoStory { video } => {
            accepted_video(&graph, video, &answer).await
        }
    }
}

fn request(
    graph: &Graph,
    session: &Session,
    rendition: &Rendition,
    text: &str,
    ready: &Ready,
) -> Request {
    let post = |edge: &str| graph.post(&format!("/{}/{edge}", session.account_id));
    match ready {
        Ready::Text => {
            let link = rendition.link.as_deref().unwrap_or_default();
            feed(
                post("feed"),
                [("message", text.to_owned()), ("link", link.to_owned())],
            )
        }
        Ready::Photos { ids } => {
            let media: Vec<_> = ids.iter().map(|id| json!({"media_fbid": id})).collect();
            let media = ("attached_media", Value::from(media).to_string());
            feed(post("feed"), [("message", text.to_owned()), media])
        }
        Ready::PhotoStory { photo } => post("photo_stories").form([("photo_id", photo)]),
        Ready::Video {
            session: upload, ..
        } => {
            let path = format!("/{}/videos", session.account_id);
            graph.request(Method::Post, GRAPH_VIDEO, &path).form([
                ("upload_phase", "finish"),
                ("upload_session_id", upload),
                ("description", text),
            ])
        }
        Ready::Reel { video } => post("video_reels").form([
            ("upload_phase", "finish"),
            ("video_id", video),
            ("video_state", "PUBLISHED"),
            ("description", text),
        ]),
        Ready::VideoStory { video } => {
            post("video_stories").form([("upload_phase", "finish"), ("video_id", video)])
        }
    }
}

fn feed(request: Request, fields: [(&str, String); 2]) -> Request {
    let given = fields.into_iter().filter(|(_, value)| !value.is_empty());
    request.form(given.chain([("fields", "id,permalink_url".to_owned())]))
}

async fn post(graph: &Graph<'_>, answer: &Value) -> Outcome {
    let Some(id) = answer["id"].as_str().filter(|id| !id.is_empty()) else {
        return without_id();
    };
    let permalink = match answer["permalink_url"].as_str() {
        Some(link) => Some(link.to_owned()),
        None => read_permalink(graph, id).await,
    };
    Outcome::Published(Published {
        remote_id: id.to_owned(),
        permalink,
    })
}

fn story(answer: &Value) -> Outcome {
    match answer["post_id"].as_str().filter(|id| !id.is_empty()) {
        Some(id) => Outcome::Published(Published {
            remote_id: id.to_owned(),
            permalink: None,
        }),
        None => without_id(),
    }
}

/// Success only says that Facebook took the request; the status says what became of it.
async fn accepted_video(graph: &Graph<'_>, video: &str, answer: &Value) -> Outcome {
    if answer["success"].as_bool() != Some(true) {
        return without_id();
    }
    match video_state(graph, video).await {
        Ok(state) if state.live => Outcome::Published(state.published(video)),
        _ => Outcome::Unknown {
            reason: "Facebook took the video and is still processing it.".to_owned(),
        },
    }
}

async fn read_permalink(graph: &Graph<'_>, id: &str) -> Option<String> {
    let mut request = graph.get(&format!("/{id}"));
    request.timeout = COSMETIC;
    let request = request.query("fields", "permalink_url");
    let body = graph.call(request).await.ok()?;
    body["permalink_url"].as_str().map(str::to_owned)
}

fn without_id() -> Outcome {
    Outcome::Unknown {
        reason: "Facebook answered with success, but without an id.".to_owned(),
    }
}
