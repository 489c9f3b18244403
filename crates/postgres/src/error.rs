//! What can go wrong, each with the way out.

use std::path::PathBuf;

/// Why a private PostgreSQL did not start, answer or stop.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process of ours holds this data folder.
    #[error(
        "PostgreSQL already runs on {} for process {owner}. Stop that process first (Ctrl-C in its terminal, \
         or `kill {owner}`), or use another folder.",
        data.display()
    )]
    InUse {
        /// The data folder.
        data: PathBuf,
        /// The process that holds it.
        owner: String,
    },
    /// The data folder was made by another major version.
    #[error(
        "{} was made by PostgreSQL {data_major}, but {} is version {binary_major}. Either name the old version \
         (POSTHASTE_PG_BIN=/usr/lib/postgresql/{data_major}/bin), or upgrade the data: make a new folder with the new \
         initdb, then `pg_upgrade --old-bindir OLD --new-bindir {} --old-datadir {} --new-datadir NEW`, or start with \
         empty data (`cargo xtask sandbox --reset`).",
        data.display(), bin.display(), bin.display(), data.display()
    )]
    Version {
        /// The data folder.
        data: PathBuf,
        /// Its major version.
        data_major: u32,
        /// The folder of the binaries.
        bin: PathBuf,
        /// Their major version.
        binary_major: u32,
    },
    /// Somebody else's folder stands where ours should be.
    #[error("{} belongs to another user (uid {owner}). Run as that user, or choose or remove the folder.", path.display())]
    NotOurs {
        /// The folder.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// We are root and there is nobody to run PostgreSQL as.
    #[error(
        "PostgreSQL refuses to run as root and there is neither a user `postgres` nor `nobody`. \
         Add one (`useradd --system postgres`) or run as an ordinary user."
    )]
    NoAccount,
    /// `initdb` failed.
    #[error("PostgreSQL could not create {}: {output}", data.display())]
    Initdb {
        /// The data folder.
        data: PathBuf,
        /// What initdb printed last.
        output: String,
    },
    /// The server ended before it accepted connections.
    #[error("PostgreSQL ended while starting ({status}). Its log, {}, ends with:\n{tail}", log.display())]
    Ended {
        /// Exit status.
        status: String,
        /// The log file.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// The server runs but did not accept connections in time.
    #[error("PostgreSQL did not accept connections within {seconds} s: {last}. See its log, {}.", log.display())]
    NotReady {
        /// How long we waited, in seconds.
        seconds: u64,
        /// The last refusal.
        last: String,
        /// The log file.
        log: PathBuf,
    },
    /// The server ignored every request to stop.
    #[error(
        "PostgreSQL (process {pid}) did not stop, not even when told to at once. End it with `kill -9 {pid}`."
    )]
    NotStopped {
        /// The postmaster.
        pid: i32,
    },
    /// A file or folder could not be used.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What we wanted to do with it.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// A statement failed.
    #[error("PostgreSQL refused a statement: {0}")]
    Sql(#[from] tokio_postgres::Error),
}

/// Names the file and the deed in an I/O error.
pub(crate) trait At<T> {
    /// Turns an I/O error into [`Error::File`].
    fn at(self, action: &'static str, path: &std::path::Path) -> Result<T, Error>;
}

impl<T> At<T> for std::io::Result<T> {
    fn at(self, action: &'static str, path: &std::path::Path) -> Result<T, Error> {
        self.map_err(|source| Error::File {
            action,
            path: path.to_owned(),
            source,
        })
    }
}
