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
    let host_end = scheme + host(&rest[scheme..], scheme > 0)?;
    if rest[host_end..].starts_with(['@', '+']) {
        return None;
    }
    let port_end = host_end + port(&rest[host_end..]);
    let path = &rest[port_end..];
    let short = scheme > 0 && rest[scheme..host_end].eq_ignore_ascii_case("t.co");
    let path_end = match short.then(|| slug(path)) {
        Some(length) if length > 40 => return None,
        Some(length) if length > 0 => port_end + 1 + length,
        _ => port_end + tail(path, '/', is_path_char, is_path_end),
    };
    let end = path_end + tail(&rest[path_end..], '?', is_query_char, is_query_end);
    // A bare domain takes its port only together with a path.
    let end = if scheme == 0 && end == port_end {
        host_end
    } else {
        end
    };
    Some(start..start + end)
}

fn forbids_link(before: char) -> bool {
    before.is_ascii_alphanumeric() || "@＠$#＃".contains(before)
}

/// Letters and digits at the start of the path of a `t.co` link: they alone are its path, and
/// with more than 40 of them it is no link.
fn slug(path: &str) -> usize {
    let name = path.strip_prefix('/').unwrap_or_default();
    name.bytes().take_while(u8::is_ascii_alphanumeric).count()
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
        c.is_ascii_alphanumeric()
            || "-_.".contains(c)
            || is_accented(c)
            || (any_script && is_foreign(c))
    };
    let run = &text[..text.find(|c| !fits(c)).unwrap_or(text.len())];
    let mut best = None;
    let mut at = 0;
    let mut before = "_";
    for label in run.split('.') {
        if !before.contains('_') && TLDS.contains(label.to_lowercase().as_str()) {
            best = Some(at + label.len());
        }
        if !is_label(label) {
            break;
        }
        at += label.len() + 1;
        before = label;
    }
    best
}

/// No empty label, none that begins or ends with `-` or `_`, no broken punycode.
fn is_label(label: &str) -> bool {
    let edge = |c: char| "-_".contains(c);
    !label.is_empty()
        && !label.starts_with(edge)
        && !label.ends_with(edge)
        && (label.is_ascii() || !label.starts_with("xn--"))
}

/// Latin letters with accents, which bare domains may have too.
fn is_accented(c: char) -> bool {
    ('\u{C0}'..='\u{24F}').contains(&c) && c.is_alphabetic()
}

/// Beyond Latin: everything but spaces, controls and punctuation.
fn is_foreign(c: char) -> bool {
    let punctuation =
        matches!(c, '\u{80}'..='\u{BF}' | '\u{2000}'..='\u{206F}' | '\u{3000}'..='\u{303F}');
    !c.is_ascii() && !c.is_whitespace() && !c.is_control() && !punctuation
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

    /// Cases of twitter-text's conformance suite that this counter leaves out: domains of other
    /// scripts that run into words without a space.
    const LEFT_OUT: [&str; 3] = [
        "Extract valid URL: http://example.com/",
        "Extract non-ASCII host name URLs with protocol",
        "Extract domain followed by Japanese characters",
    ];

    #[test]
    fn agrees_with_the_conformance_suite() {
        let all: serde_json::Value = serde_json::from_str(include_str!(
            "../../../../crates/connectors/src/x/testdata/conformance.json"
        ))
        .unwrap();
        for case in all["links"].as_array().unwrap() {
            let name = case["case"].as_str().unwrap();
            if !LEFT_OUT.iter().any(|left_out| name.starts_with(left_out)) {
                let text = case["text"].as_str().unwrap();
                assert_eq!(
                    serde_json::json!(found(text)),
                    case["links"],
                    "{name}: {text}"
                );
            }
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
