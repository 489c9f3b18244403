//! What the commands need on this machine: checked with a sentence, installed where that is possible.

use std::{fs, path::Path};

use anyhow::{Context, bail};
use posthaste_postgres::{Binaries, Search};

use crate::run::{cargo, root, say, status, succeed, works};

/// Rust crates with C and assembly parts, and linking, need a C compiler.
pub fn check_compiler() -> anyhow::Result<()> {
    if works("cc", "--version") {
        return Ok(());
    }
    bail!(
        "There is no C compiler (`cc`), which building needs. Install one: Debian `apt-get install build-essential`, \
         Fedora `dnf install gcc`, macOS `xcode-select --install`."
    )
}

/// Makes `folder` and proves that files can be written there.
pub fn check_writable(folder: &Path) -> anyhow::Result<()> {
    let probe = folder.join(format!(".write-test-{}", std::process::id()));
    let written = fs::create_dir_all(folder)
        .and_then(|()| fs::write(&probe, b""))
        .and_then(|()| fs::remove_file(&probe));
    written.with_context(|| {
        format!(
            "{} cannot be written. Give yourself write permission there, or name another folder",
            folder.display()
        )
    })
}

/// Finds PostgreSQL, or fetches it into `home`.
pub async fn postgres(home: &Path) -> anyhow::Result<Binaries> {
    let search = Search::from_env(home);
    if search.pg_bin.is_some() {
        return Ok(Binaries::find(&search)?);
    }
    let binaries = match Binaries::find(&search) {
        Ok(binaries) => binaries,
        Err(_) => posthaste_postgres::fetch(home, say).await?,
    };
    say(&format!(
        "PostgreSQL {} in {}",
        binaries.version,
        binaries.bin.display()
    ));
    Ok(binaries)
}

/// How people get Redis.
const REDIS: &str = "Install Redis 6 or newer (Debian: `apt-get install redis-server`, Fedora: `dnf install redis`, \
                   macOS: `brew install redis`), or set POSTHASTE_REDIS_SERVER to its program";

/// Finds Redis's server for the tests that need one, or installs Debian's package when we may.
pub fn redis() -> anyhow::Result<()> {
    let program = std::env::var_os("POSTHASTE_REDIS_SERVER");
    let program = program.unwrap_or_else(|| "redis-server".into());
    let runs = || works(&program.to_string_lossy(), "--version");
    if runs() {
        return Ok(());
    }
    if !from_apt("redis-server")? {
        bail!("There is no `redis-server`, which tests need. {REDIS}.");
    }
    if !runs() {
        bail!("The installed `redis-server` does not run. {REDIS}.");
    }
    Ok(())
}

/// Installs a Debian package where we may; false where we may not, or it does not work.
pub fn from_apt(package: &str) -> anyhow::Result<bool> {
    if !nix::unistd::geteuid().is_root() || !Path::new("/usr/bin/apt-get").exists() {
        return Ok(false);
    }
    say(&format!("installing Debian's {package}"));
    let apt = |words: &[&str]| {
        let mut apt = std::process::Command::new("apt-get");
        apt.args(words).env("DEBIAN_FRONTEND", "noninteractive");
        anyhow::Ok(status(&mut apt)?.success())
    };
    let install = ["install", "-y", "--no-install-recommends", package];
    // A fresh machine may not know its packages yet.
    Ok(apt(&install)? || (apt(&["update"])? && apt(&install)?))
}

/// The test runner, installed from source when it is missing.
pub fn nextest() -> anyhow::Result<()> {
    if cargo()
        .args(["nextest", "--version"])
        .output()
        .is_ok_and(|output| output.status.success())
    {
        return Ok(());
    }
    say("installing cargo-nextest (a few minutes, once)");
    succeed(cargo().args(["install", "cargo-nextest", "--locked"]))
        .context("cargo-nextest is missing and could not be installed. Run `cargo install cargo-nextest --locked` with network")
}

/// `cargo build` with visible progress; says when the reason is a missing network.
pub fn build(arguments: &[&str]) -> anyhow::Result<()> {
    if status(cargo().arg("build").args(arguments))?.success() {
        return Ok(());
    }
    let complete = cargo()
        .args(["fetch", "--offline", "--quiet"])
        .current_dir(root())
        .output();
    if complete.is_ok_and(|output| !output.status.success()) {
        bail!(
            "Some crates are not on this machine yet and could not be downloaded. Connect to the network once and run this again."
        );
    }
    bail!("the build failed; the compiler's messages are above")
}

/// Builds all programs with optimisation, into `release` of the target folder.
pub fn build_optimised() -> anyhow::Result<()> {
    say("building with optimisation (the first time takes long)");
    let packages = ["-p", "posthaste-api", "-p", "posthaste-sandbox"];
    build(&[&["--profile", "bench"], &packages[..]].concat())
}
