//! One child: started, watched, restarted when it dies, stopped.

use std::{
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, bail};
use nix::sys::signal::Signal;
use posthaste_postgres::process;
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep, sleep_until, timeout},
};

use super::probe;

/// The pause before the first restart; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A child that lived this long starts again with the first pause.
const HEALTHY: Duration = Duration::from_secs(30);

/// How long a child may take until it answers.
const READY: Duration = Duration::from_mins(1);

/// What to run.
pub struct Program {
    /// How people call it.
    pub name: &'static str,
    /// The executable.
    pub path: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables added to our environment.
    pub environment: Vec<(&'static str, String)>,
    /// Where its output goes.
    pub log: PathBuf,
}

impl Program {
    /// In a process group of its own: a Ctrl-C in the terminal is for the supervisor.
    fn command(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(&self.path);
        command
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(key, value)| (key, value)));
        command
            .stdin(Stdio::null())
            .stderr(self.open_log(true)?)
            .process_group(0);
        Ok(command)
    }

    fn open_log(&self, append: bool) -> anyhow::Result<File> {
        let mut options = OpenOptions::new();
        options
            .create(true)
            .write(true)
            .append(append)
            .truncate(!append);
        options
            .open(&self.log)
            .with_context(|| format!("cannot write {}", self.log.display()))
    }

    fn spawn(&self) -> anyhow::Result<Child> {
        let mut command = self.command()?;
        command.stdout(self.open_log(true)?);
        command
            .spawn()
            .with_context(|| format!("cannot run {}", self.path.display()))
    }

    /// Runs it to its end and returns its standard output.
    pub async fn finish(&self) -> anyhow::Result<String> {
        self.open_log(false)?;
        let mut command = self.command()?;
        command.stdout(Stdio::piped()).kill_on_drop(true);
        let child = command
            .spawn()
            .with_context(|| format!("cannot run {}", self.path.display()))?;
        let output = child.wait_with_output().await?;
        if !output.status.success() {
            bail!(
                "`{}` failed ({}).{}",
                self.name,
                output.status,
                log_end(&self.log)
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// A program that is kept running.
pub struct Service {
    program: Program,
    state: State,
    pause: Duration,
}

enum State {
    Running { child: Child, since: Instant },
    Waiting { until: Instant },
}

/// Something happened to a service; the line tells it.
pub enum Change {
    /// It ended and will be started again.
    Ended(String),
    /// It was started again.
    Started(String),
}

impl Service {
    /// Starts the program with an empty log.
    pub fn start(program: Program) -> anyhow::Result<Self> {
        program.open_log(false)?;
        let state = State::Running {
            child: program.spawn()?,
            since: Instant::now(),
        };
        Ok(Self {
            program,
            state,
            pause: FIRST_PAUSE,
        })
    }

    /// How people call it.
    pub fn name(&self) -> &'static str {
        self.program.name
    }

    /// Its process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        match &self.state {
            State::Running { child, .. } => child.id(),
            State::Waiting { .. } => None,
        }
    }

    /// Waits until it answers 200 on a local port; an error with the end of its log when it ends instead.
    pub async fn ready(&mut self, port: u16, path: &str) -> anyhow::Result<()> {
        let end = Instant::now() + READY;
        while !probe::answers(port, path).await {
            if let State::Running { child, .. } = &mut self.state
                && let Some(status) = child.try_wait()?
            {
                bail!(
                    "The {} ended while starting ({status}).{}",
                    self.program.name,
                    log_end(&self.program.log)
                );
            }
            if Instant::now() > end {
                bail!(
                    "The {} did not answer on http://127.0.0.1:{port}{path} within {} s.{}",
                    self.program.name,
                    READY.as_secs(),
                    log_end(&self.program.log)
                );
            }
            sleep(Duration::from_millis(25)).await;
        }
        Ok(())
    }

    /// Waits for the next change. Cancel safe.
    pub async fn change(&mut self) -> Change {
        match &mut self.state {
            State::Running { child, since } => {
                let status = child
                    .wait()
                    .await
                    .map_or_else(|error| error.to_string(), |status| status.to_string());
                let lived = since.elapsed();
                self.pause_after(lived, &format!("ended ({status})"))
            }
            State::Waiting { until } => {
                sleep_until(*until).await;
                match self.program.spawn() {
                    Ok(child) => {
                        let pid = child.id().unwrap_or_default();
                        self.state = State::Running {
                            child,
                            since: Instant::now(),
                        };
                        Change::Started(format!("{} runs again (process {pid})", self.program.name))
                    }
                    Err(error) => self
                        .pause_after(Duration::ZERO, &format!("could not be started: {error:#}")),
                }
            }
        }
    }

    fn pause_after(&mut self, lived: Duration, what: &str) -> Change {
        if lived >= HEALTHY {
            self.pause = FIRST_PAUSE;
        }
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        self.state = State::Waiting {
            until: Instant::now() + pause,
        };
        Change::Ended(format!(
            "{} {what}; starting it again in {:.1} s",
            self.program.name,
            pause.as_secs_f64()
        ))
    }

    /// Stops it: asks, waits, kills.
    pub async fn stop(self, patience: Duration) {
        let State::Running { mut child, .. } = self.state else {
            return;
        };
        let Some(pid) = child.id() else { return };
        process::signal(pid as i32, Signal::SIGTERM);
        if timeout(patience, child.wait()).await.is_err() {
            let _ = child.kill().await;
        }
    }
}

/// The last lines of a log, as the end of an error.
fn log_end(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(10)..].join("\n  ");
    format!(" Its log, {}, ends with:\n  {tail}", log.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(name: &'static str, script: &str) -> Program {
        Program {
            name,
            path: PathBuf::from("/bin/sh"),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            environment: vec![("GREETING", "hello".to_owned())],
            log: log(name),
        }
    }

    fn log(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!(
            "posthaste-service-{name}-{}.log",
            std::process::id()
        ))
    }

    fn remove_logs(names: &[&str]) {
        for name in names {
            fs::remove_file(log(name)).unwrap();
        }
    }

    #[tokio::test]
    async fn output_of_a_finished_program_comes_back_and_errors_show_the_log() {
        assert_eq!(
            program("says", "echo $GREETING").finish().await.unwrap(),
            "hello\n"
        );
        let error = program("fails", "echo because >&2; exit 3")
            .finish()
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("`fails` failed (exit status: 3)."),
            "{error}"
        );
        assert!(error.ends_with("because"), "{error}");
        remove_logs(&["says", "fails"]);
    }

    #[tokio::test]
    async fn a_killed_child_is_started_again() {
        let mut service = Service::start(program("worker", "exec sleep 60")).unwrap();
        let first = service.pid().unwrap();
        process::signal(first as i32, Signal::SIGKILL);
        let Change::Ended(line) = service.change().await else {
            panic!("it did not end")
        };
        assert_eq!(
            line,
            "worker ended (signal: 9 (SIGKILL)); starting it again in 0.5 s"
        );
        assert_eq!(service.pid(), None);

        let Change::Started(line) = service.change().await else {
            panic!("it did not start")
        };
        let second = service.pid().unwrap();
        assert_eq!(line, format!("worker runs again (process {second})"));
        assert_ne!(first, second);
        service.stop(Duration::from_secs(5)).await;
        assert!(!process::alive(second as i32));
        remove_logs(&["worker"]);
    }

    #[tokio::test]
    async fn pauses_double_up_to_five_seconds() {
        let mut service = Service::start(program("brief", "exit 1")).unwrap();
        let pauses: Vec<f64> = (0..6)
            .map(|_| {
                let pause = service.pause.as_secs_f64();
                service.pause_after(Duration::ZERO, "");
                pause
            })
            .collect();
        assert_eq!(pauses, [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]);
        service.pause_after(HEALTHY, "");
        assert_eq!(service.pause, Duration::from_secs(1));
        remove_logs(&["brief"]);
    }

    #[tokio::test]
    async fn a_child_that_ends_before_it_is_ready_shows_its_log() {
        let mut service = Service::start(program("api", "echo no database; exit 2")).unwrap();
        let error = service.ready(1, "/readyz").await.unwrap_err().to_string();
        assert!(
            error.starts_with("The api ended while starting (exit status: 2)."),
            "{error}"
        );
        assert!(error.ends_with("no database"), "{error}");
        remove_logs(&["api"]);
    }

    #[tokio::test]
    async fn a_child_that_ignores_the_request_is_killed() {
        let service = Service::start(program(
            "deaf",
            "trap '' TERM; echo ready; while :; do sleep 0.01; done",
        ))
        .unwrap();
        let pid = service.pid().unwrap() as i32;
        while fs::read_to_string(&service.program.log)
            .unwrap_or_default()
            .is_empty()
        {
            sleep(Duration::from_millis(5)).await;
        }
        service.stop(Duration::from_millis(50)).await;
        assert!(!process::alive(pid));
        remove_logs(&["deaf"]);
    }
}
