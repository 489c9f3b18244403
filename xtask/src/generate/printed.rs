//! Files that `posthaste` itself prints.

use std::process::Command;

use super::Files;
use crate::run;

/// A file and the arguments of `posthaste` that print it.
const FILES: [(&str, &[&str]); 2] = [
    ("schema.graphql", &["schema"]),
    ("docs/errors.md", &["errors", "--markdown"]),
];

/// The schema and the page of error codes.
pub fn make() -> anyhow::Result<Files> {
    FILES
        .iter()
        .map(|(file, arguments)| Ok(((*file).to_owned(), printed(arguments)?)))
        .collect()
}

fn printed(arguments: &[&str]) -> anyhow::Result<String> {
    run::output(
        Command::new(run::target().join("debug/posthaste"))
            .args(arguments)
            .current_dir(run::root()),
    )
}
