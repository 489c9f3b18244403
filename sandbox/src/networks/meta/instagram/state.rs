//! What Instagram remembers.

use std::collections::{HashMap, VecDeque};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::super::{route::Kind, transfer::Transfer};
use super::error::Problem;
use crate::networks::{clock::Clock, media::Media};

/// Ids of containers and media start here; container and media ids share one count.
pub const FIRST_ID: u64 = 17_900_000_000_000_000;
/// Containers can be published for a day.
const LIFE: TimeDelta = TimeDelta::hours(24);
/// And are forgotten after two.
const FORGET: TimeDelta = TimeDelta::hours(48);

/// Containers and media of all accounts.
#[derive(Default, Serialize, Deserialize)]
pub struct State {
    /// Containers by id.
    pub containers: HashMap<String, Container>,
    /// Their order of creation.
    pub order: VecDeque<(DateTime<Utc>, String)>,
    /// Published media by id.
    pub media: HashMap<String, Published>,
    /// Times of containers per account, for the daily limit.
    pub created: HashMap<String, VecDeque<DateTime<Utc>>>,
    /// Times of publications per account, for the quota.
    pub published: HashMap<String, VecDeque<DateTime<Utc>>>,
}

/// What a container becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shape {
    /// A photo in the feed.
    Image,
    /// A video that can only be part of a carousel.
    Video,
    /// A reel.
    Reel,
    /// A story.
    Story,
    /// Several photos and videos.
    Carousel,
}

/// A container.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Container {
    /// Its account.
    pub account: String,
    /// What it becomes.
    pub shape: Shape,
    /// Part of a carousel.
    pub is_item: bool,
    /// Caption.
    pub caption: Option<String>,
    /// Text for people who cannot see it.
    pub alt_text: Option<String>,
    /// Reels: also in the feed.
    pub share_to_feed: bool,
    /// Reels: milliseconds of the cover picture.
    pub thumb_offset: Option<u64>,
    /// The file, when it came.
    pub media: Option<Media>,
    /// Parts of a carousel.
    pub children: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Real time until which it is processed; none while the file is missing.
    pub ready_at_ms: Option<i64>,
    /// Why it cannot be published.
    pub problem: Option<Problem>,
    /// The media it became.
    pub published: Option<String>,
    /// Bytes on their way (resumable upload).
    pub transfer: Transfer,
}

/// The states of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Waiting for the file, or processing it.
    InProgress,
    /// Can be published.
    Finished,
    /// Cannot be published.
    Error,
    /// Its day is over.
    Expired,
    /// Was published.
    Published,
}

impl Status {
    /// `status_code`.
    pub fn code(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Finished => "FINISHED",
            Self::Error => "ERROR",
            Self::Expired => "EXPIRED",
            Self::Published => "PUBLISHED",
        }
    }
}

impl Container {
    /// Where it stands.
    pub fn status(&self, now: DateTime<Utc>) -> Status {
        let ready = self.ready_at_ms.is_some_and(|at| at <= Clock::real_ms());
        match () {
            () if self.published.is_some() => Status::Published,
            () if now - self.created_at >= LIFE => Status::Expired,
            () if self.problem.is_some() && ready => Status::Error,
            () if ready => Status::Finished,
            () => Status::InProgress,
        }
    }
}

/// A published media.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Published {
    /// Its account.
    pub account: String,
    /// What it is.
    pub shape: Shape,
    /// Short code in its address.
    pub shortcode: String,
    /// Parts of a carousel: ids of their own.
    pub children: Vec<String>,
    /// Reels: also in the feed.
    pub share_to_feed: bool,
    /// People may comment.
    pub comments_enabled: bool,
}

impl State {
    /// Kind and account of an id.
    pub fn kind_of(&self, id: &str) -> Option<(Kind, String)> {
        let container = || {
            self.containers
                .get(id)
                .map(|c| (Kind::Container, c.account.clone()))
        };
        let media = || self.media.get(id).map(|m| (Kind::Media, m.account.clone()));
        container().or_else(media)
    }

    /// The media id behind the last part of a permalink.
    pub fn media_of_code(&self, code: &str) -> Option<String> {
        let decoded = || {
            let bytes: [u8; 8] = BASE64_URL_SAFE_NO_PAD.decode(code).ok()?.try_into().ok()?;
            Some(u64::from_be_bytes(bytes).to_string())
        };
        let plain = self.media.contains_key(code).then(|| code.to_owned());
        plain
            .or_else(decoded)
            .filter(|id| self.media.contains_key(id))
    }

    /// Forgets old containers.
    pub fn sweep(&mut self, now: DateTime<Utc>) {
        while let Some((created, id)) = self.order.front() {
            if now - *created < FORGET {
                return;
            }
            self.containers.remove(id);
            self.order.pop_front();
        }
    }
}

/// The short code of a media id.
pub fn shortcode(id: u64) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(id.to_be_bytes())
}

/// Times of the last 24 hours.
pub fn last_day(times: &mut VecDeque<DateTime<Utc>>, now: DateTime<Utc>) -> usize {
    while times.front().is_some_and(|time| now - *time >= LIFE) {
        times.pop_front();
    }
    times.len()
}
