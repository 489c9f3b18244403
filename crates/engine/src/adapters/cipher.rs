use aes_gcm::{
    Aes256Gcm, Key, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use posthaste_core::{
    Error, Result,
    ports::{Cipher, Random},
    secret::Secret,
};
use sha2::{Digest, Sha256};

use super::OsRandom;

/// First byte of what [`AesCipher`] makes, so that another method can follow one day.
const VERSION: u8 = 1;
const NONCE: usize = 12;

/// AES-256-GCM under a key derived from the server's secret; the context is authenticated.
/// Layout: version, 12 bytes of nonce, ciphertext with tag.
pub struct AesCipher(Aes256Gcm);

impl AesCipher {
    /// A cipher under `secret`.
    pub fn new(secret: &Secret) -> Self {
        let key = Sha256::new()
            .chain_update(b"posthaste tokens\0")
            .chain_update(secret.expose())
            .finalize();
        let key: [u8; 32] = key.into();
        Self(Aes256Gcm::new(&Key::<Aes256Gcm>::from(key)))
    }
}

impl Cipher for AesCipher {
    fn seal(&self, plain: &[u8], context: &str) -> Result<Vec<u8>> {
        let mut nonce = [0; NONCE];
        OsRandom.fill(&mut nonce);
        let sealed = self
            .0
            .encrypt(
                &Nonce::from(nonce),
                Payload {
                    msg: plain,
                    aad: context.as_bytes(),
                },
            )
            .map_err(|_| Error::internal("encryption failed"))?;
        Ok([&[VERSION], &nonce[..], &sealed].concat())
    }

    fn open(&self, sealed: &[u8], context: &str) -> Result<Vec<u8>> {
        let wrong = || {
            Error::internal(
                "a sealed value cannot be opened: other secret, other context, or damaged",
            )
        };
        let (version, rest) = sealed.split_first().ok_or_else(wrong)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or_else(wrong)?;
        if *version != VERSION {
            return Err(wrong());
        }
        self.0
            .decrypt(
                &Nonce::from(*nonce),
                Payload {
                    msg: sealed,
                    aad: context.as_bytes(),
                },
            )
            .map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_secret_and_context_open_it() {
        let cipher = AesCipher::new(&Secret::new("one"));
        let sealed = cipher.seal(b"token", "conn_1").unwrap();
        assert_ne!(sealed, cipher.seal(b"token", "conn_1").unwrap());
        assert_eq!(cipher.open(&sealed, "conn_1").unwrap(), b"token");
        assert!(cipher.open(&sealed, "conn_2").is_err());
        assert!(
            AesCipher::new(&Secret::new("two"))
                .open(&sealed, "conn_1")
                .is_err()
        );
        assert!(cipher.open(&sealed[..20], "conn_1").is_err());
    }
}
