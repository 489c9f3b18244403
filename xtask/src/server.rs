//! A server for tests of others: the built program on a database of its own.

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use posthaste_postgres::shared;

use crate::run;

/// How long it may take until it answers.
const PATIENCE: Duration = Duration::from_secs(30);

/// An empty database on the cluster that tests share.
pub async fn database(name: &str) -> anyhow::Result<String> {
    shared::fresh_database(&shared::default_home(), name).await
}

/// A server that ends with this value.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// The key of its workspace's owner.
    pub key: String,
    /// Its log.
    pub log: PathBuf,
}

impl Server {
    /// Starts the built program on an empty database, with a workspace and these settings.
    pub fn start(name: &str, database: &str, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let home = run::target().join(name);
        fs::create_dir_all(&home).with_context(|| format!("cannot create {}", home.display()))?;
        fs::write(
            home.join("secret"),
            "only for the tests of this machine, thrown away",
        )?;
        fs::write(home.join("password"), "only for these tests")?;
        run::succeed(posthaste(&home, database).arg("migrate"))?;
        let key = run::output(
            posthaste(&home, database)
                .args(["setup", "--workspace", "Tests", "--time-zone", "UTC"])
                .args(["--email", "owner@example.com", "--name", "Owner"])
                .args(["--password-file", "password"]),
        )?;
        // Free a moment ago; nobody else listens on ports by chance.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = home.join("server.log");
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = posthaste(&home, database)
            .args(["serve", "--listen", &address.to_string()])
            .env("POSTHASTE_PUBLIC_URL", format!("http://{address}"))
            .envs(settings.iter().copied())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .context("cannot start posthaste")?;
        let server = Self {
            child,
            address,
            key: key.trim().to_owned(),
            log,
        };
        server.wait()?;
        Ok(server)
    }

    /// Until it says that it is ready.
    fn wait(&self) -> anyhow::Result<()> {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if is_ready(self.address).unwrap_or_default() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(50));
        }
        bail!(
            "the server did not become ready; its log is {}",
            self.log.display()
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It holds nothing that must be kept.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The built program, with settings for these tests and none of the surroundings'.
fn posthaste(home: &Path, database: &str) -> Command {
    let mut command = Command::new(run::target().join("debug/posthaste"));
    command.current_dir(home);
    command.env("DATABASE_URL", database);
    command.env("POSTHASTE_SECRET_FILE", home.join("secret"));
    command.env("POSTHASTE_DATA_DIR", home.join("data"));
    command
}

fn is_ready(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET /readyz HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.starts_with("HTTP/1.0 200"))
}
