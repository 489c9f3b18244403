//! WebP: RFC 9649, 2 (container); RFC 6386, 9.1 (lossy frame); RFC 9649, 3.4 (lossless header).

use posthaste_core::{
    error::Result,
    media::{MediaFacts, MediaFormat},
};

use super::{Source, orient, picture};

/// More chunks than a real still picture has.
const MAX_CHUNKS: usize = 2000;
/// Longest EXIF block looked at; the orientation stands near its start.
const MAX_EXIF: u64 = 64 * 1024;

pub(super) async fn facts(source: &mut Source<'_>) -> Result<MediaFacts> {
    let end = 8 + u64::from(u32::from_le_bytes(source.array(4).await?));
    if end > source.size() {
        return Err(source.cut_off());
    }
    match &source.array::<4>(12).await? {
        b"VP8X" => extended(source, end).await,
        b"VP8L" => lossless(source).await,
        b"VP8 " => lossy(source).await,
        _ => Err(source.damaged("it does not start with a picture")),
    }
}

async fn extended(source: &mut Source<'_>, end: u64) -> Result<MediaFacts> {
    let [flags, _, _, _, w0, w1, w2, h0, h1, h2] = source.array(20).await?;
    let less_one = |bytes: [u8; 3]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]) + 1;
    let (width, height) = (less_one([w0, w1, w2]), less_one([h0, h1, h2]));
    let mut facts = picture(MediaFormat::Webp, source.size(), width, height);
    facts.animated = flags & 0x02 != 0;
    facts.alpha = flags & 0x10 != 0;
    if flags & 0x08 == 0 {
        return Ok(facts);
    }
    let exif = exif(source, end).await?;
    Ok(orient(facts, exif.as_deref()))
}

/// The EXIF chunk, which stands behind the frames.
async fn exif(source: &mut Source<'_>, end: u64) -> Result<Option<bytes::Bytes>> {
    let mut offset = 12;
    for _ in 0..MAX_CHUNKS {
        if offset + 8 > end {
            break;
        }
        let kind: [u8; 4] = source.array(offset).await?;
        let length = u64::from(u32::from_le_bytes(source.array(offset + 4).await?));
        if &kind == b"EXIF" {
            let exif = source.read(offset + 8, length.min(MAX_EXIF)).await?;
            return Ok(Some(exif));
        }
        // Chunks are padded to an even length.
        offset += 8 + length + length % 2;
    }
    Ok(None)
}

async fn lossless(source: &mut Source<'_>) -> Result<MediaFacts> {
    let [signature, b0, b1, b2, b3] = source.array(20).await?;
    if signature != 0x2F {
        return Err(source.damaged("its lossless picture has a wrong signature"));
    }
    let bits = u32::from_le_bytes([b0, b1, b2, b3]);
    let (width, height) = ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1);
    let mut facts = picture(MediaFormat::Webp, source.size(), width, height);
    facts.alpha = bits >> 28 & 1 == 1;
    Ok(facts)
}

async fn lossy(source: &mut Source<'_>) -> Result<MediaFacts> {
    let [tag, _, _, 0x9D, 0x01, 0x2A, w0, w1, h0, h1] = source.array(20).await? else {
        return Err(source.damaged("its lossy picture has a wrong signature"));
    };
    if tag & 1 != 0 {
        return Err(source.damaged("it does not start with a key frame"));
    }
    // The upper two bits are a hint for scaling.
    let size = |bytes| u32::from(u16::from_le_bytes(bytes) & 0x3FFF);
    let (width, height) = (size([w0, w1]), size([h0, h1]));
    Ok(picture(MediaFormat::Webp, source.size(), width, height))
}
