//! Facts about an uploaded file.

use serde::{Deserialize, Serialize};

/// The formats Posthaste understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MediaFormat {
    /// JPEG picture.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// PNG picture.
    #[serde(rename = "image/png")]
    Png,
    /// GIF picture, possibly animated.
    #[serde(rename = "image/gif")]
    Gif,
    /// WebP picture.
    #[serde(rename = "image/webp")]
    Webp,
    /// MP4 video.
    #[serde(rename = "video/mp4")]
    Mp4,
    /// QuickTime video.
    #[serde(rename = "video/quicktime")]
    Mov,
}

impl MediaFormat {
    /// Every format.
    pub const ALL: [Self; 6] = [
        Self::Jpeg,
        Self::Png,
        Self::Gif,
        Self::Webp,
        Self::Mp4,
        Self::Mov,
    ];

    /// The media type (RFC 6838).
    pub fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Mp4 => "video/mp4",
            Self::Mov => "video/quicktime",
        }
    }

    /// The usual file ending, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::Webp => "webp",
            Self::Mp4 => "mp4",
            Self::Mov => "mov",
        }
    }

    /// The format of a media type.
    pub fn from_mime(mime: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.mime() == mime)
    }

    /// True for moving pictures with a duration.
    pub fn is_video(self) -> bool {
        matches!(self, Self::Mp4 | Self::Mov)
    }
}

/// What a look at the file told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MediaFacts {
    /// The format by its bytes, not by its name.
    pub format: MediaFormat,
    /// Size in bytes.
    pub bytes: u64,
    /// Width in pixels, after applying the orientation.
    pub width: u32,
    /// Height in pixels, after applying the orientation.
    pub height: u32,
    /// Duration in milliseconds, for videos.
    pub duration_ms: Option<u64>,
    /// Frames per second, for videos.
    pub frame_rate: Option<f64>,
    /// More than one frame in a GIF or WebP.
    pub animated: bool,
    /// Has transparent pixels or could have.
    pub alpha: bool,
}

impl MediaFacts {
    /// Width divided by height.
    pub fn aspect(&self) -> f64 {
        f64::from(self.width) / f64::from(self.height.max(1))
    }
}

/// What a network wants a picture to be; the renditions are made to fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PictureRule {
    /// Accepted formats; the first is made when another must be converted.
    pub formats: &'static [MediaFormat],
    /// Largest file in bytes.
    pub max_bytes: u64,
    /// Smallest width in pixels.
    pub min_width: u32,
    /// Largest width in pixels (larger ones are scaled down).
    pub max_width: u32,
    /// Smallest width ÷ height.
    pub min_aspect: f64,
    /// Largest width ÷ height.
    pub max_aspect: f64,
}

/// What a network wants a video to be; videos are checked, not converted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VideoRule {
    /// Accepted formats.
    pub formats: &'static [MediaFormat],
    /// Largest file in bytes.
    pub max_bytes: u64,
    /// Shortest duration in milliseconds.
    pub min_ms: u64,
    /// Longest duration in milliseconds.
    pub max_ms: u64,
    /// Smallest width in pixels.
    pub min_width: u32,
    /// Largest width in pixels.
    pub max_width: u32,
    /// Smallest width ÷ height.
    pub min_aspect: f64,
    /// Largest width ÷ height.
    pub max_aspect: f64,
}
