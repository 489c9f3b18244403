use std::{
    collections::HashMap,
    ops::Range,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};

use crate::error::{Error, Result};

/// A stream of bytes that is never held in memory as a whole.
pub type ByteStream = BoxStream<'static, Result<Bytes>>;

/// Where media bytes live. Keys are paths made by us, never a person's file name.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Writes a blob from a stream and returns its size in bytes; on error nothing is left.
    async fn put(&self, key: &str, bytes: ByteStream) -> Result<u64>;

    /// Reads a range of a blob as a stream.
    async fn read(&self, key: &str, range: Range<u64>) -> Result<ByteStream>;

    /// The size of a blob in bytes, or `None` when it does not exist.
    async fn size(&self, key: &str) -> Result<Option<u64>>;

    /// Removes a blob; removing what does not exist is not an error.
    async fn delete(&self, key: &str) -> Result<()>;
}

/// Blobs in memory, for tests.
#[derive(Debug, Default)]
pub struct MemoryBlobs(Mutex<HashMap<String, Bytes>>);

#[async_trait]
impl Blobs for MemoryBlobs {
    async fn put(&self, key: &str, bytes: ByteStream) -> Result<u64> {
        let whole = bytes.try_fold(Vec::new(), |mut all, part| async move {
            all.extend_from_slice(&part);
            Ok(all)
        });
        let whole = Bytes::from(whole.await?);
        let size = whole.len() as u64;
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.to_owned(), whole);
        Ok(size)
    }

    async fn read(&self, key: &str, range: Range<u64>) -> Result<ByteStream> {
        let blobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let blob = blobs
            .get(key)
            .ok_or_else(|| Error::internal(format!("no blob {key}")))?;
        let end = (range.end as usize).min(blob.len());
        let part = blob.slice((range.start as usize).min(end)..end);
        Ok(futures::stream::once(async move { Ok(part) }).boxed())
    }

    async fn size(&self, key: &str) -> Result<Option<u64>> {
        let blobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(blobs.get(key).map(|blob| blob.len() as u64))
    }

    async fn delete(&self, key: &str) -> Result<()> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
        Ok(())
    }
}
