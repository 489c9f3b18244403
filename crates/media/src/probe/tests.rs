mod films;
mod pictures;
mod refusals;

use super::*;

fn facts(format: MediaFormat, bytes: &[u8], width: u32, height: u32) -> MediaFacts {
    picture(format, bytes.len() as u64, width, height)
}
