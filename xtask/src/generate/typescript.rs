//! `sdk-ts/src/generated`: printed by `sdk-ts/generate`, which reads the schema and the operations.

use anyhow::Context;

use super::Files;
use crate::{npm, run, typescript};

/// Nothing but generated files.
pub const FOLDER: &str = "sdk-ts/src/generated";

/// Types, documents and namespaces.
pub fn make() -> anyhow::Result<Files> {
    let package = typescript::package()?;
    let printed = run::output(
        npm::tool("node")
            .arg("generate/main.mjs")
            .current_dir(package),
    )?;
    serde_json::from_str(&printed).context("sdk-ts/generate printed something else than files")
}
