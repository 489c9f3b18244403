//! Scanners of other people, installed when they are asked for.

use std::process::Command;

use anyhow::{Context, bail};

use super::{Ground, Outcome};
use crate::{
    python,
    run::{default_home, say, works},
    tools::from_apt,
};

/// How many requests are made up for each address.
const EXAMPLES: &str = "25";

/// Parameters that lead to the database: by their address, or by a place marked `*` in what is sent there.
const PARAMETERS: [(&str, Option<&str>); 3] = [
    ("/oauth/x/callback?state=one&code=two", None),
    ("/graphql", Some(FILTER)),
    ("/graphql", Some(EMAIL)),
];
const FILTER: &str = r#"{"query":"query($text: String) { posts(filter: { text: $text }) { totalCount } }","variables":{"text":"a*"}}"#;
const EMAIL: &str = r#"{"query":"mutation($e: String!) { invitationCreate(input: { email: $e, role: VIEWER }) { errors { code } } }","variables":{"e":"a*@example.org"}}"#;

/// Requests made up from the OpenAPI document: none may break the server.
pub fn schemathesis(ground: &Ground) -> anyhow::Result<Outcome> {
    let home = default_home().join("schemathesis");
    let program = home.join("bin/schemathesis");
    if !program.exists() {
        say("installing schemathesis");
        python::environment(&home)?;
        if let Err(error) = python::install(&home, &["schemathesis"]) {
            return Ok(Outcome::Skipped(format!(
                "schemathesis could not be installed: {error:#}"
            )));
        }
    }
    let server = ground.server()?;
    let mut scan = Command::new(program);
    scan.arg("run")
        .arg(format!("http://{}/openapi.json", server.address));
    scan.args(["--url", &format!("http://{}", server.address)]);
    scan.args(["--max-examples", EXAMPLES, "--checks", "not_a_server_error"]);
    scan.args(["--header", &format!("Authorization: Bearer {}", server.key)]);
    // Parts of uploads have a content type that it cannot make up.
    scan.args([
        "--exclude-method",
        "PATCH",
        "--seed",
        "1",
        "--no-color",
        "--warnings",
        "off",
    ]);
    let told = scan.output().context("cannot run schemathesis")?;
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    if !told.status.success() {
        bail!("{}", last_lines(&text, 40));
    }
    let tried = text.lines().find(|line| line.contains(" generated, "));
    let tried = tried.unwrap_or_default().trim();
    Ok(Outcome::Passed(format!(
        "{tried}; without parts of uploads (PATCH)"
    )))
}

/// Injections into a few parameters.
pub fn sqlmap(ground: &Ground) -> anyhow::Result<Outcome> {
    if !works("sqlmap", "--version") && !from_apt("sqlmap")? {
        return Ok(Outcome::Skipped(
            "there is no sqlmap here, and it could not be installed (Debian: `apt-get install sqlmap`)".into(),
        ));
    }
    let server = ground.server()?;
    let folder = default_home().join("sqlmap");
    let headers = format!(
        "Authorization: Bearer {}\nContent-Type: application/json",
        server.key
    );
    for (path, data) in PARAMETERS {
        let mut scan = Command::new("sqlmap");
        scan.arg("-u")
            .arg(format!("http://{}{path}", server.address));
        scan.args(data.map(|data| format!("--data={data}")));
        scan.args(["--batch", "--flush-session", "--dbms", "PostgreSQL"]);
        scan.args([
            "--level",
            "2",
            "--risk",
            "1",
            "--threads",
            "4",
            "--ignore-code",
            "*",
        ]);
        scan.args(["--headers", &headers, "--disable-coloring", "--output-dir"]);
        scan.arg(&folder);
        let told = scan.output().context("cannot run sqlmap")?;
        let text = String::from_utf8_lossy(&told.stdout);
        if !text.contains("do not appear to be injectable") {
            bail!("{path}: {}", last_lines(&text, 20));
        }
    }
    Ok(Outcome::Passed(format!(
        "{} requests, no parameter is injectable",
        PARAMETERS.len()
    )))
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
