use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::health::address_or_none;
use crate::tls::Certificate;

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
    /// The certificate; empty for none.
    pub tls_cert_file: PathBuf,
    /// Its key; empty for none.
    pub tls_key_file: PathBuf,
    /// Where requests without TLS are led to the public address; nowhere unless set.
    #[serde(deserialize_with = "address_or_none")]
    pub redirect_listen: Option<SocketAddr>,
    /// Origins of other sites whose pages may use the API.
    pub cors_origins: Vec<String>,
}

impl Server {
    /// The certificate, if the server speaks TLS itself.
    pub fn certificate(&self) -> anyhow::Result<Option<Certificate>> {
        let (certificate, key) = (&self.tls_cert_file, &self.tls_key_file);
        if certificate.as_os_str().is_empty() {
            return Ok(None);
        }
        Certificate::read(certificate, key)
            .context("server.tls_cert_file and server.tls_key_file")
            .map(Some)
    }

    /// Refuses half a TLS.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let is_set = |path: &PathBuf| !path.as_os_str().is_empty();
        ensure!(
            is_set(&self.tls_cert_file) == is_set(&self.tls_key_file),
            "server.tls_cert_file and server.tls_key_file belong together: set both, or neither where a proxy speaks TLS."
        );
        ensure!(
            self.redirect_listen.is_none() || self.public_url.starts_with("https://"),
            "server.redirect_listen leads to server.public_url, which must begin with https:// then."
        );
        Ok(())
    }

    /// The public address has no slash at its end.
    pub(super) fn trim(&mut self) {
        self.public_url
            .truncate(self.public_url.trim_end_matches('/').len());
    }
}
