//! `cargo xtask faults`: builds and runs the fault suite of `sandbox/src/bin/faults.rs`.

use std::{ffi::OsStr, process::Command};

use crate::{run, tools};

/// What to play; `cargo xtask faults -- --help` tells about every option.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub struct Args {
    /// Builds with optimisation, as `cargo xtask bench` does: takes long once, and then less of the processor. Stands
    /// before everything else.
    #[arg(long)]
    release: bool,
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
    if args.release {
        tools::build_optimised()?;
        return play_in("release", &args.rest);
    }
    tools::build(&["-p", "posthaste-api", "-p", "posthaste-sandbox", "--bins"])?;
    play(&args.rest)
}

/// Plays with the programs that are built.
pub fn play<T: AsRef<OsStr>>(arguments: &[T]) -> anyhow::Result<()> {
    play_in("debug", arguments)
}

fn play_in<T: AsRef<OsStr>>(folder: &str, arguments: &[T]) -> anyhow::Result<()> {
    let suite = run::target().join(folder).join("posthaste-faults");
    run::succeed(Command::new(suite).args(arguments).current_dir(run::root()))
}
