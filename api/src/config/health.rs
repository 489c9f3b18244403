use std::net::SocketAddr;

use chrono::TimeDelta;
use posthaste_core::secret::Secret;
use serde::{Deserialize, Deserializer, de::Error};

/// When a process counts as ready.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// How late the oldest post may be that could go out, in seconds; 0 for however late.
    pub overdue_seconds: u32,
}

impl Health {
    /// How late the oldest post may be; none for however late.
    pub fn overdue(&self) -> Option<TimeDelta> {
        (self.overdue_seconds > 0).then(|| TimeDelta::seconds(self.overdue_seconds.into()))
    }
}

/// Who may read the metrics, and where.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Where `serve` listens for operators only; none for nowhere.
    #[serde(deserialize_with = "address_or_none")]
    pub listen: Option<SocketAddr>,
    /// What a scraper sends as bearer token; empty for none.
    pub token: Secret,
}

impl Metrics {
    /// The token, if one is set.
    pub fn token(&self) -> Option<Secret> {
        (!self.token.is_empty()).then(|| self.token.clone())
    }
}

/// What concerns `worker` only.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    /// Where it listens for operators; none for nowhere.
    #[serde(deserialize_with = "address_or_none")]
    pub listen: Option<SocketAddr>,
}

/// An address, or an empty text for none.
pub(super) fn address_or_none<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(D::Error::custom)
}
