use std::process::ExitCode;

use crate::graphql;

/// Print the GraphQL schema; needs neither configuration nor database.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Prints the schema.
pub fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    print!("{}", graphql::sdl());
    Ok(ExitCode::SUCCESS)
}
