use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// How long a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A Redis server of one test, on a socket of its own; it keeps nothing and ends with the test.
#[derive(Debug)]
pub struct TestRedis {
    child: Option<Child>,
    folder: TempDir,
}

impl TestRedis {
    /// Starts `redis-server` (from `POSTHASTE_REDIS_SERVER`, else from `PATH`). Fails the test where there is
    /// none: `cargo xtask test` brings it.
    pub fn start() -> Self {
        let mut redis = Self {
            child: None,
            folder: tempfile::tempdir().expect("a folder for the socket"),
        };
        redis.start_again();
        redis
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Ends it as `kill -9` does; what it knew is lost.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it again, empty.
    pub fn start_again(&mut self) {
        self.kill();
        let _ = std::fs::remove_file(self.socket());
        let program = std::env::var_os("POSTHASTE_REDIS_SERVER");
        let program = program.map_or_else(|| PathBuf::from("redis-server"), PathBuf::from);
        let child = Command::new(program)
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(self.socket())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server runs; `cargo xtask test` brings it, or install it (Debian: `apt-get install redis-server`)");
        self.child = Some(child);
        let end = Instant::now() + PATIENCE;
        while std::os::unix::net::UnixStream::connect(self.socket()).is_err() {
            assert!(Instant::now() < end, "redis-server does not answer");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        self.kill();
    }
}
