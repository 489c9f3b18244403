//! A page's video: what became of it, and its removal.

use serde_json::{Value, json};

use super::super::{Graph, auth, fields, params, route::At, success};
use super::{
    post,
    state::{Video, Visibility},
};
use crate::networks::{answer::Answer, clock::Clock};

const FIELDS: [&str; 15] = [
    "id",
    "status",
    "published",
    "post_id",
    "permalink_url",
    "title",
    "description",
    "created_time",
    "updated_time",
    "length",
    "source",
    "picture",
    "from",
    "scheduled_publish_time",
    "is_reel",
];

/// `GET /{video}`.
pub fn read(at: &At<'_>) -> Graph {
    let params = params(at.call, &[])?;
    auth::page_token(&at.bearer, at.account)?;
    let wanted = params.text("fields")?;
    let state = at.networks.state();
    let video = state
        .meta
        .facebook
        .videos
        .get(at.id)
        .ok_or_else(|| at.no_object())?;
    let shown = video
        .post
        .as_ref()
        .and_then(|id| state.meta.facebook.posts.get(id));
    let published = shown.is_some_and(|post| post.visibility == Visibility::Published);
    let live = published && processed(video);
    let node = json!({
        "id": at.id,
        "status": status(video, shown.map(|post| post.visibility)),
        "published": live,
        "post_id": if live { video.post.as_deref() } else { None },
        "permalink_url": shown.filter(|_| live).map(|post| &post.url),
        "title": video.title,
        "description": video.description,
        "created_time": post::graph_time(video.created_at),
        "updated_time": post::graph_time(video.created_at),
        "length": video.media.as_ref().and_then(|m| m.duration_ms).map(|ms| ms as f64 / 1000.0),
        "from": { "id": video.page },
        "is_reel": video.kind == "reel",
    });
    let default = ["updated_time", "description", "id"];
    fields::select(&node, "Video", &FIELDS, &default, wanted.as_deref())
        .map(|node| Answer::json(200, &node))
}

fn processed(video: &Video) -> bool {
    video
        .processed_at_ms
        .is_some_and(|at| at <= Clock::real_ms())
}

/// The three phases. Docs spell `bytes_transfered`, the spec `bytes_transferred`: both are there.
fn status(video: &Video, visibility: Option<Visibility>) -> Value {
    let (uploaded, done) = (video.media.is_some(), processed(video));
    let received = if uploaded {
        video.transfer.size.unwrap_or_default()
    } else {
        video.transfer.received()
    };
    let word = |complete: bool, begun: bool| match (complete, begun) {
        (true, _) => "complete",
        (false, true) => "in_progress",
        (false, false) => "not_started",
    };
    let mut processing = json!({ "status": word(done, uploaded) });
    let mut overall = match (uploaded, done, visibility) {
        (false, ..) => "uploading",
        (true, false, _) => "processing",
        (true, true, None) => "upload_complete",
        (true, true, Some(_)) => "ready",
    };
    if let (Some((code, message)), true) = (&video.error, done) {
        overall = "error";
        processing = json!({
            "status": "error", "errors": [{ "code": code, "message": message }],
        });
    }
    let publishing = match visibility {
        None => json!({ "status": "not_started" }),
        Some(Visibility::Published) => json!({
            "status": word(done, true),
            "publish_status": if done { "published" } else { "publishing" },
        }),
        Some(Visibility::Scheduled(time)) => json!({
            "status": "not_started", "publish_status": "scheduled",
            "publish_time": post::graph_time(time),
        }),
        Some(Visibility::Draft) => json!({ "status": "complete", "publish_status": "draft" }),
    };
    json!({
        "video_status": overall,
        "uploading_phase": {
            "status": word(uploaded, received > 0),
            "bytes_transfered": received,
            "bytes_transferred": received,
        },
        "processing_phase": processing,
        "publishing_phase": publishing,
    })
}

/// `DELETE /{video}`: with its post.
pub fn delete(at: &At<'_>) -> Graph {
    auth::page_token(&at.bearer, at.account)?;
    auth::scope(&at.bearer, "pages_manage_posts")?;
    let mut state = at.networks.state();
    let video = state
        .meta
        .facebook
        .videos
        .remove(at.id)
        .ok_or_else(|| at.no_object())?;
    if let Some(id) = video.post {
        post::remove(at, &mut state, &id);
    }
    Ok(success())
}
