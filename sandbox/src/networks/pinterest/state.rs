//! What Pinterest remembers beside accounts and the log of posts.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::super::{clock::Clock, media::Media};

/// Pins, boards and uploads of all accounts.
#[derive(Default, Serialize, Deserialize)]
pub struct State {
    /// Pins by id.
    pub pins: HashMap<String, Pin>,
    /// What a board was given beside its name, by id; seeded boards have nothing.
    pub boards: HashMap<String, BoardMore>,
    /// Uploads of videos by id.
    pub uploads: HashMap<String, Upload>,
}

/// A pin as the API shows it; text, link and board stand in the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pin {
    /// Section of the board.
    pub section: Option<String>,
    /// `#rrggbb`.
    pub dominant_color: Option<String>,
    /// The pin it was saved from.
    pub parent: Option<String>,
    /// Text for people who cannot see it.
    pub alt_text: Option<String>,
    /// Pictures in order; of a video its cover, when it has one of its own.
    pub images: Vec<Image>,
    /// The video.
    pub video: Option<Media>,
}

/// A picture of a pin.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Image {
    /// The file.
    pub media: Media,
    /// Where this picture of several leads.
    pub link: Option<String>,
}

impl Pin {
    /// The API's name for what it is.
    pub fn creative_type(&self) -> &'static str {
        match (&self.video, self.images.len()) {
            (Some(_), _) => "VIDEO",
            (None, 0 | 1) => "REGULAR",
            (None, _) => "CAROUSEL",
        }
    }
}

/// What a board was given beside its name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BoardMore {
    /// Description.
    pub description: Option<String>,
    /// `PUBLIC`, `PROTECTED` or `SECRET`.
    pub privacy: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A video on its way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Upload {
    /// Who uploads it.
    pub account: String,
    /// Fields the upload must repeat.
    pub parameters: Vec<(String, String)>,
    /// End of life of the upload address.
    pub expires_at: DateTime<Utc>,
    /// The file, when it came.
    pub media: Option<Media>,
    /// It is no video Pinterest takes.
    pub failed: bool,
    /// Real time until which it is processed.
    pub processed_at_ms: i64,
}

impl Upload {
    /// The API's name for how far it is.
    pub fn status(&self) -> &'static str {
        match &self.media {
            None => "registered",
            Some(_) if self.processed_at_ms > Clock::real_ms() => "processing",
            Some(_) if self.failed => "failed",
            Some(_) => "succeeded",
        }
    }
}
