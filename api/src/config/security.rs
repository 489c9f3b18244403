use std::path::PathBuf;

use anyhow::{Context, bail};
use posthaste_core::secret::Secret;
use posthaste_engine::adapters::KeySource;
use serde::Deserialize;

/// Shorter secrets could be guessed.
const SHORTEST: usize = 32;

/// The secret and the master keys.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Security {
    /// The file that holds it.
    pub secret_file: PathBuf,
    /// The file that holds the master keys; empty for none.
    pub master_key_file: PathBuf,
    /// The master keys themselves; empty for none.
    pub master_keys: Secret,
}

impl Security {
    /// Reads the secret.
    pub fn secret(&self) -> anyhow::Result<Secret> {
        const HOW: &str = "Make one with `head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n' > secret && chmod 600 secret`, \
                           and set POSTHASTE_SECRET_FILE (or security.secret_file) to its path. All nodes need the same one.";
        if self.secret_file.as_os_str().is_empty() {
            bail!("No secret is set. {HOW}");
        }
        let shown = self.secret_file.display();
        let text = std::fs::read_to_string(&self.secret_file)
            .with_context(|| format!("The secret file {shown} cannot be read. {HOW}"))?;
        let secret = text.trim();
        if secret.len() < SHORTEST {
            bail!("The secret in {shown} is shorter than {SHORTEST} characters. {HOW}");
        }
        Ok(Secret::new(secret))
    }

    /// Where the master keys come from.
    pub fn key_source(&self) -> anyhow::Result<KeySource> {
        let file = &self.master_key_file;
        Ok(
            match (file.as_os_str().is_empty(), self.master_keys.is_empty()) {
                (true, true) => KeySource::Secret,
                (true, false) => KeySource::Text(self.master_keys.clone()),
                (false, true) => KeySource::File(file.clone()),
                (false, false) => bail!(
                    "Both security.master_key_file and security.master_keys are set. Keep the one that holds all keys in use."
                ),
            },
        )
    }
}
