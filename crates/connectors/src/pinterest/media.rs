//! Videos are uploaded beforehand (networks.md, 4.2): register, send, wait; one call each.
//! Pictures need no preparation: Pinterest fetches them when the pin is made.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Network,
    connector::{Ctx, Failure, FailureClass, Prepared, Rendition, RenditionMedia, Session},
    ports::{Part, Request},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    api::{self, MediaStatus, Registered},
    error,
};
use crate::{answer, wire};

/// An upload that is older is made anew.
const LIFE: TimeDelta = TimeDelta::hours(24);
/// A refused upload is started anew so many times.
const MAX_RESTARTS: u8 = 2;
/// Between two questions how far the processing is.
const POLL: Duration = Duration::from_secs(5);

/// What survives a crash between two steps.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Progress {
    upload: Option<Upload>,
    restarts: u8,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Upload {
    media_id: String,
    url: String,
    parameters: BTreeMap<String, String>,
    registered_at: DateTime<Utc>,
    stage: Stage,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    Send,
    Wait,
    Done,
}

/// What `publish` gets.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Ready {
    /// The uploaded video.
    pub media_id: Option<String>,
}

/// The next step of uploading a rendition's video.
pub async fn prepare(
    ctx: &Ctx,
    session: &Session,
    rendition: &Rendition,
    progress: Option<Value>,
) -> Result<Prepared, Failure> {
    let video = rendition
        .media
        .iter()
        .find(|media| media.facts.format.is_video());
    let Some(video) = video else {
        return Ok(Prepared::Ready {
            ready: json!(Ready::default()),
        });
    };
    let progress = progress.and_then(|value| serde_json::from_value(value).ok());
    let Progress { upload, restarts } = progress.unwrap_or_default();
    let now = ctx.clock.now();
    let Some(upload) = upload.filter(|upload| now < upload.registered_at + LIFE) else {
        return register(ctx, session, restarts).await;
    };
    match upload.stage {
        Stage::Send => send(ctx, upload, video, restarts).await,
        Stage::Wait => wait(ctx, session, upload, restarts).await,
        Stage::Done => Ok(Prepared::Ready {
            ready: json!(Ready {
                media_id: Some(upload.media_id)
            }),
        }),
    }
}

fn step(upload: Option<Upload>, restarts: u8, wait: Duration, note: &str) -> Prepared {
    Prepared::Step {
        progress: json!(Progress { upload, restarts }),
        wait,
        note: note.to_owned(),
    }
}

async fn register(ctx: &Ctx, session: &Session, restarts: u8) -> Result<Prepared, Failure> {
    let request = Request::post(api::url(ctx, "/media")).json(json!({"media_type": "video"}));
    let registered: Registered = api::read(&api::call(ctx, session, request).await?)?;
    let upload = Upload {
        media_id: registered.media_id,
        url: registered.upload_url,
        parameters: registered.upload_parameters,
        registered_at: ctx.clock.now(),
        stage: Stage::Send,
    };
    Ok(step(
        Some(upload),
        restarts,
        Duration::ZERO,
        "Video: upload opened.",
    ))
}

/// Sends all bytes to the storage address, which wants its own fields and no token.
async fn send(
    ctx: &Ctx,
    upload: Upload,
    video: &RenditionMedia,
    restarts: u8,
) -> Result<Prepared, Failure> {
    let bytes = video.facts.bytes;
    let fields = upload
        .parameters
        .iter()
        .map(|(name, value)| wire::field(name, value));
    let file = Part {
        name: "file".to_owned(),
        file_name: Some(format!("video.{}", video.facts.format.extension())),
        content_type: Some(video.facts.format.mime().to_owned()),
        body: wire::stream(&video.source, 0..bytes),
    };
    let mut request = Request::post(&upload.url)
        .reaching(ctx.hosts.reach_of_answers())
        .multipart(fields.chain([file]).collect());
    request.timeout = wire::upload_time(bytes);
    let sent = answer::call(ctx, Network::Pinterest, request, error::classify).await;
    match sent {
        Ok(_) => {
            let upload = Upload {
                stage: Stage::Wait,
                ..upload
            };
            let note = format!("Video: {bytes} bytes sent.");
            Ok(step(Some(upload), restarts, POLL, &note))
        }
        // The address lives for a while only.
        Err(failure) if matches!(failure.status, Some(400..=499)) && restarts < MAX_RESTARTS => {
            let note = "Video: the upload address is no longer good; starting anew.";
            Ok(step(None, restarts + 1, POLL, note))
        }
        Err(failure) => Err(failure),
    }
}

async fn wait(
    ctx: &Ctx,
    session: &Session,
    upload: Upload,
    restarts: u8,
) -> Result<Prepared, Failure> {
    let request = Request::get(api::url(ctx, &format!("/media/{}", upload.media_id)));
    let media: MediaStatus = api::read(&api::call(ctx, session, request).await?)?;
    match media.status.as_str() {
        "succeeded" => {
            let upload = Upload {
                stage: Stage::Done,
                ..upload
            };
            Ok(step(
                Some(upload),
                restarts,
                Duration::ZERO,
                "Video: Pinterest has processed it.",
            ))
        }
        "failed" => Err(Failure::new(
            FailureClass::Rejected,
            "Pinterest could not process the video; export it again as MP4 (H.264).",
        )),
        _ => Ok(step(
            Some(upload),
            restarts,
            POLL,
            "Video: Pinterest is processing it.",
        )),
    }
}
