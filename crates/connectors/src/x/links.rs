//! Finds links in a text as X does, because each counts as 23 characters however long it is.
//!
//! Rules: twitter-text (Apache-2.0), its conformance cases are in `testdata`. Written as a scanner,
//! so that no text makes it slow. A link may stand without `https://`, right after Chinese or
//! Japanese characters, and inside brackets; not after a letter, `@`, `#` or `$`.

use std::{collections::HashSet, ops::Range, sync::LazyLock};

use super::chars::{is_accented_latin, is_host_char, is_path_char, is_path_end, may_precede};

/// Top-level domains that twitter-text 3.1.0 knows, one in each line (facts from the IANA root zone).
static TLDS: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("tlds.txt").lines().collect());
/// The longest top-level domain in characters, so that no more is looked at.
static LONGEST_TLD: LazyLock<usize> = LazyLock::new(|| {
    TLDS.iter()
        .map(|tld| tld.chars().count())
        .max()
        .unwrap_or(0)
});

/// A host is looked for within so many characters; real ones have at most 253.
const MAX_HOST: usize = 1000;
/// A longer link is none.
const MAX_URL: usize = 4096;
/// A t.co link with a longer code is none.
const MAX_TCO_CODE: usize = 40;
/// A label of a host, in its ASCII form, is at most so long (RFC 1035).
const MAX_LABEL: usize = 63;

/// The links in `text`, as ranges of its characters, in order.
pub fn find(text: &[char]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        // A link has a character before it, which no other link uses, or starts the text.
        let after = may_precede(text[at]).then(|| Candidate::at(text, at + 1));
        let first = || (at == 0).then(|| Candidate::at(text, 0)).flatten();
        match after.flatten().or_else(first) {
            Some(candidate) => {
                found.extend(candidate.links(text));
                at = candidate.end;
            }
            None => at += 1,
        }
    }
    found
}

/// Something that looks like a link: scheme, host, port, path, query.
struct Candidate {
    start: usize,
    scheme: bool,
    host: Range<usize>,
    /// Where the path starts, if there is one.
    path: Option<usize>,
    end: usize,
}

impl Candidate {
    fn at(text: &[char], start: usize) -> Option<Self> {
        let after_scheme = ["https://", "http://"]
            .iter()
            .find(|scheme| starts_with(&text[start..], scheme))
            .map(|scheme| start + scheme.len());
        let from = after_scheme.unwrap_or(start);
        let host = from..host_end(text, from)?;
        let after_port = port_end(text, host.end);
        let path = (text.get(after_port) == Some(&'/')).then_some(after_port);
        let after_path = path.map_or(after_port, |slash| path_end(text, slash));
        Some(Self {
            start,
            scheme: after_scheme.is_some(),
            path,
            end: query_end(text, after_path),
            host,
        })
    }

    fn links(&self, text: &[char]) -> Vec<Range<usize>> {
        if !self.has_real_host(text) {
            Vec::new()
        } else if self.scheme {
            self.with_scheme(text).into_iter().collect()
        } else if self.start > 0 && matches!(text[self.start - 1], '-' | '_' | '.' | '/') {
            Vec::new()
        } else {
            self.without_scheme(text)
        }
    }

    fn has_real_host(&self, text: &[char]) -> bool {
        let host: String = text[self.host.clone()].iter().collect();
        if host.starts_with("xn--") && self.ascii_hosts(text).is_empty() {
            return false;
        }
        let mut ascii = 0;
        for label in host.split('.') {
            match ascii_length(label) {
                Some(length @ 1..=MAX_LABEL) => ascii += length + 1,
                _ => return false,
            }
        }
        let rest = (self.end - self.start) - self.host.len();
        rest + ascii <= MAX_URL
    }

    /// t.co links end after their code, and are none when it is too long.
    fn with_scheme(&self, text: &[char]) -> Option<Range<usize>> {
        let is_tco = starts_with(&text[self.host.clone()], "t.co") && self.host.len() == 4;
        let Some(slash) = self.path.filter(|slash| is_tco && *slash == self.host.end) else {
            return Some(self.start..self.end);
        };
        let code = run(text, slash + 1, |c| c.is_ascii_alphanumeric());
        match code - slash - 1 {
            0 => Some(self.start..self.end),
            1..=MAX_TCO_CODE => Some(self.start..query_end(text, code)),
            _ => None,
        }
    }

    /// Without a scheme only the ASCII hosts inside count; the last one keeps the path.
    fn without_scheme(&self, text: &[char]) -> Vec<Range<usize>> {
        let mut hosts = self.ascii_hosts(text);
        if self.path.is_some()
            && let Some(last) = hosts.last_mut()
        {
            last.end = self.end;
        }
        hosts
    }

    fn ascii_hosts(&self, text: &[char]) -> Vec<Range<usize>> {
        let mut hosts = Vec::new();
        let mut at = self.host.start;
        while at < self.host.end {
            match ascii_host_end(text, at, self.host.end) {
                Some(end) => {
                    hosts.push(at..end);
                    at = end;
                }
                None => at += 1,
            }
        }
        hosts
    }
}

/// The end of the longest host that starts at `from`: labels with dots and a known last part.
fn host_end(text: &[char], from: usize) -> Option<usize> {
    let limit = text.len().min(from + MAX_HOST);
    let mut end = None;
    let mut label = from;
    loop {
        let dot = run(&text[..limit], label, |c| {
            is_host_char(c) || matches!(c, '-' | '_')
        });
        if dot == label || dot >= limit || text[dot] != '.' || !has_host_edges(text, label, dot) {
            return end;
        }
        if !text[label..dot].contains(&'_')
            && let Some(tld_end) = tld_end(text, dot + 1)
        {
            end = Some(tld_end);
        }
        label = dot + 1;
    }
}

fn has_host_edges(text: &[char], start: usize, end: usize) -> bool {
    is_host_char(text[start]) && is_host_char(text[end - 1])
}

/// The end of the longest ASCII (or accented Latin) host that starts at `from`.
fn ascii_host_end(text: &[char], from: usize, limit: usize) -> Option<usize> {
    let mut end = None;
    let mut label = from;
    loop {
        let dot = run(&text[..limit], label, |c| {
            c == '-' || c.is_ascii_alphanumeric() || is_accented_latin(c)
        });
        if dot == label || dot >= limit || text[dot] != '.' {
            return end;
        }
        end = tld_end(text, dot + 1).filter(|end| *end <= limit).or(end);
        label = dot + 1;
    }
}

/// The end of a top-level domain that starts at `from`; no letter, digit, `@`, `+` or `-` follows.
fn tld_end(text: &[char], from: usize) -> Option<usize> {
    let longest = text.len().min(from + *LONGEST_TLD);
    let known = (from + 2..=longest).rev().find(|end| {
        let stops = text
            .get(*end)
            .is_none_or(|c| !c.is_ascii_alphanumeric() && !matches!(c, '@' | '+' | '-'));
        stops && {
            let tld: String = text[from..*end]
                .iter()
                .flat_map(|c| c.to_lowercase())
                .collect();
            TLDS.contains(tld.as_str())
        }
    });
    known.or_else(|| punycode_end(text, from))
}

fn punycode_end(text: &[char], from: usize) -> Option<usize> {
    if !starts_with(text.get(from..)?, "xn--") {
        return None;
    }
    let end = run(text, from + 4, |c| c == '-' || c.is_ascii_alphanumeric());
    (end > from + 4).then_some(end)
}

fn port_end(text: &[char], from: usize) -> usize {
    if text.get(from) != Some(&':') {
        return from;
    }
    let end = run(text, from + 1, |c| c.is_ascii_digit());
    if end > from + 1 { end } else { from }
}

/// A path ends after a letter, a digit, one of `+-=_#/` or balanced brackets.
fn path_end(text: &[char], slash: usize) -> usize {
    let mut end = slash + 1;
    let mut at = slash + 1;
    while at < text.len() {
        if let Some(closed) = balanced_end(text, at) {
            at = closed;
            end = closed;
        } else if is_path_char(text[at]) {
            at += 1;
            if is_path_end(text[at - 1]) {
                end = at;
            }
        } else {
            break;
        }
    }
    end
}

/// The end of `(…)` or `(…(…)…)` that starts at `from`.
fn balanced_end(text: &[char], from: usize) -> Option<usize> {
    if text.get(from) != Some(&'(') {
        return None;
    }
    let inner = run(text, from + 1, is_path_char);
    match text.get(inner)? {
        ')' if inner > from + 1 => Some(inner + 1),
        '(' => {
            let nested = run(text, inner + 1, is_path_char);
            if nested == inner + 1 || text.get(nested) != Some(&')') {
                return None;
            }
            let outer = run(text, nested + 1, is_path_char);
            (text.get(outer) == Some(&')')).then_some(outer + 1)
        }
        _ => None,
    }
}

/// A query ends after a letter, a digit or one of `-_&=#/`.
fn query_end(text: &[char], from: usize) -> usize {
    if text.get(from) != Some(&'?') {
        return from;
    }
    let end = run(text, from + 1, |c| {
        c.is_ascii_alphanumeric() || "!?*'@();:&=+$/%#[]-_.,~|".contains(c)
    });
    (from + 2..=end)
        .rev()
        .find(|end| {
            let last = text[end - 1];
            last.is_ascii_alphanumeric() || "-_&=#/".contains(last)
        })
        .unwrap_or(from)
}

/// The first place from `from` on where `accept` says no.
fn run(text: &[char], from: usize, accept: impl Fn(char) -> bool) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|c| accept(**c)).count()
}

fn starts_with(text: &[char], prefix: &str) -> bool {
    text.len() >= prefix.len()
        && prefix
            .chars()
            .zip(text)
            .all(|(want, have)| have.eq_ignore_ascii_case(&want))
}

/// The length of a label in ASCII (RFC 3492); ideographic full stops become full stops.
fn ascii_length(label: &str) -> Option<usize> {
    let parts = label
        .split(['\u{3002}', '\u{ff0e}', '\u{ff61}'])
        .map(|part| {
            if part.is_ascii() {
                return Some(part.len() + 1);
            }
            idna::punycode::encode_str(part).map(|code| "xn--".len() + code.len() + 1)
        });
    parts.sum::<Option<usize>>().map(|length| length - 1)
}
