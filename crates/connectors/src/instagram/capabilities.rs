use std::time::Duration;

use posthaste_core::{
    Network,
    connector::{Capabilities, Rendition},
    media::{MediaFormat, PictureRule, VideoRule},
    post::{ContentKind, Problem},
};

use super::metrics;
use crate::check;

const MIB: u64 = 1024 * 1024;

const PICTURE: PictureRule = PictureRule {
    formats: &[MediaFormat::Jpeg],
    max_bytes: 8 * MIB,
    min_width: 320,
    max_width: 1440,
    min_aspect: 0.8,
    max_aspect: 1.91,
};

/// A single video of the feed is a reel, too.
const REEL: VideoRule = VideoRule {
    formats: &[MediaFormat::Mp4, MediaFormat::Mov],
    max_bytes: 300 * MIB,
    min_ms: 3_000,
    max_ms: 15 * 60_000,
    min_width: 1,
    max_width: 1920,
    min_aspect: 0.01,
    max_aspect: 10.0,
};

/// What Instagram takes. Source: networks.md 3.3 (official documentation).
pub const CAPABILITIES: Capabilities = Capabilities {
    network: Network::Instagram,
    kinds: &[ContentKind::Feed, ContentKind::Story, ContentKind::Reel],
    max_text: 2200,
    text_unit: "characters",
    max_title: 0,
    max_alt_text: 1000,
    max_hashtags: Some(30),
    max_mentions: Some(20),
    max_pictures: 10,
    media_required: true,
    mixed_media: true,
    link_field: false,
    destination_required: false,
    picture: PICTURE,
    // The documented shapes are the feed's; a story fills a 9:16 screen.
    story_picture: Some(PictureRule {
        min_aspect: 9.0 / 16.0,
        ..PICTURE
    }),
    video: Some(REEL),
    reel: Some(REEL),
    story_video: Some(VideoRule {
        max_bytes: 100 * MIB,
        max_ms: 60_000,
        ..REEL
    }),
    // The container tells whether it was published; only its status must have settled.
    settle: Duration::from_mins(1),
    absence_readings: 2,
    metrics: metrics::RULE,
    scopes: &[
        "instagram_basic",
        "instagram_content_publish",
        "instagram_manage_insights",
        "pages_show_list",
        "pages_read_engagement",
    ],
    publish_scopes: &["instagram_basic", "instagram_content_publish"],
    media_scopes: &[],
    fetches_media: true,
    tells_limit: true,
    refuses_repeats: false,
};

/// Videos have 23 to 60 frames per second.
pub fn check_frame_rates(rendition: &Rendition) -> Vec<Problem> {
    let name = Network::Instagram.title();
    let videos = rendition.media.iter().enumerate();
    videos
        .filter_map(|(index, media)| check::frame_rate(name, index, &media.facts, 23.0, 60.0))
        .collect()
}
