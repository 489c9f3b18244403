use crate::error::Result;

/// Encrypts what must not lie readable in the database (network tokens).
pub trait Cipher: Send + Sync {
    /// Encrypts `plain`; `context` (for example the row's id) must be given again to decrypt.
    fn seal(&self, plain: &[u8], context: &str) -> Result<Vec<u8>>;

    /// Decrypts what [`Cipher::seal`] made with the same `context`.
    fn open(&self, sealed: &[u8], context: &str) -> Result<Vec<u8>>;
}

/// A cipher that only checks the context; for tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainCipher;

impl Cipher for PlainCipher {
    fn seal(&self, plain: &[u8], context: &str) -> Result<Vec<u8>> {
        Ok([context.as_bytes(), b"\0", plain].concat())
    }

    fn open(&self, sealed: &[u8], context: &str) -> Result<Vec<u8>> {
        let prefix = [context.as_bytes(), b"\0"].concat();
        sealed
            .strip_prefix(prefix.as_slice())
            .map(<[u8]>::to_vec)
            .ok_or_else(|| crate::Error::internal("sealed under another context"))
    }
}
