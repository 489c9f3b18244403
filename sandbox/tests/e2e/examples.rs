//! The examples are documentation: they must work as they stand.

use std::process::{Command, Output};

use crate::{program, sandbox::Sandbox};

async fn run(sandbox: &Sandbox, name: &str) -> Output {
    let mut command = Command::new("sh");
    command
        .arg(program::root().join("sandbox/examples").join(name))
        .env("SANDBOX_JSON", sandbox.facts_file());
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

/// The script itself checks the states, the permalinks, the walls and the order of the events.
#[tokio::test]
async fn one_post_goes_to_four_networks_with_nothing_but_curl() {
    let sandbox = Sandbox::start("examples").await;
    let output = run(&sandbox, "four-networks.sh").await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        said.ends_with("Done: one post, four networks, each exactly once.\n"),
        "{said}"
    );
    assert_eq!(sandbox.control.log().await.unwrap().len(), 4);

    let output = run(&sandbox, "follow.sh").await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let events: Vec<_> = said
        .match_indices("\"type\":\"TARGET_")
        .map(|(at, _)| &said[at + 15..at + 22])
        .collect();
    assert_eq!(events, ["CLAIMED", "SENDING", "PUBLISH"], "{said}");
    assert_eq!(sandbox.control.log().await.unwrap().len(), 5);

    run_guides(&sandbox).await;
    sandbox.close().await;
}

/// The shell examples of the guides, as they stand there.
async fn run_guides(sandbox: &Sandbox) {
    let all = posthaste_docs::examples();
    let examples = all
        .into_iter()
        .filter(|example| example.language == "sh" && example.code.contains("$POSTHASTE_URL"));
    let mut count = 0;
    for example in examples {
        count += 1;
        let mut command = Command::new("bash");
        command
            .args(["-euo", "pipefail", "-c", &example.code])
            .env("POSTHASTE_URL", sandbox.fact("/apiUrl"))
            .env("POSTHASTE_KEY", sandbox.fact("/keys/editor"));
        let output = tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let shown = format!(
            "{}\n{said}\n{}",
            example.code,
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(output.status.success(), "{shown}");
        assert!(!said.contains("\"errors\":[{"), "{shown}");
    }
    assert!(count >= 4, "{count}");
}

/// A sandbox that does not run is a sentence, not a stack of errors of curl and sed.
#[test]
fn an_example_without_a_sandbox_says_what_to_start() {
    for name in ["four-networks.sh", "follow.sh"] {
        let script = program::root().join("sandbox/examples").join(name);
        let output = Command::new("sh")
            .arg(script)
            .env("SANDBOX_JSON", "/nowhere/sandbox.json")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            said.starts_with(
                "FAILED: /nowhere/sandbox.json is not there. Start 'cargo xtask sandbox'"
            ),
            "{said}"
        );
    }
}
