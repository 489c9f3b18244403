//! The server that a data folder's `postmaster.pid` names.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use nix::sys::signal::Signal;

use crate::{
    error::{At, Error},
    process,
};

/// Patience for a fast shutdown; then the server is told to end at once.
pub(crate) const FAST_STOP: Duration = Duration::from_secs(20);

/// Patience for an immediate shutdown; then the process is killed.
pub(crate) const IMMEDIATE_STOP: Duration = Duration::from_secs(5);

/// A running server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    /// The postmaster's process.
    pub pid: i32,
    /// The folder of its socket.
    pub socket: PathBuf,
}

impl Server {
    /// The server that runs on `data`. A pid file whose process is gone, or is something else by now, says nothing.
    pub(crate) fn on(data: &Path) -> Option<Self> {
        let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let (pid, socket) = parse(&text)?;
        is_postmaster(pid, data).then_some(Self { pid, socket })
    }

    /// Removes a pid file whose process is not a server on `data`: PostgreSQL itself refuses to start
    /// when the number was given to another process of the same user.
    pub(crate) fn forget_stale(data: &Path) -> Result<(), Error> {
        let path = data.join("postmaster.pid");
        if path.exists() && Self::on(data).is_none() {
            fs::remove_file(&path).at("remove", &path)?;
        }
        Ok(())
    }

    /// Stops a server that is not our child: fast, then immediate, then by force.
    pub(crate) async fn stop(&self) -> Result<(), Error> {
        let steps = [
            (Signal::SIGINT, FAST_STOP),
            (Signal::SIGQUIT, IMMEDIATE_STOP),
            (Signal::SIGKILL, IMMEDIATE_STOP),
        ];
        for (signal, patience) in steps {
            process::signal(self.pid, signal);
            if process::gone(self.pid, patience).await {
                return Ok(());
            }
        }
        Err(Error::NotStopped { pid: self.pid })
    }
}

/// Line 1 is the pid, line 5 the socket folder.
fn parse(text: &str) -> Option<(i32, PathBuf)> {
    let mut lines = text.lines();
    let pid = lines.next()?.trim().parse().ok()?;
    let socket = lines.nth(3).unwrap_or_default().trim();
    Some((pid, PathBuf::from(socket)))
}

/// We start it with `-D <data>` in plain sight.
fn is_postmaster(pid: i32, data: &Path) -> bool {
    process::alive(pid)
        && process::command(pid).is_some_and(|command| {
            command.contains("postgres") && command.contains(&format!("-D {}", data.display()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_tells_process_and_socket() {
        let text = "4711\n/srv/pgdata\n1795380000\n5432\n/srv/sock\n\n  123 4\nready   \n";
        assert_eq!(parse(text), Some((4711, PathBuf::from("/srv/sock"))));
        assert_eq!(parse("garbage"), None);
    }

    #[test]
    fn a_living_process_that_is_not_postgres_is_no_server() {
        assert!(!is_postmaster(
            std::process::id() as i32,
            Path::new("/srv/pgdata")
        ));
    }
}
