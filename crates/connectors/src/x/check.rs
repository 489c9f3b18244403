//! What X refuses beyond the common checks.

use posthaste_core::{
    ErrorCode,
    connector::{Rendition, RenditionMedia},
    media::{MediaFacts, MediaFormat},
    post::Problem,
};

use super::{
    capabilities::{
        ANIMATED, CAPABILITIES, MAX_CASHTAGS, MAX_FRAME_RATE, MAX_GIF_HEIGHT, MAX_VIDEO_SIDES,
        MIN_VIDEO_HEIGHT,
    },
    text,
};
use crate::check::{common, frame_rate};

/// Every problem of a rendition whose composed text is `composed`.
pub fn check(rendition: &Rendition, composed: &str) -> Vec<Problem> {
    let animated = rendition
        .media
        .iter()
        .any(|media| is_animated(&media.facts));
    let capabilities = if animated { &ANIMATED } else { &CAPABILITIES };
    let mut found = common(capabilities, rendition, text::weight(composed));
    found.extend(cashtags(composed));
    for (index, media) in rendition.media.iter().enumerate() {
        found.extend(height(index, &media.facts));
        if media.facts.format.is_video() {
            found.extend(frame_rate("X", index, &media.facts, 0.0, MAX_FRAME_RATE));
            found.extend(video_alt_text(index, media));
        }
    }
    found
}

/// True for a GIF that moves: X treats it like a video.
pub fn is_animated(facts: &MediaFacts) -> bool {
    facts.format == MediaFormat::Gif && facts.animated
}

fn cashtags(text: &str) -> Option<Problem> {
    let count = text::cashtags(text);
    (count > MAX_CASHTAGS).then(|| {
        Problem::error(
            ErrorCode::TooManyHashtags,
            format!("The text has {count} cashtags ($TICKER); X takes at most {MAX_CASHTAGS}."),
            ["text"],
        )
    })
}

fn height(index: usize, facts: &MediaFacts) -> Option<Problem> {
    let (width, height) = (facts.width, facts.height);
    let (long, short) = MAX_VIDEO_SIDES;
    let limit = if is_animated(facts) {
        (height > MAX_GIF_HEIGHT).then(|| format!("at most {MAX_GIF_HEIGHT} pixels high"))?
    } else if facts.format.is_video() {
        let fits =
            height >= MIN_VIDEO_HEIGHT && width.max(height) <= long && width.min(height) <= short;
        (!fits).then(|| {
            format!("{MIN_VIDEO_HEIGHT} × {MIN_VIDEO_HEIGHT} to {long} × {short} pixels")
        })?
    } else {
        return None;
    };
    let message = format!("It is {width} × {height} pixels; X takes {limit}.");
    Some(Problem::error(
        ErrorCode::MediaDimensions,
        message,
        ["media".to_owned(), index.to_string()],
    ))
}

fn video_alt_text(index: usize, media: &RenditionMedia) -> Option<Problem> {
    media.alt_text.as_ref().filter(|text| !text.is_empty())?;
    Some(Problem::warning(
        ErrorCode::InvalidInput,
        "X keeps alt text for pictures only; the video is published without it.",
        ["media".to_owned(), index.to_string(), "altText".to_owned()],
    ))
}
