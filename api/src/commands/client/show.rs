//! What the person or the script sees.

use std::io::{Write, stdout};

use serde::Serialize;

/// How results are shown.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Show {
    /// Print JSON: results on standard output, errors on standard error.
    #[arg(long)]
    pub json: bool,
    /// Print results only, no words around them.
    #[arg(long, short, conflicts_with = "json")]
    pub quiet: bool,
}

impl Show {
    /// A result: as JSON, or as text of which the id alone is left when it is quiet.
    pub fn result(self, value: &impl Serialize, id: &str, text: impl FnOnce() -> String) {
        match (self.json, self.quiet) {
            (true, _) => print(&serde_json::to_string_pretty(value).unwrap_or_default()),
            (false, true) => print(id),
            (false, false) => print(&text()),
        }
    }

    /// One of many results, on one line.
    pub fn row(self, value: &impl Serialize, text: impl FnOnce() -> String) {
        if self.json {
            print(&serde_json::to_string(value).unwrap_or_default());
        } else {
            print(&text());
        }
    }

    /// Words for a person, on standard error.
    pub fn note(self, text: &str) {
        if !self.json && !self.quiet {
            eprintln!("{text}");
        }
    }
}

/// A line on standard output. A reader that has seen enough is no failure.
pub fn print(text: &str) {
    let mut out = stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
