//! What the server says about how much may still be asked.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};

/// What one GraphQL request cost (`extensions.cost`), in points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Cost {
    /// The estimate that was reserved.
    #[serde(default)]
    pub requested: f64,
    /// What it came to; the difference was given back.
    #[serde(default)]
    pub actual: Option<f64>,
    /// The credential's bucket after it.
    #[serde(default)]
    pub throttle: Option<Throttle>,
}

/// A credential's bucket of points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Throttle {
    /// When it is full.
    pub maximum: f64,
    /// What may be spent now.
    pub available: f64,
    /// Points that come back each second.
    pub restore_rate: f64,
}

/// The `RateLimit` header of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// What is left.
    pub remaining: u64,
    /// How long until there is more.
    pub reset: Option<Duration>,
    /// How much there is at most, by `RateLimit-Policy`.
    pub quota: Option<u64>,
}

impl RateLimit {
    /// Reads `RateLimit: "name";r=50;t=30` and `RateLimit-Policy: "name";q=100;w=60`.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let limit = text("ratelimit")?;
        let policy = text("ratelimit-policy").unwrap_or_default();
        Some(Self {
            remaining: parameter(limit, "r")?,
            reset: parameter(limit, "t").map(Duration::from_secs),
            quota: parameter(policy, "q"),
        })
    }
}

/// A number among the parameters of the first item of a structured field (RFC 9651).
fn parameter(field: &str, name: &str) -> Option<u64> {
    let item = field.split(',').next()?;
    item.split(';')
        .filter_map(|part| part.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .and_then(|(_, value)| value.parse().ok())
}

/// `Retry-After` in seconds. Its other form, a date, depends on two clocks and is not used here.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get("retry-after")?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headers_of_the_draft_are_read() {
        let mut headers = HeaderMap::new();
        assert_eq!(RateLimit::read(&headers), None);
        headers.insert("ratelimit", "\"cost\";r=19980;t=1".parse().unwrap());
        let policy = "\"cost\";q=20000;w=20, \"other\";q=5".parse().unwrap();
        headers.insert("ratelimit-policy", policy);
        assert_eq!(
            RateLimit::read(&headers),
            Some(RateLimit {
                remaining: 19980,
                reset: Some(Duration::from_secs(1)),
                quota: Some(20000),
            })
        );
    }

    #[test]
    fn only_seconds_are_taken_for_a_wait() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "7".parse().unwrap());
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(7)));
        let date = "Wed, 21 Oct 2026 07:28:00 GMT".parse().unwrap();
        headers.insert("retry-after", date);
        assert_eq!(retry_after(&headers), None);
    }
}
