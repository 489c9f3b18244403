use std::time::Duration;

use posthaste_core::{
    ErrorCode, Network,
    connector::{Capabilities, Rendition},
    media::{MediaFormat, PictureRule, VideoRule},
    post::{ContentKind, Problem},
};

use super::metrics;
use crate::check;

const MIB: u64 = 1024 * 1024;

/// Formats and 4 MB: networks.md, 2.4 (sources disagree on 10 MB, the smaller holds everywhere).
/// The width is that of the largest copy Facebook keeps; shapes are not limited.
const PICTURE: PictureRule = PictureRule {
    formats: &[MediaFormat::Jpeg, MediaFormat::Png, MediaFormat::Gif],
    max_bytes: 4 * MIB,
    min_width: 1,
    max_width: 2048,
    min_aspect: 0.0,
    max_aspect: f64::MAX,
};

/// Reels: 3 to 90 s (1363128), 540 × 960 at least (1363127), 9:16 to 16:9 (1363040). Elsewhere the
/// documentation only speaks of 9:16; the table of refusals is what counts here.
const REEL: VideoRule = VideoRule {
    formats: &[MediaFormat::Mp4, MediaFormat::Mov],
    max_bytes: 1024 * MIB,
    min_ms: 3_000,
    max_ms: 90_000,
    min_width: 540,
    max_width: u32::MAX,
    min_aspect: 9.0 / 16.0,
    max_aspect: 16.0 / 9.0,
};

/// Lowest height of a reel in pixels (1363127).
const REEL_MIN_HEIGHT: u32 = 960;

/// What Facebook takes. Sources: networks.md 2.4; where it says nothing, a careful choice.
pub const CAPABILITIES: Capabilities = Capabilities {
    network: Network::Facebook,
    kinds: &[ContentKind::Feed, ContentKind::Story, ContentKind::Reel],
    max_text: 63_206,
    text_unit: "characters",
    max_title: 0,
    max_alt_text: 1000,
    max_hashtags: None,
    max_mentions: None,
    // Not documented; more than ten are hidden behind a counter anyway.
    max_pictures: 10,
    media_required: false,
    mixed_media: false,
    link_field: true,
    destination_required: false,
    picture: PICTURE,
    story_picture: Some(PICTURE),
    // The feed's video limits are not in our sources: four hours and 10 GB are far above use.
    video: Some(VideoRule {
        formats: &[MediaFormat::Mp4, MediaFormat::Mov],
        max_bytes: 10 * 1024 * MIB,
        min_ms: 1_000,
        max_ms: 4 * 3_600_000,
        min_width: 1,
        max_width: u32::MAX,
        min_aspect: 0.0,
        max_aspect: f64::MAX,
    }),
    reel: Some(REEL),
    story_video: Some(REEL),
    // The lag of published_posts is not documented; 60 s is the product's usual settle time.
    settle: Duration::from_mins(1),
    absence_readings: 3,
    metrics: metrics::RULE,
    scopes: &[
        "pages_show_list",
        "pages_manage_posts",
        "pages_read_engagement",
        "read_insights",
    ],
    publish_scopes: &["pages_manage_posts", "pages_read_engagement"],
    media_scopes: &[],
    fetches_media: false,
    tells_limit: false,
    // Only "consecutively", and not reliably (networks.md, 0.1).
    refuses_repeats: false,
};

/// What reels and story videos must be beyond the common rules: height and 24 to 60 frames (1363129).
pub fn check_vertical_video(rendition: &Rendition) -> Vec<Problem> {
    let name = Network::Facebook.title();
    let videos = rendition.media.iter().enumerate();
    let videos = videos.filter(|(_, media)| media.facts.format.is_video());
    videos
        .flat_map(|(index, media)| {
            let low = (media.facts.height < REEL_MIN_HEIGHT).then(|| {
                Problem::error(
                    ErrorCode::MediaDimensions,
                    format!(
                        "The video is {} pixels high; {name} takes at least {REEL_MIN_HEIGHT}.",
                        media.facts.height
                    ),
                    ["media".to_owned(), index.to_string()],
                )
            });
            let rate = check::frame_rate(name, index, &media.facts, 24.0, 60.0);
            low.into_iter().chain(rate)
        })
        .collect()
}
