use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;
use url::Url;

/// Listening and the public address.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where others reach this server, without a trailing slash.
    pub public_url: String,
    /// Folder with GraphiQL's browser files; empty for the built-in console.
    pub graphiql_dir: PathBuf,
    /// How many proxies before this server tell where a request comes from.
    pub trusted_proxies: usize,
}

impl Server {
    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        let url = Url::parse(&self.public_url)
            .with_context(|| format!("server.public_url '{}' is no address", self.public_url))?;
        if !matches!(url.scheme(), "http" | "https")
            || url.query().is_some()
            || url.fragment().is_some()
        {
            bail!(
                "server.public_url '{}' must be an http or https address such as https://post.example.org",
                self.public_url
            );
        }
        self.public_url
            .truncate(self.public_url.trim_end_matches('/').len());
        Ok(())
    }
}
