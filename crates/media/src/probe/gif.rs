//! GIF: CompuServe GIF89a, 18 (screen), 20 (image), 23 (graphic control).

use posthaste_core::{
    error::Result,
    media::{MediaFacts, MediaFormat},
};

use super::{Source, picture};

/// More blocks than any real file has before its second frame.
const MAX_BLOCKS: usize = 2000;

/// Reads up to the second frame, which is enough to know that it is animated.
pub(super) async fn facts(source: &mut Source<'_>) -> Result<MediaFacts> {
    let [w0, w1, h0, h1, flags, _, _] = source.array(6).await?;
    let width = u16::from_le_bytes([w0, w1]).into();
    let height = u16::from_le_bytes([h0, h1]).into();
    let mut facts = picture(MediaFormat::Gif, source.size(), width, height);
    let mut frames = 0;
    let mut offset = 13 + color_table(flags);
    for _ in 0..MAX_BLOCKS {
        // Many programs forget the trailer; a whole frame is enough.
        if offset >= source.size() && frames > 0 {
            return Ok(facts);
        }
        let [kind] = source.array(offset).await?;
        match kind {
            b'!' => {
                let [label, _, control] = source.array(offset + 1).await?;
                if label == 0xF9 && control & 1 == 1 {
                    facts.alpha = true;
                }
                offset = skip_blocks(source, offset + 2).await?;
            }
            b',' => {
                frames += 1;
                if frames == 2 {
                    facts.animated = true;
                    return Ok(facts);
                }
                let [flags] = source.array(offset + 9).await?;
                // Descriptor, local colours and the LZW code size come before the blocks.
                offset = skip_blocks(source, offset + 11 + color_table(flags)).await?;
            }
            b';' if frames > 0 => return Ok(facts),
            b';' => return Err(source.damaged("it has no frame")),
            _ => return Err(source.damaged("it has a block of an unknown kind")),
        }
    }
    Err(source.damaged("it has too many blocks before its second frame"))
}

/// The bytes of a colour table with these flags.
fn color_table(flags: u8) -> u64 {
    if flags & 0x80 == 0 {
        return 0;
    }
    3 << ((flags & 7) + 1)
}

/// The offset behind a chain of sub-blocks, each with its length in one byte.
async fn skip_blocks(source: &mut Source<'_>, mut offset: u64) -> Result<u64> {
    loop {
        let [length] = source.array(offset).await?;
        offset += 1 + u64::from(length);
        if length == 0 {
            return Ok(offset);
        }
    }
}
