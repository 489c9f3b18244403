//! The invisible steps, one a call. Facebook forgets unpublished uploads after about a day.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    connector::{Ctx, Failure, FailureClass, Prepared, Rendition, RenditionMedia, Session},
    post::ContentKind,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::media::{Uploads, VideoSession};

/// Uploads older than this are made anew: they last about 24 hours.
const KEEP: TimeDelta = TimeDelta::hours(20);

/// What `publish` needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Ready {
    /// Text, perhaps with a link.
    Text,
    /// Uploaded photos, in order.
    Photos { ids: Vec<String> },
    /// A photo for a story.
    PhotoStory { photo: String },
    /// A whole video of the feed in its upload session.
    Video { video: String, session: String },
    /// A whole reel.
    Reel { video: String },
    /// A whole story video.
    VideoStory { video: String },
}

#[derive(Serialize, Deserialize)]
struct Progress {
    since: DateTime<Utc>,
    #[serde(flatten)]
    stage: Stage,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
enum Stage {
    Photos { ids: Vec<String> },
    Session(VideoSession),
    Vertical { video: String },
}

/// The next step.
pub async fn prepare(
    ctx: &Ctx,
    session: &Session,
    rendition: &Rendition,
    progress: Option<Value>,
) -> Result<Prepared, Failure> {
    let now = ctx.clock.now();
    let progress = progress
        .and_then(|value| serde_json::from_value::<Progress>(value).ok())
        .filter(|progress| now - progress.since < KEEP);
    let since = progress.as_ref().map_or(now, |progress| progress.since);
    let uploads = Uploads::new(ctx, session);
    let step = next(&uploads, rendition, progress.map(|progress| progress.stage)).await?;
    let (value, note) = match step {
        Step::Ready(ready) => {
            return Ok(Prepared::Ready {
                ready: json(&ready)?,
            });
        }
        Step::Stage(stage, note) => (json(&Progress { since, stage })?, note),
    };
    Ok(Prepared::Step {
        progress: value,
        wait: Duration::ZERO,
        note,
    })
}

enum Step {
    Stage(Stage, String),
    Ready(Ready),
}

async fn next(
    uploads: &Uploads<'_>,
    rendition: &Rendition,
    stage: Option<Stage>,
) -> Result<Step, Failure> {
    let Some(first) = rendition.media.first() else {
        return Ok(Step::Ready(Ready::Text));
    };
    match (rendition.kind, first.facts.format.is_video()) {
        (ContentKind::Feed, true) => session_step(uploads, first, stage).await,
        (kind, true) => vertical_step(uploads, first, stage, kind).await,
        (kind, false) => photo_step(uploads, rendition, stage, kind).await,
    }
}

async fn photo_step(
    uploads: &Uploads<'_>,
    rendition: &Rendition,
    stage: Option<Stage>,
    kind: ContentKind,
) -> Result<Step, Failure> {
    let mut ids = match stage {
        Some(Stage::Photos { ids }) => ids,
        _ => Vec::new(),
    };
    let total = rendition.media.len();
    if let Some(media) = rendition.media.get(ids.len()) {
        ids.push(uploads.photo(media).await?);
    }
    if ids.len() < total {
        let note = format!("Uploaded picture {} of {total}.", ids.len());
        return Ok(Step::Stage(Stage::Photos { ids }, note));
    }
    Ok(Step::Ready(match (kind, ids.pop()) {
        (ContentKind::Story, Some(photo)) => Ready::PhotoStory { photo },
        (_, last) => Ready::Photos {
            ids: ids.into_iter().chain(last).collect(),
        },
    }))
}

async fn session_step(
    uploads: &Uploads<'_>,
    media: &RenditionMedia,
    stage: Option<Stage>,
) -> Result<Step, Failure> {
    let Some(Stage::Session(open)) = stage else {
        let open = uploads.start_session(media).await?;
        let note = "Started the video's upload.".to_owned();
        return Ok(Step::Stage(Stage::Session(open), note));
    };
    let next = uploads.transfer(media, open).await?;
    if next.start == next.end {
        let VideoSession { video, session, .. } = next;
        return Ok(Step::Ready(Ready::Video { video, session }));
    }
    let note = format!(
        "Uploaded {} of {} bytes of the video.",
        next.start, media.facts.bytes
    );
    Ok(Step::Stage(Stage::Session(next), note))
}

async fn vertical_step(
    uploads: &Uploads<'_>,
    media: &RenditionMedia,
    stage: Option<Stage>,
    kind: ContentKind,
) -> Result<Step, Failure> {
    let Some(Stage::Vertical { video }) = stage else {
        let edge = if kind == ContentKind::Reel {
            "video_reels"
        } else {
            "video_stories"
        };
        let video = uploads.start_vertical(edge).await?;
        return Ok(Step::Stage(
            Stage::Vertical { video },
            "Started the video's upload.".to_owned(),
        ));
    };
    uploads.send_vertical(&video, media).await?;
    Ok(Step::Ready(if kind == ContentKind::Reel {
        Ready::Reel { video }
    } else {
        Ready::VideoStory { video }
    }))
}

fn json(value: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(value)
        .map_err(|error| Failure::new(FailureClass::Rejected, error.to_string()))
}
