//! Developer commands: `cargo xtask <command>`.

mod bench;
mod faults;
mod generate;
mod graphiql;
mod npm;
mod python;
mod reference_clients;
mod run;
mod rust_sdk;
mod sandbox;
mod schema_diff;
mod security;
mod server;
mod stories;
mod test;
mod test_postgres;
mod tidy;
mod tools;
mod totals;
mod typescript;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Everything a developer runs in this checkout.
#[derive(Parser)]
#[command(name = "cargo xtask", about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build everything and run Posthaste on this machine with simulated networks; Ctrl-C stops it.
    Sandbox(sandbox::Args),
    /// Run every check and test, and end with one line of totals.
    Test(test::Args),
    /// Write the files that are made from others: schema.graphql, docs/errors.md, the manifest of operations, the SDKs.
    Gen(generate::Args),
    /// Show how schema.graphql differs from what clients were promised; fails when that breaks one.
    SchemaDiff(schema_diff::Args),
    /// Check the rules that no compiler and no lint checks.
    Tidy,
    /// What a developer does with each SDK, against a sandbox of their own.
    Stories,
    /// The reference clients of GraphQL over HTTP, WebSocket and server-sent events against a server.
    ReferenceClients,
    /// Measure: built with optimisation, figures on standard output.
    Bench(bench::Args),
    /// Look for what can be found by machine: crates, secrets, hostile requests, headers; and write the bill of materials.
    Security(security::Args),
    /// Real processes under faults: kills, lost answers, restarts; every target is compared with every wall.
    Faults(faults::Args),
    /// The PostgreSQL that tests share. Tests start it by themselves.
    TestPostgres(test_postgres::Args),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    perform(Cli::parse().command).await.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

async fn perform(task: Task) -> anyhow::Result<ExitCode> {
    match task {
        Task::Sandbox(args) => sandbox::run(args).await?,
        Task::Test(args) => return test::run(args).await,
        Task::Gen(args) => generate::run(&args)?,
        Task::SchemaDiff(args) => schema_diff::run(&args)?,
        Task::Tidy => tidy::run()?,
        Task::Stories => stories::run_alone().await?,
        Task::ReferenceClients => reference_clients::run_alone().await?,
        Task::Security(args) => return security::run(&args).await,
        Task::Bench(args) => bench::run(&args).await?,
        Task::Faults(args) => faults::run(&args).await?,
        Task::TestPostgres(args) => test_postgres::run(&args).await?,
    }
    Ok(ExitCode::SUCCESS)
}
