//! Uploads in pieces (networks.md, 1.4): initialize, append, finalize, wait, alt text; one call each.

use std::{ops::Range, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    connector::{Ctx, Failure, FailureClass, Prepared, Rendition, RenditionMedia, Session},
    ports::{Part, Request},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    api::{self, Media, Processing},
    check::is_animated,
};
use crate::wire;

/// Bytes in one piece; 512 MB make 128 pieces of at most 1,000.
const PIECE: u64 = 4 * 1024 * 1024;
/// An upload is not used any more so long before it ends.
const MARGIN: TimeDelta = TimeDelta::minutes(5);
/// A lost upload is started anew so many times.
const MAX_RESTARTS: u8 = 2;
/// How long to wait when X does not say it.
const POLL: Duration = Duration::from_secs(2);

/// What survives a crash between two steps.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Progress {
    uploads: Vec<Upload>,
    restarts: u8,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Upload {
    id: String,
    ends_at: Option<DateTime<Utc>>,
    stage: Stage,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    Append(u64),
    Finalize,
    Wait,
    AltText,
    Done,
}

/// What `publish` and `lookup` get.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Ready {
    /// The uploads in order.
    pub media_ids: Vec<String>,
}

/// The next step of uploading a rendition's media.
pub async fn prepare(
    ctx: &Ctx,
    session: &Session,
    rendition: &Rendition,
    progress: Option<Value>,
) -> Result<Prepared, Failure> {
    let progress = progress.and_then(|value| serde_json::from_value(value).ok());
    let mut progress: Progress = progress.unwrap_or_default();
    if progress.is_over(ctx.clock.now()) {
        progress.uploads.clear();
    }
    let steps = Steps { ctx, session };
    let next = progress
        .uploads
        .iter()
        .position(|upload| upload.stage != Stage::Done);
    let index = next.unwrap_or(progress.uploads.len());
    let Some(media) = rendition.media.get(index) else {
        return Ok(progress.ready());
    };
    let label = format!("{} of {}", index + 1, rendition.media.len());
    let done = match progress.uploads.get_mut(index) {
        Some(upload) => steps.go_on(upload, media).await,
        None => steps.initialize(media).await.map(|upload| {
            progress.uploads.push(upload);
            Done::now("upload opened")
        }),
    };
    match done {
        Ok(done) => Ok(progress.step(done.wait, format!("Media {label}: {}.", done.what))),
        Err(failure) if progress.restarts < MAX_RESTARTS && progress.lost(index, &failure) => {
            let again = Progress {
                uploads: Vec::new(),
                restarts: progress.restarts + 1,
            };
            Ok(again.step(
                POLL,
                format!("Media {label}: X lost the upload; starting anew."),
            ))
        }
        Err(failure) => Err(failure),
    }
}

impl Progress {
    /// True when an upload ends before it could be published.
    fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.uploads
            .iter()
            .filter_map(|upload| upload.ends_at)
            .any(|end| end - MARGIN <= now)
    }

    /// True when an upload can only be made again: X no longer knows it, or a step that was done just before a
    /// crash, or before writes that a failover lost, is refused when repeated.
    fn lost(&self, index: usize, failure: &Failure) -> bool {
        let stage = self.uploads.get(index).map(|upload| upload.stage);
        match (failure.status, stage) {
            (Some(404 | 410), Some(_)) => true,
            (Some(400), Some(stage)) => matches!(stage, Stage::Append(_) | Stage::Finalize),
            _ => false,
        }
    }

    fn step(&self, wait: Duration, note: String) -> Prepared {
        Prepared::Step {
            progress: json!(self),
            wait,
            note,
        }
    }

    fn ready(self) -> Prepared {
        let media_ids = self.uploads.into_iter().map(|upload| upload.id).collect();
        Prepared::Ready {
            ready: json!(Ready { media_ids }),
        }
    }
}

/// A step that is done: how long X wants us to wait, and what it was.
struct Done {
    wait: Duration,
    what: String,
}

impl Done {
    fn now(what: impl Into<String>) -> Self {
        Self {
            wait: Duration::ZERO,
            what: what.into(),
        }
    }
}

struct Steps<'a> {
    ctx: &'a Ctx,
    session: &'a Session,
}

impl Steps<'_> {
    fn post(&self, path: &str) -> Request {
        Request::post(api::url(self.ctx, path))
    }

    async fn send(&self, request: Request) -> Result<Media, Failure> {
        api::data(&api::call(self.ctx, self.session, request).await?)
    }

    async fn initialize(&self, media: &RenditionMedia) -> Result<Upload, Failure> {
        let body = json!({
            "media_type": media.facts.format.mime(),
            "total_bytes": media.facts.bytes,
            "media_category": category(media),
        });
        let opened = self
            .send(self.post("/media/upload/initialize").json(body))
            .await?;
        let life = opened.expires_after_secs.and_then(TimeDelta::try_seconds);
        Ok(Upload {
            id: opened.id,
            ends_at: life.map(|life| self.ctx.clock.now() + life),
            stage: Stage::Append(0),
        })
    }

    async fn go_on(&self, upload: &mut Upload, media: &RenditionMedia) -> Result<Done, Failure> {
        match upload.stage {
            Stage::Append(piece) => self.append(upload, media, piece).await,
            Stage::Finalize => {
                let path = format!("/media/upload/{}/finalize", upload.id);
                let media_now = self.send(self.post(&path)).await?;
                processed(upload, media, media_now.processing_info)
            }
            Stage::Wait => {
                let request = Request::get(api::url(self.ctx, "/media/upload"))
                    .query("command", "STATUS")
                    .query("media_id", &upload.id);
                let media_now = self.send(request).await?;
                processed(upload, media, media_now.processing_info)
            }
            Stage::AltText => self.alt_text(upload, media).await,
            Stage::Done => Ok(Done::now("ready")),
        }
    }

    async fn append(
        &self,
        upload: &mut Upload,
        media: &RenditionMedia,
        piece: u64,
    ) -> Result<Done, Failure> {
        let total = media.facts.bytes;
        let range = piece_range(piece, total);
        let size = range.end - range.start;
        let parts = vec![
            wire::field("segment_index", piece.to_string()),
            Part {
                name: "media".to_owned(),
                file_name: Some(format!("piece-{piece}")),
                content_type: Some("application/octet-stream".to_owned()),
                body: wire::stream(&media.source, range.clone()),
            },
        ];
        let mut request = self
            .post(&format!("/media/upload/{}/append", upload.id))
            .multipart(parts);
        request.timeout = wire::upload_time(size);
        api::call(self.ctx, self.session, request).await?;
        upload.stage = if range.end < total {
            Stage::Append(piece + 1)
        } else {
            Stage::Finalize
        };
        Ok(Done::now(format!("{} of {total} bytes sent", range.end)))
    }

    async fn alt_text(&self, upload: &mut Upload, media: &RenditionMedia) -> Result<Done, Failure> {
        let text = media.alt_text.as_deref().unwrap_or_default();
        let body = json!({"id": upload.id, "metadata": {"alt_text": {"text": text}}});
        let request = self.post("/media/metadata").json(body);
        api::call(self.ctx, self.session, request).await?;
        upload.stage = Stage::Done;
        Ok(Done::now("alt text set"))
    }
}

fn piece_range(piece: u64, total: u64) -> Range<u64> {
    let start = piece * PIECE;
    start..total.min(start + PIECE)
}

fn category(media: &RenditionMedia) -> &'static str {
    if media.facts.format.is_video() {
        "tweet_video"
    } else if is_animated(&media.facts) {
        "tweet_gif"
    } else {
        "tweet_image"
    }
}

/// What follows once X has all bytes.
fn processed(
    upload: &mut Upload,
    media: &RenditionMedia,
    processing: Option<Processing>,
) -> Result<Done, Failure> {
    let state = processing
        .as_ref()
        .map_or("succeeded", |info| info.state.as_str());
    match (state, processing.as_ref()) {
        ("succeeded", _) => {
            let has_alt_text = media.alt_text.as_ref().is_some_and(|text| !text.is_empty());
            // X keeps alt text for pictures only.
            let wants_alt_text = has_alt_text && !media.facts.format.is_video();
            upload.stage = if wants_alt_text {
                Stage::AltText
            } else {
                Stage::Done
            };
            Ok(Done::now("X has processed it"))
        }
        ("failed", info) => {
            let why = info.and_then(|info| info.error.as_ref()?.message.as_deref());
            let why = why.unwrap_or("it did not say why");
            Err(Failure::new(
                FailureClass::Rejected,
                format!("X could not process the file: {why}."),
            ))
        }
        (_, info) => {
            upload.stage = Stage::Wait;
            let wait = info
                .and_then(|info| info.check_after_secs)
                .map_or(POLL, Duration::from_secs);
            Ok(Done {
                wait,
                what: "X is processing it".to_owned(),
            })
        }
    }
}
