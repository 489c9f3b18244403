//! The client commands, as people and scripts run them: the program itself against a server.

mod import;
mod live;
mod why;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Output, Stdio},
};

use axum::Router;
use image::ImageFormat;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{io::AsyncWriteExt, net::TcpListener, process::Command};

use crate::world::{World, picture};

/// A person with a terminal and a server.
struct Desk {
    world: World,
    url: String,
    home: TempDir,
}

impl Desk {
    async fn new() -> Self {
        let world = World::new().await;
        let url = serve(world.router.clone()).await;
        let home = TempDir::new().unwrap();
        Self { world, url, home }
    }

    /// A desk at which somebody has logged in as editor.
    async fn ready() -> Self {
        let desk = Self::new().await;
        let key = desk.world.home.editor.clone();
        let url = desk.url.clone();
        let output = desk.run(&["login", "--url", &url, "--api-key", &key]).await;
        assert_eq!(
            text(&output),
            "Profile 'default': key 'EDITOR', EDITOR, in workspace 'Home'.\n"
        );
        desk
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_posthaste"));
        command
            .args(arguments)
            .current_dir(self.home.path())
            .env_clear()
            .env("XDG_CONFIG_HOME", self.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().await.unwrap()
    }

    /// Standard output as JSON, of a command that must succeed.
    async fn json(&self, arguments: &[&str]) -> Value {
        let all: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        let output = self.run(&all).await;
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Exit code and what is said of a command that must fail.
    async fn fails(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(arguments).await;
        assert!(!output.status.success(), "{arguments:?}: {}", text(&output));
        (output.status.code().unwrap(), said(&output))
    }

    fn profiles(&self) -> std::path::PathBuf {
        self.home.path().join("posthaste/profiles.toml")
    }
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const TIME: [&str; 4] = ["--at", "2027-01-05 09:00", "--tz", "Europe/Paris"];

/// A post on X tomorrow morning; its id.
async fn written(desk: &Desk, words: &str) -> String {
    let arguments = [&["post", words, "--to", "x", "-q"], TIME.as_slice()].concat();
    let output = desk.run(&arguments).await;
    assert!(output.status.success(), "{}", said(&output));
    text(&output).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_tried_and_remembered_for_its_owner_only() {
    let desk = Desk::ready().await;
    let mode = fs::metadata(desk.profiles()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let (code, said) = desk
        .fails(&[
            "login",
            "--url",
            &desk.url,
            "--api-key",
            "phk_test_no",
            "--profile",
            "b",
        ])
        .await;
    assert_eq!(code, 4);
    assert!(said.starts_with("posthaste: UNAUTHENTICATED: "), "{said}");
    assert!(
        !fs::read_to_string(desk.profiles())
            .unwrap()
            .contains("phk_test_no")
    );
    let (code, said) = desk
        .fails(&["post", "a", "--draft", "--profile", "b"])
        .await;
    assert_eq!(
        (code, said.as_str()),
        (
            2,
            "posthaste: there is no profile 'b'; make one with `posthaste login`, or give --url and --api-key\n"
        )
    );

    let viewer = desk.world.home.viewer.clone();
    let answer = desk
        .json(&[
            "login",
            "--url",
            &desk.url,
            "--api-key",
            &viewer,
            "--profile",
            "b",
        ])
        .await;
    assert_eq!(answer["role"], "VIEWER");
    let (code, said) = desk
        .fails(&["post", "a", "--draft", "--profile", "b"])
        .await;
    assert_eq!(code, 4);
    assert!(said.starts_with("posthaste: FORBIDDEN: "), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_asks_for_what_is_not_given() {
    let desk = Desk::new().await;
    let mut child = desk
        .command(&["login"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let answers = format!("{}\n{}\n", desk.url, desk.world.home.owner);
    child
        .stdin
        .take()
        .unwrap()
        .write_all(answers.as_bytes())
        .await
        .unwrap();
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(
        text(&output),
        "Profile 'default': key 'OWNER', OWNER, in workspace 'Home'.\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_told_apart() {
    let desk = Desk::new().await;
    let nowhere = "http://127.0.0.1:9";
    let arguments = [
        "schedule",
        "list",
        "--url",
        nowhere,
        "--api-key",
        "phk_test_1",
    ];
    let (code, said) = desk.fails(&arguments).await;
    assert_eq!(code, 3);
    assert!(
        said.starts_with("posthaste: the server cannot be reached: "),
        "{said}"
    );
    let (_, said) = desk.fails(&[&arguments[..], &["--json"]].concat()).await;
    let error: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&error["error"]["retryable"], &error["error"]["code"]),
        (&json!(true), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_with_a_picture_is_written_for_a_time() {
    let desk = Desk::ready().await;
    fs::write(
        desk.home.path().join("a.jpg"),
        picture(400, 400, ImageFormat::Jpeg),
    )
    .unwrap();
    let arguments = [
        &[
            "post",
            "Warm bread",
            "--to",
            "instagram:home,X",
            "--media",
            "a.jpg",
            "--alt",
            "A loaf",
        ],
        &[
            "--link",
            "https://bakery.example",
            "--idempotency-key",
            "monday",
        ][..],
        &TIME,
    ]
    .concat();
    let post = desk.json(&arguments).await;
    assert_eq!(post["status"], "SCHEDULED");
    assert_eq!(post["dueAt"], "2027-01-05T08:00:00Z");
    assert_eq!(post["content"]["text"], "Warm bread");
    assert_eq!(post["content"]["link"], "https://bakery.example");
    let media = post["content"]["media"][0]["media"]["id"].as_str().unwrap();
    let query = format!("{{ media(id: \"{media}\") {{ altText fileName status }} }}");
    let kept = desk.world.ask(&query, json!({})).await;
    assert_eq!(
        kept["media"],
        json!({ "altText": "A loaf", "fileName": "a.jpg", "status": "READY" })
    );
    let mut networks: Vec<_> = post["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|target| target["network"].clone())
        .collect();
    networks.sort_by_key(ToString::to_string);
    assert_eq!(networks, ["INSTAGRAM", "X"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_needs_no_account_and_may_come_through_standard_input() {
    let desk = Desk::ready().await;
    let mut child = desk
        .command(&["post", "-", "--draft"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"From a file.\n")
        .await
        .unwrap();
    let output = child.wait_with_output().await.unwrap();
    let id = text(&output).split(' ').next().unwrap().to_owned();
    assert_eq!(text(&output), format!("{id} DRAFT\n"));
    let query = format!("{{ post(id: \"{id}\") {{ content {{ text }} }} }}");
    assert_eq!(
        desk.world.ask(&query, json!({})).await["post"]["content"]["text"],
        "From a file."
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_judges_and_leaves_nothing_behind() {
    let desk = Desk::ready().await;
    fs::write(
        desk.home.path().join("a.jpg"),
        picture(400, 400, ImageFormat::Jpeg),
    )
    .unwrap();
    let good = [
        "post",
        "Bread",
        "--to",
        "instagram",
        "--media",
        "a.jpg",
        "--now",
        "--dry-run",
    ];
    let output = desk.run(&good).await;
    assert!(
        text(&output).ends_with("It would be accepted.\n"),
        "{}",
        said(&output)
    );
    let later = [
        &["post", "Bread", "--to", "x:@HOME", "--dry-run"],
        &TIME[..],
    ]
    .concat();
    assert_eq!(
        text(&desk.run(&later).await),
        "Due 2027-01-05 08:00:00 UTC.\n  x:home SCHEDULED\nIt would be accepted.\n"
    );
    let long = "x".repeat(300);
    let output = desk
        .run(&["post", &long, "--to", "x", "--now", "--dry-run"])
        .await;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(said(&output), "posthaste: 1 mistake to mend\n");
    assert!(text(&output).starts_with("error: TEXT_TOO_LONG: text: "));
    assert!(text(&output).ends_with("It would be refused.\n"));
    let left = desk
        .world
        .ask(
            "{ posts { nodes { id } } mediaList { nodes { id } } }",
            json!({}),
        )
        .await;
    assert_eq!(
        left,
        json!({ "posts": { "nodes": [] }, "mediaList": { "nodes": [] } })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_have_codes_that_scripts_can_read() {
    let desk = Desk::ready().await;
    let long = "x".repeat(300);
    let (code, said) = desk
        .fails(&["post", &long, "--to", "x", "--now", "--json"])
        .await;
    assert_eq!(code, 1);
    let error: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(error["error"]["code"], "TEXT_TOO_LONG");
    assert_eq!(error["error"]["errors"][0]["retryable"], false);
    assert!(error["error"]["requestId"].is_string());

    for (arguments, expected) in [
        (
            &["post", "a", "--to", "x"][..],
            "posthaste: say when: --at TIME, --now or --draft\n",
        ),
        (
            &["post", "a", "--to", "mastodon", "--now"],
            "posthaste: no account is connected that is 'mastodon'; there are facebook, instagram, pinterest, x\n",
        ),
        (
            &["post", "a", "--to", "x:nobody", "--now"],
            "posthaste: no account is connected that is 'x:nobody'; there is x:home\n",
        ),
        (
            &["post", "a", "--to", "x", "--alt", "b", "--now"],
            "posthaste: there are more --alt than --media\n",
        ),
        (
            &["post", "a", "--to", "x", "--at", "soon"],
            "posthaste: 'soon' is not a time; one looks like \"2026-12-24 09:00\" or 2026-12-24T08:00:00Z\n",
        ),
        (
            &["post", "a", "--to", "x", "--media", "no.jpg", "--now"],
            "posthaste: no.jpg cannot be read: No such file or directory (os error 2)\n",
        ),
    ] {
        assert_eq!(
            desk.fails(arguments).await,
            (2, expected.to_owned()),
            "{arguments:?}"
        );
    }
    let (code, _) = desk.fails(&["post"]).await;
    assert_eq!(code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_is_listed_moved_and_taken_back() {
    let desk = Desk::ready().await;
    let (first, second) = (written(&desk, "One").await, written(&desk, "Two").await);
    let move_to = ["schedule", "move", &first, "--at", "2027-01-06T08:00:00Z"];
    let output = desk.run(&move_to).await;
    assert_eq!(
        text(&output),
        format!("{first} SCHEDULED for 2027-01-06 08:00:00 UTC\n")
    );

    let output = desk.run(&["schedule", "list"]).await;
    let lines: Vec<Vec<String>> = text(&output)
        .lines()
        .map(|line| line.split("  ").map(str::to_owned).collect())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (lines[0][0].as_str(), lines[0][1].as_str()),
        ("2027-01-05 08:00:00 UTC", second.as_str())
    );
    assert_eq!(
        (lines[1][1].as_str(), lines[1][3].as_str()),
        (first.as_str(), "x:home")
    );

    let later = [
        "schedule",
        "list",
        "--from",
        "2027-01-06T00:00:00Z",
        "--network",
        "x",
        "--json",
    ];
    let output = desk.run(&later).await;
    let row: Value = serde_json::from_str(&text(&output)).unwrap();
    assert_eq!(row["post"]["id"], first.as_str());

    let cancelled = desk.json(&["schedule", "cancel", &second]).await;
    assert_eq!(cancelled["status"], "CANCELLED");
    let (code, said) = desk.fails(&["schedule", "cancel", "post_x"]).await;
    assert_eq!(code, 1);
    assert!(said.starts_with("posthaste: INVALID_ID: id: "), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_is_for_sandboxes_only() {
    let desk = Desk::ready().await;
    let (code, said) = desk.fails(&["sandbox", "trigger", "rate-limited"]).await;
    assert_eq!(code, 1);
    assert!(said.starts_with("posthaste: SANDBOX_ONLY: "), "{said}");
    let (code, said) = desk.fails(&["sandbox", "trigger", "storm"]).await;
    assert_eq!(code, 2);
    assert!(
        said.starts_with("posthaste: there is no scenario 'storm'; there are "),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_explains_itself() {
    let desk = Desk::new().await;
    for command in [
        &["login"][..],
        &["post"],
        &["import"],
        &["schedule"],
        &["events"],
        &["webhooks"],
        &["graphql"],
    ] {
        let output = desk.run(&[command, &["--help"]].concat()).await;
        let help = text(&output);
        assert!(
            help.contains("Example") && help.contains("Exit codes: 0 "),
            "{help}"
        );
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = text(&desk.run(&["completions", shell]).await);
        assert!(
            script.contains("posthaste") && script.contains("idempotency-key"),
            "{shell}"
        );
    }
}
