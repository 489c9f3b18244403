//! Where everything of one sandbox lies, and what its children are told.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

/// Folders, ports and programs.
pub struct Layout {
    /// The sandbox's folder, absolute.
    pub home: PathBuf,
    /// Port of the API.
    pub port: u16,
    /// Port of the simulated networks.
    pub networks_port: u16,
    /// This program.
    pub program: PathBuf,
}

impl Layout {
    /// Settles the paths; touches nothing.
    pub fn new(home: &Path, port: u16, networks_port: u16) -> anyhow::Result<Self> {
        if port == networks_port {
            bail!(
                "The API and the simulated networks need two ports. Choose another with --port or --networks-port."
            );
        }
        let home =
            std::path::absolute(home).with_context(|| format!("{} is no path", home.display()))?;
        let program = std::env::current_exe().context("cannot tell where this program lies")?;
        Ok(Self {
            home,
            port,
            networks_port,
            program,
        })
    }

    /// Makes the folders and, once, the secret that encrypts tokens.
    pub fn create(&self) -> anyhow::Result<()> {
        for folder in [
            self.home.clone(),
            self.home.join("logs"),
            self.home.join("data"),
        ] {
            fs::create_dir_all(&folder).with_context(|| {
                format!("{} cannot be made. Give yourself write permission, or name another folder with --home", folder.display())
            })?;
        }
        create_secret(&self.secret_file())
    }

    /// Removes the data of earlier runs. Fetched programs stay.
    pub async fn reset(&self) -> anyhow::Result<()> {
        posthaste_postgres::remove(&self.data()).await?;
        for name in [
            "networks",
            "data",
            "logs",
            "clock",
            "secret",
            "sandbox.json",
        ] {
            let path = self.home.join(name);
            let removed = if path.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            match removed {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot remove {}", path.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// PostgreSQL's data folder.
    pub fn data(&self) -> PathBuf {
        self.home.join("pgdata")
    }

    /// The log file of one child.
    pub fn log(&self, name: &str) -> PathBuf {
        self.home.join("logs").join(format!("{name}.log"))
    }

    /// Facts for scripts, there while everything runs.
    pub fn facts_file(&self) -> PathBuf {
        self.home.join("sandbox.json")
    }

    /// The processes of this sandbox, for a successor after a kill.
    pub fn run_file(&self) -> PathBuf {
        self.home.join("run.json")
    }

    /// The file that sandbox tools move the clock with.
    pub fn clock_file(&self) -> PathBuf {
        self.home.join("clock")
    }

    /// GraphiQL's browser files, if `cargo xtask sandbox` fetched them.
    pub fn graphiql(&self) -> Option<PathBuf> {
        Some(self.home.join("graphiql")).filter(|folder| folder.is_dir())
    }

    fn secret_file(&self) -> PathBuf {
        self.home.join("secret")
    }

    /// Where the API answers.
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where the simulated networks answer.
    pub fn networks_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.networks_port)
    }

    /// The program of the simulated networks, which is built beside this one.
    pub fn simulator(&self) -> anyhow::Result<PathBuf> {
        let path = self.program.with_file_name("posthaste-sandbox");
        if path.is_file() {
            return Ok(path);
        }
        bail!(
            "{} is missing. Build it with `cargo build -p posthaste-sandbox`, or start with `cargo xtask sandbox`.",
            path.display()
        )
    }

    /// Arguments that serve the simulated networks.
    pub fn networks_arguments(&self) -> Vec<String> {
        vec![
            "networks".to_owned(),
            "--listen".to_owned(),
            format!("127.0.0.1:{}", self.networks_port),
            "--state-dir".to_owned(),
            self.home.join("networks").display().to_string(),
            "--clock-file".to_owned(),
            self.clock_file().display().to_string(),
        ]
    }

    /// Arguments that fill the database with the sample workspace.
    pub fn seed_arguments() -> Vec<String> {
        vec!["seed".to_owned()]
    }

    /// Configuration of every child.
    pub fn environment(&self, database_url: &str) -> Vec<(&'static str, String)> {
        let graphiql = self.graphiql().unwrap_or_default();
        vec![
            ("DATABASE_URL", database_url.to_owned()),
            ("POSTHASTE_GRAPHIQL_DIR", graphiql.display().to_string()),
            ("POSTHASTE_SANDBOX", "1".to_owned()),
            ("POSTHASTE_LISTEN", format!("127.0.0.1:{}", self.port)),
            ("POSTHASTE_PUBLIC_URL", self.api_url()),
            ("POSTHASTE_NETWORKS_BASE_URL", self.networks_url()),
            (
                "POSTHASTE_CLOCK_FILE",
                self.clock_file().display().to_string(),
            ),
            (
                "POSTHASTE_DATA_DIR",
                self.home.join("data").display().to_string(),
            ),
            (
                "POSTHASTE_SECRET_FILE",
                self.secret_file().display().to_string(),
            ),
        ]
    }
}

/// 32 random bytes in hex, readable by the owner only; kept when it exists.
fn create_secret(path: &Path) -> anyhow::Result<()> {
    let mut bytes = [0_u8; 32];
    fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .context("cannot read /dev/urandom")?;
    let hex: String = bytes.map(|byte| format!("{byte:02x}")).concat();
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Ok(mut file) => writeln!(file, "{hex}"),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
    .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_secret_is_made_once_and_private() {
        let home = std::env::temp_dir().join(format!("posthaste-layout-{}", std::process::id()));
        let layout = Layout::new(&home, 4000, 4100).unwrap();
        layout.create().unwrap();
        let first = fs::read_to_string(home.join("secret")).unwrap();
        layout.create().unwrap();

        assert_eq!(first.trim().len(), 64);
        assert_eq!(fs::read_to_string(home.join("secret")).unwrap(), first);
        assert_eq!(
            fs::metadata(home.join("secret"))
                .unwrap()
                .permissions()
                .mode()
                & 0o777,
            0o600
        );
        fs::remove_dir_all(&home).unwrap();
    }

    #[test]
    fn one_port_for_both_is_refused() {
        let error = Layout::new(Path::new("x"), 4000, 4000).err().unwrap();
        assert!(
            error
                .to_string()
                .starts_with("The API and the simulated networks need two ports.")
        );
    }
}
