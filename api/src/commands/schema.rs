use std::io::{Write, stdout};

use crate::graphql;

/// Print the GraphQL schema; needs neither configuration nor database.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Prints the schema.
pub fn run(_args: &Args) {
    // A reader that has seen enough is no failure.
    let _ = stdout().write_all(graphql::sdl().as_bytes());
}
