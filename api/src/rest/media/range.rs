use std::ops::Range;

/// What a `Range` header asks of a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of it: no header, another unit, or several ranges at once, which a server may ignore
    /// (RFC 9110, section 14.2).
    Whole,
    /// These bytes.
    Part(Range<u64>),
    /// Bytes behind the end.
    Unsatisfiable,
}

/// Reads a `Range` header for a file of `size` bytes (RFC 9110, section 14.1.2).
pub fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let Some((first, last)) = header
        .and_then(|header| header.strip_prefix("bytes="))
        .filter(|ranges| !ranges.contains(','))
        .and_then(|range| range.trim().split_once('-'))
    else {
        return Wanted::Whole;
    };
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Some(first), None) if last.is_empty() => first..size,
        (None, Some(count)) if first.is_empty() => size.saturating_sub(count)..size,
        _ => return Wanted::Whole,
    };
    if range.is_empty() {
        Wanted::Unsatisfiable
    } else {
        Wanted::Part(range)
    }
}

fn number(digits: &str) -> Option<u64> {
    // `parse` alone would take a sign.
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        digits.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_the_header_means_exactly_this() {
        let table = [
            (None, Wanted::Whole),
            (Some("bytes=0-0"), Wanted::Part(0..1)),
            (Some("bytes=10-19"), Wanted::Part(10..20)),
            (Some("bytes=10-"), Wanted::Part(10..100)),
            (Some("bytes=-10"), Wanted::Part(90..100)),
            (Some("bytes=-1000"), Wanted::Part(0..100)),
            (Some("bytes=90-1000"), Wanted::Part(90..100)),
            (Some("bytes=0-18446744073709551615"), Wanted::Part(0..100)),
            (Some("bytes=100-"), Wanted::Unsatisfiable),
            (Some("bytes=-0"), Wanted::Unsatisfiable),
            (Some("bytes=100-200"), Wanted::Unsatisfiable),
            (Some("bytes=0-1,5-6"), Wanted::Whole),
            (Some("bytes=5-1"), Wanted::Whole),
            (Some("bytes=+5-6"), Wanted::Whole),
            (Some("bytes=-"), Wanted::Whole),
            (Some("bytes=a-b"), Wanted::Whole),
            (Some("bytes=99999999999999999999-"), Wanted::Whole),
            (Some("lines=1-2"), Wanted::Whole),
        ];
        for (header, expected) in table {
            assert_eq!(wanted(header, 100), expected, "{header:?}");
        }
    }
}
