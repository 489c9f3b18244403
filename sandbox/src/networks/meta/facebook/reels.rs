//! Reels and video stories: start, upload, finish.

use chrono::TimeDelta;
use serde_json::json;

use super::super::{Graph, auth, error::GraphError, params, params::Params, route::At, success};
use super::{
    publish,
    state::Visibility,
    videos::{self, PostOf},
};
use crate::networks::{answer::Answer, media::Media, state::State as Whole};

/// What differs between the two.
pub struct Shape {
    kind: &'static str,
    path: &'static str,
}

/// `video_reels`.
pub const REEL: Shape = Shape {
    kind: "reel",
    path: "reel",
};
/// `video_stories`.
pub const STORY: Shape = Shape {
    kind: "video_story",
    path: "stories",
};

const PARAMS: [&str; 10] = [
    "upload_phase",
    "video_id",
    "video_state",
    "description",
    "title",
    "scheduled_publish_time",
    "targeting",
    "feed_targeting",
    "place",
    "file_size",
];

/// Window of the daily reel limit.
const DAY: TimeDelta = TimeDelta::days(1);

/// `POST /{page}/video_reels` and `/video_stories`.
pub fn create(at: &At<'_>, shape: &Shape) -> Graph {
    let params = params(at.call, &PARAMS)?;
    auth::page_token(&at.bearer, at.account)?;
    auth::scope(&at.bearer, "pages_manage_posts")?;
    match params.required("upload_phase")?.to_lowercase().as_str() {
        "start" => Ok(start(at, shape)),
        "finish" => finish(at, shape, &params),
        other => Err(GraphError::param(format!("Invalid upload_phase: {other}"))),
    }
}

fn start(at: &At<'_>, shape: &Shape) -> Answer {
    let mut state = at.networks.state();
    let id = publish::new_id(&mut state);
    state
        .meta
        .facebook
        .videos
        .insert(id.clone(), videos::new_video(at, shape.kind));
    let url = at
        .networks
        .url("rupload.facebook.com", &format!("video-upload/v26.0/{id}"));
    Answer::json(200, &json!({ "video_id": id, "upload_url": url }))
}

fn finish(at: &At<'_>, shape: &Shape, params: &Params) -> Graph {
    let id = params.required("video_id")?;
    let visibility = visibility(at, shape, params)?;
    let description = params.text("description")?;
    publish::check_message(description.as_deref())?;
    let mut state = at.networks.state();
    let video = state.meta.facebook.videos.get(&id);
    match video.filter(|video| video.page == at.account && video.kind == shape.kind) {
        None => return Err(GraphError::param(format!("Invalid video_id: {id}"))),
        Some(video) if video.media.is_none() => {
            return Err(GraphError::new(
                6000,
                Some(1_363_130),
                "The video is not uploaded yet",
            ));
        }
        Some(_) => {}
    }
    let now_visible = visibility == Visibility::Published;
    if shape.kind == "reel" && now_visible {
        daily_limit(at, &mut state)?;
    }
    let path = format!("{}/{id}", shape.path);
    let of = PostOf {
        kind: shape.kind,
        visibility,
        description,
        title: params.text("title")?,
        url: at.networks.url("www.facebook.com", &path),
    };
    let post_id = videos::post_of(at, &mut state, &id, of)?;
    if now_visible {
        let reels = state
            .meta
            .facebook
            .reels
            .entry(at.account.into())
            .or_default();
        reels.push_back(at.networks.now());
    }
    let answer = if shape.kind == "reel" {
        success()
    } else {
        Answer::json(200, &json!({ "success": true, "post_id": post_id }))
    };
    Ok(if now_visible {
        answer.accepted()
    } else {
        answer
    })
}

/// `video_state`; stories have none and are published.
fn visibility(at: &At<'_>, shape: &Shape, params: &Params) -> Result<Visibility, GraphError> {
    let stated = params.text("video_state")?;
    let time = params.time("scheduled_publish_time")?;
    match (stated.as_deref(), time) {
        (None, None) if shape.kind == "video_story" => Ok(Visibility::Published),
        (None, _) => Err(GraphError::missing("video_state")),
        (Some("PUBLISHED"), None) => Ok(Visibility::Published),
        (Some("DRAFT"), None) => Ok(Visibility::Draft),
        (Some("SCHEDULED"), Some(time)) => publish::scheduled(time, at.networks.now()),
        (Some("SCHEDULED"), None) => Err(GraphError::missing("scheduled_publish_time")),
        (Some(other), _) => Err(GraphError::param(format!("Invalid video_state: {other}"))),
    }
}

/// 30 reels in 24 hours.
fn daily_limit(at: &At<'_>, state: &mut Whole) -> Result<(), GraphError> {
    let limit = state.switches.facebook_reels_per_day as usize;
    let enforced = state.switches.rate_limits.enabled;
    let now = at.networks.now();
    let reels = state
        .meta
        .facebook
        .reels
        .entry(at.account.into())
        .or_default();
    while reels.front().is_some_and(|time| now - *time >= DAY) {
        reels.pop_front();
    }
    if enforced && reels.len() >= limit {
        return Err(GraphError::new(
            100,
            Some(1_390_008),
            format!("(#100) You are posting too fast: {limit} reels in 24 hours"),
        ));
    }
    Ok(())
}

/// What Facebook has against a video; videos that are no reels only have to be videos.
pub fn problem(kind: &str, media: &Media) -> Option<(i64, String)> {
    if !media.readable || media.kind() != "video" {
        return Some((
            352,
            "(#352) The video file you selected is in a format that we don't support.".into(),
        ));
    }
    if kind != "reel" {
        return None;
    }
    let aspect = media.aspect().unwrap_or_default();
    let seconds = media.duration_ms.unwrap_or_default() as f64 / 1000.0;
    let fps = media.fps.unwrap_or(30.0).round();
    let refuse = |code, text: &str| Some((code, text.to_owned()));
    if !(0.56..=1.78).contains(&aspect) {
        return refuse(1_363_040, "The aspect ratio must be between 16x9 and 9x16");
    }
    if media.width < Some(540) || media.height < Some(960) {
        return refuse(1_363_127, "The resolution must be at least 540x960");
    }
    if !(3.0..=90.0).contains(&seconds) {
        return refuse(1_363_128, "The duration must be between 3 and 90 seconds");
    }
    if !(24.0..=60.0).contains(&fps) {
        return refuse(
            1_363_129,
            "The frame rate must be between 24 and 60 frames per second",
        );
    }
    None
}
