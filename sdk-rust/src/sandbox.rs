//! The sandbox on this machine.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    client::Client,
    error::{Error, Result},
};

/// A running sandbox, as `.posthaste/sandbox.json` describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SandboxFacts {
    /// The server's address.
    pub api_url: String,
    /// The address of the simulated networks, with their walls and their control API.
    pub networks_url: String,
    /// The workspace of the keys.
    pub workspace_id: String,
    /// API keys by role: `owner`, `editor`, `viewer`.
    pub keys: Map<String, Value>,
}

impl SandboxFacts {
    /// Reads the file that `POSTHASTE_SANDBOX` names, else `.posthaste/sandbox.json` in this folder
    /// or the nearest one above.
    pub fn find() -> Result<Self> {
        if let Some(path) = std::env::var_os("POSTHASTE_SANDBOX") {
            return Self::open(PathBuf::from(path));
        }
        let here = std::env::current_dir()
            .map_err(|error| Error::Setup(format!("the present folder cannot be read: {error}")))?;
        let found = here
            .ancestors()
            .map(|folder| folder.join(".posthaste/sandbox.json"))
            .find(|file| file.is_file());
        let missing =
            "there is no .posthaste/sandbox.json here or above; start `posthaste sandbox`";
        Self::open(found.ok_or_else(|| Error::Setup(missing.to_owned()))?)
    }

    /// Reads a file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let unreadable = |error: &dyn std::fmt::Display| {
            Error::Setup(format!("{} cannot be read: {error}", path.display()))
        };
        let text = std::fs::read(path).map_err(|error| unreadable(&error))?;
        serde_json::from_slice(&text).map_err(|error| unreadable(&error))
    }

    /// The key of a role.
    pub fn key(&self, role: &str) -> Result<&str> {
        let key = self.keys.get(role).and_then(Value::as_str);
        key.ok_or_else(|| {
            let roles: Vec<&str> = self.keys.keys().map(String::as_str).collect();
            let roles = roles.join(", ");
            Error::Setup(format!(
                "the sandbox has no key of '{role}'; there are {roles}"
            ))
        })
    }

    /// A client with the key of a role.
    pub fn client(&self, role: &str) -> Result<Client> {
        Client::new(&self.api_url, self.key(role)?)
    }
}

impl Client {
    /// A client of the sandbox that runs on this machine, with the rights of an editor. See
    /// [`SandboxFacts::find`].
    pub fn sandbox() -> Result<Self> {
        SandboxFacts::find()?.client("editor")
    }
}
