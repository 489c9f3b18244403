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
        Self::above(&here)
    }

    fn above(folder: &Path) -> Result<Self> {
        let mut files = folder
            .ancestors()
            .map(|folder| folder.join(".posthaste/sandbox.json"));
        let found = files.find(|file| file.is_file()).ok_or_else(|| {
            let message = format!(
                "there is no .posthaste/sandbox.json in {} or above; start `posthaste sandbox`",
                folder.display()
            );
            Error::Setup(message)
        });
        Self::open(found?)
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
            let mut roles: Vec<&str> = self.keys.keys().map(String::as_str).collect();
            // A program with serde_json's `preserve_order` has them in the file's order.
            roles.sort_unstable();
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

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: &str = r#"{ "apiUrl": "http://127.0.0.1:4000", "networksUrl": "http://127.0.0.1:4100",
        "workspaceId": "ws_1", "keys": { "owner": "phk_test_o", "editor": "phk_test_e" }, "pids": {} }"#;

    #[test]
    fn it_is_found_in_the_folder_or_above() {
        let home = tempfile::tempdir().unwrap();
        let deep = home.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::create_dir(home.path().join(".posthaste")).unwrap();
        std::fs::write(home.path().join(".posthaste/sandbox.json"), FACTS).unwrap();
        for folder in [home.path(), &deep] {
            let facts = SandboxFacts::above(folder).unwrap();
            assert_eq!(facts.key("editor").unwrap(), "phk_test_e");
            let client = facts.client("owner").unwrap();
            assert_eq!(client.url().as_str(), "http://127.0.0.1:4000/");
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        let home = tempfile::tempdir().unwrap();
        let error = SandboxFacts::above(home.path()).unwrap_err().to_string();
        assert!(
            error.ends_with("or above; start `posthaste sandbox`"),
            "{error}"
        );
        let file = home.path().join("sandbox.json");
        std::fs::write(&file, FACTS).unwrap();
        let facts = SandboxFacts::open(&file).unwrap();
        assert_eq!(
            facts.key("admin").unwrap_err().to_string(),
            "the sandbox has no key of 'admin'; there are editor, owner"
        );
        std::fs::write(&file, "{").unwrap();
        let error = SandboxFacts::open(&file).unwrap_err().to_string();
        assert!(error.contains("cannot be read: "), "{error}");
    }
}
