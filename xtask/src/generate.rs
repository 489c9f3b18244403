//! `cargo xtask gen`: files of the repository that are printed by code.

use std::{fs, process::Command};

use anyhow::{Context, bail};

use crate::{run, tools};

/// A file and the arguments of `posthaste` that print it.
const FILES: [(&str, &[&str]); 2] = [
    ("schema.graphql", &["schema"]),
    ("docs/errors.md", &["errors", "--markdown"]),
];

/// Write or compare.
#[derive(clap::Args)]
pub struct Args {
    /// Change nothing; fail when a file is not what the code prints.
    #[arg(long)]
    check: bool,
}

/// Builds `posthaste` and writes or compares every generated file.
pub fn run(args: &Args) -> anyhow::Result<()> {
    tools::build(&["-p", "posthaste-api"])?;
    if args.check {
        return check();
    }
    for (file, arguments) in FILES {
        let path = run::root().join(file);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
        }
        fs::write(&path, printed(arguments)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        run::say(&format!("wrote {file}"));
    }
    Ok(())
}

/// Compares every generated file with what the built `posthaste` prints.
pub fn check() -> anyhow::Result<()> {
    let mut stale = Vec::new();
    for (file, arguments) in FILES {
        let kept = fs::read_to_string(run::root().join(file)).unwrap_or_default();
        if let Some(line) = first_difference(&kept, &printed(arguments)?) {
            stale.push(format!("{file} (line {line})"));
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    bail!(
        "not what the code prints: {}. Run `cargo xtask gen` and commit the result",
        stale.join(", ")
    )
}

fn printed(arguments: &[&str]) -> anyhow::Result<String> {
    run::output(
        Command::new(run::target().join("debug/posthaste"))
            .args(arguments)
            .current_dir(run::root()),
    )
}

/// The first line, counted from 1, in which two texts differ.
fn first_difference(a: &str, b: &str) -> Option<usize> {
    if a == b {
        return None;
    }
    let same = a
        .split('\n')
        .zip(b.split('\n'))
        .take_while(|(a, b)| a == b)
        .count();
    Some(same + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_differing_line_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some(2));
        assert_eq!(first_difference("a\n", "a\nb\n"), Some(2));
        assert_eq!(first_difference("", "a\n"), Some(1));
    }
}
