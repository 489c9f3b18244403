use posthaste_core::{Result, secret::Secret};
use posthaste_engine::adapters;
use serde::Deserialize;

/// Redis.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// Its address; empty for none. It may hold a password.
    pub url: Secret,
    /// What every key and channel begins with.
    pub prefix: String,
}

impl Redis {
    /// The server, if one is set; nothing is connected yet.
    pub fn open(&self) -> Result<Option<adapters::Redis>> {
        let url = self.url.expose();
        (!url.is_empty())
            .then(|| adapters::Redis::new(url, &self.prefix))
            .transpose()
    }
}
