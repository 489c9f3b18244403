//! `posthaste setup`, as the operator runs it: the program itself on a fresh database.

use std::{
    fs,
    io::Write,
    process::{Command, Output, Stdio},
};

use posthaste_api::{app, config::Config};
use posthaste_core::{access::Role, secret::Secret};
use posthaste_engine::{
    App,
    session::{self, Client, SignIn},
};
use posthaste_testkit::TestDatabase;
use tempfile::TempDir;

/// The secret of the server under test, as in its file.
const SECRET: &str = "0123456789abcdef0123456789abcdef";

pub struct Operator {
    pub test: TestDatabase,
    pub dir: TempDir,
}

impl Operator {
    pub async fn new() -> Self {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("secret"), SECRET).unwrap();
        fs::write(dir.path().join("password"), "correct horse\n").unwrap();
        Self {
            test: TestDatabase::new().await,
            dir,
        }
    }

    /// The command in the operator's folder.
    fn setup(&self, zone: &str, email: &str, options: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_posthaste"));
        command
            .args(["setup", "--workspace", "Bakery", "--name", "Ada"])
            .args(["--time-zone", zone, "--email", email])
            .args(options)
            .current_dir(self.dir.path())
            .env("DATABASE_URL", &self.test.url)
            .env("POSTHASTE_SECRET_FILE", "secret")
            .stdin(Stdio::null());
        command
    }

    /// The server that the command prepared.
    pub fn app(&self) -> App {
        let path = |name: &str| self.dir.path().join(name).display().to_string();
        let config = Config::parse(None, |variable| match variable {
            "DATABASE_URL" => Some(self.test.url.clone()),
            "POSTHASTE_SECRET_FILE" => Some(path("secret")),
            "POSTHASTE_DATA_DIR" => Some(path("data")),
            "POSTHASTE_MASTER_KEY_FILE" => {
                Some(path("master-keys")).filter(|path| fs::exists(path).unwrap())
            }
            _ => None,
        });
        app::build(&config.unwrap()).unwrap()
    }

    pub fn run(&self, zone: &str, email: &str, options: &[&str]) -> Output {
        self.setup(zone, email, options).output().unwrap()
    }
}

pub const FILE: [&str; 2] = ["--password-file", "password"];

/// The key of a success.
fn key(output: &Output) -> String {
    assert!(output.status.success(), "{}", refusal(output));
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let key = text.strip_suffix('\n').unwrap().to_owned();
    assert!(key.starts_with("phk_live_") && !key.contains('\n'), "{key}");
    key
}

/// What a refusal says.
fn refusal(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_makes_a_workspace_whose_owner_signs_in_and_whose_key_opens_it() {
    let operator = Operator::new().await;
    let key = key(&operator.run("Europe/Paris", "Ada@bakery.example", &FILE));

    let app = operator.app();
    let actor = session::authenticate(&app, &key).await.unwrap();
    assert_eq!(actor.role, Role::Owner);
    let workspace = session::workspace(&app, &actor).await.unwrap();
    assert_eq!(workspace.name, "Bakery");
    assert_eq!(workspace.time_zone, "Europe/Paris");
    let who = SignIn {
        email: "ada@bakery.example",
        proof: Secret::new("correct horse").into(),
        workspace: None,
    };
    let opened = session::sign_in(&app, who, &Client::default()).await;
    let session = opened.unwrap().session;
    assert_eq!(session.role, Role::Owner);
    assert_eq!(session.workspace_id, workspace.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_workspace_has_to_be_asked_for() {
    let operator = Operator::new().await;
    let first = key(&operator.run("Europe/Paris", "ada@bakery.example", &FILE));
    let again = operator.run("Europe/Paris", "bo@bakery.example", &FILE);
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(
        refusal(&again),
        "posthaste: ALREADY_EXISTS: There is a workspace already. To make one more, add --another.\n"
    );

    let another = ["--another", "--password-file", "password"];
    let taken = operator.run("Europe/Paris", "ada@bakery.example", &another);
    assert_eq!(
        refusal(&taken),
        "posthaste: ALREADY_EXISTS: Somebody with this e-mail exists already.\n"
    );
    let second = key(&operator.run("Europe/Paris", "bo@bakery.example", &another));
    assert_ne!(first, second);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_and_leaves_nothing_behind() {
    let operator = Operator::new().await;
    let refused = |zone: &str, email: &str, options: &[&str]| {
        let output = operator.run(zone, email, options);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        refusal(&output)
    };
    assert_eq!(
        refused("Mars/Base", "ada@bakery.example", &FILE),
        "posthaste: INVALID_TIME_ZONE: 'Mars/Base' is not a time zone; one looks like Europe/Paris.\n"
    );
    assert_eq!(
        refused("Europe/Paris", "ada", &FILE),
        "posthaste: INVALID_INPUT: email: This is not an e-mail address.\n"
    );
    assert_eq!(
        refused("Europe/Paris", "ada@bakery.example", &[]),
        "posthaste: no password was given; write it into a file and name it with --password-file, or type it when asked\n"
    );
    key(&operator.run("Europe/Paris", "ada@bakery.example", &FILE));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_may_come_through_standard_input() {
    let operator = Operator::new().await;
    let mut child = operator
        .setup("Europe/Paris", "ada@bakery.example", &[])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"short\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        refusal(&output),
        "posthaste: INVALID_INPUT: password: A password has 8 to 256 characters.\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_tables_sends_to_migrate() {
    let operator = Operator::new().await;
    posthaste_store::revert_all(operator.test.db.address())
        .await
        .unwrap();
    let output = operator.run("Europe/Paris", "ada@bakery.example", &FILE);
    assert!(
        refusal(&output)
            .ends_with("database migrations have not run; run `posthaste migrate` first\n"),
        "{}",
        refusal(&output)
    );
}
