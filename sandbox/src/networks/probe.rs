//! What a file is, by its bytes: type, size in pixels, length.

use std::io::Cursor;

use image::{ImageFormat, ImageReader};

use super::mp4;

/// A file type the networks know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// GIF.
    Gif,
    /// WebP.
    Webp,
    /// BMP.
    Bmp,
    /// TIFF.
    Tiff,
    /// MP4 or M4V.
    Mp4,
    /// QuickTime.
    Mov,
    /// Anything else.
    Unknown,
}

impl Kind {
    /// Its media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
            Self::Mp4 => "video/mp4",
            Self::Mov => "video/quicktime",
            Self::Unknown => "application/octet-stream",
        }
    }

    fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0xFF, 0xD8, 0xFF, ..] => Self::Jpeg,
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Self::Png,
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Self::Gif,
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Self::Webp,
            [b'B', b'M', ..] => Self::Bmp,
            [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Self::Tiff,
            [_, _, _, _, b'f', b't', b'y', b'p', b'q', b't', ..] => Self::Mov,
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => Self::Mp4,
            _ => Self::Unknown,
        }
    }
}

/// What was seen in a file.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// By the first bytes.
    pub kind: Kind,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// Length of a video.
    pub duration_ms: Option<u64>,
    /// Pictures per second of a video.
    pub fps: Option<f64>,
    /// Header and structure make sense.
    pub readable: bool,
}

/// Looks at a file.
pub fn probe(bytes: &[u8]) -> Seen {
    let kind = Kind::of(bytes);
    let unread = Seen {
        kind,
        width: None,
        height: None,
        duration_ms: None,
        fps: None,
        readable: false,
    };
    match kind {
        Kind::Jpeg => image(unread, bytes, ImageFormat::Jpeg),
        Kind::Png => image(unread, bytes, ImageFormat::Png),
        Kind::Gif => image(unread, bytes, ImageFormat::Gif),
        Kind::Webp => image(unread, bytes, ImageFormat::WebP),
        Kind::Bmp => bitmap(unread, bytes),
        Kind::Tiff => Seen {
            readable: true,
            ..unread
        },
        Kind::Mp4 | Kind::Mov => video(unread, bytes),
        Kind::Unknown => unread,
    }
}

fn image(unread: Seen, bytes: &[u8], format: ImageFormat) -> Seen {
    match ImageReader::with_format(Cursor::new(bytes), format).into_dimensions() {
        Ok((w, h)) => Seen {
            width: Some(w),
            height: Some(h),
            readable: true,
            ..unread
        },
        Err(_) => unread,
    }
}

/// Width and height stand at bytes 18 and 22 of the BMP header, little endian.
fn bitmap(unread: Seen, bytes: &[u8]) -> Seen {
    let number = |at: usize| {
        let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(i32::from_le_bytes(four).unsigned_abs())
    };
    let (width, height) = (number(18), number(22));
    Seen {
        width,
        height,
        readable: width.is_some() && height.is_some(),
        ..unread
    }
}

fn video(unread: Seen, bytes: &[u8]) -> Seen {
    let Some(film) = mp4::read(bytes) else {
        return unread;
    };
    Seen {
        width: Some(film.width),
        height: Some(film.height),
        duration_ms: Some(film.duration_ms),
        fps: film.fps,
        readable: true,
        ..unread
    }
}
