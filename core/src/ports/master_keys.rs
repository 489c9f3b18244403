use async_trait::async_trait;

use crate::error::Result;

/// A data key: 256 bits for AES-256-GCM.
pub type DataKey = [u8; 32];

/// A data key as it may lie in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// The id of the master key that wraps it; it tells nothing about the key.
    pub master_key: String,
    /// What only that master key can unwrap.
    pub bytes: Vec<u8>,
}

/// The master keys: they wrap data keys and nothing else. They may lie in a file, in the environment, or in
/// a service that never gives them out. A call fails when the key is not there or cannot be reached; then
/// nothing is sealed or opened.
#[async_trait]
pub trait MasterKeys: Send + Sync {
    /// The id of the key that wraps now.
    async fn current(&self) -> Result<String>;

    /// Wraps a data key under the present master key; `context` must be given again to unwrap it.
    async fn wrap(&self, key: &DataKey, context: &str) -> Result<Wrapped>;

    /// Unwraps a data key that any of the master keys wrapped with the same `context`.
    async fn unwrap(&self, wrapped: &Wrapped, context: &str) -> Result<DataKey>;
}
