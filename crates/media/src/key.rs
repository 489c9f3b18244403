use posthaste_core::error::{Error, Result};

const MAX_KEY_BYTES: usize = 512;

/// Checks a blob's key: segments of ASCII letters, digits, `.`, `_` and `-`, joined by `/`.
///
/// Keys are made by us, so a bad one is a fault of the server, not of a person.
pub(crate) fn check_blob(key: &str) -> Result<()> {
    if key.len() <= MAX_KEY_BYTES && key.split('/').all(is_segment) {
        return Ok(());
    }
    Err(Error::internal(format!("not a blob key: {key:?}")))
}

/// Checks an upload's key, which is a single segment.
pub(crate) fn check_upload(key: &str) -> Result<()> {
    if key.len() <= 128 && is_segment(key) {
        return Ok(());
    }
    Err(Error::internal(format!("not an upload key: {key:?}")))
}

fn is_segment(segment: &str) -> bool {
    // A leading dot would make hidden files, "." and "..".
    !segment.is_empty()
        && !segment.starts_with('.')
        && segment
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_inside_the_store() {
        for good in ["a", "media/med_01/original.jpg", "a-b_c.d"] {
            assert!(check_blob(good).is_ok(), "{good}");
        }
        let bad = [
            "",
            "/",
            "/etc/passwd",
            "a/",
            "a//b",
            "..",
            "a/../b",
            "./a",
            "a/.hidden",
            "a\\b",
            "a b",
            "ä",
            "a\0b",
            "a#1",
            "a%2e",
        ];
        for key in bad {
            assert!(check_blob(key).is_err(), "{key}");
            assert!(check_upload(key).is_err(), "{key}");
        }
        assert!(check_upload("a/b").is_err());
        assert!(check_blob(&"x".repeat(513)).is_err());
    }
}
