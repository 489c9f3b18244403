use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{ErrorKind, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};
use posthaste_core::{
    error::{Error, ErrorCode, Result},
    ports::{Blobs, ByteStream},
};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio_util::io::ReaderStream;

use crate::{
    key,
    store::{BlobStore, unavailable},
};

const READ_BYTES: usize = 1024 * 1024;
const ENDING: &str = "part";

/// Resumable uploads on their way in (the model of tus 1.0.0: a PATCH appends at an offset).
///
/// Always on a local disk, also when the blobs are in an object store: those cannot append. With
/// several nodes, uploads must reach the same node or a shared directory. A lock on the file lets
/// one request write at a time, across processes too. Dropping an `append` keeps what arrived.
#[derive(Clone, Debug)]
pub struct Staging {
    dir: PathBuf,
    blob_root: Option<PathBuf>,
}

/// A complete upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
}

impl Staging {
    /// Uploads as files in `dir`, which is made when absent.
    pub fn local(dir: impl Into<PathBuf>) -> Result<Self> {
        let dir = dir.into();
        std::fs::create_dir_all(&dir).map_err(unavailable)?;
        Ok(Self {
            dir,
            blob_root: None,
        })
    }

    /// Moves finished uploads into this store by renaming instead of copying, when it is a local
    /// one. [`Self::into_blob`] must then be called with the same store.
    pub fn moving_into(mut self, blobs: &BlobStore) -> Self {
        self.blob_root = blobs.root().map(Path::to_owned);
        self
    }

    /// Appends a stream at `offset` and returns the new offset, both in bytes.
    ///
    /// Errors: `UploadOffsetMismatch` when the upload stands elsewhere or another request is
    /// writing to it; `MediaTooLarge` when more than `max_total` bytes would be there; the
    /// stream's own. What arrived before an error is kept.
    pub async fn append(
        &self,
        upload_key: &str,
        offset: u64,
        mut bytes: ByteStream,
        max_total: u64,
    ) -> Result<u64> {
        let path = self.path(upload_key)?;
        let file = blocking(move || open_at(&path, offset)).await?;
        let mut file = tokio::fs::File::from_std(file);
        let mut end = offset;
        let result = loop {
            match bytes.try_next().await {
                Ok(Some(part)) if end + part.len() as u64 > max_total => {
                    break Err(too_large(max_total));
                }
                Ok(Some(part)) => {
                    if let Err(error) = file.write_all(&part).await {
                        break Err(unavailable(error));
                    }
                    end += part.len() as u64;
                }
                Ok(None) => break Ok(end),
                Err(error) => break Err(error),
            }
        };
        // Also after an error: the offset told to the client must be safely on disk.
        file.flush().await.map_err(unavailable)?;
        file.sync_data().await.map_err(unavailable)?;
        result
    }

    /// How many bytes have arrived; 0 for an upload that has not begun.
    pub async fn offset(&self, upload_key: &str) -> Result<u64> {
        match tokio::fs::metadata(self.path(upload_key)?).await {
            Ok(meta) => Ok(meta.len()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Size and checksum of what has arrived; `InvalidState` when that is nothing.
    pub async fn finish(&self, upload_key: &str) -> Result<Finished> {
        let path = self.path(upload_key)?;
        blocking(move || match File::open(&path) {
            Ok(file) => hash(file).map_err(unavailable),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(nothing_arrived()),
            Err(error) => Err(unavailable(error)),
        })
        .await
    }

    /// Turns the upload into a blob and returns its size in bytes.
    ///
    /// Repeating it after it succeeded is harmless: the blob is found.
    pub async fn into_blob(
        &self,
        upload_key: &str,
        blobs: &dyn Blobs,
        blob_key: &str,
    ) -> Result<u64> {
        let path = self.path(upload_key)?;
        key::check_blob(blob_key)?;
        if let Some(root) = &self.blob_root {
            let (from, to) = (path.clone(), root.join(blob_key));
            if let Some(size) = blocking(move || rename(&from, &to)).await? {
                return Ok(size);
            }
        }
        let file = match tokio::fs::File::open(&path).await {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return blobs.size(blob_key).await?.ok_or_else(nothing_arrived);
            }
            Err(error) => return Err(unavailable(error)),
        };
        let bytes = ReaderStream::with_capacity(file, READ_BYTES).map_err(unavailable);
        let size = blobs.put(blob_key, bytes.boxed()).await?;
        self.abort(upload_key).await?;
        Ok(size)
    }

    /// Throws the upload away; without one nothing happens.
    pub async fn abort(&self, upload_key: &str) -> Result<()> {
        match tokio::fs::remove_file(self.path(upload_key)?).await {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(unavailable(error)),
            _ => Ok(()),
        }
    }

    /// Throws away uploads that got their last byte before `older_than` (by the disk's clock) and
    /// that nobody is writing to. Returns how many.
    pub async fn sweep(&self, older_than: DateTime<Utc>) -> Result<usize> {
        let dir = self.dir.clone();
        blocking(move || sweep(&dir, older_than).map_err(unavailable)).await
    }

    fn path(&self, upload_key: &str) -> Result<PathBuf> {
        key::check_upload(upload_key)?;
        Ok(self.dir.join(format!("{upload_key}.{ENDING}")))
    }
}

/// Opens and locks the file and puts the cursor at its end, which must be `offset`.
fn open_at(path: &Path, offset: u64) -> Result<File> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(offset == 0)
        .truncate(false)
        .open(path)
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => mismatch(0, offset),
            _ => unavailable(error),
        })?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(busy()),
        Err(TryLockError::Error(error)) => return Err(unavailable(error)),
    }
    let present = file.seek(SeekFrom::End(0)).map_err(unavailable)?;
    if present != offset {
        return Err(mismatch(present, offset));
    }
    Ok(file)
}

fn hash(mut file: File) -> std::io::Result<Finished> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; READ_BYTES];
    let mut bytes = 0;
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
        bytes += count as u64;
    }
    Ok(Finished {
        bytes,
        sha256: hasher.finalize().into(),
    })
}

/// Moves a file and returns its size; `None` when it is not there or on another file system.
fn rename(from: &Path, to: &Path) -> Result<Option<u64>> {
    let folder = to.parent().unwrap_or(to);
    std::fs::create_dir_all(folder).map_err(unavailable)?;
    match std::fs::rename(from, to) {
        Ok(()) => {}
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::CrossesDevices
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(unavailable(error)),
    }
    // The new name must survive a power cut too.
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(unavailable)?;
    let meta = std::fs::metadata(to).map_err(unavailable)?;
    Ok(Some(meta.len()))
}

fn sweep(dir: &Path, older_than: DateTime<Utc>) -> std::io::Result<usize> {
    let mut swept = 0;
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == ENDING) && is_idle(&path, older_than)? {
            std::fs::remove_file(&path)?;
            swept += 1;
        }
    }
    Ok(swept)
}

fn is_idle(path: &Path, older_than: DateTime<Utc>) -> std::io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        // Finished or swept by another node in the meantime.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let changed = DateTime::<Utc>::from(file.metadata()?.modified()?);
    Ok(changed < older_than && file.try_lock().is_ok())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?
}

fn mismatch(present: u64, given: u64) -> Error {
    Error::new(
        ErrorCode::UploadOffsetMismatch,
        format!(
            "The part starts at byte {given}, but the upload stands at byte {present}. Go on from byte {present}."
        ),
    )
}

fn busy() -> Error {
    Error::new(
        ErrorCode::UploadOffsetMismatch,
        "Another request is still writing to this upload. Wait a moment, ask for the offset with HEAD and go on from there.",
    )
    .retry_after(1)
}

fn too_large(max_total: u64) -> Error {
    Error::new(
        ErrorCode::MediaTooLarge,
        format!(
            "The upload is larger than the {max_total} bytes it may have. Make the file smaller or start an upload of the right length."
        ),
    )
}

fn nothing_arrived() -> Error {
    Error::new(
        ErrorCode::InvalidState,
        "No byte of this upload has arrived. Send the file first.",
    )
}

#[cfg(test)]
mod tests;
