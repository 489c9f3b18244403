//! Links in the text of a post, as X finds them: with `http(s)://`, or bare when ASCII; always
//! with a real top-level domain. Written for the simulator alone, so that a mistake in
//! Posthaste's own counting shows.

use std::{collections::HashSet, ops::Range, sync::LazyLock};

/// Top-level domains, one per line (IANA); shared data, not shared code.
static TLDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    include_str!("../../../../crates/connectors/src/x/tlds.txt")
        .lines()
        .collect()
});

/// A link in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Bytes of the text.
    pub at: Range<usize>,
    /// Where it leads: a bare domain gets `http://`.
    pub target: String,
}

/// The links of a text, in order.
pub fn links(text: &str) -> Vec<Link> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..]
        .char_indices()
        .find_map(|(n, _)| link_at(text, from + n))
    {
        from = at.end;
        let written = &text[at.clone()];
        let target = if scheme(written) > 0 {
            written.to_owned()
        } else {
            format!("http://{written}")
        };
        found.push(Link { at, target });
    }
    found
}

/// The link that starts at byte `start`, if one does.
fn link_at(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = &text[start..];
    let scheme = scheme(rest);
    let before = text[..start].chars().next_back();
    if before.is_some_and(|c| forbids_link(c) || (scheme == 0 && "-_./".contains(c))) {
        return None;
    }
    let host = host(&rest[scheme..], scheme > 0)?;
    let mut end = scheme + host;
    if rest[end..].starts_with('@') {
        return None;
    }
    end += port(&rest[end..]);
    end += tail(&rest[end..], '/', is_path_char, is_path_end);
    end += tail(&rest[end..], '?', is_query_char, is_query_end);
    Some(start..start + end)
}

fn forbids_link(before: char) -> bool {
    before.is_ascii_alphanumeric()
        || "@＠$#＃\u{202A}\u{202B}\u{202C}\u{202D}\u{202E}".contains(before)
}

/// Length of `http://` or `https://` at the start.
fn scheme(text: &str) -> usize {
    ["https://", "http://"]
        .into_iter()
        .find(|s| {
            text.get(..s.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(s))
        })
        .map_or(0, str::len)
}

/// Length of the host: the longest run of labels whose last is a top-level domain.
fn host(text: &str, any_script: bool) -> Option<usize> {
    let fits = |c: char| {
        c.is_ascii_alphanumeric() || "-_.".contains(c) || (any_script && c.is_alphanumeric())
    };
    let run = &text[..text.find(|c| !fits(c)).unwrap_or(text.len())];
    let mut best = None;
    let mut at = 0;
    for (n, label) in run.split('.').enumerate() {
        if label.is_empty() || label.starts_with('-') || label.starts_with('_') {
            break;
        }
        let end = at + label.len();
        let clean = !run[..at].trim_end_matches('.').ends_with(['-', '_']);
        if n > 0 && clean && TLDS.contains(label.to_lowercase().as_str()) {
            best = Some(end);
        }
        at = end + 1;
    }
    best
}

fn port(text: &str) -> usize {
    let Some(digits) = text.strip_prefix(':') else {
        return 0;
    };
    match digits.bytes().take_while(u8::is_ascii_digit).count() {
        0 => 0,
        n => n + 1,
    }
}

/// Length of a path or query: allowed characters, without punctuation at its end. Parentheses
/// belong to it in pairs.
fn tail(text: &str, mark: char, allowed: fn(char) -> bool, ends: fn(char) -> bool) -> usize {
    if !text.starts_with(mark) {
        return 0;
    }
    let mut open = 0;
    let mut end = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => open += 1,
            ')' if open > 0 => {
                open -= 1;
                if open == 0 {
                    end = at + 1;
                }
            }
            c if at > 0 && !allowed(c) => break,
            c if open == 0 && ((at == 0 && mark == '/') || (at > 0 && ends(c))) => {
                end = at + c.len_utf8();
            }
            _ => {}
        }
    }
    end
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || ((c as u32) < 0x530 && c.is_alphabetic())
}

fn is_path_char(c: char) -> bool {
    is_word(c) || "!*';:=+,.$/%#[]-–_~@|&".contains(c)
}

fn is_path_end(c: char) -> bool {
    is_word(c) || "=_#/+-".contains(c)
}

fn is_query_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!?*'@;:&=+$/%#[]-_.,~|".contains(c)
}

fn is_query_end(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_&=#/".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        links(text).into_iter().map(|link| &text[link.at]).collect()
    }

    #[test]
    fn finds_what_x_would_link() {
        assert_eq!(
            found("see https://example.com/a?b=c."),
            ["https://example.com/a?b=c"]
        );
        assert_eq!(
            found("(http://example.com/x_(y))"),
            ["http://example.com/x_(y)"]
        );
        assert_eq!(
            found("bare example.com, and HTTP://EXAMPLE.ORG!"),
            ["example.com", "HTTP://EXAMPLE.ORG"]
        );
        assert_eq!(found("日本http://example.jp/日本"), ["http://example.jp/"]);
        assert_eq!(
            found("https://example.com:8080/a/b#c-d"),
            ["https://example.com:8080/a/b#c-d"]
        );
    }

    #[test]
    fn leaves_the_rest_alone() {
        let none: [&str; 0] = [];
        for text in [
            "me@example.com",
            "#example.com",
            "http://localhost:8080/x",
            "https://shop.invalid/a",
            "file.notatld",
            "a..com",
            "1.5 or v2.0",
        ] {
            assert_eq!(found(text), none, "{text}");
        }
    }

    #[test]
    fn bare_domains_lead_to_http() {
        assert_eq!(links("example.com/a")[0].target, "http://example.com/a");
        assert_eq!(
            links("https://example.com")[0].target,
            "https://example.com"
        );
    }
}
