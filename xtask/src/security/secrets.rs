//! Secrets in what is checked in. A scanner of our own, because it must run with every test: others are built from
//! source for minutes to try a few dozen expressions.

use std::{fs, sync::LazyLock};

use anyhow::bail;
use regex::{Regex, RegexSet};

use super::Outcome;
use crate::run::{output, root};

/// How secrets begin whose makers mark them, and ours.
const MARKED: [&str; 13] = [
    r"\bAKIA[0-9A-Z]{16}\b",
    r"\bgh[pousr]_[A-Za-z0-9]{36}",
    r"\bgithub_pat_[A-Za-z0-9_]{40}",
    r"\bglpat-[A-Za-z0-9_-]{20}",
    r"\bxox[abprs]-[A-Za-z0-9-]{20}",
    r"\bAIza[0-9A-Za-z_-]{35}",
    r"\bnpm_[A-Za-z0-9]{36}",
    r"\bpypi-AgEI[A-Za-z0-9_-]{20}",
    r"\bsk_live_[A-Za-z0-9]{20}",
    r"\bEAA[A-Za-z0-9]{60}",
    r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.",
    r"\bph(k_live|k_test|s)_[A-Za-z0-9_-]{43}",
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
];

/// A value with a telling name; whether it is one by chance is told by its letters.
const NAMED: &str = r#"(?i)(?:secret|token|passw(?:or)?d|api_?key|credential|private_?key)[a-z_"']*\s*(?::|=>?)\s*["']([A-Za-z0-9+/=_.-]{20,})["']"#;

/// As many bits for each letter have values that a machine threw; words and names have fewer.
const ENTROPY: f64 = 4.2;

/// Values that only look like secrets: one on each line, with the reason behind a blank.
const KNOWN: &str = include_str!("known.txt");

static SHAPES: LazyLock<Option<(RegexSet, Regex)>> =
    LazyLock::new(|| Some((RegexSet::new(MARKED).ok()?, Regex::new(NAMED).ok()?)));

/// Looks through every file that git knows.
pub fn check() -> anyhow::Result<Outcome> {
    let mut git = std::process::Command::new("git");
    let list = output(git.args(["ls-files", "-z"]).current_dir(root()))?;
    let mut found = Vec::new();
    let mut files = 0;
    for path in list.split('\0').filter(|path| !path.is_empty()) {
        let Ok(text) = fs::read_to_string(root().join(path)) else {
            continue;
        };
        files += 1;
        let lines = (1..).zip(text.lines());
        let suspicious = lines.filter(|(_, line)| is_suspicious(line));
        found.extend(suspicious.map(|(number, _)| format!("{path}:{number}")));
    }
    if found.is_empty() {
        return Ok(Outcome::Passed(format!(
            "{files} files of the checkout hold none"
        )));
    }
    bail!(
        "these look like secrets: {}. Take them out and make new ones; what is none goes into \
         xtask/src/security/known.txt with a reason",
        found.join(", ")
    )
}

/// Whether a line holds a secret that is not known to be none.
fn is_suspicious(line: &str) -> bool {
    let Some((marked, named)) = &*SHAPES else {
        return true;
    };
    let known = KNOWN.lines().filter_map(|line| line.split(' ').next());
    let is_known = known
        .filter(|value| !value.is_empty())
        .any(|value| line.contains(value));
    let is_thrown = || {
        named
            .captures_iter(line)
            .any(|found| entropy(&found[1]) > ENTROPY)
    };
    !is_known && (marked.is_match(line) || is_thrown())
}

/// Bits for each letter (Shannon).
fn entropy(text: &str) -> f64 {
    let length = text.len() as f64;
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let shares = counts.iter().filter(|count| **count > 0);
    shares
        .map(|count| f64::from(*count) / length)
        .map(|share| -share * share.log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planted_secrets_are_found_and_names_are_not() {
        let halves = [
            ("AKIA", "IOSFODNN7EXAMPLE"),
            ("ghp_", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"),
            ("-----BEGIN RSA ", "PRIVATE KEY-----"),
            ("client_secret = \"", "q8Zr1Xv0Lw7Tn3Bk5Jd9Hs2Gf6Yp4Cm\""),
            ("\"access_token\": \"", "f3aB9xQ2mK7vT1zR8nW5cL0pY6hJ4dSe\""),
            ("phk_live_", "4A-mbmoYgoMyDxg3yt9taj1N-pY6yC4q2HnMtp6SEhc"),
        ];
        for (one, other) in halves {
            assert!(is_suspicious(&format!("{one}{other}")), "{one}");
        }
        for line in [
            "let secret = \"sandbox-facebook-secret\";",
            "password: \"correct horse battery staple\"",
            "token = \"planted-access-token-number-3\"",
            "const TOKEN: &str = \"POSTHASTE_METRICS_TOKEN\";",
        ] {
            assert!(!is_suspicious(line), "{line}");
        }
    }

    #[test]
    fn each_known_value_has_a_reason() {
        for line in KNOWN.lines() {
            assert!(
                line.split_once(' ')
                    .is_some_and(|(value, why)| value.len() > 8 && why.len() > 8)
            );
        }
    }
}
