//! JPEG: ITU-T T.81, annex B (markers); EXIF 2.3, 4.5 (the APP1 segment).

use bytes::Bytes;
use posthaste_core::{
    error::Result,
    media::{MediaFacts, MediaFormat},
};

use super::{Source, orient, picture};

/// More segments than any real file has before its pixels.
const MAX_SEGMENTS: usize = 2000;
const EXIF: &[u8] = b"Exif\0\0";
const END_OF_IMAGE: &[u8] = &[0xFF, 0xD9];

pub(super) async fn facts(source: &mut Source<'_>) -> Result<MediaFacts> {
    let mut offset = 2;
    let mut size = None;
    let mut exif: Option<Bytes> = None;
    for _ in 0..MAX_SEGMENTS {
        let [start, marker] = source.array(offset).await?;
        if start != 0xFF {
            return Err(source.damaged("a segment does not start where it should"));
        }
        match marker {
            // A fill byte before the marker.
            0xFF => {
                offset += 1;
                continue;
            }
            // Markers without a length.
            0x01 | 0xD0..=0xD8 => {
                offset += 2;
                continue;
            }
            0xD9 => return Err(source.cut_off()),
            _ => {}
        }
        let length = u64::from(u16::from_be_bytes(source.array(offset + 2).await?));
        if length < 2 {
            return Err(source.damaged("a segment has an impossible length"));
        }
        let (body, body_length) = (offset + 4, length - 2);
        match marker {
            0xC4 | 0xC8 | 0xCC => {}
            0xC0..=0xC2 => size = Some(frame(source, body).await?),
            0xC3..=0xCF => {
                return Err(source.damaged("it is of a rare kind (lossless or arithmetic coding)"));
            }
            0xE1 => {
                let segment = source.read(body, body_length).await?;
                if segment.starts_with(EXIF) {
                    exif = Some(segment.slice(EXIF.len()..));
                }
            }
            0xDA => {
                let (width, height) =
                    size.ok_or_else(|| source.damaged("its size in pixels is missing"))?;
                if !source.contains(END_OF_IMAGE, body).await? {
                    return Err(source.cut_off());
                }
                let upright = picture(MediaFormat::Jpeg, source.size(), width, height);
                return Ok(orient(upright, exif.as_deref()));
            }
            _ => {}
        }
        offset = body + body_length;
    }
    Err(source.damaged("it has too many segments"))
}

/// Width and height from the frame header (B.2.2).
async fn frame(source: &mut Source<'_>, body: u64) -> Result<(u32, u32)> {
    let [bits, h1, h0, w1, w0] = source.array(body).await?;
    if bits != 8 {
        return Err(source.damaged("it has more than 8 bits per channel"));
    }
    let width = u16::from_be_bytes([w1, w0]);
    let height = u16::from_be_bytes([h1, h0]);
    Ok((width.into(), height.into()))
}
