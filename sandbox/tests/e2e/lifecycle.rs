//! Starting and stopping: quick, clean, explained, for everybody.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::{fs::chown, process::CommandExt},
    time::Duration,
};

use posthaste_postgres::process;

use crate::{program, sandbox::Sandbox};

/// The account `nobody` on every Unix.
const NOBODY: u32 = 65_534;

/// Ready on existing data within this time; the quickest of a few starts counts, on a busy machine.
const SECOND_START: Duration = Duration::from_secs(3);

/// Memory of its own that an idle server has, in kB. Pages of the program's file are not counted: they are the kernel's to drop, and
/// a program that is not optimised has many more of them.
const IDLE: u64 = 24 * 1024;

#[tokio::test]
async fn ctrl_c_leaves_nothing_and_the_next_start_is_quick() {
    let mut sandbox = Sandbox::start("restart").await;
    let before = sandbox.facts.clone();
    let mut starts = Vec::new();
    for _ in 0..3 {
        let pids = sandbox.pids();
        assert_eq!(pids.len(), 5, "{}", sandbox.facts);
        let status = sandbox.interrupt().await;
        assert!(status.success(), "{status}: {}", sandbox.output());
        assert_nothing_left(&sandbox, &pids);

        starts.push(sandbox.start_again().await);
        for fact in [
            "keys",
            "people",
            "connections",
            "workspaceId",
            "apiUrl",
            "networksUrl",
        ] {
            assert_eq!(sandbox.facts[fact], before[fact]);
        }
        if starts.iter().any(|time| *time < SECOND_START) {
            break;
        }
    }
    assert!(starts.iter().any(|time| *time < SECOND_START), "{starts:?}");
    sandbox.close().await;
}

fn assert_nothing_left(sandbox: &Sandbox, pids: &[i32]) {
    for pid in pids {
        assert!(
            !process::alive(*pid),
            "process {pid} of {} still runs",
            sandbox.facts
        );
    }
    for port in sandbox.ports() {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    }
    assert!(!sandbox.facts_file().exists());
    let home = sandbox.home().display().to_string();
    let running: Vec<_> = command_lines()
        .into_iter()
        .filter(|line| line.contains(&home))
        .collect();
    assert!(running.is_empty(), "{running:?}");
}

/// The command lines of all processes, where the system shows them as files.
fn command_lines() -> Vec<String> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let lines = entries
        .flatten()
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines
        .map(|line| String::from_utf8_lossy(&line).into_owned())
        .collect()
}

#[test]
fn a_taken_port_is_a_sentence_that_names_the_flag() {
    let home = program::root().join("target/e2e/taken");
    let sandbox = Sandbox::new(home.clone());
    for (port, flag) in sandbox
        .ports()
        .into_iter()
        .zip(["--port", "--networks-port"])
    {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        let output = sandbox.command(&program::posthaste()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success());
        assert!(
            said.contains(&format!("Port {port} is taken by another program.")),
            "{said}"
        );
        assert!(
            said.contains(&format!("choose another port: {flag} ")),
            "{said}"
        );
        assert!(!home.exists(), "it wrote something before it looked");
        drop(taken);
    }
}

/// Root has a way of its own to run PostgreSQL; whoever is not root proves the ordinary one in every test.
#[tokio::test]
async fn an_ordinary_user_needs_no_rights() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let folder = tempfile::Builder::new()
        .prefix("posthaste-e2e-")
        .tempdir()
        .unwrap();
    let home = folder.path().join("home");
    for program in [program::posthaste(), program::simulator()] {
        fs::copy(&program, folder.path().join(program.file_name().unwrap())).unwrap();
    }
    chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();

    let mut sandbox = Sandbox::new(home);
    let mut command = sandbox.command(&folder.path().join("posthaste"));
    sandbox
        .run(command.uid(NOBODY).gid(NOBODY).current_dir("/"))
        .await;
    let owner = fs::metadata(format!("/proc/{}", sandbox.pid("postgres"))).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&owner), NOBODY);
    let pids = sandbox.pids();
    assert!(sandbox.interrupt().await.success(), "{}", sandbox.output());
    assert_nothing_left(&sandbox, &pids);
}

#[tokio::test]
async fn an_idle_server_is_small() {
    let sandbox = Sandbox::start("memory").await;
    sandbox
        .graphql("{ viewer { __typename } }", serde_json::json!({}))
        .await;
    let Ok(status) = fs::read_to_string(format!("/proc/{}/status", sandbox.pid("api"))) else {
        return sandbox.close().await; // Only Linux tells.
    };
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))
        .unwrap();
    let kilobytes: u64 = line.split_whitespace().next().unwrap().parse().unwrap();
    assert!(kilobytes < IDLE, "{kilobytes} kB");
    sandbox.close().await;
}
