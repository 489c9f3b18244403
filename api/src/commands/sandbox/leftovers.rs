//! `run.json`: which processes belong to this sandbox, so that a successor can end what a killed one left behind.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, bail};
use nix::sys::signal::Signal;
use posthaste_postgres::process;
use serde::{Deserialize, Serialize};

use super::{facts, show};

/// How long a process that was left behind may take to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// One process of a sandbox.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    name: String,
    pid: i32,
    /// Since when: a pid alone may have been given to a stranger.
    started: String,
}

const SUPERVISOR: &str = "supervisor";

impl Entry {
    fn of(name: &str, pid: u32) -> Option<Self> {
        let pid = pid as i32;
        Some(Self {
            name: name.to_owned(),
            pid,
            started: process::started(pid)?,
        })
    }

    fn lives(&self) -> bool {
        process::alive(self.pid) && process::started(self.pid).as_ref() == Some(&self.started)
    }
}

/// Writes down this process and its children.
pub fn write<'a>(
    path: &Path,
    children: impl Iterator<Item = (&'a str, u32)>,
) -> anyhow::Result<()> {
    let all = children.chain([(SUPERVISOR, std::process::id())]);
    let entries: Vec<Entry> = all.filter_map(|(name, pid)| Entry::of(name, pid)).collect();
    facts::write(path, &entries)
}

/// Ends the children of a sandbox whose supervisor was killed; refuses when the supervisor lives.
/// PostgreSQL is not among them: the cluster itself deals with one that was left behind.
pub async fn stop(path: &Path) -> anyhow::Result<()> {
    let Ok(text) = fs::read(path) else {
        return Ok(());
    };
    // A file that cannot be read says nothing about any process.
    let entries: Vec<Entry> = serde_json::from_slice(&text).unwrap_or_default();
    let alive: Vec<Entry> = entries.into_iter().filter(Entry::lives).collect();
    if let Some(supervisor) = alive.iter().find(|entry| entry.name == SUPERVISOR) {
        let home = path.parent().unwrap_or(path).display();
        bail!(
            "A sandbox already runs in {home} (process {}). Stop it with Ctrl-C in its terminal or `kill {}`, \
             or start another one: --home OTHER --port 5000 --networks-port 5100",
            supervisor.pid,
            supervisor.pid
        );
    }
    for entry in alive {
        show::line(&format!(
            "stopping the {} that a killed sandbox left behind (process {})",
            entry.name, entry.pid
        ));
        end(&entry).await.with_context(|| {
            format!(
                "process {} does not stop; end it with `kill -9 {}`",
                entry.pid, entry.pid
            )
        })?;
    }
    facts::remove(path)
}

async fn end(entry: &Entry) -> anyhow::Result<()> {
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        process::signal(entry.pid, signal);
        if process::gone(entry.pid, PATIENCE).await {
            return Ok(());
        }
    }
    bail!("it ignores signals")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn file(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("posthaste-{name}-{}.json", std::process::id()))
    }

    fn sleeper() -> std::process::Child {
        Command::new("sleep").arg("60").spawn().unwrap()
    }

    #[tokio::test]
    async fn children_of_a_dead_supervisor_are_ended() {
        let path = file("orphans");
        let mut child = sleeper();
        let entries = [Entry::of("worker", child.id()).unwrap()];
        facts::write(&path, &entries).unwrap();
        // The parent must reap it, or it stays a zombie; `gone` takes a zombie for gone.
        stop(&path).await.unwrap();
        assert!(!path.exists());
        assert!(!child.wait().unwrap().success());
    }

    #[tokio::test]
    async fn a_stranger_with_the_same_number_is_left_alone() {
        let path = file("stranger");
        let mut child = sleeper();
        let mut entry = Entry::of("worker", child.id()).unwrap();
        entry.started = "before".to_owned();
        facts::write(&path, &[entry]).unwrap();
        stop(&path).await.unwrap();
        assert!(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[tokio::test]
    async fn a_living_supervisor_is_not_disturbed() {
        let path = file("living");
        write(&path, std::iter::empty()).unwrap();
        let error = stop(&path).await.unwrap_err().to_string();
        assert!(error.starts_with("A sandbox already runs in "), "{error}");
        facts::remove(&path).unwrap();
    }
}
