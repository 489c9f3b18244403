use async_graphql::SimpleObject;
use posthaste_core::media::{self, MediaFormat};

/// What a network wants a picture to be; Posthaste makes a copy that fits.
#[derive(SimpleObject)]
pub struct PictureRule {
    /// Accepted media types; the first is made when another must be converted.
    formats: Vec<&'static str>,
    /// Largest file in bytes.
    max_bytes: f64,
    /// Smallest width in pixels.
    min_width: u32,
    /// Largest width in pixels; larger pictures are scaled down.
    max_width: u32,
    /// Smallest width ÷ height.
    min_aspect: f64,
    /// Largest width ÷ height.
    max_aspect: f64,
}

/// What a network wants a video to be; videos are checked, not converted.
#[derive(SimpleObject)]
pub struct VideoRule {
    /// Accepted media types.
    formats: Vec<&'static str>,
    /// Largest file in bytes.
    max_bytes: f64,
    /// Shortest duration in seconds.
    min_seconds: f64,
    /// Longest duration in seconds.
    max_seconds: f64,
    /// Smallest width in pixels.
    min_width: u32,
    /// Largest width in pixels.
    max_width: u32,
    /// Smallest width ÷ height.
    min_aspect: f64,
    /// Largest width ÷ height.
    max_aspect: f64,
}

fn mimes(formats: &[MediaFormat]) -> Vec<&'static str> {
    formats.iter().map(|format| format.mime()).collect()
}

impl From<&media::PictureRule> for PictureRule {
    fn from(rule: &media::PictureRule) -> Self {
        Self {
            formats: mimes(rule.formats),
            // Sizes pass GraphQL's 32-bit Int; a Float is exact up to 2^53.
            max_bytes: rule.max_bytes as f64,
            min_width: rule.min_width,
            max_width: rule.max_width,
            min_aspect: rule.min_aspect,
            max_aspect: rule.max_aspect,
        }
    }
}

impl From<&media::VideoRule> for VideoRule {
    fn from(rule: &media::VideoRule) -> Self {
        Self {
            formats: mimes(rule.formats),
            max_bytes: rule.max_bytes as f64,
            min_seconds: rule.min_ms as f64 / 1000.0,
            max_seconds: rule.max_ms as f64 / 1000.0,
            min_width: rule.min_width,
            max_width: rule.max_width,
            min_aspect: rule.min_aspect,
            max_aspect: rule.max_aspect,
        }
    }
}
