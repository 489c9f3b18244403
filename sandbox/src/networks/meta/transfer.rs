//! Bytes of a video on their way, resumable: `rupload.facebook.com` and chunked uploads.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::networks::{
    answer::Answer,
    call::{Body, Call},
};

/// Largest video taken.
pub const MAX_VIDEO: u64 = 1024 * 1024 * 1024;

/// An upload under way. The bytes are not in snapshots: such an upload starts again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Transfer {
    #[serde(skip)]
    buffer: BytesMut,
    /// Announced size.
    pub size: Option<u64>,
}

/// Why bytes were not taken, in the words of the upload service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// `offset` is not where the upload stands.
    Offset,
    /// Fewer bytes came than announced; those that came are kept.
    Partial,
    /// The request cannot be understood.
    Request,
    /// The file cannot be used.
    Processing,
}

impl Trouble {
    /// `{"debug_info": {retriable, type, message}}`.
    pub fn answer(self, message: &str) -> Answer {
        let (kind, retriable) = match self {
            Self::Offset => ("OffsetInvalidError", true),
            Self::Partial => ("PartialRequestError", true),
            Self::Request => ("InvalidRequestError", false),
            Self::Processing => ("ProcessingFailedError", false),
        };
        let body = json!({
            "debug_info": { "retriable": retriable, "type": kind, "message": message },
        });
        Answer::json(400, &body)
    }
}

impl Transfer {
    /// An upload that is over: `size` bytes came and were handed on.
    pub fn done(size: u64) -> Self {
        Self {
            buffer: BytesMut::new(),
            size: Some(size),
        }
    }

    /// Bytes so far.
    pub fn received(&self) -> u64 {
        self.buffer.len() as u64
    }

    /// Takes the bytes of an `rupload` call (`offset`, `file_size`, body); the whole file when
    /// complete.
    pub fn take(&mut self, call: &Call) -> Result<Bytes, Trouble> {
        let number = |name: &str| call.header(name)?.parse::<u64>().ok();
        let (Some(offset), Some(size)) = (number("offset"), number("file_size")) else {
            return Err(Trouble::Request);
        };
        let Body::Raw(bytes) = &call.body else {
            return Err(Trouble::Request);
        };
        self.append(offset, bytes, size)?;
        self.finish().ok_or(Trouble::Partial)
    }

    /// Takes bytes at `offset` of a file of `size`.
    pub fn append(&mut self, offset: u64, bytes: &[u8], size: u64) -> Result<(), Trouble> {
        if offset != self.received() {
            return Err(Trouble::Offset);
        }
        if size > MAX_VIDEO || self.received() + bytes.len() as u64 > size {
            return Err(Trouble::Request);
        }
        self.size = Some(size);
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// The file, when all of it came.
    pub fn finish(&self) -> Option<Bytes> {
        (self.size == Some(self.received())).then(|| self.buffer.clone().freeze())
    }
}
