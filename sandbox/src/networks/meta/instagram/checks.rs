//! What Instagram accepts.

use super::super::error::GraphError;
use super::{error::Problem, state::Shape};
use crate::networks::media::Media;

/// Largest image.
pub const MAX_IMAGE: u64 = 8 * 1024 * 1024;
/// Largest reel.
pub const MAX_REEL: u64 = 300 * 1024 * 1024;
/// Largest story video.
const MAX_STORY: u64 = 100 * 1024 * 1024;
const MAX_CAPTION: usize = 2200;
const MAX_HASHTAGS: usize = 30;
const MAX_MENTIONS: usize = 20;
const MAX_ALT_TEXT: usize = 1000;

/// Caption: 2,200 characters, 30 hashtags, 20 mentions.
pub fn caption(caption: Option<&str>) -> Result<(), GraphError> {
    let Some(text) = caption else { return Ok(()) };
    if text.chars().count() > MAX_CAPTION || tags(text, '#') > MAX_HASHTAGS {
        return Err(Problem::Caption.into());
    }
    if tags(text, '@') > MAX_MENTIONS {
        return Err(Problem::Mentions.into());
    }
    Ok(())
}

/// Words that begin with `sign`.
fn tags(text: &str, sign: char) -> usize {
    let mut previous = ' ';
    let mut count = 0;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let begins = letters
            .peek()
            .is_some_and(|next| next.is_alphanumeric() || *next == '_');
        if letter == sign && begins && !previous.is_alphanumeric() {
            count += 1;
        }
        previous = letter;
    }
    count
}

/// Alternative text: 1,000 characters, images only.
pub fn alt_text(alt_text: Option<&str>, shape: Shape) -> Result<(), GraphError> {
    let Some(text) = alt_text else { return Ok(()) };
    if shape != Shape::Image {
        return Err(GraphError::param("alt_text is for image posts only"));
    }
    if text.chars().count() > MAX_ALT_TEXT {
        return Err(GraphError::param(format!(
            "alt_text is longer than {MAX_ALT_TEXT}"
        )));
    }
    Ok(())
}

/// Images: JPEG, 8 MiB, 4:5 to 1.91:1 (stories any shape).
pub fn image(media: &Media, shape: Shape) -> Result<(), Problem> {
    if media.bytes > MAX_IMAGE {
        return Err(Problem::ImageTooLarge);
    }
    if media.content_type != "image/jpeg" || !media.readable {
        return Err(Problem::ImageFormat);
    }
    // A hair of tolerance, since pixels are whole: 1080x566 is 1.908.
    let in_feed = media
        .aspect()
        .is_some_and(|aspect| (0.799..=1.915).contains(&aspect));
    if shape != Shape::Story && !in_feed {
        return Err(Problem::Aspect);
    }
    Ok(())
}

/// Videos: MP4 or MOV, 23 to 60 pictures per second, at most 1920 wide; reels and carousel items
/// 3 s to 15 min and 300 MB, stories 3 to 60 s and 100 MB.
pub fn video(media: &Media, shape: Shape) -> Result<(), Problem> {
    let (longest, largest) = if shape == Shape::Story {
        (60_000, MAX_STORY)
    } else {
        (900_000, MAX_REEL)
    };
    let fine = media.readable
        && media.kind() == "video"
        && media.bytes <= largest
        && media.width.is_some_and(|width| width <= 1920)
        && media
            .duration_ms
            .is_some_and(|ms| (3_000..=longest).contains(&ms))
        && media.fps.is_none_or(|fps| (22.5..=60.5).contains(&fps));
    if fine {
        Ok(())
    } else {
        Err(Problem::VideoFormat)
    }
}
