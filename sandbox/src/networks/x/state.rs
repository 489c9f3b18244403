//! What X remembers beside the log of posts.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::super::{clock::Clock, media::Media};

/// Posts and uploads of all accounts.
#[derive(Default, Serialize, Deserialize)]
pub struct State {
    /// What the API shows of a post, by id.
    pub posts: HashMap<String, Post>,
    /// Uploads by id.
    pub uploads: HashMap<String, Upload>,
    /// The newest post of a text: account and fingerprint to id.
    pub newest_of_text: HashMap<String, String>,
}

/// A post as the API shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Post {
    /// Text with `t.co` links, not escaped.
    pub text: String,
    /// The links, in order.
    pub urls: Vec<Url>,
    /// Upload ids of pictures and videos.
    pub media: Vec<String>,
    /// The post it answers.
    pub reply_to: Option<String>,
    /// The first post of the thread.
    pub conversation: String,
    /// Who may reply.
    pub reply_settings: String,
}

/// A `t.co` link of a post.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Url {
    /// As it stands in the text.
    pub short: String,
    /// Where it leads.
    pub expanded: String,
    /// As people see it.
    pub display: String,
    /// Set for the link that stands for a picture or video.
    pub media_key: Option<String>,
}

/// A picture or video on its way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Upload {
    /// Who uploads it.
    pub account: String,
    /// `tweet_image`, `tweet_gif`, `tweet_video` and the like.
    pub category: String,
    /// Announced type.
    pub media_type: String,
    /// Announced size.
    pub total_bytes: u64,
    /// Parts so far; not in snapshots.
    #[serde(skip)]
    pub segments: BTreeMap<u32, Bytes>,
    /// The file, when finalized.
    pub media: Option<Media>,
    /// It cannot be used.
    pub failed: bool,
    /// Real time until which it is processed.
    pub processed_at_ms: i64,
    /// Simulated time at which it is forgotten.
    pub expires_at: DateTime<Utc>,
    /// Text for people who cannot see it.
    pub alt_text: Option<String>,
}

/// Kinds of media a post can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Up to four in a post.
    Photo,
    /// One in a post.
    Gif,
    /// One in a post.
    Video,
}

impl Upload {
    /// What it is.
    pub fn shape(&self) -> Shape {
        match self.category.as_str() {
            "tweet_gif" => Shape::Gif,
            "tweet_video" | "amplify_video" => Shape::Video,
            _ => Shape::Photo,
        }
    }

    /// Its key in posts.
    pub fn media_key(&self, id: &str) -> String {
        let kind = match (self.shape(), self.category.as_str()) {
            (Shape::Photo, _) => 3,
            (Shape::Gif, _) => 16,
            (Shape::Video, "amplify_video") => 13,
            (Shape::Video, _) => 7,
        };
        format!("{kind}_{id}")
    }

    /// Finalized, processed and good.
    pub fn usable(&self) -> bool {
        self.media.is_some() && !self.failed && self.processed_at_ms <= Clock::real_ms()
    }
}
