use posthaste_core::media::MediaFormat;

/// The name people use for a format.
pub(crate) fn format_name(format: MediaFormat) -> &'static str {
    match format {
        MediaFormat::Jpeg => "JPEG",
        MediaFormat::Png => "PNG",
        MediaFormat::Gif => "GIF",
        MediaFormat::Webp => "WebP",
        MediaFormat::Mp4 => "MP4",
        MediaFormat::Mov => "MOV",
    }
}

/// Width ÷ height as people write it: `16:9`, `4:5`, `1.91:1`, `1:2.5`.
pub(crate) fn proportions(aspect: f64) -> String {
    if let Some((across, down)) = small_ratio(aspect) {
        return format!("{across}:{down}");
    }
    if aspect >= 1.0 {
        format!("{}:1", short(aspect))
    } else {
        format!("1:{}", short(1.0 / aspect))
    }
}

/// A ratio of small numbers (the smaller up to 9) that is within 0.2 % of `aspect`.
fn small_ratio(aspect: f64) -> Option<(u32, u32)> {
    let near = |across: u32, down: u32| {
        (f64::from(across) / f64::from(down) / aspect - 1.0).abs() <= 0.002
    };
    for small in 1..=9_u32 {
        for large in small..=16 {
            if near(large, small) {
                return Some((large, small));
            }
            if near(small, large) {
                return Some((small, large));
            }
        }
    }
    None
}

fn short(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A size in bytes, rounded: `7.6 MB`, `512 kB`, `90 bytes`.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proportions_are_readable() {
        let cases = [
            ((3000, 1000), "3:1"),
            ((1910, 1000), "1.91:1"),
            ((1080, 1350), "4:5"),
            ((1920, 1080), "16:9"),
            ((1080, 1920), "9:16"),
            ((500, 500), "1:1"),
            ((4000, 1333), "3:1"),
            ((1, 1000), "1:1000"),
            ((100, 234), "1:2.34"),
        ];
        for ((width, height), text) in cases {
            assert_eq!(proportions(f64::from(width) / f64::from(height)), text);
        }
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(size(90), "90 bytes");
        assert_eq!(size(8_000), "8 kB");
        assert_eq!(size(7_640_000), "7.6 MB");
    }
}
