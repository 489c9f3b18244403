use std::io::stdout;

use clap_complete::{Shell, generate};

/// Print a completion script for a shell
///
/// Example: posthaste completions bash > ~/.local/share/bash-completion/completions/posthaste
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The shell.
    shell: Shell,
}

/// Prints it.
pub fn run(args: &Args, mut program: clap::Command) {
    generate(args.shell, &mut program, "posthaste", &mut stdout());
}
