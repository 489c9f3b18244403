//! Counts and compares texts as X does (twitter-text configuration v3).

use unicode_normalization::UnicodeNormalization;

use super::{chars, emoji, links};

/// Longest post, in weighted characters.
pub const MAX_WEIGHT: usize = 280;
/// What every link counts, whatever its length.
const LINK: usize = 23;
/// What an emoji, and every character outside [`is_light`], counts.
const HEAVY: usize = 2;

/// The weighted length of `text`: after NFC, links 23, emoji 2, Latin and most alphabets 1, others 2.
pub fn weight(text: &str) -> usize {
    let text: Vec<char> = text.nfc().collect();
    let mut links = links::find(&text).into_iter().peekable();
    let mut total = 0;
    let mut at = 0;
    while at < text.len() {
        if let Some(link) = links.next_if(|link| link.start == at) {
            total += LINK;
            at = link.end;
            continue;
        }
        match emoji::length(&text[at..]) {
            0 => {
                total += if is_light(text[at]) { 1 } else { HEAVY };
                at += 1;
            }
            length => {
                total += HEAVY;
                at += length;
            }
        }
    }
    total
}

/// The ranges of weight 1 in configuration v3.
fn is_light(c: char) -> bool {
    matches!(u32::from(c), 0..=4351 | 8192..=8205 | 8208..=8223 | 8242..=8247)
}

/// How many `$TICKER` tags the text has; accounts on self-serve plans may use one in a post.
pub fn cashtags(text: &str) -> usize {
    text.split(chars::is_space)
        .filter(|word| is_cashtag(word))
        .count()
}

/// `$` and up to six letters, possibly `.` or `_` and up to two more, then punctuation or the end.
fn is_cashtag(word: &str) -> bool {
    let Some(rest) = word.strip_prefix('$') else {
        return false;
    };
    let letters = |text: &str| text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let symbol = letters(rest);
    let after = &rest[symbol..];
    let class = after.strip_prefix(['.', '_']).map_or(0, letters);
    let ends = |rest: &str| rest.chars().next().is_none_or(chars::is_punctuation);
    (1..=6).contains(&symbol)
        && (ends(after) || ((1..=2).contains(&class) && ends(&after[1 + class..])))
}

/// Whether X sees a link in a text, with or without a scheme.
pub fn has_link(text: &str) -> bool {
    let chars: Vec<char> = text.nfc().collect();
    !links::find(&chars).is_empty()
}

/// A text as it can be compared with another: links without scheme and last slash, spaces folded.
pub fn comparable(text: &str) -> String {
    let chars: Vec<char> = text.nfc().collect();
    let mut plain = String::with_capacity(text.len());
    let mut at = 0;
    for link in links::find(&chars) {
        plain.extend(&chars[at..link.start]);
        let link_text: String = chars[link.clone()].iter().collect();
        plain.push_str(bare_link(&link_text));
        at = link.end;
    }
    plain.extend(&chars[at..]);
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn bare_link(link: &str) -> &str {
    let scheme = ["https://", "http://"]
        .iter()
        .find(|scheme| {
            link.get(..scheme.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        })
        .map_or(0, |scheme| scheme.len());
    link[scheme..].trim_end_matches('/')
}

/// A text as X returns it, without its HTML escapes.
pub fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Conformance {
        links: Vec<Links>,
        cashtags: Vec<Cashtags>,
    }

    #[derive(Deserialize)]
    struct Links {
        case: String,
        text: String,
        #[serde(rename = "links")]
        expected: Vec<String>,
        ranges: Option<Vec<(usize, usize)>>,
    }

    #[derive(Deserialize)]
    struct Cashtags {
        case: String,
        text: String,
        count: usize,
    }

    #[derive(Deserialize)]
    struct Weight {
        text: String,
        weight: usize,
    }

    fn conformance() -> Conformance {
        serde_json::from_str(include_str!("testdata/conformance.json")).unwrap()
    }

    #[test]
    fn finds_links_as_the_conformance_suite_says() {
        let cases = conformance().links;
        assert_eq!(cases.len(), 108);
        let mut wrong = Vec::new();
        for case in cases {
            let text: Vec<char> = case.text.chars().collect();
            let found = links::find(&text);
            let words: Vec<String> = found
                .iter()
                .map(|range| text[range.clone()].iter().collect())
                .collect();
            let ranges: Vec<_> = found.iter().map(|range| (range.start, range.end)).collect();
            if words != case.expected || case.ranges.is_some_and(|expected| expected != ranges) {
                wrong.push(format!(
                    "{}: {words:?} instead of {:?}",
                    case.case, case.expected
                ));
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
    }

    #[test]
    fn finds_cashtags_as_the_conformance_suite_says() {
        for case in conformance().cashtags {
            assert_eq!(
                cashtags(&case.text),
                case.count,
                "{}: {}",
                case.case,
                case.text
            );
        }
    }

    #[test]
    fn weighs_texts_as_the_published_package_does() {
        let cases: Vec<Weight> =
            serde_json::from_str(include_str!("testdata/weights.json")).unwrap();
        assert!(cases.len() > 200);
        let wrong: Vec<String> = cases
            .into_iter()
            .filter(|case| weight(&case.text) != case.weight)
            .map(|case| {
                format!(
                    "{:?}: {} instead of {}",
                    case.text,
                    weight(&case.text),
                    case.weight
                )
            })
            .collect();
        assert_eq!(wrong, Vec::<String>::new());
    }

    #[test]
    fn emoji_that_are_newer_than_the_package_weigh_two_as_well() {
        for emoji in ["❤️\u{200d}🔥", "🧑\u{200d}🤝\u{200d}🧑", "👯🏻\u{200d}♀️"]
        {
            assert_eq!(weight(emoji), 2, "{emoji}");
        }
    }

    #[test]
    fn texts_are_compared_without_scheme_last_slash_and_line_breaks() {
        let sent = "Fish & chips:\n\nexample.com/menu/";
        let received = unescape("Fish &amp; chips: https://example.com/menu");
        assert_eq!(comparable(sent), comparable(&received));
        assert_ne!(comparable("one"), comparable("two"));
        assert_eq!(unescape("&amp;lt;"), "&lt;");
    }
}
