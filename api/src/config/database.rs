use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use posthaste_store::PoolSettings;
use serde::Deserialize;

/// PostgreSQL.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Its address; empty when none is set.
    pub url: String,
    /// The authorities of its certificate (PEM); empty for the machine's.
    pub ca_file: PathBuf,
    /// Most connections of one process.
    pub max_connections: usize,
    /// How long a caller waits for a free one.
    pub wait_seconds: u64,
}

impl Database {
    /// The file of authorities, if one is set.
    pub fn ca_file(&self) -> Option<&Path> {
        Some(self.ca_file.as_path()).filter(|path| !path.as_os_str().is_empty())
    }

    /// How the pool is made.
    pub fn pool(&self) -> PoolSettings {
        PoolSettings {
            max_size: self.max_connections,
            wait: Duration::from_secs(self.wait_seconds),
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address may hold a password.
        f.debug_struct("Database")
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}
