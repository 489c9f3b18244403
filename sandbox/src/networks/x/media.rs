//! What X takes as picture, GIF and video.

use super::super::media::Media;
use super::state::Shape;

const MB: u64 = 1024 * 1024;
/// Types of a photo.
const PHOTOS: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// Largest file in bytes.
pub fn max_bytes(shape: Shape) -> u64 {
    match shape {
        Shape::Photo => 5 * MB,
        Shape::Gif => 15 * MB,
        Shape::Video => 512 * MB,
    }
}

/// The category, checked, or the usual one of a media type; none for what no post can carry.
pub fn category(wanted: Option<&str>, media_type: &str) -> Option<String> {
    let usual = match media_type {
        "image/gif" => "tweet_gif",
        video if video.starts_with("video/") => "tweet_video",
        _ => "tweet_image",
    };
    let category = wanted.unwrap_or(usual);
    matches!(
        category,
        "tweet_image" | "tweet_gif" | "tweet_video" | "amplify_video"
    )
    .then(|| category.to_owned())
}

/// The announced type fits the category.
pub fn fits(shape: Shape, media_type: &str) -> bool {
    match shape {
        Shape::Photo => PHOTOS.contains(&media_type),
        Shape::Gif => media_type == "image/gif",
        Shape::Video => matches!(media_type, "video/mp4" | "video/quicktime"),
    }
}

/// Why a file is refused at once.
pub fn refuse(shape: Shape, media: &Media) -> Option<String> {
    if media.bytes > max_bytes(shape) {
        return Some(format!("File size exceeds {} bytes.", max_bytes(shape)));
    }
    if !fits(shape, &media.content_type) {
        return Some(format!("Unsupported media type {}.", media.content_type));
    }
    let size = (media.width.unwrap_or(0), media.height.unwrap_or(0));
    match shape {
        Shape::Video => None,
        _ if !media.readable => Some("The file cannot be read.".into()),
        Shape::Gif if size.0 > 1280 || size.1 > 1080 => {
            Some("A GIF is at most 1280x1080 pixels.".into())
        }
        _ => None,
    }
}

/// Whether a video survives processing: 0.5 to 140 s, 32 pixels to 1280x1024 in either
/// orientation, 1:3 to 3:1, 60 pictures a second.
pub fn processes(media: &Media) -> bool {
    let (Some(w), Some(h)) = (media.width, media.height) else {
        return false;
    };
    media.readable
        && media
            .duration_ms
            .is_some_and(|ms| (500..=140_000).contains(&ms))
        && w.min(h) >= 32
        && w.max(h) <= 1280
        && w.min(h) <= 1024
        && w.max(h) <= 3 * w.min(h)
        && media.fps.is_none_or(|fps| fps <= 60.5)
}
