use std::{
    ops::Range,
    path::{Path as FilePath, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{
    GetOptions, ObjectStore, ObjectStoreExt, buffered::BufWriter, local::LocalFileSystem,
    path::Path,
};
use posthaste_core::{
    error::{Error, ErrorCode, Result},
    ports::{Blobs, ByteStream},
};
use tokio::io::AsyncWriteExt;

use crate::key;

/// Bytes held back before a part is sent; object stores want at least 5 MiB.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// Parts on their way at the same time.
const PARTS_IN_FLIGHT: usize = 2;

/// Blobs in an object store: a directory, S3 or any other `object_store` offers.
#[derive(Clone, Debug)]
pub struct BlobStore {
    store: Arc<dyn ObjectStore>,
    root: Option<PathBuf>,
}

impl BlobStore {
    /// Blobs as files below `dir`, which is made when absent. Writes are synced to the disk.
    pub fn local(dir: impl AsRef<FilePath>) -> Result<Self> {
        let dir = dir.as_ref();
        std::fs::create_dir_all(dir).map_err(unavailable)?;
        let root = dir.canonicalize().map_err(unavailable)?;
        let files = LocalFileSystem::new_with_prefix(&root).map_err(unavailable)?;
        Ok(Self {
            store: Arc::new(files.with_fsync(true)),
            root: Some(root),
        })
    }

    /// Blobs in any object store.
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, root: None }
    }

    /// The directory of a local store.
    pub(crate) fn root(&self) -> Option<&FilePath> {
        self.root.as_deref()
    }
}

#[async_trait]
impl Blobs for BlobStore {
    async fn put(&self, key: &str, bytes: ByteStream) -> Result<u64> {
        let path = checked(key)?;
        let mut writer = BufWriter::with_capacity(Arc::clone(&self.store), path, PART_BYTES)
            .with_max_concurrency(PARTS_IN_FLIGHT);
        match copy(bytes, &mut writer).await {
            Ok(size) => {
                writer.shutdown().await.map_err(unavailable)?;
                Ok(size)
            }
            Err(error) => {
                // The first error tells more than a failure to clean up after it.
                let _ = writer.abort().await;
                Err(error)
            }
        }
    }

    async fn read(&self, key: &str, range: Range<u64>) -> Result<ByteStream> {
        let path = checked(key)?;
        let size = self.size(key).await?;
        let size = size.ok_or_else(|| Error::internal(format!("no blob {key}")))?;
        let range = range.start..range.end.min(size);
        if range.is_empty() {
            return Ok(stream::empty().boxed());
        }
        let options = GetOptions::default().with_range(Some(range));
        let found = self.store.get_opts(&path, options).await;
        Ok(found
            .map_err(unavailable)?
            .into_stream()
            .map_err(unavailable)
            .boxed())
    }

    async fn size(&self, key: &str) -> Result<Option<u64>> {
        match self.store.head(&checked(key)?).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn delete(&self, key: &str) -> Result<()> {
        match self.store.delete(&checked(key)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }
}

async fn copy(mut bytes: ByteStream, writer: &mut BufWriter) -> Result<u64> {
    let mut size = 0;
    while let Some(part) = bytes.try_next().await? {
        size += part.len() as u64;
        writer.put(part).await.map_err(unavailable)?;
    }
    Ok(size)
}

fn checked(key: &str) -> Result<Path> {
    key::check_blob(key)?;
    Path::parse(key).map_err(Error::internal)
}

/// The storage failed; the cause goes to the log.
pub(crate) fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(
        ErrorCode::Unavailable,
        "The media storage cannot be reached or is full. Try again in a moment.",
    )
    .caused_by(cause)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use object_store::memory::InMemory;
    use posthaste_core::ports::MemoryBlobs;

    use super::*;

    fn parts(count: usize, bytes: usize) -> ByteStream {
        let part = move |index: usize| Ok(Bytes::from(vec![index as u8; bytes]));
        stream::iter((0..count).map(part)).boxed()
    }

    fn cut_after(count: usize, bytes: usize) -> ByteStream {
        let cut = stream::iter([Err(Error::new(ErrorCode::BadRequest, "cut"))]);
        parts(count, bytes).chain(cut).boxed()
    }

    async fn read(blobs: &dyn Blobs, key: &str, range: Range<u64>) -> Vec<u8> {
        let parts: Vec<Bytes> = blobs
            .read(key, range)
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap();
        parts.concat()
    }

    fn files(dir: &FilePath) -> usize {
        let entries = std::fs::read_dir(dir).unwrap().map(Result::unwrap);
        entries
            .map(|entry| match entry.path() {
                path if path.is_dir() => files(&path),
                _ => 1,
            })
            .sum()
    }

    /// What every implementation of the port does.
    async fn contract(blobs: &dyn Blobs) {
        let key = "media/one/original.bin";
        assert_eq!(blobs.size(key).await.unwrap(), None);
        assert_eq!(blobs.put(key, parts(3, 10)).await.unwrap(), 30);
        assert_eq!(blobs.size(key).await.unwrap(), Some(30));
        assert_eq!(read(blobs, key, 8..12).await, [0, 0, 1, 1]);
        assert_eq!(read(blobs, key, 28..99).await, [2, 2]);
        assert!(read(blobs, key, 30..40).await.is_empty());
        assert!(read(blobs, key, 90..99).await.is_empty());
        assert!(read(blobs, key, 5..5).await.is_empty());
        assert_eq!(blobs.put(key, parts(1, 4)).await.unwrap(), 4);
        assert_eq!(read(blobs, key, 0..99).await, [0; 4]);
        assert_eq!(blobs.put("empty", parts(0, 0)).await.unwrap(), 0);
        assert_eq!(blobs.size("empty").await.unwrap(), Some(0));
        blobs.delete(key).await.unwrap();
        blobs.delete(key).await.unwrap();
        assert_eq!(blobs.size(key).await.unwrap(), None);
        assert!(blobs.read(key, 0..1).await.is_err());
    }

    #[tokio::test]
    async fn all_stores_behave_alike() {
        let dir = tempfile::tempdir().unwrap();
        contract(&MemoryBlobs::default()).await;
        contract(&BlobStore::local(dir.path().join("made")).unwrap()).await;
        contract(&BlobStore::new(Arc::new(InMemory::new()))).await;
    }

    #[tokio::test]
    async fn many_parts_come_back_whole() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = BlobStore::local(dir.path()).unwrap();
        let megabyte = 1 << 20;
        assert_eq!(
            blobs.put("big", parts(20, megabyte)).await.unwrap(),
            20 << 20
        );
        let edge = read(&blobs, "big", (15 << 20) - 1..(15 << 20) + 1).await;
        assert_eq!(edge, [14, 15]);
        assert_eq!(read(&blobs, "big", (20 << 20) - 1..20 << 20).await, [19]);
    }

    #[tokio::test]
    async fn a_broken_stream_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = BlobStore::local(dir.path()).unwrap();
        for (count, bytes) in [(0, 0), (2, 100), (20, 1 << 20)] {
            let error = blobs.put("a/b", cut_after(count, bytes)).await.unwrap_err();
            assert_eq!(error.message, "cut");
            assert_eq!(blobs.size("a/b").await.unwrap(), None);
            assert_eq!(files(dir.path()), 0);
        }
        blobs.put("a/b", parts(1, 5)).await.unwrap();
        blobs.put("a/b", cut_after(20, 1 << 20)).await.unwrap_err();
        assert_eq!(read(&blobs, "a/b", 0..9).await, [0; 5]);
        assert_eq!(files(dir.path()), 1);
    }

    #[tokio::test]
    async fn keys_cannot_leave_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = BlobStore::local(dir.path().join("blobs")).unwrap();
        for key in ["../out", "/out", "a/../../out"] {
            let error = blobs.put(key, parts(1, 1)).await.unwrap_err();
            assert_eq!(error.code, ErrorCode::Internal);
            assert!(blobs.read(key, 0..1).await.is_err());
            assert!(blobs.size(key).await.is_err());
            assert!(blobs.delete(key).await.is_err());
        }
        assert_eq!(files(dir.path()), 0);
    }
}
