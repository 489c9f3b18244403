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
    /// Fill an empty database with sample people, keys and connected accounts; harmless to repeat.
    Seed(commands::seed::Args),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // Standard output belongs to what a command prints.
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::new("info"))
        .init();
    match Cli::parse().command {
        Command::Networks(args) => commands::networks::run(args).await,
        Command::Seed(args) => commands::seed::run(args).await,
    }
}
