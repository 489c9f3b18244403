//! The little that networks look at in an MP4 or QuickTime file, read without trust: a broken
//! file gives none, never a panic.

/// What the header says about the pictures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Film {
    /// Shown width, rotation applied.
    pub width: u32,
    /// Shown height, rotation applied.
    pub height: u32,
    /// Length.
    pub duration_ms: u64,
    /// Pictures per second, when the header counts them.
    pub fps: Option<f64>,
}

/// Reads the header; none when there is no track of pictures or no length.
pub fn read(file: &[u8]) -> Option<Film> {
    let movie = find(file, *b"moov")?;
    let track = boxes(movie)
        .filter(|(kind, _)| kind == b"trak")
        .map(|(_, body)| body)
        .find(|track| {
            let handler = find(track, *b"mdia").and_then(|media| find(media, *b"hdlr"));
            handler.and_then(|body| body.get(8..12)) == Some(b"vide")
        })?;
    let media = find(track, *b"mdia")?;
    let (scale, length) = times(find(media, *b"mdhd")?)?;
    let duration_ms = Some(length.saturating_mul(1000).checked_div(scale)?)
        .filter(|ms| *ms > 0)
        .or_else(|| movie_length(movie))?;
    let pictures = find(media, *b"minf")
        .and_then(|body| find(body, *b"stbl"))
        .and_then(|body| find(body, *b"stts"))
        .map_or(0, count);
    let (width, height) = shown(find(track, *b"tkhd")?)?;
    Some(Film {
        width,
        height,
        duration_ms,
        fps: (pictures > 0).then(|| pictures as f64 * 1000.0 / duration_ms as f64),
    })
}

/// Length by the movie's own header, or by that of its fragments.
fn movie_length(movie: &[u8]) -> Option<u64> {
    let (scale, length) = times(find(movie, *b"mvhd")?)?;
    let fragments = || {
        let header = find(find(movie, *b"mvex")?, *b"mehd")?;
        if header.first()? == &1 {
            u64_at(header, 4)
        } else {
            Some(u64::from(u32_at(header, 4)?))
        }
    };
    let length = if length > 0 { length } else { fragments()? };
    length
        .saturating_mul(1000)
        .checked_div(scale)
        .filter(|ms| *ms > 0)
}

/// Time scale and length of `mvhd` and `mdhd`, in both versions.
fn times(header: &[u8]) -> Option<(u64, u64)> {
    if header.first()? == &1 {
        Some((u32_at(header, 20)?.into(), u64_at(header, 24)?))
    } else {
        Some((u32_at(header, 12)?.into(), u32_at(header, 16)?.into()))
    }
}

/// Width and height at the end of `tkhd`; a quarter turn of its matrix swaps them.
fn shown(header: &[u8]) -> Option<(u32, u32)> {
    let matrix = if header.first()? == &1 { 52 } else { 40 };
    let turned = u32_at(header, matrix)? == 0 && u32_at(header, matrix + 4)? != 0;
    let (width, height) = (
        u32_at(header, matrix + 36)? >> 16,
        u32_at(header, matrix + 40)? >> 16,
    );
    Some(if turned {
        (height, width)
    } else {
        (width, height)
    })
}

/// Pictures counted by `stts`.
fn count(table: &[u8]) -> u64 {
    let runs = table.get(8..).unwrap_or_default().chunks_exact(8);
    runs.filter_map(|run| u32_at(run, 0)).map(u64::from).sum()
}

/// The content of the first box of this kind.
fn find(bytes: &[u8], kind: [u8; 4]) -> Option<&[u8]> {
    boxes(bytes)
        .find(|(found, _)| *found == kind)
        .map(|(_, body)| body)
}

/// The boxes in a row; ends at the first that does not fit.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let kind: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
        let (head, size) = match u32_at(bytes, 0)? {
            0 => (8, bytes.len() as u64),
            1 => (16, u64_at(bytes, 8)?),
            size => (8, u64::from(size)),
        };
        let size = usize::try_from(size).ok()?;
        let body = bytes.get(head..size)?;
        bytes = bytes.get(size..)?;
        Some((kind, body))
    })
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
