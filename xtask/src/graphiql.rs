//! GraphiQL's browser files, fetched once through npm into `<home>/graphiql`. They are other people's work, so the
//! repository does not hold them. The server (api/src/rest/graphiql.rs) shows its own console without them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, bail};
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha512};
use tokio::{process::Command, task::JoinHandle, time::timeout};

use crate::run::say;

/// A package, exactly this version, and the files we want from it.
struct Package {
    name: &'static str,
    version: &'static str,
    /// As `npm view <name>@<version> dist.integrity` shows it, without `sha512-`.
    sha512: &'static str,
    files: &'static [&'static str],
}

/// The last GraphiQL that comes as plain scripts, and the React it needs.
const PACKAGES: [Package; 3] = [
    Package {
        name: "graphiql",
        version: "3.9.0",
        sha512: "rJYFlHdBbug9+YbFSwRVvgfPjCayC7wHecZkx/qB4XLuQPFQZw/yB9pmHFtOJV6RiNBBHro3u1GdocKa3YcGRA==",
        files: &["graphiql.min.js", "graphiql.min.css"],
    },
    Package {
        name: "react",
        version: "18.3.1",
        sha512: "wS+hAgJShR0KhEvPJArfuPVN1+Hz1t0Y6n5jLrGQbkb4urgPE/0Rve+1kMB1v/oWgHgm4WIcV+i7F2pTVj+2iQ==",
        files: &["umd/react.production.min.js"],
    },
    Package {
        name: "react-dom",
        version: "18.3.1",
        sha512: "5m4nQKp+rZRb09LNH59GM4BxTh9251/ylbKIbpe7TpGxfJ+9kv6BLkLBXIjjspbgbnIBNqlI23tRnTWT0snUIw==",
        files: &["umd/react-dom.production.min.js"],
    },
];

/// Names what lies in the folder, so that other versions replace it.
const VERSIONS: &str = "versions";

/// How long a start waits for npm once everything is built.
const PATIENCE: Duration = Duration::from_millis(2500);

/// How long a failed fetch is not repeated: a start without network must not wait each time.
const PAUSE: Duration = Duration::from_hours(1);

/// A fetch that goes on while the build runs.
pub struct Fetch {
    home: PathBuf,
    task: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Fetch {
    /// Begins to fetch what is not there.
    pub fn begin(home: &Path) -> Self {
        let wanted = !is_complete(home) && !failed_lately(home);
        let task = wanted.then(|| {
            say("fetching GraphiQL (about 6 MB, once)");
            tokio::spawn(fetch(home.to_owned()))
        });
        Self {
            home: home.to_owned(),
            task,
        }
    }

    /// Waits a moment for the files. Without them a sentence says what is shown instead.
    pub async fn settle(self) {
        let Some(mut task) = self.task else { return };
        let outcome = match timeout(PATIENCE, &mut task).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => Err(error.into()),
            Err(_) => {
                task.abort();
                // npm is ended before this process becomes another.
                let _ = task.await;
                let _ = fs::remove_dir_all(part(&self.home));
                Err(anyhow::anyhow!("npm takes too long"))
            }
        };
        if let Err(error) = outcome {
            say(&format!(
                "GraphiQL could not be fetched, so the built-in console is shown instead; a start in an hour tries again ({error:#})"
            ));
            let _ = fs::write(failure(&self.home), format!("{error:#}\n"));
        }
    }
}

fn folder(home: &Path) -> PathBuf {
    home.join("graphiql")
}

/// Where the files are brought together.
fn part(home: &Path) -> PathBuf {
    home.join("graphiql.part")
}

/// Tells by its age when a fetch failed.
fn failure(home: &Path) -> PathBuf {
    home.join("graphiql.failed")
}

fn is_complete(home: &Path) -> bool {
    fs::read_to_string(folder(home).join(VERSIONS)).is_ok_and(|found| found == versions())
}

fn failed_lately(home: &Path) -> bool {
    let written = fs::metadata(failure(home)).and_then(|file| file.modified());
    written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age < PAUSE))
}

fn versions() -> String {
    PACKAGES
        .map(|package| format!("{}@{}\n", package.name, package.version))
        .concat()
}

/// Brings the files beside their place, then moves them there in one step.
async fn fetch(home: PathBuf) -> anyhow::Result<()> {
    let work = part(&home);
    let _ = fs::remove_dir_all(&work);
    let ready = work.join("ready");
    fs::create_dir_all(&ready).with_context(|| format!("cannot create {}", ready.display()))?;
    let fetched = assemble(&work, &ready).await.and_then(|()| {
        let place = folder(&home);
        let _ = fs::remove_dir_all(&place);
        fs::rename(&ready, &place).with_context(|| format!("cannot write {}", place.display()))
    });
    let _ = fs::remove_dir_all(&work);
    if fetched.is_ok() {
        let _ = fs::remove_file(failure(&home));
    }
    fetched
}

async fn assemble(work: &Path, ready: &Path) -> anyhow::Result<()> {
    let names = PACKAGES.map(|package| format!("{}@{}", package.name, package.version));
    run(Command::new("npm")
        .args(["pack", "--silent", "--prefer-offline", "--fetch-retries=0"])
        .args(names)
        .current_dir(work))
    .await?;
    for package in &PACKAGES {
        let archive = format!("{}-{}.tgz", package.name, package.version);
        check(&work.join(&archive), package.sha512)?;
        let members = package.files.iter().map(|file| format!("package/{file}"));
        run(Command::new("tar")
            .args(["-xzf", &archive, "--no-same-owner"])
            .args(members)
            .current_dir(work))
        .await?;
        for file in package.files {
            let from = work.join("package").join(file);
            let name = from.file_name().unwrap_or_default();
            fs::rename(&from, ready.join(name))
                .with_context(|| format!("cannot move {}", from.display()))?;
        }
    }
    fs::write(ready.join(VERSIONS), versions()).context("cannot write the versions")
}

/// Whether an archive is the one we know.
fn check(archive: &Path, sha512: &str) -> anyhow::Result<()> {
    let bytes = fs::read(archive).with_context(|| format!("cannot read {}", archive.display()))?;
    if BASE64_STANDARD.encode(Sha512::digest(bytes)) != sha512 {
        bail!(
            "{} is not the file that was expected",
            archive.file_name().unwrap_or_default().display()
        );
    }
    Ok(())
}

/// Runs a tool silently; it ends with us.
async fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = command
        .as_std()
        .get_program()
        .to_string_lossy()
        .into_owned();
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await
        .with_context(|| format!("cannot run `{name}`"))?;
    if !status.success() {
        bail!("`{name}` failed ({status}); is there a network?");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(name: &str) -> PathBuf {
        let home =
            std::env::temp_dir().join(format!("posthaste-graphiql-{name}-{}", std::process::id()));
        fs::create_dir_all(&home).unwrap();
        home
    }

    #[test]
    fn the_folder_is_complete_with_exactly_these_versions() {
        let home = home("versions");
        assert!(!is_complete(&home));
        fs::create_dir_all(folder(&home)).unwrap();
        fs::write(folder(&home).join(VERSIONS), "graphiql@3.8.2\n").unwrap();
        assert!(!is_complete(&home));
        let all = "graphiql@3.9.0\nreact@18.3.1\nreact-dom@18.3.1\n";
        fs::write(folder(&home).join(VERSIONS), all).unwrap();
        assert!(is_complete(&home));
        fs::remove_dir_all(&home).unwrap();
    }

    #[test]
    fn a_failure_is_remembered_for_an_hour() {
        let home = home("failure");
        assert!(!failed_lately(&home));
        fs::write(failure(&home), "no network").unwrap();
        assert!(failed_lately(&home));
        let file = fs::File::options()
            .append(true)
            .open(failure(&home))
            .unwrap();
        let written = file.metadata().unwrap().modified().unwrap();
        file.set_modified(written - PAUSE).unwrap();
        assert!(!failed_lately(&home));
        fs::remove_dir_all(&home).unwrap();
    }

    #[test]
    fn another_archive_is_refused() {
        let home = home("archive");
        let archive = home.join("a-1.tgz");
        fs::write(&archive, "abc").unwrap();
        // The example of FIPS 180-2 for "abc".
        let known = "3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";
        check(&archive, known).unwrap();
        fs::write(&archive, "abd").unwrap();
        assert_eq!(
            check(&archive, known).unwrap_err().to_string(),
            "a-1.tgz is not the file that was expected"
        );
        fs::remove_dir_all(&home).unwrap();
    }
}
