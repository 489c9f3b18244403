//! `posthaste-bench`: how quick Posthaste is, on a private PostgreSQL and the simulated networks.

use clap::{Parser, Subcommand};
use posthaste_sandbox::bench;

/// Benchmarks of Posthaste. Figures hold for the machine they ran on; ratios are measured in one run.
#[derive(Parser)]
#[command(name = "posthaste-bench", version)]
struct Cli {
    #[command(subcommand)]
    which: Which,
}

#[derive(Subcommand)]
enum Which {
    /// Targets per second through one, two and four worker processes, and how late they are at half of it.
    Publish(bench::publish::Args),
    /// Lists and mutations of the API against raw SQL on the same database.
    Api(bench::api::Args),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::new("error"))
        .init();
    match Cli::parse().which {
        Which::Publish(args) => bench::publish::run(args).await,
        Which::Api(args) => bench::api::run(args).await,
    }
}
