//! Facts about other processes: does it live, since when, what is it.

use std::{fs, process::Command, time::Duration};

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::time::{Instant, sleep};

/// Whether a process exists (of whatever owner) and is more than a zombie.
pub fn alive(pid: i32) -> bool {
    pid > 0
        && !matches!(kill(Pid::from_raw(pid), None), Err(Errno::ESRCH))
        && state(pid) != Some('Z')
}

/// When a process started, as an opaque text: a pid alone may have been given to another process.
pub fn started(pid: i32) -> Option<String> {
    if let Some(stat) = stat(pid) {
        return stat.split_whitespace().nth(19).map(str::to_owned);
    }
    ps(pid, "lstart=")
}

/// The command line of a process, words parted by spaces.
pub fn command(pid: i32) -> Option<String> {
    match fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(bytes) => Some(
            String::from_utf8_lossy(&bytes)
                .replace('\0', " ")
                .trim_end()
                .to_owned(),
        ),
        Err(_) => ps(pid, "command="),
    }
}

/// Sends a signal; false when the process is gone or not ours to signal.
pub fn signal(pid: i32, signal: Signal) -> bool {
    pid > 0 && kill(Pid::from_raw(pid), signal).is_ok()
}

/// Waits until a process that is not our child is gone; false when it outlives `patience`.
pub async fn gone(pid: i32, patience: Duration) -> bool {
    let end = Instant::now() + patience;
    while alive(pid) {
        if Instant::now() >= end {
            return false;
        }
        sleep(Duration::from_millis(20)).await;
    }
    true
}

/// `/proc/<pid>/stat` from the state on: the name before it may hold anything.
fn stat(pid: i32) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    text.rsplit_once(") ").map(|(_, rest)| rest.to_owned())
}

fn state(pid: i32) -> Option<char> {
    stat(pid)?.chars().next()
}

/// The way of systems without `/proc`.
fn ps(pid: i32, column: &str) -> Option<String> {
    let output = Command::new("ps")
        .args(["-o", column, "-p", &pid.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_live_and_have_a_start_and_a_name() {
        let me = std::process::id() as i32;
        assert!(alive(me));
        assert_eq!(started(me), started(me));
        assert!(started(me).is_some());
        assert!(command(me).is_some_and(|text| text.contains("posthaste_postgres")));
    }

    #[test]
    fn an_ended_process_is_gone_even_before_it_is_reaped() {
        let mut child = Command::new("true").spawn().unwrap();
        let pid = child.id() as i32;
        while alive(pid) {
            std::thread::yield_now();
        }
        assert!(!alive(pid));
        child.wait().unwrap();
        assert!(!alive(0));
        assert!(!signal(0, Signal::SIGTERM));
    }
}
