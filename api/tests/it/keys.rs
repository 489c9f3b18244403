//! `posthaste keys`, as the operator runs it beside a running server.

use std::{fs, process::Command};

use posthaste_core::ports::Place;
use posthaste_engine::session;
use serde_json::Value;

use crate::setup::{FILE, Operator};

/// Runs the command; its output, which must not hold a key.
fn keys(operator: &Operator, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_posthaste"))
        .arg("keys")
        .args(arguments)
        .current_dir(operator.dir.path())
        .env("DATABASE_URL", &operator.test.url)
        .env("POSTHASTE_SECRET_FILE", "secret")
        .env("POSTHASTE_MASTER_KEY_FILE", "master-keys")
        .env("POSTHASTE_LOG", "trace")
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let logged = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{logged}");
    let file = fs::read_to_string(operator.dir.path().join("master-keys")).unwrap();
    for key in file.lines() {
        assert!(!told.contains(key) && !logged.contains(key));
    }
    told
}

fn listed(operator: &Operator) -> Vec<Value> {
    keys(operator, &["list", "--json"])
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_listed_and_rotated_beside_a_running_server_and_never_shown() {
    let operator = Operator::new().await;
    let setup = operator.run("Europe/Paris", "ada@bakery.example", &FILE);
    let key = String::from_utf8(setup.stdout).unwrap();
    let path = operator.dir.path().join("master-keys");
    fs::write(&path, "1".repeat(64)).unwrap();
    let app = operator.app();
    let workspace = session::authenticate(&app, key.trim())
        .await
        .unwrap()
        .workspace;
    let place = Place {
        table: "connections",
        column: "tokens",
        workspace,
        row: "conn_1".into(),
    };
    let sealed = app.cipher.seal(b"token", &place).await.unwrap();
    let before = listed(&operator);
    assert_eq!(before.len(), 2, "{before:?}");
    assert_eq!(before[0]["master"]["dataKeys"], 1);
    assert_eq!(before[0]["master"]["isCurrent"], true);
    assert_eq!(before[1]["data"]["workspace"], workspace.to_string());
    assert_eq!(before[1]["data"]["version"], 1);

    let told = keys(&operator, &["new"]);
    assert!(
        told.starts_with("added a master key to master-keys\n"),
        "{told}"
    );
    let told = keys(&operator, &["rotate"]);
    assert_eq!(told, "wrapped 1 data keys under the newest master key\n");
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2);
    let after = listed(&operator);
    assert_eq!(after.len(), 2);
    assert_ne!(after[0]["master"]["id"], before[0]["master"]["id"]);
    assert_eq!(after[0]["master"]["dataKeys"], 1);
    assert_eq!(app.cipher.open(&sealed, &place).await.unwrap(), b"token");
    // A server that starts now has only the database and the file.
    let fresh = operator.app();
    assert_eq!(fresh.cipher.open(&sealed, &place).await.unwrap(), b"token");
}
