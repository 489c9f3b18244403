//! `cargo xtask test`: every check, one after the other, and one line of totals.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{ExitCode, Stdio},
    time::Instant,
};

use anyhow::Context;
use posthaste_postgres::shared;

use crate::{
    faults, generate, npm, python, reference_clients,
    run::{cargo, default_home, root, say, succeed},
    rust_sdk, security, stories, tidy, tools,
    totals::Totals,
    typescript,
};

/// How much to run.
#[derive(clap::Args)]
pub struct Args {
    /// Only format, tidy and the unit tests beside the code.
    #[arg(long)]
    quick: bool,
}

/// Runs all steps, also after one failed, and prints the totals last.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let begin = Instant::now();
    let mut report = Report::default();
    let ready = prepare(args.quick).await;
    report.check("tools", || ready);
    report.check("format", || {
        succeed(cargo().args(["fmt", "--all", "--check"]))
    });
    report.check("tidy", tidy::run);
    report.check("secrets", || security::secrets().map(drop));
    if args.quick {
        report.tests("unit tests", &["--lib", "--bins"]);
    } else {
        report.check("clippy", clippy);
        report.check("dependencies", dependencies);
        report.check("build", || {
            tools::build(&["-p", "posthaste-api", "-p", "posthaste-sandbox", "--bins"])
        });
        report.check("generated files", generate::check);
        report.tests("tests", &[]);
        report.check("sdk-python", python::test);
        report.check("sdk-rust", rust_sdk::test);
        report.check("sdk-ts", typescript::test);
        report.check("faults", || faults::play(&faults::SELECTION));
        let postgres = tools::postgres(&default_home()).await;
        report.check("stories of the SDKs", || stories::run(&postgres?));
        let database = reference_clients::database().await;
        report.check("reference clients", || reference_clients::run(&database?));
    }
    shared::stop_shared(&shared::default_home()).await?;
    Ok(report.finish(begin))
}

/// Brings what the tests need.
async fn prepare(is_quick: bool) -> anyhow::Result<()> {
    tools::check_compiler()?;
    tools::postgres(&default_home()).await?;
    tools::redis()?;
    if !is_quick {
        // The provider that people sign in by (api/tests/it/session/identity/real.rs).
        npm::install(&root().join("api/tests/provider"))?;
    }
    tools::nextest()
}

/// Only where cargo-deny is: building it takes longer than all tests.
fn dependencies() -> anyhow::Result<()> {
    if !security::knows_dependencies() {
        say(
            "cargo-deny is not installed: licences and bans were not checked; `cargo xtask security` brings it",
        );
        return Ok(());
    }
    security::dependencies().map(drop)
}

fn clippy() -> anyhow::Result<()> {
    succeed(cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

#[derive(Default)]
struct Report {
    totals: Totals,
    problems: Vec<String>,
}

impl Report {
    /// A step that passes or fails as a whole.
    fn check(&mut self, name: &str, step: impl FnOnce() -> anyhow::Result<()>) {
        self.step(name, || (Totals::of(true), step()));
    }

    /// The tests themselves, counted one by one.
    fn tests(&mut self, name: &str, arguments: &[&str]) {
        self.step(name, || match nextest(arguments) {
            Ok((totals, true)) => (totals, Ok(())),
            Ok((totals, false)) => (totals, Err(anyhow::anyhow!("{totals}"))),
            Err(error) => (Totals::default(), Err(error)),
        });
    }

    fn step(&mut self, name: &str, step: impl FnOnce() -> (Totals, anyhow::Result<()>)) {
        say(name);
        let begin = Instant::now();
        let (totals, done) = step();
        let seconds = begin.elapsed().as_secs_f64();
        match done {
            Ok(()) => {
                self.totals.add(totals);
                say(&format!("{name}: passed in {seconds:.1} s"));
            }
            Err(error) => {
                self.totals.add(if totals.failed > 0 {
                    totals
                } else {
                    Totals::of(false)
                });
                say(&format!("{name}: FAILED in {seconds:.1} s: {error:#}"));
                self.problems.push(name.to_owned());
            }
        }
    }

    fn finish(self, begin: Instant) -> ExitCode {
        let minutes = begin.elapsed().as_secs_f64() / 60.0;
        match self.problems.as_slice() {
            [] => say(&format!("all steps passed in {minutes:.1} min")),
            failed => say(&format!(
                "FAILED: {} (in {minutes:.1} min)",
                failed.join(", ")
            )),
        }
        // The last line is for machines to read.
        println!("{}", self.totals);
        ExitCode::from(u8::from(!self.problems.is_empty()))
    }
}

/// Runs the workspace's tests; their counts and whether the runner was content.
fn nextest(arguments: &[&str]) -> anyhow::Result<(Totals, bool)> {
    let mut command = cargo();
    command
        .args(["nextest", "run", "--workspace", "--no-fail-fast"])
        .args(arguments)
        .env("POSTHASTE_NODE", npm::tool("node").get_program())
        .stderr(Stdio::piped());
    let mut child = command.spawn().context("cannot run `cargo nextest`")?;
    let output = child
        .stderr
        .take()
        .map(echo)
        .transpose()?
        .unwrap_or_default();
    let status = child.wait()?;
    let totals = Totals::from_nextest(&output).with_context(|| {
        format!("the tests did not run to their end ({status}); the reason is above")
    })?;
    Ok((totals, status.success() && totals.failed == 0))
}

/// Shows a stream while it comes, and returns all of it.
fn echo(stream: impl Read) -> anyhow::Result<String> {
    let mut reader = BufReader::new(stream);
    let mut all = Vec::new();
    loop {
        let from = all.len();
        if reader.read_until(b'\n', &mut all)? == 0 {
            return Ok(String::from_utf8_lossy(&all).into_owned());
        }
        std::io::stderr().write_all(&all[from..])?;
    }
}
