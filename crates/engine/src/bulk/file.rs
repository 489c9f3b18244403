use bytes::Bytes;
use futures::TryStreamExt;
use posthaste_core::{
    Error, ErrorCode, Result,
    bulk::{Format, Header, MAX_LINES, Place, Record, Splitter},
    ports::ByteStream,
};
use posthaste_store::job::Job;

use super::file_key;
use crate::App;

/// The lines of a job's file from a place on: in memory are one piece of the file and one line.
pub(super) struct Lines {
    bytes: ByteStream,
    piece: Bytes,
    splitter: Splitter,
}

impl Lines {
    /// Opens the file at a place between two lines.
    pub async fn open(app: &App, job: &Job, at: Place) -> Result<Self> {
        Ok(Self {
            bytes: app
                .blobs
                .read(&file_key(job), at.byte..job.bytes as u64)
                .await?,
            piece: Bytes::new(),
            splitter: Splitter::new(job.format, at),
        })
    }

    /// The next line that is not empty.
    pub async fn next(&mut self) -> Result<Option<Record>> {
        loop {
            if self.piece.is_empty() {
                match self.bytes.try_next().await? {
                    Some(piece) => self.piece = piece,
                    None => return Ok(self.splitter.end()),
                }
            }
            let (taken, record) = self.splitter.push(&self.piece);
            self.piece = self.piece.slice(taken..);
            if record.is_some() {
                return Ok(record);
            }
        }
    }

    /// Behind the line that came last.
    pub fn place(&self) -> Place {
        self.splitter.place()
    }
}

/// What a file says before its first line.
pub(super) struct Head {
    /// The columns, for CSV.
    pub header: Option<Header>,
    /// Where the first line begins.
    pub start: Place,
}

impl Head {
    /// Reads the first row of a CSV file; `INVALID_INPUT` and the like when it cannot be.
    pub async fn read(app: &App, job: &Job) -> Result<Self> {
        if job.format == Format::Jsonl {
            return Ok(Self {
                header: None,
                start: Place::START,
            });
        }
        let mut lines = Lines::open(app, job, Place::START).await?;
        let first = lines.next().await?.ok_or_else(empty)?;
        Ok(Self {
            header: Some(Header::read(first.cells?)?),
            start: lines.place(),
        })
    }

    /// How many lines follow; `PAYLOAD_TOO_LARGE` when there are too many.
    pub async fn count(&self, app: &App, job: &Job) -> Result<i64> {
        let mut lines = Lines::open(app, job, self.start).await?;
        let mut count = 0;
        while lines.next().await?.is_some() {
            count += 1;
            if count > MAX_LINES {
                let message = format!(
                    "The file has more than {MAX_LINES} lines. Split it; nothing was written."
                );
                return Err(Error::new(ErrorCode::PayloadTooLarge, message));
            }
        }
        if count == 0 {
            return Err(empty());
        }
        Ok(count)
    }
}

fn empty() -> Error {
    Error::new(ErrorCode::InvalidInput, "The file has no lines.")
}
