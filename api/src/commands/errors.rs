use std::io::{Write, stdout};

use posthaste_core::{ErrorCode, error::markdown};

/// Print every error code and what to do about it; needs neither configuration nor database.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As docs/errors.md.
    #[arg(long)]
    markdown: bool,
}

/// Prints the codes.
pub fn run(args: &Args) {
    let text = if args.markdown {
        markdown()
    } else {
        ErrorCode::ALL.iter().map(|code| line(*code)).collect()
    };
    // A reader that has seen enough is no failure.
    let _ = stdout().write_all(text.as_bytes());
}

fn line(code: ErrorCode) -> String {
    format!("{:<22} {} {}\n", code.as_str(), code.title(), code.advice())
}
