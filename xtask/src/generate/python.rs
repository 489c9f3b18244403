//! `sdk-python/src/posthaste/generated`: written by `sdk-python/codegen` (docs/adr/0013).

use anyhow::Context;

use super::Files;
use crate::{python::python, run};

/// The folder that holds these files and nothing else.
pub const FOLDER: &str = "sdk-python/src/posthaste/generated";

/// Types, documents and methods, blocking and awaiting.
pub fn make() -> anyhow::Result<Files> {
    let printed = run::output(python()?.args(["-m", "codegen"]).arg(run::root()))?;
    serde_json::from_str(&printed).context("sdk-python/codegen printed no files")
}
