use std::io::{Write, stdout};

use posthaste_core::access::markdown;

/// Print every permission and what each role carries; needs neither configuration nor database.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Prints the page.
pub fn run(_args: &Args) {
    // A reader that has seen enough is no failure.
    let _ = stdout().write_all(markdown().as_bytes());
}
