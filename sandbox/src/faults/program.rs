use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, ensure};
use nix::sys::signal::Signal;
use posthaste_postgres::process;
use tokio::{
    process::Command,
    sync::Notify,
    time::{Instant, sleep},
};

/// How soon an ended program is started again.
const AGAIN: Duration = Duration::from_millis(100);
/// How long an asked program may take to end.
const PATIENCE: Duration = Duration::from_secs(45);

/// A process that is started again whenever it ends, as a supervisor would.
#[derive(Clone)]
pub struct Program {
    pub name: String,
    log: PathBuf,
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    program: PathBuf,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    /// Only for the next start.
    once: BTreeMap<String, String>,
    wanted: bool,
    pid: Option<i32>,
    /// What was sent to the living process, and what it was told to send itself.
    sent: Vec<Signal>,
    ends: Vec<ExitStatus>,
    /// Ends that nobody asked for.
    unasked: Vec<ExitStatus>,
}

impl State {
    /// Whether a signal that was sent, or an orderly end that was asked for, explains this end.
    fn is_asked(&self, status: ExitStatus) -> bool {
        match status.signal() {
            Some(number) => self.sent.iter().any(|sent| *sent as i32 == number),
            None => status.success() && self.sent.contains(&Signal::SIGTERM),
        }
    }
}

/// The setting that names a crash point.
pub const CRASH_AT: &str = "POSTHASTE_SANDBOX_CRASH_AT";

impl Program {
    /// Starts `program`; what it says goes to `<folder>/<name>.log`.
    pub fn start(
        folder: &Path,
        name: &str,
        program: &Path,
        arguments: &[&str],
        environment: BTreeMap<String, String>,
    ) -> anyhow::Result<Self> {
        // A bare name is looked for in `PATH`.
        ensure!(
            program.components().count() == 1 || program.is_file(),
            "{} is missing; build posthaste-api and posthaste-sandbox first",
            program.display()
        );
        let state = State {
            program: program.to_owned(),
            arguments: arguments.iter().map(|text| (*text).to_owned()).collect(),
            environment,
            wanted: true,
            ..State::default()
        };
        let this = Self {
            name: name.to_owned(),
            log: folder.join(format!("{name}.log")),
            inner: Arc::new(Inner {
                state: Mutex::new(state),
                changed: Notify::new(),
            }),
        };
        tokio::spawn(this.clone().supervise());
        Ok(this)
    }

    /// Where it writes.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The living process.
    pub fn pid(&self) -> Option<i32> {
        self.state().pid
    }

    /// How often it ended by this signal.
    pub fn ended_by(&self, signal: Signal) -> usize {
        let state = self.state();
        let by = |status: &&ExitStatus| status.signal() == Some(signal as i32);
        state.ends.iter().filter(by).count()
    }

    /// How often it ended.
    pub fn ends(&self) -> usize {
        self.state().ends.len()
    }

    /// The ends since the last time that nobody asked for.
    pub fn take_unasked(&self) -> Vec<ExitStatus> {
        std::mem::take(&mut self.state().unasked)
    }

    /// Sends a signal; false when nothing runs at the moment.
    pub fn signal(&self, signal: Signal) -> bool {
        self.pid().is_some_and(|pid| self.send(pid, signal))
    }

    fn send(&self, pid: i32, signal: Signal) -> bool {
        let mut state = self.state();
        if state.pid != Some(pid) {
            return false;
        }
        state.sent.push(signal);
        process::signal(pid, signal)
    }

    /// Whether it was stopped by SIGSTOP.
    pub fn is_stopped(&self) -> bool {
        let Some(pid) = self.pid() else { return false };
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ")
            .is_some_and(|(_, rest)| rest.starts_with('T'))
    }

    /// Its resident memory in megabytes.
    pub fn memory(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()?)).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kilobytes / 1024.0)
    }

    /// Sets a variable for the next start only.
    pub fn next_with(&self, name: &str, value: String) {
        self.state().once.insert(name.to_owned(), value);
    }

    /// Uses another program from the next start on.
    pub fn become_program(&self, program: &Path) {
        program.clone_into(&mut self.state().program);
    }

    /// `kill -9`; it comes back by itself.
    pub async fn kill(&self) -> anyhow::Result<()> {
        self.end_by(Signal::SIGKILL).await
    }

    /// Asks it to end and waits for it; it comes back by itself. Returns how long it took.
    pub async fn restart(&self) -> anyhow::Result<Duration> {
        let begin = Instant::now();
        self.end_by(Signal::SIGTERM).await?;
        Ok(begin.elapsed())
    }

    async fn end_by(&self, signal: Signal) -> anyhow::Result<()> {
        let Some(pid) = self.running().await else {
            return Ok(());
        };
        self.send(pid, signal);
        let end = Instant::now() + PATIENCE;
        // Until its end was noted, not only until it is gone.
        while self.pid() == Some(pid) {
            ensure!(
                Instant::now() < end,
                "{} does not end after {signal}",
                self.name
            );
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Waits until it runs; the process.
    pub async fn running(&self) -> Option<i32> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(pid) = self.pid() {
                return Some(pid);
            }
            sleep(Duration::from_millis(10)).await;
        }
        None
    }

    /// Ends it for good and at once: what a round is judged by was read before.
    pub async fn stop(&self) {
        let pid = {
            let mut state = self.state();
            state.wanted = false;
            state.pid
        };
        self.inner.changed.notify_waiters();
        let Some(pid) = pid else { return };
        process::signal(pid, Signal::SIGKILL);
        process::gone(pid, Duration::from_secs(5)).await;
    }

    async fn supervise(self) {
        while self.state().wanted {
            if let Err(error) = self.run_once().await {
                eprintln!("{}: {error:#}", self.name);
                return;
            }
            tokio::select! {
                () = sleep(AGAIN) => {}
                () = self.inner.changed.notified() => {}
            }
        }
    }

    async fn run_once(&self) -> anyhow::Result<()> {
        let log = open(&self.log)?;
        let mut command = {
            let mut state = self.state();
            let once = std::mem::take(&mut state.once);
            let crash = once.get(CRASH_AT).is_some_and(|at| at.contains(":kill"));
            state.sent = crash.then_some(Signal::SIGKILL).into_iter().collect();
            let mut command = Command::new(&state.program);
            command.args(&state.arguments).envs(&state.environment);
            command.envs(once);
            command
        };
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        let mut child = command.spawn().context("cannot be started")?;
        self.state().pid = child.id().map(|pid| pid as i32);
        let status = child.wait().await?;
        let mut state = self.state();
        state.pid = None;
        state.ends.push(status);
        if state.wanted && !state.is_asked(status) {
            state.unasked.push(status);
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(path: &Path) -> anyhow::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn shell(folder: &Path, script: &str) -> Program {
        let arguments = ["-c", script];
        let shell = Program::start(folder, "sh", Path::new("sh"), &arguments, BTreeMap::new());
        let shell = shell.unwrap();
        shell.running().await.unwrap();
        shell
    }

    #[tokio::test]
    async fn an_end_that_nobody_asked_for_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let asked = shell(folder.path(), "exec sleep 60").await;
        asked.kill().await.unwrap();
        asked.stop().await;
        assert_eq!((asked.ends(), asked.take_unasked().len()), (1, 0));

        let crashing = shell(folder.path(), "sleep 0.1; kill -ABRT $$").await;
        while crashing.ends() == 0 {
            sleep(Duration::from_millis(10)).await;
        }
        crashing.stop().await;
        let unasked = crashing.take_unasked();
        assert_eq!(unasked[0].signal(), Some(Signal::SIGABRT as i32));

        let early = shell(folder.path(), "sleep 0.1; exit 0").await;
        while early.ends() == 0 {
            sleep(Duration::from_millis(10)).await;
        }
        early.stop().await;
        assert!(!early.take_unasked().is_empty());
    }
}
