//! `cargo xtask gen`: files of the repository that are made from others. One file here per output.

mod manifest;
mod operations;
mod printed;
mod python;
mod rust;
mod typescript;

use std::{collections::BTreeMap, fs, io, path::Path};

use anyhow::{Context, bail};

use crate::{run, schema_diff, tools};

/// Contents by path, from the repository's root and with `/`.
type Files = BTreeMap<String, String>;

/// Something that makes files.
struct Output {
    make: fn() -> anyhow::Result<Files>,
    /// A folder that holds these files and nothing else.
    folder: Option<&'static str>,
}

/// In order: later outputs read what earlier ones wrote.
const OUTPUTS: &[Output] = &[
    Output {
        make: printed::make,
        folder: None,
    },
    Output {
        make: schema_diff::make,
        folder: None,
    },
    Output {
        make: manifest::make,
        folder: None,
    },
    Output {
        make: python::make,
        folder: Some(python::FOLDER),
    },
    Output {
        make: typescript::make,
        folder: Some(typescript::FOLDER),
    },
    Output {
        make: rust::make,
        folder: Some(rust::FOLDER),
    },
];

/// Write or compare.
#[derive(clap::Args)]
pub struct Args {
    /// Change nothing; fail when a file is not what would be made.
    #[arg(long)]
    check: bool,
}

/// Builds `posthaste` and writes or compares every generated file.
pub fn run(args: &Args) -> anyhow::Result<()> {
    tools::build(&["-p", "posthaste-api"])?;
    if args.check {
        return check();
    }
    for output in OUTPUTS {
        let made = (output.make)()?;
        let kept = kept(output, &made)?;
        for (file, text) in &made {
            if kept.get(file) != Some(text) {
                write(&run::root().join(file), text)?;
                run::say(&format!("wrote {file}"));
            }
        }
        for file in kept.keys().filter(|file| !made.contains_key(*file)) {
            fs::remove_file(run::root().join(file))
                .with_context(|| format!("cannot remove {file}"))?;
            run::say(&format!("removed {file}"));
        }
    }
    Ok(())
}

/// Compares every generated file with what would be made of the built `posthaste` and the checkout.
pub fn check() -> anyhow::Result<()> {
    let mut stale = Vec::new();
    for output in OUTPUTS {
        let made = (output.make)()?;
        stale.extend(differences(&kept(output, &made)?, &made));
    }
    if stale.is_empty() {
        return Ok(());
    }
    bail!(
        "not what would be generated: {}. Run `cargo xtask gen` and commit the result",
        stale.join(", ")
    )
}

/// What lies where an output's files belong.
fn kept(output: &Output, made: &Files) -> anyhow::Result<Files> {
    let mut kept = Files::new();
    for file in made.keys() {
        if let Some(text) = read(&run::root().join(file))? {
            kept.insert(file.clone(), text);
        }
    }
    if let Some(folder) = output.folder {
        kept.extend(read_folder(folder)?);
    }
    Ok(kept)
}

/// All files below a folder; none when there is no such folder.
fn read_folder(folder: &str) -> anyhow::Result<Files> {
    let mut files = Files::new();
    let path = run::root().join(folder);
    if !path.exists() {
        return Ok(files);
    }
    for entry in fs::read_dir(&path).with_context(|| format!("cannot read {folder}"))? {
        let entry = entry?;
        let inside = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            files.extend(read_folder(&inside)?);
        } else if let Some(text) = read(&entry.path())? {
            files.insert(inside, text);
        }
    }
    Ok(files)
}

/// A file's text; nothing when there is no such file.
fn read(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// A word about each file that is missing, different or too many.
fn differences(kept: &Files, made: &Files) -> Vec<String> {
    let mut told = Vec::new();
    for (file, text) in made {
        match kept.get(file) {
            None => told.push(format!("{file} (missing)")),
            Some(other) => {
                let line = first_difference(other, text);
                told.extend(line.map(|line| format!("{file} (line {line})")));
            }
        }
    }
    let stray = kept.keys().filter(|file| !made.contains_key(*file));
    told.extend(stray.map(|file| format!("{file} (nothing makes it)")));
    told
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

    #[test]
    fn missing_different_and_stray_files_are_told() {
        let files = |all: &[(&str, &str)]| -> Files {
            all.iter()
                .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()))
                .collect()
        };
        let made = files(&[("a", "1"), ("b", "1\n2"), ("c", "1")]);
        let kept = files(&[("b", "1\n3"), ("c", "1"), ("d", "1")]);
        assert_eq!(
            differences(&kept, &made),
            ["a (missing)", "b (line 2)", "d (nothing makes it)"]
        );
    }
}
