//! `cargo xtask faults`: builds and runs the fault suite of `sandbox/src/bin/faults.rs`.

use std::process::Command;

use crate::{run, tools};

/// What to play; `cargo xtask faults -- --help` tells about every option.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub struct Args {
    /// Passed on to the suite.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// The cases and seeds that `cargo xtask test` plays.
pub const SELECTION: [&str; 4] = ["--seeds", "2", "--case", "F1,F2,F4,F8,F9,F15"];

/// Builds what takes part, and plays.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    tools::check_compiler()?;
    tools::postgres(&run::default_home()).await?;
    tools::redis()?;
    tools::build(&["-p", "posthaste-api", "-p", "posthaste-sandbox", "--bins"])?;
    play(&args.rest)
}

/// Plays with the programs that are built.
pub fn play<T: AsRef<std::ffi::OsStr>>(arguments: &[T]) -> anyhow::Result<()> {
    let mut suite = Command::new(run::target().join("debug/posthaste-faults"));
    run::succeed(suite.args(arguments).current_dir(run::root()))
}
