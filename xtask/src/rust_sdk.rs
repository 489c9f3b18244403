//! What `sdk-rust` is tested with beside the workspace's tests.

use std::path::Path;

use crate::run::{cargo, root, succeed};

const PACKAGE: [&str; 2] = ["--package", "posthaste-sdk"];

/// The examples in its documentation compile and run, its pages can be made without a warning, and it can
/// be packed for the registry.
pub fn test() -> anyhow::Result<()> {
    succeed(cargo().args(["test", "--quiet", "--doc"]).args(PACKAGE))?;
    succeed(
        cargo()
            .args(["doc", "--quiet", "--no-deps"])
            .args(PACKAGE)
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    succeed(
        cargo()
            .args(["package", "--quiet", "--no-verify", "--allow-dirty"])
            .args(PACKAGE),
    )
}

/// Its story, and the example of its README, against the sandbox that the file describes.
pub fn story(facts: &Path) -> anyhow::Result<()> {
    succeed(
        cargo()
            .args(["nextest", "run", "--test", "story"])
            .args(PACKAGE)
            .env("POSTHASTE_SANDBOX", facts),
    )?;
    succeed(
        cargo()
            .args(["run", "--quiet", "--example", "four_networks"])
            .args(PACKAGE)
            // The picture that it names lies there.
            .current_dir(root().join("sandbox/examples"))
            .env("POSTHASTE_SANDBOX", facts),
    )
}
