//! Where things lie: folders that the server's account can reach, socket paths that fit.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::{
    account::{Account, is_root},
    error::{At, Error},
};

/// A Unix socket address holds 107 bytes; the socket's own name takes 14 of the path.
const LONGEST_SOCKET_FOLDER: usize = 86;

/// Where folders go that the server's account could not reach; each gets a folder of its own there.
const MOVED: &str = "/var/tmp";

/// The folders of one cluster.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The data folder.
    pub data: PathBuf,
    /// The folder of the socket.
    pub socket: PathBuf,
    /// Who owns both.
    pub account: Account,
}

impl Place {
    /// Settles the folders for the data folder somebody asked for.
    pub(crate) fn resolve(wanted: &Path) -> Result<Self, Error> {
        let wanted = std::path::absolute(wanted).at("resolve", wanted)?;
        let data = match (wanted.parent(), wanted.file_name()) {
            (Some(parent), Some(name)) => make_reachable(parent)?.join(name),
            _ => wanted,
        };
        let account = Account::for_data(&data)?;
        let socket = socket_folder(&data);
        Ok(Self {
            data,
            socket,
            account,
        })
    }

    /// Makes both folders.
    pub(crate) fn create(&self) -> Result<(), Error> {
        self.account.own(&self.data)?;
        self.account.own(&self.socket)
    }

    /// Removes a socket folder that is not the data folder.
    pub(crate) fn clear_socket(&self) -> Result<(), Error> {
        if self.socket == self.data || !self.socket.exists() {
            return Ok(());
        }
        fs::remove_dir_all(&self.socket).at("remove", &self.socket)
    }

    /// Removes the data folder and what lies beside it.
    pub(crate) fn remove(&self) -> Result<(), Error> {
        for path in [self.log(), self.lock()] {
            if path.exists() {
                fs::remove_file(&path).at("remove", &path)?;
            }
        }
        if self.data.exists() {
            fs::remove_dir_all(&self.data).at("remove", &self.data)?;
        }
        if let Some(parent) = self
            .data
            .parent()
            .filter(|parent| parent.starts_with(MOVED))
        {
            // Goes only when it is empty: a fetched PostgreSQL may lie there too.
            let _ = fs::remove_dir(parent);
        }
        Ok(())
    }

    /// The server's log file, beside the data folder.
    pub(crate) fn log(&self) -> PathBuf {
        self.beside("log")
    }

    /// The file whose lock says that a process of ours holds the data folder.
    pub(crate) fn lock(&self) -> PathBuf {
        self.beside("lock")
    }

    fn beside(&self, kind: &str) -> PathBuf {
        let mut name = self.data.as_os_str().to_owned();
        name.push(".");
        name.push(kind);
        PathBuf::from(name)
    }
}

/// `folder` itself, or, when we are root and the server's account could not walk into it (a clone in
/// `/root`), a folder under `/var/tmp` named after it. Makes nothing.
pub(crate) fn reachable(folder: &Path) -> Result<PathBuf, Error> {
    let folder = std::path::absolute(folder).at("resolve", folder)?;
    if !is_root() || Account::for_data(&folder)?.reaches(&folder) {
        return Ok(folder);
    }
    let moved = PathBuf::from(format!("{MOVED}/posthaste-{:016x}", hash(&folder)));
    match fs::symlink_metadata(&moved) {
        Ok(meta) if meta.uid() != 0 => Err(Error::NotOurs {
            path: moved,
            owner: meta.uid(),
        }),
        _ => Ok(moved),
    }
}

/// Makes [`reachable`] of `folder`.
pub(crate) fn make_reachable(folder: &Path) -> Result<PathBuf, Error> {
    fs::create_dir_all(folder).at("create", folder)?;
    let real = reachable(folder)?;
    if real != folder && !real.exists() {
        fs::create_dir(&real).at("create", &real)?;
        // Whatever our umask says, the server's account walks through here.
        fs::set_permissions(&real, fs::Permissions::from_mode(0o755)).at("open", &real)?;
    }
    Ok(real)
}

/// The data folder, unless its path is too long or needs quoting.
fn socket_folder(data: &Path) -> PathBuf {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-+".contains(&b);
    let bytes = data.as_os_str().as_encoded_bytes();
    if bytes.len() <= LONGEST_SOCKET_FOLDER && bytes.iter().all(|b| plain(*b)) {
        return data.to_owned();
    }
    PathBuf::from(format!("/tmp/posthaste-pg-{:016x}", hash(data)))
}

/// FNV-1a: the same name on every run and every Rust version.
fn hash(path: &Path) -> u64 {
    path.as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_plain_path_holds_its_own_socket() {
        assert_eq!(
            socket_folder(Path::new("/srv/posthaste/pgdata")),
            Path::new("/srv/posthaste/pgdata")
        );
    }

    #[test]
    fn a_long_or_odd_path_gets_a_short_socket_folder() {
        let long = format!("/srv/{}", "x".repeat(90));
        for path in [long.as_str(), "/srv/my posts/pgdata", "/srv/a,b/pgdata"] {
            let folder = socket_folder(Path::new(path));
            assert!(folder.starts_with("/tmp"), "{path} -> {}", folder.display());
            assert_eq!(folder.as_os_str().len(), "/tmp/posthaste-pg-".len() + 16);
        }
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(hash(Path::new("a")), 0xaf63_dc4c_8601_ec8c);
    }
}
