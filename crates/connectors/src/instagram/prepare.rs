//! The invisible steps, one a call: containers are made and watched until Instagram is done.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::connector::{Ctx, Failure, FailureClass, Prepared, Rendition, Session};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::container::{Containers, Status};

/// Containers older than this are made anew: they expire after 24 hours.
const KEEP: TimeDelta = TimeDelta::hours(20);
/// Looks at one container before it is given up; the documentation says five minutes are enough.
const MOST_LOOKS: u32 = 40;
/// New beginnings after a container expired or stayed unfinished.
const MOST_RESTARTS: u32 = 2;

/// What `publish` needs.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ready {
    /// The finished container.
    pub container: String,
}

#[derive(Serialize, Deserialize)]
struct Progress {
    since: DateTime<Utc>,
    restarts: u32,
    /// Containers of a carousel's parts, in order.
    parts: Vec<String>,
    /// How many of them are finished.
    finished: usize,
    /// The container to publish.
    container: Option<String>,
    /// Looks at the container being watched.
    looks: u32,
}

struct Step<'a> {
    containers: Containers<'a>,
    rendition: &'a Rendition,
    caption: &'a str,
    now: DateTime<Utc>,
}

/// The next step.
pub async fn prepare(
    ctx: &Ctx,
    session: &Session,
    rendition: &Rendition,
    caption: &str,
    progress: Option<Value>,
) -> Result<Prepared, Failure> {
    let now = ctx.clock.now();
    let progress = progress
        .and_then(|value| serde_json::from_value::<Progress>(value).ok())
        .filter(|progress| now - progress.since < KEEP)
        .unwrap_or_else(|| Progress::new(now, 0));
    let containers = Containers::new(ctx, session);
    let step = Step {
        containers,
        rendition,
        caption,
        now,
    };
    step.take(progress).await
}

impl Step<'_> {
    async fn take(&self, mut progress: Progress) -> Result<Prepared, Failure> {
        let media = &self.rendition.media;
        if let Some(container) = progress.container.clone() {
            return self.watch(progress, &container).await;
        }
        let total = media.len();
        if let [only] = media.as_slice() {
            let kind = self.rendition.kind;
            progress.container = Some(self.containers.single(kind, only, self.caption).await?);
            return progress.step("Made the container.".to_owned());
        }
        if let Some(part) = media.get(progress.parts.len()) {
            progress.parts.push(self.containers.part(part).await?);
            let note = format!("Made part {} of {total}.", progress.parts.len());
            return progress.step(note);
        }
        if let Some(part) = progress.parts.get(progress.finished).cloned() {
            return self.watch(progress, &part).await;
        }
        progress.container = Some(
            self.containers
                .carousel(&progress.parts, self.caption)
                .await?,
        );
        progress.step(format!("Made the carousel of {total} parts."))
    }

    /// Looks at a container; `container` is a part of the carousel or the one to publish.
    async fn watch(&self, mut progress: Progress, container: &str) -> Result<Prepared, Failure> {
        let (status, words) = self.containers.status(container).await?;
        let whole = progress.container.is_some();
        match status {
            Status::Finished | Status::Published if whole => Ok(Prepared::Ready {
                ready: json!(Ready {
                    container: container.to_owned()
                }),
            }),
            Status::Finished | Status::Published => {
                progress.finished += 1;
                progress.looks = 0;
                let note = format!("Part {} is ready.", progress.finished);
                progress.step(note)
            }
            Status::InProgress if progress.looks < MOST_LOOKS => {
                progress.looks += 1;
                progress.step("Instagram is processing the media.".to_owned())
            }
            Status::InProgress | Status::Expired => {
                self.again(&progress, "Instagram did not finish the media in time.")
            }
            Status::Error if words.contains("2207053") || words.contains("2207032") => {
                self.again(&progress, "Instagram failed while processing the media.")
            }
            Status::Error => {
                let message = format!("Instagram refused the media: {words}");
                Err(Failure::new(FailureClass::Rejected, message))
            }
        }
    }

    fn again(&self, progress: &Progress, why: &str) -> Result<Prepared, Failure> {
        if progress.restarts == MOST_RESTARTS {
            return Err(Failure::new(
                FailureClass::Rejected,
                format!("{why} Try another file."),
            ));
        }
        Progress::new(self.now, progress.restarts + 1).step(format!("{why} Beginning again."))
    }
}

impl Progress {
    fn new(since: DateTime<Utc>, restarts: u32) -> Self {
        Self {
            since,
            restarts,
            parts: Vec::new(),
            finished: 0,
            container: None,
            looks: 0,
        }
    }

    fn step(self, note: String) -> Result<Prepared, Failure> {
        let wait = self.wait();
        let progress = serde_json::to_value(self)
            .map_err(|error| Failure::new(FailureClass::Rejected, error.to_string()))?;
        Ok(Prepared::Step {
            progress,
            wait,
            note,
        })
    }

    /// Pictures are often done at once, videos take up to minutes; Instagram asks for one look a
    /// minute in the long run.
    fn wait(&self) -> Duration {
        let watching = self.container.is_some() || self.finished < self.parts.len();
        Duration::from_millis(match self.looks {
            _ if !watching => 0,
            0 => 100,
            1 => 900,
            2..=4 => 3_000,
            5..=9 => 10_000,
            10..=13 => 30_000,
            _ => 60_000,
        })
    }
}
