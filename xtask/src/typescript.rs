//! `sdk-ts`: its tools, its tests, and its story against a running sandbox.

use std::path::{Path, PathBuf};

use crate::{
    npm,
    run::{root, succeed},
};

/// The package's folder, with the tools that its lock file names.
pub fn package() -> anyhow::Result<PathBuf> {
    let package = root().join("sdk-ts");
    npm::install(&package)?;
    Ok(package)
}

/// Builds the package, runs the tests that need no server, and packs it as it would be published.
pub fn test() -> anyhow::Result<()> {
    script("test", None)?;
    script("check-package", None)
}

/// The package against a running sandbox: the story that every SDK tells, and what its README shows.
pub fn story(sandbox: &Path) -> anyhow::Result<()> {
    script("story", Some(sandbox))
}

fn script(name: &str, sandbox: Option<&Path>) -> anyhow::Result<()> {
    let mut npm = npm::tool("npm");
    npm.args(["run", "--silent", name]).current_dir(package()?);
    if let Some(sandbox) = sandbox {
        npm.env("POSTHASTE_SANDBOX", sandbox);
    }
    succeed(&mut npm)
}
