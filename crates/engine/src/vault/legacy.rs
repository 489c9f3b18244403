use aes_gcm::Aes256Gcm;
use posthaste_core::{Result, secret::Secret};
use sha2::{Digest, Sha256};

use super::envelope::{aes, decrypt, unopenable};

/// First byte of what was sealed before there were data keys.
const KIND: u8 = 1;

/// Opens what was sealed before there were data keys: under a key derived from the server's secret, with
/// the row alone as context.
pub(super) struct Legacy(Aes256Gcm);

impl Legacy {
    pub(super) fn new(secret: &Secret) -> Self {
        let key = Sha256::new()
            .chain_update(b"posthaste tokens\0")
            .chain_update(secret.expose())
            .finalize();
        Self(aes(&key.into()))
    }

    pub(super) fn open(&self, sealed: &[u8], row: &str) -> Result<Vec<u8>> {
        match sealed.split_first() {
            Some((&KIND, rest)) => decrypt(&self.0, rest, row).ok_or_else(unopenable),
            _ => Err(unopenable()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by the cipher of version 0.1 from "token" for the row conn_1.
    const SEALED: [u8; 34] = [
        1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 171, 192, 2, 199, 218, 198, 108, 11, 119, 23, 52,
        86, 70, 61, 197, 115, 71, 5, 2, 186, 151,
    ];

    #[test]
    fn what_was_sealed_before_data_keys_stays_readable() {
        let legacy = Legacy::new(&Secret::new("a secret of at least thirty-two characters"));
        assert_eq!(legacy.open(&SEALED, "conn_1").unwrap(), b"token");
        assert!(legacy.open(&SEALED, "conn_2").is_err());
        assert!(legacy.open(&SEALED[..20], "conn_1").is_err());
        let other = Legacy::new(&Secret::new("another secret"));
        assert!(other.open(&SEALED, "conn_1").is_err());
    }
}
