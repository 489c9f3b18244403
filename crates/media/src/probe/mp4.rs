//! MP4 and MOV: ISO/IEC 14496-12, 4.2 (boxes) and 8 (moov); Apple's QuickTime File Format.
//!
//! Only the index (`moov`) is read; it may stand before or behind the sound and pictures.

mod index;

use bytes::Bytes;
use posthaste_core::{
    error::{Error, ErrorCode, Result},
    media::{MediaFacts, MediaFormat},
};

use super::Source;
use crate::words;

/// Longest index read into memory, in bytes; hours of video need a few MiB.
const MAX_INDEX: u64 = 32 * 1024 * 1024;
/// More boxes than a real file has on its outermost level, unless it is fragmented.
const MAX_BOXES: usize = 4000;

pub(super) async fn facts(source: &mut Source<'_>, format: MediaFormat) -> Result<MediaFacts> {
    let index = find_index(source).await?;
    let video = index::read(&index).map_err(|reason| source.damaged(reason))?;
    let video = video.ok_or_else(|| no_pictures(format))?;
    Ok(MediaFacts {
        format,
        bytes: source.size(),
        width: video.width,
        height: video.height,
        duration_ms: Some(video.duration_ms),
        frame_rate: video.frame_rate,
        animated: false,
        alpha: false,
    })
}

/// Walks the outermost boxes to the end of the file and returns the body of `moov`.
async fn find_index(source: &mut Source<'_>) -> Result<Bytes> {
    let mut index = None;
    let mut offset = 0;
    for _ in 0..MAX_BOXES {
        if offset == source.size() {
            return index.ok_or_else(|| {
                source.damaged(
                    "its index (moov) is missing, the recording or export was not finished",
                )
            });
        }
        let (kind, body, end) = box_at(source, offset).await?;
        if end > source.size() {
            return Err(source.cut_off());
        }
        match &kind {
            b"moov" if end - body > MAX_INDEX => {
                return Err(source.damaged("its index (moov) is larger than 32 MiB"));
            }
            b"moov" => index = Some(source.read(body, end - body).await?),
            // Pieces follow one another to the end; the index came before them.
            b"moof" if index.is_some() => return index.ok_or_else(|| source.cut_off()),
            _ => {}
        }
        offset = end;
    }
    Err(source.damaged("it has too many boxes"))
}

/// Kind, start of the body and end of the box at `offset` (4.2).
async fn box_at(source: &mut Source<'_>, offset: u64) -> Result<([u8; 4], u64, u64)> {
    // Some programs end a file with four zero bytes.
    let [s3, s2, s1, s0, kind @ ..]: [u8; 8] = match source.size() - offset {
        rest @ 0..8 => {
            let rest = source.read(offset, rest).await?;
            if rest.iter().any(|byte| *byte != 0) {
                return Err(source.cut_off());
            }
            return Ok((*b"free", source.size(), source.size()));
        }
        _ => source.array(offset).await?,
    };
    let (header, length) = match u32::from_be_bytes([s3, s2, s1, s0]) {
        0 => (8, source.size() - offset),
        1 => (16, u64::from_be_bytes(source.array(offset + 8).await?)),
        length => (8, u64::from(length)),
    };
    if length < header {
        return Err(source.damaged("a box has an impossible length"));
    }
    let end = offset.checked_add(length).ok_or_else(|| source.cut_off())?;
    Ok((kind, offset + header, end))
}

fn no_pictures(format: MediaFormat) -> Error {
    Error::new(
        ErrorCode::MediaTypeUnsupported,
        format!(
            "The {} file has no video track, only sound or data. {}",
            words::format_name(format),
            ErrorCode::MediaTypeUnsupported.advice()
        ),
    )
}
