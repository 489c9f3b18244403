use posthaste_core::error::{Error, ErrorCode, Result};

/// Most pixels of a picture or of one video frame.
pub const MAX_PIXELS: u64 = 100_000_000;

/// Largest picture file in bytes; it is read into memory to be converted.
pub const MAX_PICTURE_BYTES: u64 = 200 * 1024 * 1024;

/// Most bytes a decoded picture may need: the most pixels with four channels of eight bits.
pub(crate) const MAX_DECODED_BYTES: u64 = 4 * MAX_PIXELS;

/// Refuses pixel bombs: small files that decode into very many pixels.
pub(crate) fn check_pixels(width: u32, height: u32) -> Result<()> {
    if u64::from(width) * u64::from(height) <= MAX_PIXELS {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::MediaTooLarge,
        format!(
            "The picture has {width}×{height} pixels; at most {} megapixels are allowed. Make it smaller and upload it again.",
            MAX_PIXELS / 1_000_000
        ),
    ))
}

/// Refuses picture files that are too large to be read into memory.
pub(crate) fn check_picture_bytes(bytes: u64) -> Result<()> {
    if bytes <= MAX_PICTURE_BYTES {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::MediaTooLarge,
        format!(
            "The picture has {bytes} bytes; at most {MAX_PICTURE_BYTES} are allowed. Make it smaller and upload it again."
        ),
    ))
}

/// Refuses pictures whose decoded form would need too much memory.
pub(crate) fn check_decoded_bytes(bytes: u64) -> Result<()> {
    if bytes <= MAX_DECODED_BYTES {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::MediaTooLarge,
        "The picture has too many pixels for its 16 bits per channel. Save it with 8 bits per channel or make it smaller.",
    ))
}
