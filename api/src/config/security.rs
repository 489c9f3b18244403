use std::path::PathBuf;

use anyhow::{Context, bail};
use posthaste_core::secret::Secret;
use serde::Deserialize;

/// Shorter secrets could be guessed.
const SHORTEST: usize = 32;

/// The secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Security {
    /// The file that holds it.
    pub secret_file: PathBuf,
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
}
