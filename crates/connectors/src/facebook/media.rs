//! The invisible uploads: photos, video sessions, reels and story videos.

use posthaste_core::{
    Network,
    connector::{Ctx, Failure, FailureClass, RenditionMedia, Session},
    ports::{Body, Method, Part, Request},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    meta::{GRAPH_VIDEO, Graph, UPLOADS, VERSION},
    wire::{field, stream, upload_time},
};

/// Uploads to a page.
pub struct Uploads<'a> {
    ctx: &'a Ctx,
    session: &'a Session,
    graph: Graph<'a>,
}

/// An open upload of a video of the feed, with the piece that Facebook wants next; there is none
/// when both ends are equal.
#[derive(Serialize, Deserialize)]
pub struct VideoSession {
    /// The video's id.
    pub video: String,
    /// The session's id.
    pub session: String,
    /// First byte wanted.
    pub start: u64,
    /// The byte after the last.
    pub end: u64,
}

impl<'a> Uploads<'a> {
    /// Uploads with the page's token.
    pub fn new(ctx: &'a Ctx, session: &'a Session) -> Self {
        let graph = Graph::new(ctx, Network::Facebook, &session.access);
        Self {
            ctx,
            session,
            graph,
        }
    }

    /// Uploads a photo that nobody sees; its id.
    pub async fn photo(&self, media: &RenditionMedia) -> Result<String, Failure> {
        let mut parts = vec![field("published", "false")];
        if let Some(text) = media.alt_text.as_deref().filter(|text| !text.is_empty()) {
            parts.push(field("alt_text_custom", text));
        }
        parts.push(file("source", media, 0..media.facts.bytes));
        let mut request = self.graph.post(&self.edge("photos")).multipart(parts);
        request.timeout = upload_time(media.facts.bytes);
        self.graph.created(request).await
    }

    /// Starts a session for a video of the feed.
    pub async fn start_session(&self, media: &RenditionMedia) -> Result<VideoSession, Failure> {
        let size = media.facts.bytes.to_string();
        let start = [("upload_phase", "start"), ("file_size", &*size)];
        let body = self.graph.call(self.videos().form(start)).await?;
        let (start, end) = piece(&body, media)?;
        Ok(VideoSession {
            video: text(&body, "video_id")?,
            session: text(&body, "upload_session_id")?,
            start,
            end,
        })
    }

    /// Sends one piece and learns the next.
    pub async fn transfer(
        &self,
        media: &RenditionMedia,
        open: VideoSession,
    ) -> Result<VideoSession, Failure> {
        let length = open.end - open.start;
        let mut request = self.videos().multipart(vec![
            field("upload_phase", "transfer"),
            field("upload_session_id", &*open.session),
            field("start_offset", open.start.to_string()),
            file("video_file_chunk", media, open.start..open.end),
        ]);
        request.timeout = upload_time(length);
        let (start, end) = match self.graph.call(request).await {
            Ok(body) => piece(&body, media)?,
            // The piece may have arrived before a crash: then go on behind it.
            Err(failure) if failure.class == FailureClass::Rejected => {
                match self.received(&open.video).await {
                    Ok(arrived) if arrived > open.start && arrived <= media.facts.bytes => {
                        (arrived, media.facts.bytes.min(arrived + length))
                    }
                    _ => return Err(failure),
                }
            }
            Err(failure) => return Err(failure),
        };
        Ok(VideoSession { start, end, ..open })
    }

    /// Starts a reel or story video (`video_reels`, `video_stories`): the video's id.
    pub async fn start_vertical(&self, edge: &str) -> Result<String, Failure> {
        let request = self.graph.post(&self.edge(edge));
        let body = self
            .graph
            .call(request.form([("upload_phase", "start")]))
            .await?;
        text(&body, "video_id")
    }

    /// Sends what is missing of a reel or story video.
    pub async fn send_vertical(&self, video: &str, media: &RenditionMedia) -> Result<(), Failure> {
        let size = media.facts.bytes;
        let offset = self.received(video).await?.min(size);
        if offset == size {
            return Ok(());
        }
        let path = format!("/video-upload/{VERSION}/{video}");
        let mut request = Request::post(self.ctx.hosts.url(UPLOADS, &path))
            .header(
                "authorization",
                format!("OAuth {}", self.session.access.expose()),
            )
            .header("offset", offset.to_string())
            .header("file_size", size.to_string());
        request.body = Body::Stream(stream(&media.source, offset..size));
        request.timeout = upload_time(size - offset);
        let body = self.graph.call(request).await?;
        if body["success"].as_bool() == Some(true) {
            return Ok(());
        }
        let why = body["debug_info"]["message"]
            .as_str()
            .unwrap_or("no reason given");
        let message = format!("Facebook did not take the whole video: {why}.");
        Err(Failure::new(FailureClass::Retry, message))
    }

    /// Bytes that arrived; documentation and specification spell the field differently.
    async fn received(&self, video: &str) -> Result<u64, Failure> {
        let request = self
            .graph
            .get(&format!("/{video}"))
            .query("fields", "status");
        let body = self.graph.call(request).await?;
        let phase = &body["status"]["uploading_phase"];
        let count = ["bytes_transfered", "bytes_transferred"]
            .into_iter()
            .find_map(|name| number(&phase[name]));
        Ok(count.unwrap_or(0))
    }

    fn edge(&self, name: &str) -> String {
        format!("/{}/{name}", self.session.account_id)
    }

    fn videos(&self) -> Request {
        self.graph
            .request(Method::Post, GRAPH_VIDEO, &self.edge("videos"))
    }
}

fn file(name: &str, media: &RenditionMedia, range: std::ops::Range<u64>) -> Part {
    Part {
        name: name.to_owned(),
        file_name: Some(format!("media.{}", media.facts.format.extension())),
        content_type: Some(media.facts.format.mime().to_owned()),
        body: stream(&media.source, range),
    }
}

/// First byte of the next piece and the byte behind its last.
fn piece(body: &Value, media: &RenditionMedia) -> Result<(u64, u64), Failure> {
    let ends = number(&body["start_offset"]).zip(number(&body["end_offset"]));
    ends.filter(|(start, end)| start <= end && *end <= media.facts.bytes)
        .ok_or_else(|| unexpected("start_offset and end_offset"))
}

/// A number that may be written as text.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn text(body: &Value, name: &str) -> Result<String, Failure> {
    let text = body[name].as_str().filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| unexpected(name))
}

fn unexpected(what: &str) -> Failure {
    let message = format!("Facebook answered without {what}.");
    Failure::new(FailureClass::Retry, message)
}
