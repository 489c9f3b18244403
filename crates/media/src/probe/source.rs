use bytes::Bytes;
use futures::TryStreamExt;
use posthaste_core::{
    error::{Error, Result},
    ports::Blobs,
};

/// Bytes fetched at once when little is asked for: the next headers are often near.
const WINDOW: u64 = 64 * 1024;

/// A blob read at random places through a small window.
pub(super) struct Source<'a> {
    blobs: &'a dyn Blobs,
    key: &'a str,
    size: u64,
    what: &'static str,
    window_at: u64,
    window: Bytes,
}

impl<'a> Source<'a> {
    pub(super) fn new(blobs: &'a dyn Blobs, key: &'a str, size: u64) -> Self {
        Self {
            blobs,
            key,
            size,
            what: "media",
            window_at: 0,
            window: Bytes::new(),
        }
    }

    /// What the file is being read as, for errors.
    pub(super) fn expect(&mut self, what: &'static str) {
        self.what = what;
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Exactly `length` bytes at `offset`, or an error that the file is cut off.
    pub(super) async fn read(&mut self, offset: u64, length: u64) -> Result<Bytes> {
        let end = offset.checked_add(length).filter(|end| *end <= self.size);
        let end = end.ok_or_else(|| self.cut_off())?;
        if offset < self.window_at || end > self.window_at + self.window.len() as u64 {
            self.fetch(offset, length).await?;
        }
        let start = (offset - self.window_at) as usize;
        let part = start..start + length as usize;
        if part.end > self.window.len() {
            return Err(self.cut_off());
        }
        Ok(self.window.slice(part))
    }

    /// `N` bytes at `offset`.
    pub(super) async fn array<const N: usize>(&mut self, offset: u64) -> Result<[u8; N]> {
        let bytes = self.read(offset, N as u64).await?;
        let mut array = [0; N];
        array.copy_from_slice(&bytes);
        Ok(array)
    }

    /// Up to `length` bytes at `offset`, fewer at the end of the file.
    pub(super) async fn read_up_to(&mut self, offset: u64, length: u64) -> Result<Bytes> {
        let length = length.min(self.size.saturating_sub(offset));
        self.read(offset, length).await
    }

    /// Whether `mark` occurs at or after `from`. The end of the file is looked at first.
    pub(super) async fn contains(&mut self, mark: &[u8], from: u64) -> Result<bool> {
        let tail = self.size.saturating_sub(WINDOW).max(from);
        if self.window_contains(mark, tail).await? {
            return Ok(true);
        }
        // Windows overlap, so that a mark on their border is seen.
        let step = WINDOW - mark.len() as u64;
        let mut offset = from;
        while offset < tail {
            if self.window_contains(mark, offset).await? {
                return Ok(true);
            }
            offset += step;
        }
        Ok(false)
    }

    async fn window_contains(&mut self, mark: &[u8], offset: u64) -> Result<bool> {
        let window = self.read_up_to(offset, WINDOW).await?;
        Ok(window.windows(mark.len()).any(|part| part == mark))
    }

    /// The error of a damaged file.
    pub(super) fn damaged(&self, reason: &str) -> Error {
        super::unreadable(self.what, reason)
    }

    /// The error of a file that ends too early.
    pub(super) fn cut_off(&self) -> Error {
        self.damaged("it is cut off, its end is missing")
    }

    async fn fetch(&mut self, offset: u64, length: u64) -> Result<()> {
        let end = (offset + length.max(WINDOW)).min(self.size);
        let parts = self.blobs.read(self.key, offset..end).await?;
        let parts: Vec<Bytes> = parts.try_collect().await?;
        self.window_at = offset;
        self.window = match <[Bytes; 1]>::try_from(parts) {
            Ok([whole]) => whole,
            Err(parts) => Bytes::from(parts.concat()),
        };
        Ok(())
    }
}
