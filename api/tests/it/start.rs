//! What a server says while it starts, as the operator sees it: the program itself.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A server that runs; killed when dropped.
struct Server {
    process: Child,
    _home: TempDir,
}

impl Server {
    /// Starts one that reaches no database, with these settings beside.
    fn start(settings: &[(&str, &str)]) -> Self {
        let home = TempDir::new().unwrap();
        fs::write(
            home.path().join("secret"),
            "0123456789abcdef0123456789abcdef",
        )
        .unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_posthaste"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .current_dir(home.path())
            .env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing")
            .env("POSTHASTE_SECRET_FILE", "secret")
            .env("POSTHASTE_LOG_FORMAT", "json")
            .envs(settings.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            process,
            _home: home,
        }
    }

    /// The log up to the line that says where it listens.
    fn log(&mut self) -> Vec<Value> {
        let lines = BufReader::new(self.process.stderr.take().unwrap()).lines();
        let mut log = Vec::new();
        for line in lines {
            let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
            let is_last = line["message"] == "listening";
            log.push(line);
            if is_last {
                return log;
            }
        }
        panic!("it ended: {log:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

#[test]
fn a_redis_that_cannot_be_reached_is_told_at_start_without_its_password() {
    let url = "redis://ada:hunter2@127.0.0.1:1";
    let log = Server::start(&[("REDIS_URL", url)]).log();
    let told = &log[0];
    assert_eq!(told["level"], "WARN");
    assert_eq!(told["address"], "127.0.0.1:1");
    assert_eq!(
        told["message"],
        "Redis is away: each process limits by itself until it is back; if it stays away, check redis.url (REDIS_URL)"
    );
    assert!(
        told["error"].as_str().unwrap().contains("refused"),
        "{told}"
    );
    assert!(!format!("{log:?}").contains("hunter2"));
}
