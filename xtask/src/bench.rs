//! `cargo xtask bench`: builds and runs the benchmarks of `sandbox/src/bin/bench.rs`.

use std::process::Command;

use crate::{run, tools};

/// What to measure.
#[derive(clap::Args)]
pub struct Args {
    /// `publish`: targets per second through worker processes, and their lateness; `api`: lists and mutations against
    /// raw SQL; both when left out. `plans`: what a claim reads among five million targets.
    #[arg(value_parser = ["publish", "api", "plans"])]
    which: Option<String>,
    /// Passed on to the benchmark.
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Runs the benchmarks one after the other.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    tools::check_compiler()?;
    tools::postgres(&run::default_home()).await?;
    if args.which.as_deref() == Some("plans") {
        return plans();
    }
    tools::build_optimised()?;
    // Not by `cargo run`: built alone, its packages would be built anew with fewer features.
    let program = run::target().join("release/posthaste-bench");
    let all = ["publish", "api"].map(str::to_owned);
    for which in args.which.as_ref().map_or(&all[..], std::slice::from_ref) {
        let mut bench = Command::new(&program);
        bench.arg(which).args(&args.rest).current_dir(run::root());
        run::succeed(&mut bench)?;
    }
    Ok(())
}

/// The test that is too large for every run; it prints what it measured.
fn plans() -> anyhow::Result<()> {
    let test = [
        "test",
        "-p",
        "posthaste-store",
        "--test",
        "it",
        "--",
        "--ignored",
        "--nocapture",
        "of_five_million",
    ];
    run::succeed(run::cargo().args(test))
}
