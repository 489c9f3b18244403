//! Builders for the unit tests beside the code.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    connector::{
        AppCredentials, Ctx, Hosts, Intent, MediaSource, Rendition, RenditionMedia, Session,
    },
    media::{MediaFacts, MediaFormat},
    metric::LivePost,
    ports::{Body, FrozenClock, MemoryBlobs, Request, Response, ScriptedHttp, TransportError},
    post::ContentKind,
    secret::Secret,
};
use serde_json::Value;

/// The time in these tests: 2026-11-22T20:00:00Z.
pub fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_795_377_600)
}

/// A context that answers as scripted.
pub fn ctx(
    answers: impl IntoIterator<Item = Result<Response, TransportError>>,
) -> (Ctx, Arc<ScriptedHttp>) {
    let http = Arc::new(ScriptedHttp::new(answers));
    let ctx = Ctx {
        http: http.clone(),
        clock: Arc::new(FrozenClock::new(now())),
        hosts: Hosts { base: None },
        app: AppCredentials {
            id: "app".to_owned(),
            secret: Secret::new("app-secret"),
        },
    };
    (ctx, http)
}

/// The account `77`.
pub fn session() -> Session {
    Session {
        account_id: "77".to_owned(),
        username: Some("harborstreet".to_owned()),
        access: Secret::new("token"),
    }
}

/// A post of a text alone.
pub fn text(text: &str) -> Rendition {
    Rendition {
        kind: ContentKind::Feed,
        text: text.to_owned(),
        title: None,
        link: None,
        media: Vec::new(),
        destination: None,
    }
}

/// A file of a format, 1080 × 1350 pixels for pictures, a vertical video of 10 s else.
pub fn media(format: MediaFormat) -> RenditionMedia {
    let video = format.is_video();
    RenditionMedia {
        facts: MediaFacts {
            format,
            bytes: 1000,
            width: 1080,
            height: if video { 1920 } else { 1350 },
            duration_ms: video.then_some(10_000),
            frame_rate: video.then_some(30.0),
            animated: false,
            alpha: false,
        },
        alt_text: None,
        url: "https://media.example/file".to_owned(),
        source: MediaSource {
            blobs: Arc::new(MemoryBlobs::default()),
            key: "file".to_owned(),
        },
    }
}

/// An intent of five minutes ago.
pub fn intent(ready: Value) -> Intent {
    Intent {
        committed_at: None,
        at: now() - TimeDelta::minutes(5),
        ready,
        after_id: None,
        known_ids: Vec::new(),
        sent: None,
    }
}

/// A form field of a request.
pub fn form<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let Body::Form(fields) = &request.body else {
        return None;
    };
    let field = fields.iter().find(|(field, _)| field == name);
    field.map(|(_, value)| value.as_str())
}

/// A live post of two days ago.
pub fn live(remote_id: &str) -> LivePost {
    LivePost {
        remote_id: remote_id.to_owned(),
        kind: ContentKind::Feed,
        has_video: false,
        published_at: now() - TimeDelta::days(2),
    }
}

/// A query parameter of a request.
pub fn query<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let found = request.query.iter().find(|(field, _)| field == name);
    found.map(|(_, value)| value.as_str())
}
