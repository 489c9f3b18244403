//! The last requests, for contract tests and for people who wonder what was sent.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kinds::{Network, Operation};

/// Requests kept.
const KEEP: usize = 2000;

/// A request and what became of it; tokens and secrets are redacted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestRecord {
    /// Position, from 1.
    pub seq: u64,
    /// Simulated time of arrival.
    pub at: DateTime<Utc>,
    /// Network.
    pub network: Network,
    /// Method.
    pub method: String,
    /// Real host it stands for.
    pub host: String,
    /// Path after the host.
    pub path: String,
    /// Query parameters.
    pub query: Value,
    /// Body: form and JSON as they came, files as name, type and size.
    pub body: Value,
    /// What it was for.
    pub operation: Operation,
    /// Account, when known.
    pub account: Option<String>,
    /// Status sent; none when the connection was cut.
    pub status: Option<u16>,
    /// Posts it made visible.
    pub accepted: bool,
    /// Faults that hit it.
    pub faults: Vec<String>,
}

/// The last 2,000 requests.
#[derive(Default)]
pub struct Requests {
    kept: VecDeque<RequestRecord>,
    last: u64,
}

impl Requests {
    /// Adds a request; its `seq` is filled in.
    pub fn add(&mut self, mut record: RequestRecord) {
        self.last += 1;
        record.seq = self.last;
        if self.kept.len() == KEEP {
            self.kept.pop_front();
        }
        self.kept.push_back(record);
    }

    /// The last `limit` requests of a network or of all, oldest first.
    pub fn last(&self, network: Option<Network>, limit: usize) -> Vec<&RequestRecord> {
        let mut found: Vec<_> = self
            .kept
            .iter()
            .rev()
            .filter(|record| network.is_none_or(|n| record.network == n))
            .take(limit)
            .collect();
        found.reverse();
        found
    }
}
