//! The bill of materials of the server: every crate in it, as CycloneDX.

use std::fs;

use anyhow::Context;
use serde_json::Value;

use super::Outcome;
use crate::run::{cargo, default_home, output, root, say, succeed};

/// What the tool calls its files, one beside each Cargo.toml.
const NAME: &str = "posthaste-bill-of-materials";

/// Writes `.posthaste/posthaste.cdx.json`.
pub fn write() -> anyhow::Result<Outcome> {
    install()?;
    let arguments = [
        "--format",
        "json",
        "--spec-version",
        "1.5",
        "--override-filename",
        NAME,
    ];
    let made = output(cargo().args(["cyclonedx", "--quiet"]).args(arguments));
    let file = format!("{NAME}.json");
    let bill = fs::read_to_string(root().join("api").join(&file));
    // There is one for each of our crates; the server's holds them all.
    for folder in members()? {
        let _ = fs::remove_file(root().join(folder).join(&file));
    }
    made?;
    let bill = bill.context("cargo-cyclonedx wrote nothing for the server")?;
    let read: Value = serde_json::from_str(&bill).context("the bill is no JSON")?;
    let components = read["components"].as_array().map_or(0, Vec::len);
    let path = default_home().join("posthaste.cdx.json");
    fs::create_dir_all(default_home())?;
    fs::write(&path, bill).with_context(|| format!("cannot write {}", path.display()))?;
    let version = read["specVersion"].as_str().unwrap_or_default().to_owned();
    Ok(Outcome::Passed(format!(
        "{components} components in {} (CycloneDX {version})",
        path.display()
    )))
}

/// The folders of our crates, below the root.
fn members() -> anyhow::Result<Vec<String>> {
    let told = output(cargo().args([
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
        "--offline",
    ]))?;
    let told: Value = serde_json::from_str(&told)?;
    let packages = told["packages"]
        .as_array()
        .context("cargo names no packages")?;
    let manifests = packages
        .iter()
        .filter_map(|package| package["manifest_path"].as_str());
    Ok(manifests
        .filter_map(|path| path.strip_suffix("Cargo.toml"))
        .map(str::to_owned)
        .collect())
}

fn install() -> anyhow::Result<()> {
    let asked = cargo().args(["cyclonedx", "--version"]).output();
    if asked.is_ok_and(|answer| answer.status.success()) {
        return Ok(());
    }
    say("installing cargo-cyclonedx (some minutes, once)");
    succeed(cargo().args(["install", "cargo-cyclonedx", "--locked", "--quiet"]))
        .context("cargo-cyclonedx is missing and could not be installed: `cargo install cargo-cyclonedx --locked` with network")
}
