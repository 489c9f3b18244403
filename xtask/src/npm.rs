//! Packages of npm, exactly as a folder's lock file names them.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

use crate::run::{say, status, works};

/// Installs what `package-lock.json` names; nothing to do when that was installed already.
pub fn install(folder: &Path) -> anyhow::Result<()> {
    check()?;
    let lock = folder.join("package-lock.json");
    let text = fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let wanted = Sha256::digest(text).to_vec();
    let stamp = folder.join("node_modules/.posthaste-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    say(&format!("npm ci in {}", folder.display()));
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    if !status(npm.current_dir(folder))?.success() {
        bail!("`npm ci` failed; its messages are above. It needs the network once");
    }
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Node and npm must be there; they come with the system.
fn check() -> anyhow::Result<()> {
    if works("node", "--version") && works("npm", "--version") {
        return Ok(());
    }
    bail!(
        "Node.js 20 or newer and npm are needed. Install them: Debian `apt-get install npm`, Fedora `dnf install npm`, \
         macOS `brew install node`."
    )
}
