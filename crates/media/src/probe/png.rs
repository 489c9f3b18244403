//! PNG: W3C Portable Network Graphics, third edition, 5 (chunks) and 11.3 (acTL, eXIf).

use posthaste_core::{
    error::Result,
    media::{MediaFacts, MediaFormat},
};

use super::{Source, orient, picture};
use crate::limits;

/// More chunks than any real file has before its pixels.
const MAX_CHUNKS: usize = 2000;
/// Longest EXIF block looked at; the orientation stands near its start.
const MAX_EXIF: u64 = 64 * 1024;
const END_CHUNK: &[u8] = b"IEND\xAE\x42\x60\x82";

pub(super) async fn facts(source: &mut Source<'_>) -> Result<MediaFacts> {
    let mut facts = header(source).await?;
    let mut exif = None;
    let mut offset = 33;
    for _ in 0..MAX_CHUNKS {
        let [l3, l2, l1, l0, kind @ ..]: [u8; 8] = source.array(offset).await?;
        let length = u64::from(u32::from_be_bytes([l3, l2, l1, l0]));
        let body = offset + 8;
        match &kind {
            b"acTL" => facts.animated = u32::from_be_bytes(source.array(body).await?) > 1,
            b"tRNS" => facts.alpha = true,
            b"eXIf" => exif = Some(source.read(body, length.min(MAX_EXIF)).await?),
            b"IDAT" => {
                if !source.contains(END_CHUNK, body).await? {
                    return Err(source.cut_off());
                }
                return Ok(orient(facts, exif.as_deref()));
            }
            b"IEND" => return Err(source.damaged("it has no pixels")),
            _ => {}
        }
        offset = body + length + 4;
    }
    Err(source.damaged("it has too many chunks before its pixels"))
}

async fn header(source: &mut Source<'_>) -> Result<MediaFacts> {
    let head = source.read(8, 25).await?;
    let (Some(b"\0\0\0\x0DIHDR"), [bits, color]) = (head.get(..8), [head[16], head[17]]) else {
        return Err(source.damaged("its header is not where it should be"));
    };
    let number =
        |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let (width, height) = (number(8), number(12));
    if width > i32::MAX as u32 || height > i32::MAX as u32 {
        return Err(source.damaged("its size in pixels is impossible"));
    }
    limits::check_pixels(width, height)?;
    let channels = match color {
        0 => 1,
        2 | 3 => 3,
        4 => 2,
        6 => 4,
        _ => return Err(source.damaged("its kind of colours does not exist")),
    };
    let bytes_per_channel = if bits == 16 { 2 } else { 1 };
    let pixels = u64::from(width) * u64::from(height);
    limits::check_decoded_bytes(pixels * channels * bytes_per_channel)?;
    let mut facts = picture(MediaFormat::Png, source.size(), width, height);
    facts.alpha = matches!(color, 4 | 6);
    Ok(facts)
}
