//! Files that `posthaste` itself prints.

use std::process::Command;

use super::Files;
use crate::run;

/// A file and the arguments of `posthaste` that print it.
const FILES: [(&str, &[&str]); 3] = [
    ("schema.graphql", &["schema"]),
    ("docs/errors.md", &["errors", "--markdown"]),
    ("docs/permissions.md", &["permissions"]),
];

/// The schema, and the pages of error codes and of permissions.
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
