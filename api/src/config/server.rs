use std::{net::SocketAddr, path::PathBuf};

use serde::Deserialize;

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
    /// Origins of other sites whose pages may use the API.
    pub cors_origins: Vec<String>,
}

impl Server {
    /// The public address has no slash at its end.
    pub(super) fn trim(&mut self) {
        self.public_url
            .truncate(self.public_url.trim_end_matches('/').len());
    }
}
