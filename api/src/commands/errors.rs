use std::process::ExitCode;

use posthaste_core::{ErrorCode, error::markdown};

/// Print every error code and what to do about it; needs neither configuration nor database.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As docs/errors.md.
    #[arg(long)]
    markdown: bool,
}

/// Prints the codes.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.markdown {
        print!("{}", markdown());
    } else {
        for code in ErrorCode::ALL {
            println!("{:<22} {} {}", code.as_str(), code.title(), code.advice());
        }
    }
    Ok(ExitCode::SUCCESS)
}
