//! Whom PostgreSQL runs as: it refuses to be root.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::Path,
};

use nix::unistd::{Uid, User, geteuid};

use crate::error::{At, Error};

/// The user that owns a data folder and runs the server on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// We are root and have to become this user.
    pub switch: bool,
}

impl Account {
    /// The account for `data`: ourselves, or when we are root the folder's owner, `postgres` or `nobody`.
    pub(crate) fn for_data(data: &Path) -> Result<Self, Error> {
        let me = geteuid();
        let owner = fs::metadata(data).ok();
        if !me.is_root() {
            let gid = nix::unistd::getegid().as_raw();
            return match owner {
                Some(meta) if meta.uid() != me.as_raw() => Err(Error::NotOurs {
                    path: data.to_owned(),
                    owner: meta.uid(),
                }),
                _ => Ok(Self {
                    uid: me.as_raw(),
                    gid,
                    switch: false,
                }),
            };
        }
        if let Some(meta) = owner.filter(|meta| meta.uid() != 0) {
            return Ok(Self {
                uid: meta.uid(),
                gid: meta.gid(),
                switch: true,
            });
        }
        Self::unprivileged()
    }

    fn unprivileged() -> Result<Self, Error> {
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Self {
                uid: user.uid.as_raw(),
                gid: user.gid.as_raw(),
                switch: true,
            })
            .ok_or(Error::NoAccount)
    }

    /// Makes `path` as this account's private folder (mode 0700) unless it is one already.
    pub(crate) fn own(&self, path: &Path) -> Result<(), Error> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).at("create", parent)?;
        }
        match fs::create_dir(path) {
            Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(e).at("create", path);
            }
            _ => {}
        }
        let meta = fs::symlink_metadata(path).at("read", path)?;
        let ours = [self.uid, geteuid().as_raw()].contains(&meta.uid());
        if !meta.is_dir() || !ours {
            return Err(Error::NotOurs {
                path: path.to_owned(),
                owner: meta.uid(),
            });
        }
        if self.switch {
            chown(path, Some(self.uid), Some(self.gid)).at("hand over", path)?;
        }
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).at("protect", path)
    }

    /// Whether this account can walk into `path` (or the part of it that exists).
    pub(crate) fn reaches(&self, path: &Path) -> bool {
        path.ancestors()
            .filter_map(|folder| fs::metadata(folder).ok())
            .all(|meta| {
                let shift = match (meta.uid() == self.uid, meta.gid() == self.gid) {
                    (true, _) => 6,
                    (_, true) => 3,
                    _ => 0,
                };
                !meta.is_dir() || meta.mode() >> shift & 1 == 1
            })
    }

    /// Sets the user and group of a command when we are root.
    pub(crate) fn apply(&self, command: &mut tokio::process::Command) {
        if self.switch {
            command.uid(self.uid).gid(self.gid);
        }
    }
}

/// Whether this process is root.
pub(crate) fn is_root() -> bool {
    geteuid() == Uid::from_raw(0)
}
