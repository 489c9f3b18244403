//! Servers and keys that were remembered: `profiles.toml`, readable by its owner only.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

use posthaste_sdk::Client;
use serde::{Deserialize, Serialize};

use super::outcome::{Failure, Outcome};

const PROGRAM: &str = concat!("posthaste-cli/", env!("CARGO_PKG_VERSION"));

/// The name of the profile when none is named.
pub const USUAL: &str = "default";

/// Which server, as whom.
#[derive(Debug, clap::Args)]
pub struct Access {
    #[command(flatten)]
    pub place: Place,
    /// The profile to use.
    #[arg(long, env = "POSTHASTE_PROFILE", default_value = USUAL)]
    pub profile: String,
    /// The server, instead of the profile's.
    #[arg(long, env = "POSTHASTE_URL", requires = "api_key")]
    pub url: Option<String>,
    /// An API key or session token, instead of the profile's.
    #[arg(long, env = "POSTHASTE_API_KEY", hide_env_values = true)]
    pub api_key: Option<String>,
}

/// Where profiles are kept.
#[derive(Debug, clap::Args)]
pub struct Place {
    #[arg(long, env = "XDG_CONFIG_HOME", hide = true)]
    config_home: Option<PathBuf>,
    #[arg(long, env = "HOME", hide = true)]
    home: Option<PathBuf>,
}

/// The content of the file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Profiles {
    /// By name.
    #[serde(default)]
    pub profiles: BTreeMap<String, Profile>,
    /// Secrets of `webhooks listen` by server, so that a receiver's configuration stays right.
    #[serde(default)]
    pub webhook_secrets: BTreeMap<String, String>,
}

/// A server and a key.
#[derive(Debug, Serialize, Deserialize)]
pub struct Profile {
    /// The server's address.
    pub url: String,
    /// The API key or session token.
    pub key: String,
}

impl Access {
    /// A client of the chosen server.
    pub fn client(&self) -> Outcome<Client> {
        let stored = match (&self.url, &self.api_key) {
            (Some(url), Some(key)) => return client(url, key),
            _ => self.place.read()?,
        };
        let Some(profile) = stored.profiles.get(&self.profile) else {
            let message = format!(
                "there is no profile '{}'; make one with `posthaste login`, or give --url and --api-key",
                self.profile
            );
            return Err(Failure::Usage(message));
        };
        client(
            &profile.url,
            self.api_key.as_deref().unwrap_or(&profile.key),
        )
    }
}

/// A client that says which program it is.
pub fn client(url: &str, key: &str) -> Outcome<Client> {
    Ok(Client::builder(url).key(key).user_agent(PROGRAM).build()?)
}

impl Place {
    /// The file.
    pub fn file(&self) -> Outcome<PathBuf> {
        let home = || Some(self.home.as_ref()?.join(".config"));
        let folder = self.config_home.clone().or_else(home);
        let folder =
            folder.ok_or_else(|| Failure::usage("neither XDG_CONFIG_HOME nor HOME is set"))?;
        Ok(folder.join("posthaste/profiles.toml"))
    }

    /// What is remembered; nothing when there is no file.
    pub fn read(&self) -> Outcome<Profiles> {
        let file = self.file()?;
        let wrong = |error: &dyn std::fmt::Display| {
            Failure::usage(format!("{} cannot be read: {error}", file.display()))
        };
        match fs::read_to_string(&file) {
            Ok(text) => toml::from_str(&text).map_err(|error| wrong(&error)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Profiles::default()),
            Err(error) => Err(wrong(&error)),
        }
    }

    /// Remembers; a reader sees the old file or the new one, never a part.
    pub fn write(&self, profiles: &Profiles) -> Outcome {
        let file = self.file()?;
        let part = file.with_extension("toml.part");
        let write = || {
            let text = toml::to_string_pretty(profiles).map_err(std::io::Error::other)?;
            if let Some(folder) = file.parent() {
                fs::create_dir_all(folder)?;
            }
            // A part left over by a crash may have other rights.
            let _ = fs::remove_file(&part);
            let mut open = OpenOptions::new();
            let mut out = open.write(true).create_new(true).mode(0o600).open(&part)?;
            out.write_all(text.as_bytes())?;
            fs::rename(&part, &file)
        };
        write().map_err(|error: std::io::Error| {
            Failure::usage(format!("{} cannot be written: {error}", file.display()))
        })
    }
}
