//! What Facebook remembers about pages.

use std::collections::{BTreeSet, HashMap, VecDeque};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::super::{route::Kind, transfer::Transfer};
use crate::networks::media::Media;

/// Posts, photos and videos of all pages.
#[derive(Default, Serialize, Deserialize)]
pub struct State {
    /// Posts by id, also scheduled ones and drafts.
    pub posts: HashMap<String, Post>,
    /// Photos by id.
    pub photos: HashMap<String, Photo>,
    /// Videos by id.
    pub videos: HashMap<String, Video>,
    /// Upload sessions of videos: session id to video id.
    pub sessions: HashMap<String, String>,
    /// Scheduled posts by time.
    pub scheduled: BTreeSet<(DateTime<Utc>, String)>,
    /// When a page's reels were published, for the daily limit.
    pub reels: HashMap<String, VecDeque<DateTime<Utc>>>,
}

impl State {
    /// Kind and page of an id.
    pub fn kind_of(&self, id: &str) -> Option<(Kind, String)> {
        let post = || {
            self.posts
                .get(id)
                .map(|post| (Kind::Post, post.page.clone()))
        };
        let photo = || {
            self.photos
                .get(id)
                .map(|photo| (Kind::Photo, photo.page.clone()))
        };
        let video = || {
            self.videos
                .get(id)
                .map(|video| (Kind::Video, video.page.clone()))
        };
        post().or_else(photo).or_else(video)
    }
}

/// A post of a page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Post {
    /// `{page}_{number}`.
    pub id: String,
    /// Its page.
    pub page: String,
    /// Text.
    pub message: Option<String>,
    /// Title (videos).
    pub title: Option<String>,
    /// Link.
    pub link: Option<String>,
    /// Photos in order.
    pub photos: Vec<String>,
    /// Video.
    pub video: Option<String>,
    /// `post`, `photo`, `video`, `reel`, `photo_story`, `video_story`.
    pub kind: String,
    /// Permalink.
    pub url: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Visible, waiting or draft.
    pub visibility: Visibility,
    /// Application that made it: only this one may change it.
    pub client_id: String,
}

/// Whether people see a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Visibility {
    /// They do.
    Published,
    /// They will.
    Scheduled(DateTime<Utc>),
    /// They do not.
    Draft,
}

/// A photo of a page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Photo {
    /// Its page.
    pub page: String,
    /// The file.
    pub media: Media,
    /// Text for people who cannot see it.
    pub alt_text: Option<String>,
    /// Text of its own.
    pub name: Option<String>,
    /// When it was uploaded.
    pub created_at: DateTime<Utc>,
    /// The post that shows it.
    pub post: Option<String>,
}

/// A video of a page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Video {
    /// Its page.
    pub page: String,
    /// `video`, `reel` or `video_story`.
    pub kind: String,
    /// Bytes on their way.
    pub transfer: Transfer,
    /// The file, when complete.
    pub media: Option<Media>,
    /// Why it cannot be published: code and message.
    pub error: Option<(i64, String)>,
    /// Real time until which it is processed.
    pub processed_at_ms: Option<i64>,
    /// The post that shows it.
    pub post: Option<String>,
    /// Text.
    pub description: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
}
