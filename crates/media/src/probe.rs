mod gif;
mod jpeg;
mod mp4;
mod png;
mod sniff;
mod source;
mod webp;

use image::metadata::Orientation;
use posthaste_core::{
    error::{Error, ErrorCode, Result},
    media::{MediaFacts, MediaFormat},
    ports::Blobs,
};

use crate::{limits, words};
use source::Source;

/// Tells what a blob of `size` bytes is, reading no more than needed.
///
/// Errors: `MediaTypeUnsupported` names what the file seems to be; `MediaUnreadable` says where it
/// is damaged; `MediaTooLarge` for more pixels or bytes than can be handled.
pub async fn probe(blobs: &dyn Blobs, key: &str, size: u64) -> Result<MediaFacts> {
    let mut source = Source::new(blobs, key, size);
    let format = sniff::format(&mut source).await?;
    source.expect(words::format_name(format));
    if !format.is_video() {
        limits::check_picture_bytes(size)?;
    }
    let facts = match format {
        MediaFormat::Jpeg => jpeg::facts(&mut source).await,
        MediaFormat::Png => png::facts(&mut source).await,
        MediaFormat::Gif => gif::facts(&mut source).await,
        MediaFormat::Webp => webp::facts(&mut source).await,
        MediaFormat::Mp4 | MediaFormat::Mov => mp4::facts(&mut source, format).await,
    }?;
    if facts.width == 0 || facts.height == 0 {
        return Err(source.damaged("it has no width or no height"));
    }
    limits::check_pixels(facts.width, facts.height)?;
    Ok(facts)
}

/// The facts of a picture that is stored upright, without frames or transparency.
fn picture(format: MediaFormat, bytes: u64, width: u32, height: u32) -> MediaFacts {
    MediaFacts {
        format,
        bytes,
        width,
        height,
        duration_ms: None,
        frame_rate: None,
        animated: false,
        alpha: false,
    }
}

/// Applies the orientation of an EXIF block (a TIFF file of its own) to width and height.
fn orient(mut facts: MediaFacts, exif: Option<&[u8]>) -> MediaFacts {
    let sideways = matches!(
        exif.and_then(Orientation::from_exif_chunk),
        Some(
            Orientation::Rotate90
                | Orientation::Rotate270
                | Orientation::Rotate90FlipH
                | Orientation::Rotate270FlipH
        )
    );
    if sideways {
        (facts.width, facts.height) = (facts.height, facts.width);
    }
    facts
}

/// "The file cannot be read as a JPEG: {reason}. …"
pub(crate) fn unreadable(what: &str, reason: &str) -> Error {
    Error::new(
        ErrorCode::MediaUnreadable,
        format!(
            "The file cannot be read as {what}: {reason}. Export it again and upload the new file."
        ),
    )
}

#[cfg(test)]
mod tests;
