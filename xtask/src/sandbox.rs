//! `cargo xtask sandbox`: from a clone to a running Posthaste.

use std::{os::unix::process::CommandExt, path::PathBuf, process::Command};

use anyhow::Context;

use crate::{graphiql::Fetch, run, tools};

/// Checks the machine, builds, and becomes `posthaste sandbox`.
#[derive(clap::Args)]
pub struct Args {
    /// Port of the API and GraphiQL on 127.0.0.1.
    #[arg(long, default_value_t = 4000)]
    port: u16,
    /// Port of the simulated networks on 127.0.0.1.
    #[arg(long, default_value_t = 4100)]
    networks_port: u16,
    /// Folder for data, logs, keys and a fetched PostgreSQL and GraphiQL [default: .posthaste in the checkout].
    #[arg(long)]
    home: Option<PathBuf>,
    /// Throw away the data of earlier runs first.
    #[arg(long)]
    reset: bool,
    /// Build with optimisation: slower to build, quicker to run.
    #[arg(long)]
    release: bool,
}

/// Returns only on failure: on success this process has become the sandbox.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let home = std::path::absolute(args.home.unwrap_or_else(run::default_home))?;
    tools::check_writable(&home)?;
    tools::check_writable(&run::target())?;
    tools::check_compiler()?;
    tools::postgres(&home).await?;
    let graphiql = Fetch::begin(&home);

    run::say("building (the first time takes several minutes)");
    let mut packages = vec!["-p", "posthaste-api", "-p", "posthaste-sandbox"];
    packages.extend(args.release.then_some("--release"));
    // On another thread: the fetch goes on meanwhile.
    tokio::task::spawn_blocking(move || tools::build(&packages)).await??;
    graphiql.settle().await;

    let program = run::target()
        .join(if args.release { "release" } else { "debug" })
        .join("posthaste");
    let mut command = Command::new(&program);
    command.arg("sandbox").arg("--home").arg(&home);
    command.args([
        "--port",
        &args.port.to_string(),
        "--networks-port",
        &args.networks_port.to_string(),
    ]);
    command.args(args.reset.then_some("--reset"));
    Err(command.exec()).with_context(|| format!("cannot run {}", program.display()))
}
