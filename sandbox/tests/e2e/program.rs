//! The programs under test. The simulator is built with this test; `posthaste` belongs to another
//! package, so it is built here when it is missing or older than its sources.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use posthaste_postgres::{Binaries, Search};

/// The checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// The simulated networks and the seed.
pub fn simulator() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_posthaste-sandbox"))
}

/// The `posthaste` program, up to date.
pub fn posthaste() -> PathBuf {
    let program = simulator().with_file_name("posthaste");
    if !is_current(&program).unwrap_or(false) {
        // Cargo's own lock serialises tests that come here together.
        let mut cargo = Command::new(env!("CARGO"));
        let status = cargo
            .current_dir(root())
            .args([
                "build",
                "-q",
                "-p",
                "posthaste-api",
                "-p",
                "posthaste-sandbox",
                "--bins",
            ])
            .status();
        assert!(status.unwrap().success(), "posthaste cannot be built");
    }
    program
}

/// Whether no source is newer; Cargo lists the sources beside the program.
fn is_current(program: &Path) -> io::Result<bool> {
    let built = modified(program)?;
    let list = fs::read_to_string(program.with_extension("d"))?;
    let sources = list
        .split_once(": ")
        .map(|(_, sources)| sources)
        .unwrap_or_default();
    Ok(sources
        .split_whitespace()
        .all(|source| modified(Path::new(source)).is_ok_and(|at| at <= built)))
}

fn modified(path: &Path) -> io::Result<SystemTime> {
    fs::metadata(path)?.modified()
}

/// The folder of the PostgreSQL that this checkout uses, perhaps one that was fetched into it.
pub fn postgres() -> PathBuf {
    Binaries::find(&Search::from_env(&root().join(".posthaste")))
        .unwrap()
        .bin
}
