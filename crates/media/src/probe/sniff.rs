use posthaste_core::{
    error::{Error, ErrorCode, Result},
    media::MediaFormat,
};

use super::{Source, unreadable};

/// Enough to recognise a format and to find `<svg` behind an XML head.
const HEAD_BYTES: u64 = 1024;

/// The format by the file's first bytes.
pub(super) async fn format(source: &mut Source<'_>) -> Result<MediaFormat> {
    if source.size() == 0 {
        return Err(unreadable("media", "it is empty"));
    }
    let head = source.read_up_to(0, HEAD_BYTES).await?;
    known(&head).ok_or_else(|| unsupported(guess(&head)))
}

fn known(head: &[u8]) -> Option<MediaFormat> {
    if head.starts_with(&[0xFF, 0xD8, 0xFF]) {
        return Some(MediaFormat::Jpeg);
    }
    if head.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some(MediaFormat::Png);
    }
    if head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a") {
        return Some(MediaFormat::Gif);
    }
    if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
        return Some(MediaFormat::Webp);
    }
    match head.get(4..8)? {
        b"ftyp" => match head.get(8..12)? {
            b"qt  " => Some(MediaFormat::Mov),
            brand if other_brand(brand).is_some() => None,
            _ => Some(MediaFormat::Mp4),
        },
        // QuickTime files from before 'ftyp' existed.
        b"moov" | b"mdat" | b"wide" | b"pnot" => Some(MediaFormat::Mov),
        _ => None,
    }
}

/// What the container of MP4 can hold besides MP4 video.
fn other_brand(brand: &[u8]) -> Option<&'static str> {
    match brand {
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => {
            Some("a HEIC picture")
        }
        b"avif" | b"avis" => Some("an AVIF picture"),
        b"crx " => Some("a raw camera picture"),
        b"M4A " | b"M4B " | b"M4P " => Some("an audio file (M4A)"),
        [b'3', b'g', ..] => Some("a 3GP video"),
        _ => None,
    }
}

fn guess(head: &[u8]) -> &'static str {
    let brand = head.get(8..12).unwrap_or_default();
    let starts: [(&[u8], &str); 22] = [
        (b"%PDF", "a PDF document"),
        (b"BM", "a BMP picture"),
        (b"II*\0", "a TIFF picture"),
        (b"MM\0*", "a TIFF picture"),
        (b"8BPS", "a Photoshop file"),
        (b"\xFF\x0A", "a JPEG XL picture"),
        (b"\0\0\0\x0CJXL ", "a JPEG XL picture"),
        (b"\0\0\0\x0CjP  ", "a JPEG 2000 picture"),
        (b"\0\0\x01\0", "an icon file"),
        (b"\x1A\x45\xDF\xA3", "a WebM or Matroska video"),
        (b"FLV\x01", "a Flash video"),
        (b"\0\0\x01\xBA", "an MPEG video"),
        (b"OggS", "an Ogg file"),
        (b"ID3", "an audio file (MP3)"),
        (b"\xFF\xFB", "an audio file (MP3)"),
        (b"fLaC", "an audio file (FLAC)"),
        (b"PK\x03\x04", "a ZIP archive or an office document"),
        (b"\x1F\x8B", "a compressed archive"),
        (b"Rar!", "an RAR archive"),
        (b"7z\xBC\xAF", "a 7z archive"),
        (b"MZ", "a program"),
        (b"\x7FELF", "a program"),
    ];
    if head.get(4..8) == Some(b"ftyp")
        && let Some(other) = other_brand(brand)
    {
        return other;
    }
    if head.starts_with(b"RIFF") {
        return match brand {
            b"AVI " => "an AVI video",
            b"WAVE" => "an audio file (WAV)",
            _ => "an unknown RIFF file",
        };
    }
    if let Some((_, name)) = starts.iter().find(|(start, _)| head.starts_with(start)) {
        return name;
    }
    guess_text(head)
}

fn guess_text(head: &[u8]) -> &'static str {
    // A character may be cut in two at the end of the head.
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return "a file of an unknown kind",
    };
    let control = |c: char| c.is_control() && !c.is_whitespace();
    if text.is_empty() || text.chars().any(control) {
        return "a file of an unknown kind";
    }
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let lower = text.to_ascii_lowercase();
    if lower.starts_with('<') && lower.contains("<svg") {
        "an SVG drawing"
    } else if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        "a web page"
    } else {
        "a text file"
    }
}

fn unsupported(kind: &str) -> Error {
    Error::new(
        ErrorCode::MediaTypeUnsupported,
        format!(
            "The file is {kind}, which cannot be published. {}",
            ErrorCode::MediaTypeUnsupported.advice()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_cut_in_two_is_still_text() {
        let mut text = "ä".repeat(20).into_bytes();
        text.pop();
        assert_eq!(guess(&text), "a text file");
    }
}
