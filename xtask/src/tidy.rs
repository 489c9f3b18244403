//! `cargo xtask tidy`: the rules of docs/architecture.md that no compiler and no lint checks.

mod manifests;
mod migrations;
mod security;
mod sources;
mod tree;

use anyhow::bail;

use crate::run::root;

/// Checks the checkout and lists every breach as `file:line: rule`.
pub fn run() -> anyhow::Result<()> {
    let files = tree::files(&root())?;
    let mut breaches = manifests::check(&files);
    breaches.extend(sources::check(&files));
    breaches.extend(migrations::check(&files));
    breaches.extend(security::check(&files));
    breaches.sort();
    for breach in &breaches {
        println!("{breach}");
    }
    match breaches.len() {
        0 => Ok(()),
        1 => bail!("1 rule is broken"),
        n => bail!("{n} rules are broken"),
    }
}
