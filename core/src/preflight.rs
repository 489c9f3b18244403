//! What can be known about a publication before its time: the pure rules of preflight.
//!
//! The engine gathers the facts (`engine/src/preflight`); what they mean is decided here.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use url::{Host, Url};

use crate::{outgoing::is_public, post::Content};

/// How close to each other the same words on the same account may be a mistake. Well below a day: what is
/// said daily at one time is none, also where the clocks change or one of them goes out late.
pub const DUPLICATE_WINDOW: TimeDelta = TimeDelta::hours(20);

/// How close to each other a network that refuses repetitions surely refuses the same text. None documents
/// for how long it does; six hours are our judgement, and what is further apart is left to the network.
pub const REFUSAL_WINDOW: TimeDelta = TimeDelta::hours(6);

/// How long before its time a scheduled target is looked at again.
pub const LOOK_AHEAD: [TimeDelta; 2] = [TimeDelta::hours(24), TimeDelta::hours(1)];

/// When a target that is due at `due` is looked at next; none when all looks ahead are past.
pub fn next_look(due: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    LOOK_AHEAD
        .into_iter()
        .map(|before| due - before)
        .find(|at| *at > now)
}

/// A text as a reader sees it: networks trim, normalise and change line ends.
pub fn plain(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").nfc().collect()
}

/// The first byte of a fingerprint: text without media, as it is sent.
const TEXT_ALONE: u8 = 1;
/// The first byte of any other.
const WORDS: u8 = 0;

/// The same for what a reader takes for the same: title, text and link without its tracking, normalised, at
/// the same place (kind and board). None when there are no words, since pictures alone tell nothing.
pub fn fingerprint(content: &Content, board: Option<&str>) -> Option<Vec<u8>> {
    let (title, text) = (
        plain(content.title.as_deref().unwrap_or_default()),
        plain(&content.text),
    );
    if title.is_empty() && text.is_empty() {
        return None;
    }
    let link = content.link.as_deref().unwrap_or_default().trim();
    let (kind, board) = (content.kind.as_str(), board.unwrap_or_default());
    Some(hashed(WORDS, &[&title, &text, link, kind, board]))
}

/// The same for what a network takes for the same that compares texts as they are sent; only spaces around
/// it and the way line ends are written make no difference. None when there is no text.
pub fn exact_fingerprint(text: &str, has_media: bool) -> Option<Vec<u8>> {
    let text: String = text.trim().replace("\r\n", "\n").nfc().collect();
    let first = if has_media { WORDS } else { TEXT_ALONE };
    (!text.is_empty()).then(|| hashed(first, &[&text]))
}

/// Whether a fingerprint is one of text without media: whether other media make another post of the same
/// text, no network tells.
pub fn is_text_alone(fingerprint: &[u8]) -> bool {
    fingerprint.first() == Some(&TEXT_ALONE)
}

fn hashed(first: u8, parts: &[&str]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let mut fingerprint = vec![first];
    fingerprint.extend_from_slice(&hash.finalize());
    fingerprint
}

/// What is missing of the permissions that publishing needs. Where a network does not tell what was
/// granted, nothing is.
pub fn missing_scopes<'a>(needed: &[&'a str], granted: &[String]) -> Vec<&'a str> {
    if granted.is_empty() {
        return Vec::new();
    }
    let missing = |scope: &&&str| !granted.iter().any(|have| have == **scope);
    needed.iter().filter(missing).copied().collect()
}

/// Why a network could not fetch files from this address, if it surely could not. A name is not
/// looked up.
pub fn unreachable(public_url: &str) -> Option<&'static str> {
    let Ok(url) = Url::parse(public_url) else {
        return Some("it is no web address");
    };
    if url.scheme() != "https" {
        return Some("it does not begin with https://");
    }
    let private = match url.host() {
        Some(Host::Ipv4(address)) => !is_public(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => !is_public(IpAddr::V6(address)),
        // Names that never leave a network (RFC 6761, RFC 6762, ICANN's .internal).
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            !name.contains('.')
                || [".localhost", ".local", ".internal"]
                    .iter()
                    .any(|end| name.ends_with(end))
        }
        None => true,
    };
    private.then_some("it is not on the public internet")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::ContentKind;

    fn content(text: &str, link: Option<&str>) -> Content {
        Content {
            text: text.to_owned(),
            link: link.map(str::to_owned),
            ..Content::default()
        }
    }

    fn fingerprint(content: &Content) -> Option<Vec<u8>> {
        super::fingerprint(content, None)
    }

    #[test]
    fn the_same_words_have_the_same_fingerprint() {
        let base = fingerprint(&content("Fresh café bread\n\nnow", None));
        assert!(base.is_some());
        // Other spaces and line ends, and é in two characters.
        let other = content("  Fresh cafe\u{301} bread\r\n now ", None);
        assert_eq!(fingerprint(&other), base);
        for other in [
            content("Fresh café bread now!", None),
            content("Fresh café bread now", Some("https://a.example")),
        ] {
            assert_ne!(fingerprint(&other), base);
        }
        assert_eq!(
            fingerprint(&content(" \n", Some("https://a.example"))),
            None
        );
    }

    #[test]
    fn a_title_is_no_text() {
        let titled = |title: &str, text: &str| {
            fingerprint(&Content {
                title: Some(title.into()),
                ..content(text, None)
            })
        };
        assert_ne!(titled("a", "b"), titled("ab", ""));
        assert_ne!(titled("a", ""), titled("", "a"));
    }

    #[test]
    fn the_same_words_at_another_place_are_no_repetition() {
        let words = content("Fresh bread", None);
        let story = Content {
            kind: ContentKind::Story,
            ..words.clone()
        };
        assert_ne!(fingerprint(&words), fingerprint(&story));
        let on = |board| super::fingerprint(&words, Some(board));
        assert_ne!(on("bread"), on("rolls"));
        assert_eq!(on("bread"), on("bread"));
    }

    #[test]
    fn a_network_compares_the_text_as_it_is_sent() {
        let text = |text: &str| exact_fingerprint(text, false);
        assert_eq!(text(" Fresh\r\nbread\n"), text("Fresh\nbread"));
        assert_ne!(text("Fresh\nbread"), text("Fresh bread"));
        assert_eq!(text(" \n"), None);
        let with_media = exact_fingerprint("Fresh bread", true);
        assert_ne!(with_media, text("Fresh bread"));
        assert!(is_text_alone(&text("Fresh bread").unwrap()));
        assert!(!is_text_alone(&with_media.unwrap()));
        assert!(!is_text_alone(
            &fingerprint(&content("Fresh", None)).unwrap()
        ));
    }

    #[test]
    fn scopes_are_missed_only_where_the_network_told_them() {
        let granted = ["read".to_owned()];
        assert_eq!(missing_scopes(&["read", "write"], &granted), ["write"]);
        assert!(missing_scopes(&["read"], &granted).is_empty());
        assert!(missing_scopes(&["write"], &[]).is_empty());
    }

    #[test]
    fn only_public_addresses_can_be_fetched_from() {
        for good in ["https://posts.example.org", "https://93.184.216.34/x"] {
            assert_eq!(unreachable(good), None, "{good}");
        }
        for bad in [
            "http://posts.example.org",
            "https://127.0.0.1",
            "https://10.0.0.8:4000",
            "https://[::1]",
            "https://localhost",
            "https://posts.local",
            "https://posthaste",
            "nonsense",
        ] {
            assert!(unreachable(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_target_is_looked_at_a_day_and_an_hour_ahead() {
        let at = |hours: i64| DateTime::UNIX_EPOCH + TimeDelta::hours(hours);
        assert_eq!(next_look(at(48), at(0)), Some(at(24)));
        assert_eq!(next_look(at(48), at(24)), Some(at(47)));
        assert_eq!(next_look(at(48), at(47)), None);
        assert_eq!(next_look(at(2), at(0)), Some(at(1)));
    }
}
