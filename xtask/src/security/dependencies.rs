//! Crates from outside: what they may be, and what is known against them.

use std::{path::PathBuf, process::Command};

use anyhow::{Context, bail};

use super::Outcome;
use crate::run::{cargo, output, say, succeed};

/// Where cargo-deny keeps its copy of the advisory database.
fn database() -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))?;
    let copies = std::fs::read_dir(home.join("advisory-dbs")).ok()?;
    let mut copies = copies.filter_map(|entry| Some(entry.ok()?.path()));
    copies.find(|path| path.join("crates").is_dir())
}

/// Licences, banned crates and where they come from, by `deny.toml`.
pub fn check() -> anyhow::Result<Outcome> {
    install()?;
    deny(&["licenses", "bans", "sources"])?;
    Ok(Outcome::Passed(
        "licences, bans and sources are as deny.toml says".into(),
    ))
}

/// What is known against crates, if a copy of the database is here. It is not fetched.
pub fn advisories() -> anyhow::Result<Outcome> {
    let Some(copy) = database() else {
        return Ok(Outcome::Skipped(
            "there is no copy of the advisory database on this machine: known weaknesses of crates were NOT looked \
             for (`cargo deny fetch db` brings one, with network)"
                .into(),
        ));
    };
    install()?;
    let mut git = Command::new("git");
    git.args(["log", "-1", "--format=%cs"]).current_dir(&copy);
    let date = output(&mut git).context("the copy of the advisory database has no date")?;
    let date = date.trim();
    deny(&["advisories"]).with_context(|| format!("by the copy of {date}"))?;
    Ok(Outcome::Passed(format!(
        "nothing known by the advisory database of {date}; what came later was not looked for"
    )))
}

/// Whether cargo-deny is on this machine.
pub fn is_installed() -> bool {
    let asked = cargo().args(["deny", "--version"]).output();
    asked.is_ok_and(|answer| answer.status.success())
}

fn install() -> anyhow::Result<()> {
    if is_installed() {
        return Ok(());
    }
    say("installing cargo-deny (some minutes, once)");
    succeed(cargo().args(["install", "cargo-deny", "--locked", "--quiet"]))
        .context("cargo-deny is missing and could not be installed: `cargo install cargo-deny --locked` with network")
}

fn deny(checks: &[&str]) -> anyhow::Result<()> {
    let mut deny = cargo();
    deny.args(["deny", "--offline", "--log-level", "error", "check"]);
    deny.args(["--hide-inclusion-graph"]).args(checks);
    let told = deny.output().context("cannot run cargo-deny")?;
    if !told.status.success() {
        bail!("{}", String::from_utf8_lossy(&told.stderr).trim());
    }
    Ok(())
}
