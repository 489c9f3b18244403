//! Generated files for tests.

pub(crate) mod film;
pub(crate) mod picture;

use bytes::Bytes;
use futures::{StreamExt, stream};
use posthaste_core::{
    error::Result,
    media::MediaFacts,
    ports::{Blobs, MemoryBlobs},
};

/// Stores the bytes in memory and probes them.
pub(crate) async fn probe(bytes: &[u8]) -> Result<MediaFacts> {
    let blobs = stored("file", bytes).await;
    crate::probe(&blobs, "file", bytes.len() as u64).await
}

/// A store in memory with one blob.
pub(crate) async fn stored(key: &str, bytes: &[u8]) -> MemoryBlobs {
    let blobs = MemoryBlobs::default();
    let bytes = Bytes::copy_from_slice(bytes);
    blobs
        .put(key, stream::iter([Ok(bytes)]).boxed())
        .await
        .unwrap();
    blobs
}
