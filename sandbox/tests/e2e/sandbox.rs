//! A running sandbox: started, found through its facts file, stopped with Ctrl-C.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use posthaste_postgres::process;
use posthaste_sandbox::seed::Control;
use serde_json::Value;

use crate::program;

/// How long a start or a stop may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often something is looked at again.
const GLANCE: Duration = Duration::from_millis(20);

/// A sandbox with folder and ports of its own.
pub struct Sandbox {
    home: PathBuf,
    ports: [u16; 2],
    child: Option<Child>,
    /// What `sandbox.json` says.
    pub facts: Value,
    /// The simulated networks' control API.
    pub control: Control,
    /// For requests of all kinds.
    pub http: reqwest::Client,
}

impl Sandbox {
    /// Starts an empty sandbox and waits until it is ready.
    pub async fn start(name: &str) -> Self {
        let home = program::root().join("target/e2e").join(name);
        fs::create_dir_all(&home).unwrap();
        let mut sandbox = Self::new(home);
        sandbox
            .run(sandbox.command(&program::posthaste()).arg("--reset"))
            .await;
        sandbox
    }

    /// A sandbox that does not run yet.
    pub fn new(home: PathBuf) -> Self {
        let ports = [free_port(), free_port()];
        let control = Control::new(&format!("http://127.0.0.1:{}", ports[1])).unwrap();
        let http = reqwest::Client::builder().build().unwrap();
        Self {
            home,
            ports,
            child: None,
            facts: Value::Null,
            control,
            http,
        }
    }

    /// What starts it.
    pub fn command(&self, program: &Path) -> Command {
        let [port, networks_port] = self.ports.map(|port| port.to_string());
        let mut command = Command::new(program);
        command
            .args([
                "sandbox",
                "--port",
                &port,
                "--networks-port",
                &networks_port,
                "--home",
            ])
            .arg(&self.home)
            .env("POSTHASTE_PG_BIN", program::postgres());
        command
    }

    /// Starts it on what it left; returns how long it took until it was ready.
    pub async fn start_again(&mut self) -> Duration {
        let begin = Instant::now();
        self.run(&mut self.command(&program::posthaste())).await;
        begin.elapsed()
    }

    /// Runs a command of [`Self::command`] and waits until everything is ready.
    pub async fn run(&mut self, command: &mut Command) {
        let _ = fs::remove_file(self.facts_file());
        let output = File::create(self.log()).unwrap();
        command.stdout(output.try_clone().unwrap()).stderr(output);
        self.child = Some(command.spawn().unwrap());
        let end = Instant::now() + PATIENCE;
        while !self.facts_file().exists() {
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < end,
                "the sandbox did not start: {}",
                self.output()
            );
            tokio::time::sleep(GLANCE).await;
        }
        self.read_facts();
    }

    fn log(&self) -> PathBuf {
        self.home.with_extension("log")
    }

    /// Where scripts find the facts.
    pub fn facts_file(&self) -> PathBuf {
        self.home.join("sandbox.json")
    }

    /// Reads again who runs.
    pub fn read_facts(&mut self) {
        let text = fs::read(self.facts_file()).unwrap();
        self.facts = serde_json::from_slice(&text).unwrap();
    }

    /// A text among the facts, by JSON pointer.
    pub fn fact(&self, pointer: &str) -> &str {
        self.facts
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("{pointer} in {}", self.facts))
    }

    /// A child's process.
    pub fn pid(&self, name: &str) -> i32 {
        let pid = self.facts["pids"][name].as_i64();
        i32::try_from(pid.unwrap_or_else(|| panic!("no {name} in {}", self.facts))).unwrap()
    }

    /// All processes.
    pub fn pids(&self) -> Vec<i32> {
        let pids = self.facts["pids"].as_object().unwrap();
        pids.keys().map(|name| self.pid(name)).collect()
    }

    /// The ports of API and networks.
    pub fn ports(&self) -> [u16; 2] {
        self.ports
    }

    /// The folder.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// What it printed.
    pub fn output(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// Ends the worker as `kill -9` does and waits until the supervisor has started another.
    pub async fn kill_worker(&mut self) {
        let old = self.pid("worker");
        assert!(process::signal(old, Signal::SIGKILL), "no worker to kill");
        let end = Instant::now() + PATIENCE;
        while self.facts["pids"]["worker"].is_null() || self.pid("worker") == old {
            assert!(
                Instant::now() < end,
                "the worker was not started again: {}",
                self.output()
            );
            tokio::time::sleep(GLANCE).await;
            self.read_facts();
        }
    }

    /// Presses Ctrl-C and waits for the end.
    pub async fn interrupt(&mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        process::signal(child.id() as i32, Signal::SIGINT);
        tokio::task::spawn_blocking(move || child.wait().unwrap())
            .await
            .unwrap()
    }

    /// Stops it and removes its data. Not called by a test that fails: then everything stays to be looked at.
    pub async fn close(mut self) {
        if self.child.is_some() {
            let status = self.interrupt().await;
            assert!(status.success(), "{status}: {}", self.output());
        }
        posthaste_postgres::remove(&self.home.join("pgdata"))
            .await
            .unwrap();
        fs::remove_dir_all(&self.home).unwrap();
        fs::remove_file(self.log()).unwrap();
    }
}

impl Drop for Sandbox {
    /// Nothing may stay behind a test that fails.
    fn drop(&mut self) {
        let Some(child) = &mut self.child else { return };
        process::signal(child.id() as i32, Signal::SIGINT);
        let _ = child.wait();
        eprintln!(
            "the sandbox said:\n{}\nand its logs are in {}",
            self.output(),
            self.home.display()
        );
    }
}

/// A port that nobody uses at the moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}
