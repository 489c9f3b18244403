//! `api/operations/manifest.json`: every public operation by the SHA-256 of its document, so that a
//! client can send the hash alone and a server can accept nothing else.

use std::fmt::Write;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Files, operations};

const FILE: &str = "api/operations/manifest.json";

/// Documents by their hash in lower-case hexadecimal digits.
pub fn make() -> anyhow::Result<Files> {
    let all: Map<String, Value> = operations::all()?
        .into_iter()
        .map(|operation| (sha256(&operation.document), operation.document.into()))
        .collect();
    let text = serde_json::to_string_pretty(&all)? + "\n";
    Ok(Files::from([(FILE.to_owned(), text)]))
}

fn sha256(text: &str) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(text) {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_fips_180() {
        assert_eq!(
            sha256("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
