//! `cargo xtask stories`: what a developer does with each of them, against one running sandbox.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use posthaste_postgres::Binaries;

use crate::{python, run, rust_sdk, tools, typescript};

/// Written when everything is ready.
const FACTS: &str = "sandbox.json";

/// How long the sandbox may take to start or to stop.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often it is looked at meanwhile.
const GLANCE: Duration = Duration::from_millis(50);

/// Runs a story; it gets the path of `sandbox.json`.
type Story = fn(&Path) -> anyhow::Result<()>;

/// Each SDK with its story.
const STORIES: [(&str, Story); 3] = [
    ("sdk-python", python::story),
    ("sdk-ts", typescript::story),
    ("sdk-rust", rust_sdk::story),
];

/// Builds, and runs only these tests.
pub async fn run_alone() -> anyhow::Result<()> {
    let postgres = tools::postgres(&run::default_home()).await?;
    tools::build(&["-p", "posthaste-api", "-p", "posthaste-sandbox"])?;
    run(&postgres)
}

/// Starts the built sandbox and runs all stories, also after one failed.
pub fn run(postgres: &Binaries) -> anyhow::Result<()> {
    let sandbox = Sandbox::start(postgres)?;
    let mut failed = Vec::new();
    for (name, story) in STORIES {
        run::say(&format!("story of {name}"));
        if let Err(error) = story(&sandbox.facts()) {
            failed.push(format!("{name}: {error:#}"));
        }
    }
    if failed.is_empty() {
        return sandbox.stop();
    }
    bail!(
        "{}; the sandbox's log is {}",
        failed.join("; "),
        sandbox.log.display()
    )
}

/// A sandbox on free ports that ends with this value.
struct Sandbox {
    child: Child,
    home: PathBuf,
    log: PathBuf,
}

impl Sandbox {
    /// Starts it without data of earlier runs, and waits until it is ready.
    fn start(postgres: &Binaries) -> anyhow::Result<Self> {
        let home = run::default_home().join("stories");
        fs::create_dir_all(&home).with_context(|| format!("cannot create {}", home.display()))?;
        let _ = fs::remove_file(home.join(FACTS));
        let log = home.with_extension("log");
        let output =
            File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let [port, networks_port] = [free_port()?, free_port()?];
        let child = Command::new(run::target().join("debug/posthaste"))
            .args(["sandbox", "--reset", "--port", &port])
            .args(["--networks-port", &networks_port, "--home"])
            .arg(&home)
            .env("POSTHASTE_PG_BIN", &postgres.bin)
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .context("cannot start the sandbox")?;
        let mut sandbox = Self { child, home, log };
        sandbox.wait()?;
        Ok(sandbox)
    }

    /// Where it says that it is ready, and where everything is.
    fn facts(&self) -> PathBuf {
        self.home.join(FACTS)
    }

    fn wait(&mut self) -> anyhow::Result<()> {
        let begin = Instant::now();
        while !self.facts().exists() {
            if self.child.try_wait()?.is_some() || begin.elapsed() > PATIENCE {
                bail!(
                    "the sandbox did not start; its log is {}",
                    self.log.display()
                );
            }
            thread::sleep(GLANCE);
        }
        Ok(())
    }

    /// As Ctrl-C does, and waits for the end.
    fn stop(mut self) -> anyhow::Result<()> {
        interrupt(&self.child)?;
        let status = self.child.wait()?;
        if !status.success() {
            bail!(
                "the sandbox ended with {status}; its log is {}",
                self.log.display()
            );
        }
        Ok(())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = interrupt(&self.child);
            let _ = self.child.wait();
        }
    }
}

fn interrupt(child: &Child) -> anyhow::Result<()> {
    run::succeed(Command::new("kill").args(["-INT", &child.id().to_string()]))
}

/// Free a moment ago; nobody else takes ports by chance.
fn free_port() -> anyhow::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port().to_string())
}
