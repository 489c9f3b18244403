//! Files of many posts: how they are cut into lines, and lines into fields.
//!
//! Pure and piece by piece: a [`Splitter`] holds one line at most, however long the file is.

mod csv;
mod fields;
mod split;

pub use csv::{COLUMNS, Header};
pub use fields::{Fields, MOST_ERRORS};
pub use split::{Place, Record, Splitter};

use crate::names::names;

/// Largest file, in bytes (100 MiB).
pub const MAX_BYTES: u64 = 100 << 20;
/// Longest line (CSV: row), in bytes.
pub const MAX_LINE: usize = 64 * 1024;
/// Most lines in a file; empty ones do not count.
pub const MAX_LINES: i64 = 100_000;
/// Longest key of a line, in characters.
pub const MAX_KEY: usize = 200;

/// A name out of a file, for a message or a path: short, and without control characters, of which the
/// database does not keep all.
fn short(name: &str) -> String {
    let escaped = |character: char| -> String {
        if character.is_control() {
            character.escape_debug().collect()
        } else {
            character.into()
        }
    };
    name.chars().take(60).map(escaped).collect()
}

names! {
    /// What a job does.
    Kind {
        /// Writes a post for each line.
        PostsImport = "POSTS_IMPORT",
    }
}

names! {
    /// How a file is written.
    Format {
        /// One JSON object in each line.
        Jsonl = "JSONL",
        /// Comma-separated values; the first row names the columns (RFC 4180).
        Csv = "CSV",
    }
}

names! {
    /// How a job stands.
    State {
        /// Bytes of the file are missing.
        Uploading = "UPLOADING",
        /// The file is here; the job begins as soon as a worker is free.
        Queued = "QUEUED",
        /// A worker goes through the lines.
        Running = "RUNNING",
        /// All lines are done; each has its result.
        Finished = "FINISHED",
        /// A person stopped it; the lines done so far stay done.
        Cancelled = "CANCELLED",
        /// It could not go on; the lines done so far stay done.
        Failed = "FAILED",
    }
}

names! {
    /// What became of a line.
    Outcome {
        /// A post was written (dry run: would be).
        Created = "CREATED",
        /// The post was there already, by the line's key or id.
        Skipped = "SKIPPED",
        /// Nothing was written; the errors say why.
        Invalid = "INVALID",
    }
}

impl State {
    /// Whether nothing more happens.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Finished | Self::Cancelled | Self::Failed)
    }
}
