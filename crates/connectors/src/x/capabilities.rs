use std::time::Duration;

use posthaste_core::{
    Network,
    connector::Capabilities,
    media::{MediaFormat, PictureRule, VideoRule},
    post::ContentKind,
};

use super::{metrics, text};

const MB: u64 = 1024 * 1024;

/// What X takes (networks.md, 1.2 and 1.5; media: X documentation, "Media best practices").
pub static CAPABILITIES: Capabilities = Capabilities {
    network: Network::X,
    kinds: &[ContentKind::Feed],
    max_text: text::MAX_WEIGHT,
    text_unit: "weighted characters",
    max_title: 0,
    max_alt_text: 1000,
    max_hashtags: None,
    max_mentions: None,
    max_pictures: 4,
    media_required: false,
    mixed_media: false,
    link_field: false,
    destination_required: false,
    picture: PICTURE,
    story_picture: None,
    video: Some(VIDEO),
    reel: None,
    story_video: None,
    settle: Duration::from_mins(1),
    absence_readings: 3,
    metrics: metrics::RULE,
    scopes: &[
        "tweet.read",
        "tweet.write",
        "users.read",
        "media.write",
        "offline.access",
    ],
    publish_scopes: &["tweet.read", "tweet.write", "users.read"],
    media_scopes: &["media.write"],
    fetches_media: false,
    tells_limit: false,
    refuses_repeats: true,
};

/// As above for a post with an animated GIF: it stands alone and may be larger.
pub static ANIMATED: Capabilities = Capabilities {
    max_pictures: 1,
    picture: PictureRule {
        max_bytes: 15 * MB,
        max_width: 1280,
        ..PICTURE
    },
    ..CAPABILITIES
};

/// Shapes of pictures are not limited.
const PICTURE: PictureRule = PictureRule {
    formats: &[
        MediaFormat::Jpeg,
        MediaFormat::Png,
        MediaFormat::Webp,
        MediaFormat::Gif,
    ],
    max_bytes: 5 * MB,
    min_width: 1,
    max_width: u32::MAX,
    min_aspect: 0.0,
    max_aspect: f64::MAX,
};

const VIDEO: VideoRule = VideoRule {
    formats: &[MediaFormat::Mp4, MediaFormat::Mov],
    max_bytes: 512 * MB,
    min_ms: 500,
    max_ms: 140_000,
    min_width: 32,
    max_width: 1280,
    min_aspect: 1.0 / 3.0,
    max_aspect: 3.0,
};

/// Most pixels down an animated GIF.
pub const MAX_GIF_HEIGHT: u32 = 1080;
/// Fewest pixels down a video.
pub const MIN_VIDEO_HEIGHT: u32 = 32;
/// Most pixels on a video's longer and shorter side; upright videos are taken, too.
pub const MAX_VIDEO_SIDES: (u32, u32) = (1280, 1024);
/// Most frames per second in a video.
pub const MAX_FRAME_RATE: f64 = 60.0;
/// Most `$TICKER` tags in a post of an account on a self-serve plan.
pub const MAX_CASHTAGS: usize = 1;
