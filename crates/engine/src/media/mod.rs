//! Media: uploads, the copies networks get, and the addresses they fetch them from.

mod address;
mod rendition;
mod upload;

pub use address::{Address, signed_url, verify};
pub use rendition::Shown;
pub(crate) use rendition::{make, show};
pub use upload::*;

use posthaste_core::ids::{MediaId, WorkspaceId};

/// The recipe name of the file as it was uploaded.
pub const ORIGINAL: &str = "original";

/// Where the bytes of a media and its copies lie.
pub fn blob_key(workspace: WorkspaceId, media: MediaId, recipe: &str) -> String {
    format!("{workspace}/{media}/{recipe}")
}
