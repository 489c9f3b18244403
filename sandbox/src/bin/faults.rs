//! `posthaste-faults`: real processes under faults, and a judge that compares every target with every wall.

use std::process::ExitCode;

use clap::Parser;
use posthaste_sandbox::faults;

/// The fault suite of Posthaste.
#[derive(Parser)]
#[command(name = "posthaste-faults", version)]
struct Cli {
    #[command(flatten)]
    args: faults::Args,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::new("error"))
        .init();
    faults::run(Cli::parse().args)
        .await
        .unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        })
}
