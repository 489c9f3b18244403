//! Starting the server process and waiting for it.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Seek, SeekFrom},
    path::Path,
    process::Stdio,
    time::Duration,
};

use nix::sys::signal::Signal;
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep},
};
use tokio_postgres::error::SqlState;

use crate::{
    error::{At, Error},
    find::Binaries,
    initdb,
    place::Place,
    process,
    server::Server,
    sql,
};

/// Patience while the server is silent.
const SILENT: Duration = Duration::from_mins(1);

/// Patience while it says that it is starting: recovery after a crash takes what it takes.
const RECOVERING: Duration = Duration::from_mins(10);

/// Patience while processes of a killed server still hold its shared memory.
const LINGERING: Duration = Duration::from_secs(15);

const POLL: Duration = Duration::from_millis(20);

/// What a crash may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// A committed transaction survives a power cut.
    #[default]
    Production,
    /// Fast and forgetful: a power cut may destroy the cluster.
    Test,
}

impl Durability {
    fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Production => &[
                "max_connections=100",
                "max_wal_size=1GB",
                "min_wal_size=80MB",
                "wal_compression=on",
            ],
            Self::Test => &[
                "max_connections=300",
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
                "wal_level=minimal",
                "max_wal_senders=0",
                "max_wal_size=2GB",
                "checkpoint_timeout=30min",
                "autovacuum=off",
            ],
        }
    }
}

/// Settings of every private server: no TCP, UTC, no surprises from JIT on short queries.
const SETTINGS: [&str; 7] = [
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "shared_buffers=128MB",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_line_prefix=%m [%p] ",
    "jit=off",
];

/// Prepares the data folder, starts the server on it and waits until it accepts connections.
pub(crate) async fn launch(
    binaries: &Binaries,
    place: &Place,
    durability: Durability,
) -> Result<Child, Error> {
    initdb::prepare(binaries, place, durability).await?;
    Server::forget_stale(&place.data)?;
    let end = Instant::now() + LINGERING;
    loop {
        let log_start = fs::metadata(place.log()).map_or(0, |meta| meta.len());
        let mut child = spawn(binaries, place, durability)?;
        let mut guard = StopOnDrop(child.id());
        let ready = wait_ready(&mut child, place, log_start).await;
        if matches!(ready, Ok(()) | Err(Error::Ended { .. })) {
            guard.0 = None;
        }
        match ready {
            Err(Error::Ended { tail, .. })
                if tail.contains("shared memory") && Instant::now() < end =>
            {
                sleep(Duration::from_millis(200)).await;
            }
            other => return other.map(|()| child),
        }
    }
}

/// Tells a starting server to stop when it is not ready in time, or the wait for it is given up.
struct StopOnDrop(Option<u32>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            process::signal(pid as i32, Signal::SIGINT);
        }
    }
}

/// A process group of its own: a Ctrl-C in the terminal is for us, and we stop the server in order.
fn spawn(binaries: &Binaries, place: &Place, durability: Durability) -> Result<Child, Error> {
    let log = open_log(&place.log())?;
    let mut command = Command::new(binaries.tool("postgres"));
    command.arg("-D").arg(&place.data);
    command.arg("-c").arg(format!(
        "unix_socket_directories={}",
        place.socket.display()
    ));
    for setting in SETTINGS.iter().chain(durability.settings()) {
        command.args(["-c", setting]);
    }
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone().at("open", &place.log())?)
        .stderr(log);
    command.current_dir("/").process_group(0);
    place.account.apply(&mut command);
    command.spawn().at("run", &binaries.tool("postgres"))
}

async fn wait_ready(child: &mut Child, place: &Place, log_start: u64) -> Result<(), Error> {
    let begin = Instant::now();
    let url = sql::url(&place.socket, sql::MAINTENANCE);
    loop {
        if let Some(status) = child.try_wait().at("wait for", &place.data)? {
            let tail = log_tail(&place.log(), log_start);
            return Err(Error::Ended {
                status: status.to_string(),
                log: place.log(),
                tail,
            });
        }
        let Err(error) = sql::connect(&url).await else {
            return Ok(());
        };
        let starting = error.code() == Some(&SqlState::CANNOT_CONNECT_NOW);
        let patience = if starting { RECOVERING } else { SILENT };
        if begin.elapsed() > patience {
            return Err(Error::NotReady {
                seconds: patience.as_secs(),
                last: error.to_string(),
                log: place.log(),
            });
        }
        sleep(POLL).await;
    }
}

fn open_log(path: &Path) -> Result<File, Error> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .at("write", path)
}

/// The last lines that were written after `start`.
fn log_tail(path: &Path, start: u64) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}
