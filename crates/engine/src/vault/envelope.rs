//! The bytes of sealed values and wrapped keys.

use aes_gcm::{
    Aes256Gcm, Key, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use posthaste_core::{Error, Result, ports::Random};

const NONCE: usize = 12;

/// First byte of what lies under a data key; the version of the key follows. `store::sealed` knows it too.
pub(crate) const ENVELOPE: u8 = 2;

/// AES-256-GCM under a key.
pub(crate) fn aes(key: &[u8; 32]) -> Aes256Gcm {
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))
}

/// How everything under a data key's version begins.
pub(crate) fn head(version: i32) -> [u8; 5] {
    let [a, b, c, d] = version.to_be_bytes();
    [ENVELOPE, a, b, c, d]
}

/// The version of the data key, and what comes behind it; none for other bytes.
pub(crate) fn read_head(sealed: &[u8]) -> Option<(i32, &[u8])> {
    let (kind, rest) = sealed.split_first()?;
    let (version, rest) = rest.split_first_chunk::<4>()?;
    (*kind == ENVELOPE).then(|| (i32::from_be_bytes(*version), rest))
}

/// Nonce, ciphertext and tag. Nonces are random: at 2^32 values under one key, two alike would still be a
/// matter of one in 2^32 (NIST SP 800-38D, section 8.3).
pub(crate) fn encrypt(
    aes: &Aes256Gcm,
    random: &dyn Random,
    plain: &[u8],
    context: &str,
) -> Result<Vec<u8>> {
    let mut nonce = [0; NONCE];
    random.fill(&mut nonce);
    let payload = Payload {
        msg: plain,
        aad: context.as_bytes(),
    };
    let sealed = aes
        .encrypt(&Nonce::from(nonce), payload)
        .map_err(|_| Error::internal("encryption failed"))?;
    Ok([&nonce[..], &sealed].concat())
}

/// What [`encrypt`] was given with the same key and context; none otherwise.
pub(crate) fn decrypt(aes: &Aes256Gcm, bytes: &[u8], context: &str) -> Option<Vec<u8>> {
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
    let payload = Payload {
        msg: sealed,
        aad: context.as_bytes(),
    };
    aes.decrypt(&Nonce::from(*nonce), payload).ok()
}

/// A value that cannot be opened; says nothing about it.
pub(crate) fn unopenable() -> Error {
    Error::internal("a sealed value cannot be opened: other key, other place, or damaged")
}
