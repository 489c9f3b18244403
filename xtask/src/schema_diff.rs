//! `cargo xtask schema-diff`: no change of the schema may break a client without a year's notice.
//!
//! `api/schema.baseline.graphql` is what clients were promised last. `cargo xtask gen` moves it forward to
//! `schema.graphql` and writes the changes into `api/schema-changes.json`, unless one of them breaks clients.

mod deprecation;
mod members;
mod rules;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fs, process::Command};

use anyhow::{Context, bail};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::run;
use rules::{Change, Severity, compare};

const SCHEMA: &str = "schema.graphql";
const BASELINE: &str = "api/schema.baseline.graphql";
const LOG: &str = "api/schema-changes.json";

/// What to compare with.
#[derive(clap::Args)]
pub struct Args {
    /// Compare with the schema of a git revision, such as main, instead of the baseline.
    #[arg(long, value_name = "REF")]
    against: Option<String>,
}

/// The changes of one day, as the log keeps them; the dashboard shows them.
#[derive(Deserialize, Serialize)]
struct Day {
    date: NaiveDate,
    changes: Vec<Entry>,
}

#[derive(Deserialize, Serialize)]
struct Entry {
    path: String,
    severity: String,
    text: String,
}

/// Prints the changes; an error when one breaks clients.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let old = match &args.against {
        Some(revision) => run::output(
            Command::new("git")
                .args(["show", &format!("{revision}:{SCHEMA}")])
                .current_dir(run::root()),
        )?,
        None => read(BASELINE)?,
    };
    let changes = changes(&old)?;
    for change in &changes {
        println!("{}", shown(change));
    }
    refuse_breaking(&changes)?;
    run::say(&format!("{} changes, none breaks clients", changes.len()));
    Ok(())
}

/// The baseline and the log with the changes since; an error when one of them breaks clients.
pub fn make() -> anyhow::Result<BTreeMap<String, String>> {
    let (baseline, log) = (read(BASELINE)?, read(LOG)?);
    let changes = changes(&baseline)?;
    refuse_breaking(&changes)?;
    let (baseline, log) = if changes.is_empty() {
        (baseline, log)
    } else {
        (read(SCHEMA)?, logged(&log, &changes)?)
    };
    Ok([(BASELINE.to_owned(), baseline), (LOG.to_owned(), log)].into())
}

/// The log with changes made today.
fn logged(log: &str, changes: &[Change]) -> anyhow::Result<String> {
    let mut log: Vec<Day> = serde_json::from_str(log).with_context(|| LOG.to_owned())?;
    let date = today();
    let entries = changes.iter().map(|change| Entry {
        path: change.path.clone(),
        severity: change.severity.as_str().to_owned(),
        text: change.text.clone(),
    });
    match log.last_mut().filter(|day| day.date == date) {
        Some(day) => day.changes.extend(entries),
        None => log.push(Day {
            date,
            changes: entries.collect(),
        }),
    }
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

fn changes(old: &str) -> anyhow::Result<Vec<Change>> {
    let (old, new) = (members::read(old)?, members::read(&read(SCHEMA)?)?);
    Ok(compare(&old, &new, today()))
}

fn refuse_breaking(changes: &[Change]) -> anyhow::Result<()> {
    let breaking: Vec<_> = changes
        .iter()
        .filter(|change| change.severity == Severity::Breaking)
        .map(shown)
        .collect();
    if breaking.is_empty() {
        return Ok(());
    }
    bail!(
        "{} changes of {SCHEMA} break clients:\n  {}\nKeep what was there, deprecated (CONTRIBUTING.md, \"A change of the API\")",
        breaking.len(),
        breaking.join("\n  ")
    )
}

fn shown(change: &Change) -> String {
    format!(
        "{}: {}: {}",
        change.severity.as_str(),
        change.path,
        change.text
    )
}

fn read(file: &str) -> anyhow::Result<String> {
    fs::read_to_string(run::root().join(file)).with_context(|| format!("cannot read {file}"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a developer's command has no Clock port"
)]
fn today() -> NaiveDate {
    chrono::Utc::now().date_naive()
}
