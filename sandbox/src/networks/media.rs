//! Media the networks were given: what it is, and a copy while memory allows.

use std::{
    collections::{HashMap, VecDeque},
    fs, io,
    path::Path,
};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::probe::{self, Kind};

/// Copies larger than this are not kept.
const KEEP_EACH: usize = 8 * 1024 * 1024;
/// Together the copies stay below this; the oldest go first.
const KEEP_ALL: usize = 512 * 1024 * 1024;

/// What is known about one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Media {
    /// By its first bytes, not by what the sender says.
    pub content_type: String,
    /// Size.
    pub bytes: u64,
    /// Pixels, when known.
    pub width: Option<u32>,
    /// Pixels, when known.
    pub height: Option<u32>,
    /// SHA-256 in hex.
    pub sha256: String,
    /// Length of a video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Pictures per second of a video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fps: Option<f64>,
    /// The file could be read as what its first bytes promise.
    #[serde(skip)]
    pub readable: bool,
}

impl Media {
    /// Looks at a file.
    pub fn inspect(bytes: &[u8]) -> Self {
        let seen = probe::probe(bytes);
        Self {
            content_type: seen.kind.content_type().into(),
            bytes: bytes.len() as u64,
            width: seen.width,
            height: seen.height,
            sha256: hex(&Sha256::digest(bytes)),
            duration_ms: seen.duration_ms,
            fps: seen.fps,
            readable: seen.readable,
        }
    }

    /// `image` or `video`.
    pub fn kind(&self) -> &'static str {
        if self.content_type.starts_with("video/") {
            "video"
        } else {
            "image"
        }
    }

    /// Width divided by height.
    pub fn aspect(&self) -> Option<f64> {
        match (self.width, self.height) {
            (Some(w), Some(h)) if h > 0 => Some(f64::from(w) / f64::from(h)),
            _ => None,
        }
    }
}

/// The copies, each once.
#[derive(Default)]
pub struct MediaStore {
    copies: HashMap<String, (String, Bytes)>,
    order: VecDeque<String>,
    total: usize,
}

impl MediaStore {
    /// Keeps a copy of a file unless it is too large or of no known type.
    pub fn keep(&mut self, media: &Media, bytes: &Bytes) {
        if bytes.len() > KEEP_EACH
            || media.content_type == Kind::Unknown.content_type()
            || self.copies.contains_key(&media.sha256)
        {
            return;
        }
        self.total += bytes.len();
        self.order.push_back(media.sha256.clone());
        self.copies.insert(
            media.sha256.clone(),
            (media.content_type.clone(), bytes.clone()),
        );
        while self.total > KEEP_ALL {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            if let Some((_, bytes)) = self.copies.remove(&oldest) {
                self.total -= bytes.len();
            }
        }
    }

    /// The copy of a file, with its content type.
    pub fn get(&self, sha256: &str) -> Option<(String, Bytes)> {
        self.copies.get(sha256).cloned()
    }

    /// Writes the copies that `folder` does not have yet.
    pub fn write_to(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        for (sha256, (_, bytes)) in &self.copies {
            let path = folder.join(sha256);
            if !path.exists() {
                fs::write(path, bytes)?;
            }
        }
        Ok(())
    }

    /// Reads the copies in `folder`; a missing folder is empty.
    pub fn read_from(folder: &Path) -> io::Result<Self> {
        let mut store = Self::default();
        if folder.is_dir() {
            for entry in fs::read_dir(folder)? {
                let bytes = Bytes::from(fs::read(entry?.path())?);
                store.keep(&Media::inspect(&bytes), &bytes);
            }
        }
        Ok(store)
    }
}

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}
