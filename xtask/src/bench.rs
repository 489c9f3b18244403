//! `cargo xtask bench`: builds and runs the benchmarks of `sandbox/src/bin/bench.rs`.

use std::process::Command;

use crate::{run, tools};

/// What to measure.
#[derive(clap::Args)]
pub struct Args {
    /// `publish`: targets per second through worker processes, and their lateness; `api`: lists and mutations against
    /// raw SQL; both when left out. `plans`: what a claim reads among five million targets. `access`: what the wall
    /// between workspaces and the check of a key cost.
    #[arg(value_parser = ["publish", "api", "plans", "access"])]
    which: Option<String>,
    /// Passed on to the benchmark.
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Runs the benchmarks one after the other.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    tools::check_compiler()?;
    tools::postgres(&run::default_home()).await?;
    match args.which.as_deref() {
        Some("plans") => return of_store(&[], "of_five_million"),
        Some("access") => return of_store(&["--release"], "what_the_wall_costs"),
        _ => {}
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

/// A test of the store that is too large for every run; it prints what it measured.
fn of_store(how: &[&str], name: &str) -> anyhow::Result<()> {
    let mut test = run::cargo();
    test.arg("test").args(how);
    test.args(["-p", "posthaste-store", "--test", "it", "--"]);
    run::succeed(test.args(["--ignored", "--nocapture", name]))
}
