//! A cluster that lives as long as the process that started it.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use nix::sys::signal::Signal;
use tokio::{process::Child, time::timeout};

use crate::{
    error::{At, Error},
    find::Binaries,
    launch::{Durability, launch},
    place::Place,
    process,
    server::{FAST_STOP, IMMEDIATE_STOP, Server},
    sql,
};

/// How to run a cluster.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// What a crash may cost.
    pub durability: Durability,
}

/// A running private PostgreSQL. Stop it with [`Cluster::stop`]; dropping it asks the server to stop without waiting.
#[derive(Debug)]
pub struct Cluster {
    place: Place,
    child: Child,
    /// Held until the server is stopped: the sign that the folder is taken. The system frees it when we die.
    _lock: File,
}

impl Cluster {
    /// Starts PostgreSQL on `data` (made when empty) and waits until it accepts connections.
    ///
    /// A server that a killed process of ours left behind on this folder is stopped first.
    /// As root the server runs as an unprivileged user, and when that user cannot reach `data`
    /// the folder lies under `/var/tmp`: see [`Cluster::data_dir`].
    pub async fn start(binaries: &Binaries, data: &Path, options: Options) -> Result<Self, Error> {
        let place = Place::resolve(data)?;
        let lock = take(&place)?;
        if let Some(orphan) = Server::on(&place.data) {
            tracing::warn!(
                pid = orphan.pid,
                "stopping a PostgreSQL that a killed process left behind"
            );
            orphan.stop().await?;
        }
        let child = launch(binaries, &place, options.durability).await?;
        Ok(Self {
            place,
            child,
            _lock: lock,
        })
    }

    /// Where the data really lies.
    pub fn data_dir(&self) -> &Path {
        &self.place.data
    }

    /// The server's log file.
    pub fn log_file(&self) -> PathBuf {
        self.place.log()
    }

    /// The postmaster's process, while it lives.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// A connection string for one database: `host=<socket folder> user=posthaste dbname=<name>`.
    pub fn url(&self, database: &str) -> String {
        sql::url(&self.place.socket, database)
    }

    /// Creates a database unless it exists.
    pub async fn create_database(&self, name: &str) -> Result<(), Error> {
        let client = sql::connect(&self.url(sql::MAINTENANCE)).await?;
        sql::create_database(&client, name).await
    }

    /// Waits until the server ends by itself, which it should not. Cancel safe.
    pub async fn ended(&mut self) -> String {
        match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// Stops the server: fast (connections are cut, data is written) for 20 s, then at once.
    pub async fn stop(mut self) -> Result<(), Error> {
        let steps = [
            (Signal::SIGINT, FAST_STOP),
            (Signal::SIGQUIT, IMMEDIATE_STOP),
        ];
        for (signal, patience) in steps {
            if self.ask(signal, patience).await? {
                return self.place.clear_socket();
            }
        }
        self.child.kill().await.at("kill", &self.place.data)
    }

    async fn ask(&mut self, signal: Signal, patience: Duration) -> Result<bool, Error> {
        let Some(pid) = self.child.id() else {
            return Ok(true);
        };
        process::signal(pid as i32, signal);
        match timeout(patience, self.child.wait()).await {
            Ok(status) => status.at("wait for", &self.place.data).map(|_| true),
            Err(_) => Ok(false),
        }
    }
}

/// Removes a data folder with its log, unless a process of ours uses it. A server left behind there is stopped first.
pub async fn remove(data: &Path) -> Result<(), Error> {
    let place = Place::resolve(data)?;
    let _lock = take(&place)?;
    if let Some(orphan) = Server::on(&place.data) {
        orphan.stop().await?;
    }
    place.clear_socket()?;
    place.remove()
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(pid) = self.child.id() {
            process::signal(pid as i32, Signal::SIGINT);
        }
    }
}

/// Takes the folder, or says who holds it.
fn take(place: &Place) -> Result<File, Error> {
    let path = place.lock();
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).at("create", parent)?;
    }
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .at("write", &path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let owner = fs::read_to_string(&path)
                .unwrap_or_default()
                .trim()
                .to_owned();
            return Err(Error::InUse {
                data: place.data.clone(),
                owner,
            });
        }
        Err(TryLockError::Error(error)) => return Err(error).at("lock", &path),
    }
    file.set_len(0).at("write", &path)?;
    writeln!(file, "{}", std::process::id()).at("write", &path)?;
    Ok(file)
}
