//! `posthaste-sandbox`: one subcommand per file in [`posthaste_sandbox::commands`].

use clap::{Parser, Subcommand};
use posthaste_sandbox::commands;

/// Simulated networks and sample data for Posthaste.
#[derive(Parser)]
#[command(name = "posthaste-sandbox", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve Facebook, Instagram, Pinterest and X on one port.
    Networks(commands::networks::Args),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new("info"))
        .init();
    match Cli::parse().command {
        Command::Networks(args) => commands::networks::run(args).await,
    }
}
