//! Finding an installation of PostgreSQL.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::place::reachable;

/// The oldest major version that Posthaste runs on.
pub const OLDEST_MAJOR: u32 = 15;

const SYSTEM_FOLDERS: [&str; 5] = [
    "/usr/lib/postgresql",
    "/usr/local/opt",
    "/opt/homebrew/opt",
    "/home/linuxbrew/.linuxbrew/opt",
    "/Applications/Postgres.app/Contents/Versions",
];

/// Where to look for PostgreSQL, in this order: `pg_bin`, `<home>/postgres/*/bin`, system folders, `path`.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// The folder that holds a fetched copy in `postgres/`.
    pub home: PathBuf,
    /// The value of `POSTHASTE_PG_BIN`: taken before everything else, and then nothing else is looked at.
    pub pg_bin: Option<PathBuf>,
    /// The value of `PATH`.
    pub path: Option<OsString>,
    /// A data folder whose major version is preferred when several are installed.
    pub data: Option<PathBuf>,
}

impl Search {
    /// A search with `POSTHASTE_PG_BIN` and `PATH` of this process, for developer tools and tests.
    /// The server passes what its configuration read.
    pub fn from_env(home: &Path) -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            home: home.to_owned(),
            pg_bin: set("POSTHASTE_PG_BIN").map(PathBuf::from),
            path: set("PATH"),
            data: None,
        }
    }

    /// Prefers the version that made this data folder.
    pub fn for_data(self, data: &Path) -> Self {
        Self {
            data: Some(data.to_owned()),
            ..self
        }
    }

    fn folders(&self) -> Vec<PathBuf> {
        let home = reachable(&self.home).unwrap_or_else(|_| self.home.clone());
        let fetched = versions_in(&home.join("postgres"));
        let system = SYSTEM_FOLDERS
            .iter()
            .flat_map(|folder| versions_in(Path::new(folder)));
        let path = self.path.iter().flat_map(std::env::split_paths);
        fetched.into_iter().chain(system).chain(path).collect()
    }
}

/// The folder and version of an installation that has `initdb` and `postgres`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// The folder that holds them.
    pub bin: PathBuf,
    /// The version, for example `18.4`.
    pub version: String,
    /// The major version.
    pub major: u32,
}

/// There is no usable PostgreSQL.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotFound(String);

impl Binaries {
    /// Takes the first usable installation, the data folder's own version if that is among them.
    pub fn find(search: &Search) -> Result<Self, NotFound> {
        if let Some(bin) = &search.pg_bin {
            return Self::at(bin).ok_or_else(|| {
                NotFound(format!(
                    "POSTHASTE_PG_BIN is {}, which holds no PostgreSQL {OLDEST_MAJOR} or newer (initdb and postgres). \
                     Correct it or unset it.",
                    bin.display()
                ))
            });
        }
        let wanted = search.data.as_deref().and_then(data_major);
        let mut found = search
            .folders()
            .into_iter()
            .filter_map(|bin| Self::at(&bin));
        let first = found.next().ok_or_else(|| {
            NotFound(format!(
                "No PostgreSQL {OLDEST_MAJOR} or newer was found. Run `cargo xtask sandbox`, which fetches one, install it \
                 (Debian: `apt-get install postgresql`, macOS: `brew install postgresql@18`), set POSTHASTE_PG_BIN to the \
                 folder of an installation, or set DATABASE_URL to a server."
            ))
        })?;
        let fits = |binaries: &Self| wanted.is_none_or(|major| major == binaries.major);
        if fits(&first) {
            return Ok(first);
        }
        Ok(found.find(fits).unwrap_or(first))
    }

    /// The installation in `bin`, when it is complete, runs here and is new enough.
    pub fn at(bin: &Path) -> Option<Self> {
        if !bin.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(bin.join("postgres"))
            .arg("--version")
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let (version, major) = parse_version(&text)?;
        // Distributions link PATH entries to the real folder, where the other tools are.
        let bin = fs::canonicalize(bin.join("postgres"))
            .ok()?
            .parent()?
            .to_owned();
        (major >= OLDEST_MAJOR && bin.join("initdb").is_file()).then_some(Self {
            bin,
            version,
            major,
        })
    }

    /// The path of one tool.
    pub(crate) fn tool(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }
}

/// The major version that made a data folder; none when it is empty.
pub(crate) fn data_major(data: &Path) -> Option<u32> {
    fs::read_to_string(data.join("PG_VERSION"))
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// `<folder>/<version>/bin`, newest first.
fn versions_in(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((
                folder_major(entry.file_name().to_str()?)?,
                entry.path().join("bin"),
            ))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, bin)| bin).collect()
}

/// The major version in a folder's name: `17`, `18.4.0`, `postgresql@16`.
fn folder_major(name: &str) -> Option<u32> {
    let number = name.strip_prefix("postgresql@").unwrap_or(name);
    number.split('.').next()?.parse().ok()
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian …)`.
fn parse_version(text: &str) -> Option<(String, u32)> {
    let version = text
        .split_once("(PostgreSQL) ")?
        .1
        .split_whitespace()
        .next()?;
    let digits = version
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(version.len());
    Some((version.to_owned(), version[..digits].parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_server_prints() {
        let debian = parse_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n");
        assert_eq!(debian, Some(("15.18".to_owned(), 15)));
        assert_eq!(
            parse_version("postgres (PostgreSQL) 19beta1\n"),
            Some(("19beta1".to_owned(), 19))
        );
        assert_eq!(parse_version("mysqld 8"), None);
    }

    #[test]
    fn folder_names_tell_the_major_version() {
        assert_eq!(folder_major("17"), Some(17));
        assert_eq!(folder_major("18.4.0"), Some(18));
        assert_eq!(folder_major("postgresql@16"), Some(16));
        assert_eq!(folder_major("openssl"), None);
    }

    #[test]
    fn a_wrong_pg_bin_is_an_error_even_when_others_exist() {
        let mut search = Search::from_env(Path::new("/nowhere"));
        search.pg_bin = Some(PathBuf::from("/etc"));
        let error = Binaries::find(&search).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("POSTHASTE_PG_BIN is /etc, which holds no PostgreSQL 15"),
            "{error}"
        );
    }
}
