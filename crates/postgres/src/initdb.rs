//! Making a new data folder.

use std::{fs, path::Path, process::Stdio};

use crate::{
    error::{At, Error},
    find::{Binaries, data_major},
    launch::Durability,
    place::Place,
    sql::SUPERUSER,
};

/// Makes the cluster when the data folder is empty; refuses one of another major version.
pub(crate) async fn prepare(
    binaries: &Binaries,
    place: &Place,
    durability: Durability,
) -> Result<(), Error> {
    place.create()?;
    match data_major(&place.data) {
        Some(major) if major == binaries.major => return Ok(()),
        Some(data_major) => {
            return Err(Error::Version {
                data: place.data.clone(),
                data_major,
                bin: binaries.bin.clone(),
                binary_major: binaries.major,
            });
        }
        None => clear_unfinished(&place.data)?,
    }
    let mut command = tokio::process::Command::new(binaries.tool("initdb"));
    command
        .arg("--pgdata")
        .arg(&place.data)
        .args(["--username", SUPERUSER, "--encoding", "UTF8"])
        .args([
            "--auth-local",
            "trust",
            "--auth-host",
            "reject",
            "--no-instructions",
        ])
        .args(locale(binaries.major))
        .args(match durability {
            Durability::Production => ["--data-checksums"],
            Durability::Test => ["--no-sync"],
        })
        .stdin(Stdio::null())
        .current_dir("/")
        .kill_on_drop(true);
    place.account.apply(&mut command);
    let output = command.output().await.at("run", &binaries.tool("initdb"))?;
    if output.status.success() {
        return Ok(());
    }
    let _ = clear_unfinished(&place.data);
    Err(Error::Initdb {
        data: place.data.clone(),
        output: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

/// Code-point order and Unicode letter cases, the same on every machine where the version can.
fn locale(major: u32) -> &'static [&'static str] {
    if major >= 17 {
        &[
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
        ]
    } else if cfg!(target_os = "linux") {
        &["--locale=C.UTF-8"]
    } else {
        &["--locale=C"]
    }
}

/// An initdb that was cut off leaves files but no `PG_VERSION` that counts: initdb wants an empty folder.
fn clear_unfinished(data: &Path) -> Result<(), Error> {
    let looks_like_ours = |name: &std::ffi::OsStr| {
        let name = name.to_string_lossy();
        name.starts_with("pg_")
            || name.starts_with("postgresql")
            || ["base", "global", "PG_VERSION"].contains(&&*name)
    };
    for entry in fs::read_dir(data).at("read", data)? {
        let entry = entry.at("read", data)?;
        if !looks_like_ours(&entry.file_name()) {
            continue;
        }
        let path = entry.path();
        if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        }
        .at("remove", &path)?;
    }
    Ok(())
}
