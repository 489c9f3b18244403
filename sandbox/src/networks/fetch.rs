//! Fetching media by URL, as Meta and Pinterest do.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;

/// A fetch is given up after this long.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why nothing came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchError {
    /// Not an absolute `http(s)` URL in ASCII.
    BadUrl,
    /// Unreachable, refused, or any status but 200.
    Unreachable(String),
    /// It took longer than 10 seconds.
    TooSlow,
    /// More bytes than allowed.
    TooLarge,
}

/// The networks' own HTTP client.
#[derive(Clone)]
pub struct Fetcher(reqwest::Client);

impl Fetcher {
    /// A client; fails when the TLS library cannot start.
    pub fn new() -> anyhow::Result<Self> {
        // A second start in one process finds the provider installed: that is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent("facebookexternalhit/1.1")
            .redirect(reqwest::redirect::Policy::limited(3))
            .connect_timeout(Duration::from_secs(5))
            .build()?;
        Ok(Self(client))
    }

    /// The bytes behind `url`, at most `limit`.
    pub async fn get(&self, url: &str, limit: u64) -> Result<Bytes, FetchError> {
        let parsed = url::Url::parse(url).map_err(|_| FetchError::BadUrl)?;
        if !url.is_ascii() || !matches!(parsed.scheme(), "http" | "https") {
            return Err(FetchError::BadUrl);
        }
        tokio::time::timeout(PATIENCE, self.read(parsed, limit))
            .await
            .unwrap_or(Err(FetchError::TooSlow))
    }

    async fn read(&self, url: url::Url, limit: u64) -> Result<Bytes, FetchError> {
        let failed = |error: reqwest::Error| FetchError::Unreachable(error.to_string());
        let response = self.0.get(url).send().await.map_err(failed)?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(FetchError::Unreachable(format!(
                "status {}",
                response.status().as_u16()
            )));
        }
        let mut body = BytesMut::new();
        let mut parts = response.bytes_stream();
        while let Some(part) = parts.next().await {
            body.extend_from_slice(&part.map_err(failed)?);
            if body.len() as u64 > limit {
                return Err(FetchError::TooLarge);
            }
        }
        Ok(body.freeze())
    }
}
