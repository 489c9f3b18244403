//! The index of an MP4 file: what its first video track is like.

/// The video track.
pub(super) struct Video {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) duration_ms: u64,
    pub(super) frame_rate: Option<f64>,
}

/// A duration in units of `1 / scale` seconds.
#[derive(Clone, Copy)]
struct Time {
    scale: u32,
    length: u64,
}

type Read<T> = Result<T, &'static str>;

/// Reads the body of `moov`; `None` when there is no video track.
pub(super) fn read(moov: &[u8]) -> Read<Option<Video>> {
    for track in Boxes(moov).filter(|(kind, _)| kind == b"trak") {
        if let Some(video) = read_track(moov, track.1)? {
            return Ok(Some(video));
        }
    }
    Ok(None)
}

fn read_track(moov: &[u8], trak: &[u8]) -> Read<Option<Video>> {
    let media = need(trak, b"mdia")?;
    if need(media, b"hdlr")?.get(8..12) != Some(b"vide") {
        return Ok(None);
    }
    let movie_time = time(need(moov, b"mvhd")?)?;
    let media_time = time(need(media, b"mdhd")?)?;
    let samples = need(need(media, b"minf")?, b"stbl")?;
    let (width, height) = size(need(trak, b"tkhd")?, samples)?;
    let whole_time = [
        Some(movie_time),
        Some(media_time),
        fragments_time(moov, movie_time.scale),
    ];
    let duration_ms = whole_time.into_iter().flatten().find_map(milliseconds);
    let duration_ms = duration_ms.ok_or_else(|| {
        if child(moov, b"mvex").is_some() {
            "it consists of fragments and does not tell its length"
        } else {
            "it does not tell its length"
        }
    })?;
    Ok(Some(Video {
        width,
        height,
        duration_ms,
        frame_rate: frame_rate(child(samples, b"stts"), media_time.scale),
    }))
}

/// Scale and length from `mvhd` or `mdhd` (8.2.2, 8.4.2), which begin alike.
fn time(header: &[u8]) -> Read<Time> {
    let read = || match header.first()? {
        1 => Some(Time {
            scale: u32_at(header, 20)?,
            length: u64_at(header, 24)?,
        }),
        _ => Some(Time {
            scale: u32_at(header, 12)?,
            length: u32_at(header, 16)?.into(),
        }),
    };
    read().ok_or("its times are cut off")
}

/// The length of a fragmented film from `mehd` (8.8.2), when it tells.
fn fragments_time(moov: &[u8], scale: u32) -> Option<Time> {
    let header = child(child(moov, b"mvex")?, b"mehd")?;
    let length = match header.first()? {
        1 => u64_at(header, 4)?,
        _ => u32_at(header, 4)?.into(),
    };
    Some(Time { scale, length })
}

fn milliseconds(time: Time) -> Option<u64> {
    // All ones means that the length is not known.
    let known = !matches!(time.length, 0 | u64::MAX) && time.length != u64::from(u32::MAX);
    if !known || time.scale == 0 {
        return None;
    }
    let milliseconds = u128::from(time.length) * 1000 / u128::from(time.scale);
    u64::try_from(milliseconds).ok()
}

/// Width and height as shown, from `tkhd` (8.3.2), else as coded, from `stsd` (12.1.3).
fn size(tkhd: &[u8], samples: &[u8]) -> Read<(u32, u32)> {
    let matrix = if tkhd.first() == Some(&1) { 52 } else { 40 };
    let read = || {
        let shown = (
            u32_at(tkhd, matrix + 36)? >> 16,
            u32_at(tkhd, matrix + 40)? >> 16,
        );
        let upright = u32_at(tkhd, matrix)? != 0 || u32_at(tkhd, matrix + 16)? != 0;
        Some((shown, upright))
    };
    let (shown, upright) = read().ok_or("its track header is cut off")?;
    let (width, height) = match shown {
        (0, _) | (_, 0) => coded_size(samples).ok_or("its size in pixels is missing")?,
        shown => shown,
    };
    // Without the diagonal, the matrix turns by 90 or 270 degrees.
    Ok(if upright {
        (width, height)
    } else {
        (height, width)
    })
}

fn coded_size(samples: &[u8]) -> Option<(u32, u32)> {
    let stsd = child(samples, b"stsd")?;
    // Version and count (8 bytes), the entry's box header (8), then 24 bytes to the size.
    let both = u32_at(stsd, 40)?;
    Some((both >> 16, both & 0xFFFF))
}

/// The mean frames per second from `stts` (8.6.1.2): counts of frames and how long each lasts.
fn frame_rate(stts: Option<&[u8]>, scale: u32) -> Option<f64> {
    let (entries, _) = stts?.get(8..)?.as_chunks::<8>();
    let (frames, length) = entries
        .iter()
        .fold((0_u128, 0_u128), |(frames, length), entry| {
            let [c3, c2, c1, c0, d3, d2, d1, d0] = *entry;
            let count = u128::from(u32::from_be_bytes([c3, c2, c1, c0]));
            let each = u128::from(u32::from_be_bytes([d3, d2, d1, d0]));
            (frames + count, length + count * each)
        });
    let rate = frames as f64 * f64::from(scale) / length as f64;
    (length > 0 && rate > 0.0).then_some(rate)
}

fn need<'a>(parent: &'a [u8], kind: &[u8]) -> Read<&'a [u8]> {
    child(parent, kind).ok_or("a part of its index is missing")
}

fn child<'a>(parent: &'a [u8], kind: &[u8]) -> Option<&'a [u8]> {
    Boxes(parent)
        .find(|found| found.0 == kind)
        .map(|found| found.1)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let (number, _) = bytes.get(at..)?.split_first_chunk()?;
    Some(u32::from_be_bytes(*number))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let (number, _) = bytes.get(at..)?.split_first_chunk()?;
    Some(u64::from_be_bytes(*number))
}

/// The boxes side by side in a box's body; ends at the first that does not fit.
struct Boxes<'a>(&'a [u8]);

impl<'a> Iterator for Boxes<'a> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, _) = self.0.get(4..)?.split_first_chunk()?;
        let (header, length) = match u32_at(self.0, 0)? {
            0 => (8, self.0.len()),
            1 => (16, usize::try_from(u64_at(self.0, 8)?).ok()?),
            length => (8, length as usize),
        };
        let body = self.0.get(header..length)?;
        self.0 = &self.0[length..];
        Some((*kind, body))
    }
}
