use std::time::Duration;

use posthaste_core::{
    Network,
    connector::Capabilities,
    media::{MediaFormat, PictureRule, VideoRule},
    post::ContentKind,
};

use super::metrics;

const MB: u64 = 1024 * 1024;

/// What Pinterest takes (lengths: OpenAPI 5.23.0, PinCreate; media: networks.md, 4.3).
pub static CAPABILITIES: Capabilities = Capabilities {
    network: Network::Pinterest,
    kinds: &[ContentKind::Feed],
    max_text: 800,
    text_unit: "characters",
    max_title: 100,
    max_alt_text: 500,
    max_hashtags: None,
    max_mentions: None,
    max_pictures: 5,
    media_required: true,
    mixed_media: false,
    link_field: true,
    destination_required: true,
    picture: PictureRule {
        formats: &[MediaFormat::Jpeg, MediaFormat::Png],
        max_bytes: 20 * MB,
        min_width: 1,
        max_width: u32::MAX,
        min_aspect: 0.0,
        max_aspect: f64::MAX,
    },
    story_picture: None,
    video: Some(VideoRule {
        formats: &[MediaFormat::Mp4, MediaFormat::Mov],
        max_bytes: 2048 * MB,
        min_ms: 4_000,
        max_ms: 900_000,
        min_width: 1,
        max_width: u32::MAX,
        min_aspect: 0.0,
        max_aspect: f64::MAX,
    }),
    reel: None,
    story_video: None,
    settle: Duration::from_mins(1),
    absence_readings: 3,
    metrics: metrics::RULE,
    scopes: &[
        "boards:read",
        "boards:write",
        "pins:read",
        "pins:write",
        "user_accounts:read",
    ],
    publish_scopes: &["boards:read", "boards:write", "pins:read", "pins:write"],
    media_scopes: &[],
    fetches_media: false,
    tells_limit: false,
    refuses_repeats: false,
};

/// Longest link in characters (OpenAPI 5.23.0, PinCreate).
pub const MAX_LINK: usize = 2048;
