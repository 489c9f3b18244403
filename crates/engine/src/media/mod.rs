//! Media: uploads, the copies networks get, and the addresses they fetch them from.

mod address;
mod library;
mod open;
mod process;
mod rendition;
mod upload;

pub use address::{Address, signed_url, upload_url, verify};
pub use library::{
    Action, MAX_ALT_TEXT, allowed_actions, by_ids, count, delete, get, list, set_alt_text, sweep,
    uses,
};
pub use open::{Opened, open};
pub use rendition::Shown;
pub(crate) use rendition::{make, show};
pub(crate) use upload::check_file_name;
pub use upload::{
    MAX_BYTES, MAX_FILE_NAME, NewUpload, Received, append, begin, begin_once, discard, keep,
    offset, receive, violations,
};

use library::check_alt_text;
pub(crate) use library::clear;
use posthaste_core::ids::{MediaId, WorkspaceId};
use process::complete;

/// The recipe name of the file as it was uploaded.
pub const ORIGINAL: &str = "original";

/// Where the bytes of a media and its copies lie.
pub fn blob_key(workspace: WorkspaceId, media: MediaId, recipe: &str) -> String {
    format!("{workspace}/{media}/{recipe}")
}
