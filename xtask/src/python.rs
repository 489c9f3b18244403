//! Python environments, above all that of `sdk-python`: made once with the pinned tools, used by `gen`
//! and `test`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

use crate::{
    run::{default_home, root, say, succeed, target},
    tools::from_apt,
};

/// Exits with 0 if it is new enough for the package.
const NEW_ENOUGH: &str = "import sys; sys.exit(sys.version_info < (3, 10))";

/// The environment's `python`, in the package's folder. Makes the environment when its list changed.
pub fn python() -> anyhow::Result<Command> {
    let mut command = Command::new(tools()?.join("bin/python"));
    command
        .current_dir(package())
        .env_remove("PYTHONPATH")
        .env_remove("PYTHONHOME")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

/// The checks of `sdk-python`, its tests that need no server, and its two packages.
pub fn test() -> anyhow::Result<()> {
    let packages = target().join("sdk-python").to_string_lossy().into_owned();
    let steps: [&[&str]; 5] = [
        &["-m", "ruff", "format", "--check", "--quiet", "."],
        &["-m", "ruff", "check", "--quiet", "."],
        &["-m", "mypy"],
        &["-m", "pytest", "tests/unit"],
        &["-m", "build", "--no-isolation", "--outdir", &packages],
    ];
    for arguments in steps {
        succeed(python()?.args(arguments))?;
    }
    Ok(())
}

/// The package against a running sandbox: the story that every SDK tells, and what its README shows.
pub fn story(sandbox: &Path) -> anyhow::Result<()> {
    succeed(
        python()?
            .args(["-m", "pytest", "tests/story"])
            .env("POSTHASTE_SANDBOX", sandbox),
    )
}

fn package() -> PathBuf {
    root().join("sdk-python")
}

/// The environment's folder, with everything that `requirements-dev.txt` names.
fn tools() -> anyhow::Result<PathBuf> {
    let list = package().join("requirements-dev.txt");
    let text = fs::read(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let wanted = Sha256::digest(text).to_vec();
    let home = default_home().join("python");
    let stamp = home.join("requirements.sha256");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(home);
    }
    say("making the Python environment of sdk-python");
    environment(&home)?;
    install(&home, &["--requirement", &list.to_string_lossy()])?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(home)
}

/// Makes an empty environment, in place of what was there.
pub fn environment(home: &Path) -> anyhow::Result<()> {
    let venv = || {
        let mut command = Command::new("python3");
        command.args(["-m", "venv", "--clear"]).arg(home);
        command
    };
    if is_new_enough() && venv().output().is_ok_and(|made| made.status.success()) {
        return Ok(());
    }
    // A small Debian has no Python at all, and keeps this part of it in a package of its own.
    venv_from_apt()?;
    if !is_new_enough() {
        bail!(
            "Python 3.10 or newer is needed as `python3`. Install it: Fedora `dnf install python3`, \
             macOS `brew install python`."
        );
    }
    succeed(&mut venv())
}

fn is_new_enough() -> bool {
    let python = Command::new("python3").args(["-c", NEW_ENOUGH]).status();
    python.is_ok_and(|status| status.success())
}

fn venv_from_apt() -> anyhow::Result<()> {
    if from_apt("python3-venv")? {
        return Ok(());
    }
    bail!(
        "Python 3.10 or newer with its `venv` is needed as `python3`. Install it: Debian `apt-get install python3-venv`, \
         Fedora `dnf install python3`, macOS `brew install python`."
    )
}

/// Installs packages into an environment.
pub fn install(home: &Path, packages: &[&str]) -> anyhow::Result<()> {
    let mut pip = Command::new(home.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet"]);
    pip.arg("--disable-pip-version-check").args(packages);
    succeed(&mut pip)
        .context("Python's packages could not be installed; that needs the network once")
}
