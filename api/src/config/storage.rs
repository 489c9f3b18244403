use std::path::PathBuf;

use serde::Deserialize;

/// Media files.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// Folder for uploads and media.
    pub data_dir: PathBuf,
}
